"""Two variants, or two result folders, run by run: the same place, the same pair, the same seed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tlbench.core.run_spec import Shots, label_budget
from tlbench.errors import TlbenchError
from tlbench.evaluation.statistics import McNemarTest, PairedTest, mcnemar, paired_difference
from tlbench.leaderboard.analysis.result_set import Correct, as_number
from tlbench.leaderboard.tables.footnotes import phrase

if TYPE_CHECKING:
    import pandas as pd


class CellKey(NamedTuple):
    """Where runs stand. `variant` is empty where two variants are compared, whatever their names."""

    setting: str
    shots: Shots | None
    backbone: str
    evaluation: str
    pair: str
    variant: str

    @property
    def place(self) -> str:
        """What may not be mixed, as in the titles of the leaderboard."""
        return f"{self.setting}{label_budget(self.shots)} · {self.backbone} · {self.evaluation}"

    def shown_place(self, backbones: Mapping[str, str]) -> str:
        """The same with backbones as titles have them."""
        return self._replace(backbone=backbones[self.backbone]).place

    @property
    def label(self) -> str:
        """Which row of its place it is."""
        return f"{self.variant} · {self.pair}" if self.variant else self.pair


@dataclass(frozen=True)
class Run:
    """One run: its number and the checkpoint it is from, or why it has none. `fell_back`: it is from the last step."""

    key: str
    value: float | None = None
    checkpoint: int | None = None
    reason: str = ""
    fell_back: bool = False
    #: Of the target: runs with the same have the same test items.
    revision: str | None = None


BySeed = Mapping[int, Run]


@dataclass(frozen=True)
class RunPair:
    """The runs of A and B in one spot."""

    a: BySeed
    b: BySeed

    @property
    def seeds(self) -> list[int]:
        """The seeds of which both have a number."""
        return [seed for seed in sorted(self.a.keys() & self.b.keys()) if None not in self.at(seed)]

    @property
    def asked(self) -> int:
        """The seeds that either was asked for."""
        return len(self.a.keys() | self.b.keys())

    @property
    def whole(self) -> bool:
        """Whether no run that both were asked for is missing."""
        return len(self.seeds) == len(self.a.keys() & self.b.keys())

    def at(self, seed: int) -> tuple[float | None, float | None]:
        """The numbers of one seed."""
        return self.a[seed].value, self.b[seed].value

    def values(self, which: BySeed) -> list[float]:
        """Numbers at the common seeds."""
        return [value for seed in self.seeds if (value := which[seed].value) is not None]

    @property
    def difference(self) -> PairedTest | None:
        """A − B, paired by seed."""
        return paired_difference(self.values(self.a), self.values(self.b)) if self.seeds else None

    def by_item(self, correct: tuple[Correct, Correct]) -> NDArray[Any] | None:
        """Accuracy of A − B by common seed and test item; None where it is not stored, or seeds have other items."""
        if len({run.revision for side in (self.a, self.b) for run in (side[seed] for seed in self.seeds)}) != 1:
            return None
        rows = [(_right(self.a[seed], correct[0]), _right(self.b[seed], correct[1])) for seed in self.seeds]
        found = [(a.astype(np.int8) - b.astype(np.int8)) for a, b in _pairs_of(rows)]
        return np.stack(found) if len(found) == len(rows) and len({row.shape for row in found}) == 1 else None

    def missing(self) -> list[str]:
        """Why runs of either side have no number, each reason once."""
        reasons = []
        for name, ours, theirs in (("A", self.a, self.b), ("B", self.b, self.a)):
            reasons += [f"{name}: {run.reason}" for run in ours.values() if run.value is None]
            reasons += [f"{name}: not asked for by the suite" for seed in theirs if seed not in ours]
        return list(dict.fromkeys(reasons))

    def fell_back(self) -> list[str]:
        """The sides of which a run is shown at its last step, whatever the protocol."""
        sides = (("A", self.a), ("B", self.b))
        return [name for name, side in sides if any(run.fell_back for run in side.values())]

    def same_items(self, correct: tuple[Correct, Correct]) -> list[McNemarTest]:
        """McNemar's test for each common seed of which both sides' predictions are stored."""
        tests = (_same_items(self.a[seed], self.b[seed], correct) for seed in self.seeds)
        return [test for test in tests if test is not None]

    def repeated_items(self, correct: tuple[Correct, Correct]) -> McNemarTest | None:
        """McNemar's test of two sides that give every test item the same answer whatever the seed, made once.

        None with a single seed, which shows no repetition, where a seed changes an item of either side, and where it is
        not stored which items are right.
        """
        sides = [self._repeated(side, of) for side, of in zip((self.a, self.b), correct, strict=True)]
        if len(self.seeds) < 2 or sides[0] is None or sides[1] is None or sides[0].shape != sides[1].shape:
            return None
        return mcnemar(sides[0], sides[1])

    def _repeated(self, side: BySeed, correct: Correct) -> NDArray[Any] | None:
        """Which items every seed of one side has right; None where seeds differ in one."""
        found = [_right(side[seed], correct) for seed in self.seeds]
        first = found[0] if found else None
        if first is None or any(other is None or not np.array_equal(first, other) for other in found):
            return None
        return first


def runs_of(frame: pd.DataFrame, metric: str, selection: str, single: bool) -> dict[CellKey, dict[int, Run]]:
    """The runs of (a part of) `ResultSet.frame` by cell and seed; `single`: it holds one variant, whose name goes.

    A reference that lacks the protocol, because it has no source, is taken at its last step, as on the leaderboard.
    Raises `TlbenchError` where the frame lacks the metric.
    """
    if metric not in frame.columns:
        raise TlbenchError(f"the records hold no {metric!r}")
    rows: dict[CellKey, dict[int, dict[str, Any]]] = {}
    for row in frame.to_dict("records"):
        place = (row["setting"], _plain(row["shots"]), row["backbone"], row["evaluation"])
        spot = CellKey(*place, row["pair"], "" if single else row["variant"])
        rows.setdefault(spot, {}).setdefault(row["seed"], {})[row["selection"]] = row
    return {
        spot: {seed: _run(by_protocol, metric, selection) for seed, by_protocol in by_seed.items()}
        for spot, by_seed in rows.items()
    }


def _run(by_protocol: Mapping[str, dict[str, Any]], metric: str, selection: str) -> Run:
    any_row = next(iter(by_protocol.values()))
    key, status = any_row["run_key"], any_row["status"]
    if status != "ok":
        return Run(key, reason=phrase(status, _plain(any_row["reason"]) or status))
    fell_back = selection not in by_protocol and any_row["role"] == "reference"
    row = by_protocol.get("last" if fell_back else selection)
    if row is None:
        return Run(key, reason=f"not scored by {selection}")
    value = as_number(row[metric])
    if value is None:
        return Run(key, reason=f"no {metric} in the record")
    step = as_number(row["checkpoint"])
    revision = _plain(row.get("revision"))
    return Run(key, value, None if step is None else int(step), fell_back=fell_back, revision=revision)


def _plain(value: Any) -> Any:
    """The value, or None for pandas' missing one, which does not equal itself."""
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124


def _right(run: Run, correct: Correct) -> NDArray[Any] | None:
    return None if run.checkpoint is None else correct(run.key, run.checkpoint)


def _pairs_of(
    rows: Iterable[tuple[NDArray[Any] | None, NDArray[Any] | None]],
) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Those of which both are there and of the same items."""
    yield from ((a, b) for a, b in rows if a is not None and b is not None and a.shape == b.shape)


def _same_items(a: Run, b: Run, correct: tuple[Correct, Correct]) -> McNemarTest | None:
    right_a, right_b = _right(a, correct[0]), _right(b, correct[1])
    if right_a is None or right_b is None or right_a.shape != right_b.shape:
        return None
    return mcnemar(right_a, right_b)
