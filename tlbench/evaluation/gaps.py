"""What transfer gained or cost: differences of target errors between runs of the same seed.

Every function takes mappings from seed to error (1 − accuracy, or 1 − another metric of which larger is better),
pairs them on the seeds that all of them have, and returns None where there is no such seed: a missing run is shown as
missing. `ValueError` is raised where an error is not finite.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from tlbench.evaluation.statistics import PairedTest, RatioEstimate, bootstrap_ratio, paired_difference
from tlbench.evaluation.verdicts import VERDICTS, Verdict

BySeed = Mapping[int, float]
Cell = TypeVar("Cell", bound=Hashable)


@dataclass(frozen=True)
class VerdictCounts(Generic[Cell]):
    """How many cells of a table have which verdict, how many have no gap, and the cell with the largest gap.

    Of equal gaps the first is the worst; a failed training is never it. None where no cell has a gap.
    """

    counts: Mapping[Verdict, int]
    missing: int
    worst: Cell | None


def negative_transfer_gap(error_with: BySeed, error_without: BySeed) -> PairedTest | None:
    """err_T(A(S, T)) − err_T(A(∅, T)), the same algorithm with and without the source; > 0: the source hurt.

    Wang et al., CVPR 2019, https://arxiv.org/abs/1811.09751
    """
    return _difference(error_with, error_without)


def gain_over_target_only(error: BySeed, error_target_only: BySeed) -> PairedTest | None:
    """err_T(target-only) − err_T(strategy), in `inductive`; > 0: transfer helped. The sign is a gain's, not a gap's."""
    return _difference(error_target_only, error)


def adaptation_gap(error: BySeed, error_source_only: BySeed) -> PairedTest | None:
    """err_T(strategy) − err_T(source-only), in `transductive`; > 0: adapting hurt."""
    return _difference(error, error_source_only)


def share_of_gap_closed(error: BySeed, error_source_only: BySeed, error_oracle: BySeed) -> RatioEstimate | None:
    """(acc − acc_source-only) / (acc_oracle − acc_source-only) of means over seeds; 0 = source-only, 1 = oracle.

    Its `ratio` is None where the gap cannot be told from 0: see `tlbench.evaluation.statistics.bootstrap_ratio`.
    Ganin et al., JMLR 2016, https://jmlr.org/papers/v17/15-239.html
    """
    seeds = _common_seeds(error, error_source_only, error_oracle)
    if not seeds:
        return None
    accuracies = ([1 - errors[seed] for seed in seeds] for errors in (error, error_source_only, error_oracle))
    return bootstrap_ratio(*accuracies)


def count_verdicts(verdicts: Mapping[Cell, Verdict], gaps: Mapping[Cell, PairedTest | None]) -> VerdictCounts[Cell]:
    """Count the verdicts of a table's cells.

    `gaps` are positive where transfer hurt, None where a run is missing. Both are keyed by cell, say (source, target).
    Raises `ValueError` where other cells have a verdict than have a gap.
    """
    means = {cell: gap.mean for cell, gap in gaps.items() if gap is not None}
    if verdicts.keys() != means.keys():
        raise ValueError(f"cells with a verdict or a gap alone: {sorted(map(str, verdicts.keys() ^ means.keys()))}")
    found = Counter(verdicts.values())
    transferred = [cell for cell in means if verdicts[cell] != "training failed"]
    return VerdictCounts(
        {verdict: found[verdict] for verdict in VERDICTS},
        len(gaps) - len(means),
        max(transferred, key=means.__getitem__, default=None),
    )


def _difference(minuend: BySeed, subtrahend: BySeed) -> PairedTest | None:
    seeds = _common_seeds(minuend, subtrahend)
    if not seeds:
        return None
    return paired_difference([minuend[seed] for seed in seeds], [subtrahend[seed] for seed in seeds])


def _common_seeds(*runs: BySeed) -> list[int]:
    return sorted(set.intersection(*(set(run) for run in runs)))
