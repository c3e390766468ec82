"""What transfer gained or cost: differences of target errors between runs of the same seed.

Every function takes mappings from seed to error (1 − accuracy, or 1 − another metric of which larger is better),
pairs them on the seeds that all of them have, and returns None where there is no such seed: a missing run is shown as
missing. `ValueError` is raised where an error is not finite.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from tlbench.evaluation.statistics import PairedTest, RatioEstimate, Verdict, bootstrap_ratio, paired_difference

BySeed = Mapping[int, float]
Cell = TypeVar("Cell", bound=Hashable)


@dataclass(frozen=True)
class NegativeTransferRate(Generic[Cell]):
    """How often transfer hurt, over the cells of a table.

    `undecided` cells have a gap that is not shown to be one, `missing` cells have no gap. `rate` is `hurt / decided`,
    None where no cell is decided. `mean_gap` is None where a cell is missing. `worst` is the cell with the largest gap,
    None where no cell has one.
    """

    hurt: int
    decided: int
    undecided: int
    missing: int
    rate: float | None
    mean_gap: float | None
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


def negative_transfer_rate(
    verdicts: Mapping[Cell, Verdict], gaps: Mapping[Cell, PairedTest | None]
) -> NegativeTransferRate[Cell]:
    """Cells that hurt / cells decided, with the others counted beside it, the mean gap and the worst cell.

    `gaps` are positive where transfer hurt, None where a run is missing. Both are keyed by cell, say (source, target).
    Of equal gaps the first is the worst. Raises `ValueError` where other cells have a verdict than have a gap.
    """
    means = {cell: gap.mean for cell, gap in gaps.items() if gap is not None}
    if verdicts.keys() != means.keys():
        raise ValueError(f"cells with a verdict or a gap alone: {sorted(map(str, verdicts.keys() ^ means.keys()))}")
    found = Counter(verdicts.values())
    decided = found["hurts"] + found["helps"]
    missing = len(gaps) - len(means)
    return NegativeTransferRate(
        hurt=found["hurts"],
        decided=decided,
        undecided=found["undecided"],
        missing=missing,
        rate=found["hurts"] / decided if decided else None,
        mean_gap=statistics.fmean(means.values()) if means and not missing else None,
        worst=max(means, key=means.__getitem__, default=None),
    )


def _difference(minuend: BySeed, subtrahend: BySeed) -> PairedTest | None:
    seeds = _common_seeds(minuend, subtrahend)
    if not seeds:
        return None
    return paired_difference([minuend[seed] for seed in seeds], [subtrahend[seed] for seed in seeds])


def _common_seeds(*runs: BySeed) -> list[int]:
    return sorted(set.intersection(*(set(run) for run in runs)))
