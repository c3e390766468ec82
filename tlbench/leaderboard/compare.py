"""Two variants of one board, or two boards: paired differences, per pair and overall."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tlbench.errors import TlbenchError
from tlbench.evaluation.statistics import MIN_SEEDS, PairedTest, estimate, holm, paired_difference, verdicts
from tlbench.leaderboard.cells import EMPTY, MISSING, Cell, Column, Scale, Table, count, metric_name
from tlbench.leaderboard.frame import as_number
from tlbench.leaderboard.notes import FEW_SEEDS
from tlbench.spec import label_budget

if TYPE_CHECKING:
    import pandas as pd

PLACE = ("setting", "shots", "evaluation", "backbone")
#: Verdicts are made from errors of A minus errors of B.
WORDS = {"helps": "{a} better", "hurts": "{b} better", "undecided": "undecided"}
BySeed = Mapping[int, float | None]
Key = tuple[Any, ...]


@dataclass(frozen=True)
class _Couple:
    """The runs of A and B in one place on one pair."""

    a: BySeed
    b: BySeed

    @property
    def seeds(self) -> list[int]:
        """The seeds of which both have a number."""
        return [seed for seed in sorted(self.a) if self.a[seed] is not None and self.b.get(seed) is not None]

    @property
    def asked(self) -> int:
        """The seeds that either was asked for."""
        return len(self.a.keys() | self.b.keys())

    def values(self, which: BySeed) -> list[float]:
        """Numbers at the common seeds."""
        return [value for seed in self.seeds if (value := which[seed]) is not None]

    @property
    def difference(self) -> PairedTest | None:
        """A − B, paired by seed."""
        return paired_difference(self.values(self.a), self.values(self.b)) if self.seeds else None


def compare(
    frame_a: pd.DataFrame,
    frame_b: pd.DataFrame,
    metric: str,
    selection: str = "last",
    names: tuple[str, str] = ("A", "B"),
) -> Table:
    """The paired difference A − B of a metric: for each pair its interval, p-value and verdict, and overall.

    The frames are (parts of) `Board.frame`. Where each holds one variant, these two are compared; where they hold
    several, each variant is compared with its namesake. Only what both hold is compared; the rest is counted in a note.
    `overall` is the mean over the rows of one place, by seed; it is not shown where a run is missing. Verdicts are
    Holm-corrected over all pairs. Raises `TlbenchError` where the two have nothing in common or lack the metric.
    """
    single = frame_a["variant"].nunique() == 1 and frame_b["variant"].nunique() == 1
    a, b = (_by_key(frame, metric, selection, single) for frame in (frame_a, frame_b))
    couples = {key: _Couple(a[key], b[key]) for key in a if key in b}
    if not any(couple.seeds for couple in couples.values()):
        raise TlbenchError(f"{names[0]} and {names[1]} have no pair with {metric} under {selection!r} in common")
    values = [value for couple in couples.values() for value in couple.values(couple.a) + couple.values(couple.b)]
    rows = _Rows(couples, Scale.of(metric, values), names)
    several = len({key[: len(PLACE)] for key in couples}) > 1
    alone = len(a.keys() ^ b.keys())
    return Table(
        f"{names[0]} minus {names[1]}",
        rows.columns(metric),
        rows.all(several, single),
        f"{metric_name(metric)}{' in %' if rows.scale.percent else ''} on the target test split, paired by seed, "
        f"mean ± 95 % interval; selection: {selection}.",
        rows.notes(alone),
    )


def _by_key(frame: pd.DataFrame, metric: str, selection: str, single: bool) -> dict[Key, dict[int, float | None]]:
    if metric not in frame.columns:
        raise TlbenchError(f"the records hold no {metric!r}")
    found: dict[Key, dict[int, float | None]] = {}
    for row in frame.to_dict("records"):
        key = (*(row[name] for name in PLACE), row["pair"], "" if single else row["variant"])
        number = as_number(row[metric]) if row["status"] == "ok" and row["selection"] == selection else None
        by_seed = found.setdefault(_hashable(key), {})
        by_seed[row["seed"]] = number if number is not None else by_seed.get(row["seed"])
    return found


def _hashable(key: Key) -> Key:
    """The key with pandas' missing values as None, which equals itself."""
    return tuple(None if isinstance(part, float) and part != part else part for part in key)  # noqa: PLR0124


@dataclass(frozen=True)
class _Rows:
    couples: Mapping[Key, _Couple]
    scale: Scale
    names: tuple[str, str]

    def columns(self, metric: str) -> list[Column]:
        heads = [
            ("a", self.names[0]),
            ("b", self.names[1]),
            ("difference", "difference"),
            ("p", "p"),
            ("holm", "p (Holm)"),
        ]
        columns = [Column("pair", "pair", "left"), *(Column(name, head) for name, head in heads)]
        return [*columns, Column("verdict", "verdict", "left"), Column("seeds", "seeds")]

    def all(self, several: bool, single: bool) -> list[list[Cell]]:
        """A row per pair, and an overall row under the pairs of each place."""
        differences = [couple.difference for couple in self.couples.values()]
        adjusted = holm([None if test is None else test.p_value for test in differences])
        said = verdicts([self._as_error(test) for test in differences])
        rows: dict[Key, list[list[Cell]]] = {}
        for (key, couple), p, verdict in zip(self.couples.items(), adjusted, said, strict=True):
            label = key[len(PLACE)] + ("" if single else f" {key[-1]}")
            rows.setdefault(key[: len(PLACE)], []).append(
                self._row(self._label(key, label, several), couple, p, verdict)
            )
        return [row for place, listed in rows.items() for row in (*listed, self._overall(place, several))]

    def _row(self, label: str, couple: _Couple, p: float | None, verdict: str) -> list[Cell]:
        a, b = (estimate(couple.values(which)) if couple.seeds else None for which in (couple.a, couple.b))
        test = couple.difference
        seeds = (
            f"{len(couple.seeds)}" if len(couple.seeds) == couple.asked else f"{len(couple.seeds)} of {couple.asked}"
        )
        word = WORDS[verdict].format(a=self.names[0], b=self.names[1])
        numbers = [self.scale.cell(a), self.scale.cell(b), self.scale.cell(test, signed=True)]
        tests = [_p(test.p_value if test else None), _p(p)]
        return [Cell(label), *numbers, *tests, Cell(word), Cell(seeds, len(couple.seeds))]

    def _overall(self, place: Key, several: bool) -> list[Cell]:
        label = self._label(place, "overall", several)
        couples = [couple for key, couple in self.couples.items() if key[: len(PLACE)] == place]
        seeds = couples[0].seeds
        whole = all(couple.seeds == seeds and len(seeds) == couple.asked for couple in couples)
        if not whole or not seeds:
            return [Cell(label), *[Cell(MISSING)] * 4, EMPTY, Cell(MISSING), EMPTY]
        mean = _Couple(*({s: statistics.fmean(_there(c, side, s) for c in couples) for s in seeds} for side in "ab"))
        # One test, so that there is nothing to correct.
        verdict = verdicts([self._as_error(mean.difference)])[0]
        row = self._row(label, mean, None, verdict)
        return [*row[:5], EMPTY, *row[6:]]

    def _label(self, key: Key, label: str, several: bool) -> str:
        if not several:
            return label
        setting, shots, evaluation, backbone = key[: len(PLACE)]
        return f"{setting}{label_budget(shots)} · {evaluation} · {backbone} · {label}"

    def _as_error(self, test: PairedTest | None) -> PairedTest | None:
        """The difference of errors, of which a positive one is bad."""
        if test is None or self.scale.lower_is_better:
            return test
        return PairedTest(-test.mean, test.half_width, test.n, test.p_value)

    def notes(self, alone: int) -> list[str]:
        lines = [f"Verdicts per pair: paired t over seeds, Holm-corrected over {count(len(self.couples), 'pair')}."]
        if all(len(couple.seeds) < MIN_SEEDS for couple in self.couples.values()):
            lines = [FEW_SEEDS]
        if any(len(couple.seeds) < couple.asked for couple in self.couples.values()):
            lines.append(f"{MISSING}: a run is missing, so there is no overall difference.")
        return lines + ([f"not compared, because only one of the two has it: {count(alone, 'pair')}"] if alone else [])


def _there(couple: _Couple, side: str, seed: int) -> float:
    value = (couple.a if side == "a" else couple.b)[seed]
    assert value is not None
    return value


def _p(value: float | None) -> Cell:
    if value is None:
        return Cell(MISSING)
    return Cell("<0.001" if value < 0.001 else f"{value:.3f}", value)
