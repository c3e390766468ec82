"""What a table is made of, whatever it is rendered as: rows of cells, each a text with its number and its marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from tlbench.core.probabilities import LOWER_IS_BETTER
from tlbench.evaluation.statistics import Estimate
from tlbench.evaluation.verdicts import Verdict

MISSING = "—"
#: Marks, each explained by a note under the table that bears it.
DISHONEST, HURTS, NO_STEPS, FLAGGED = "⚠", "↓", "†", "⚑"
#: Of inference by a process that has not trained.
COLD = "‡"
HELPS, NO_MATTER, UNKNOWN, FAILED = "↑", "≈", "?", "✗"
#: Of tables in which every gap bears its verdict.
VERDICT_MARKS: Mapping[Verdict, str] = MappingProxyType(
    {"helps": HELPS, "hurts": HURTS, "no matter": NO_MATTER, "unknown": UNKNOWN, "training failed": FAILED}
)
BOLD = (
    "bold: the best but oracle, where its paired difference to the next is significant (t over seeds, 5 %, each column "
    "for itself): on these pairs and test items, for other seeds"
)

#: By evaluation, what the numbers are of.
TESTED_ON = {
    "held-out": "the target test split",
    "transductive-test": "the target set, whose inputs were seen without labels (oracle by five folds)",
}
_NAMES = {"macro_f1": "macro F1", "auroc": "AUROC", "nll": "NLL", "ece": "ECE", "nmi": "NMI", "ari": "ARI"}


@dataclass(frozen=True)
class Cell:
    """A text; behind it a raw number with its half-width (or the two ends of its interval) where it has one.

    `footnotes` are numbers of the table's footnotes. An empty text means that the column does not apply to the row,
    `—` that a number is missing. `best`: it is the best of its column, and shown to be better than the next.
    """

    text: str
    value: float | None = None
    half_width: float | None = None
    low: float | None = None
    high: float | None = None
    marks: tuple[str, ...] = ()
    footnotes: tuple[int, ...] = ()
    best: bool = False


EMPTY = Cell("")


@dataclass(frozen=True)
class Column:
    """A column: its name for `--columns` and machines, its head (of several lines), its alignment.

    Where a table is too wide for a page it is broken before a column that `starts_group`.
    """

    name: str
    head: str
    align: Literal["left", "right"] = "right"
    starts_group: bool = False

    @property
    def title(self) -> str:
        """The head in one line."""
        return self.head.replace("/\n", "/").replace("\n", " ")


@dataclass
class Table:
    """One table. `caption` stands above it, `notes` (whole sentences) and numbered `footnotes` below.

    Under these stands `diagram`, lines of plain text in which columns of characters matter.
    """

    title: str
    columns: list[Column]
    rows: list[list[Cell]]
    caption: str = ""
    notes: list[str] = field(default_factory=list)
    footnotes: list[str] = field(default_factory=list)
    diagram: str = ""

    @property
    def bold(self) -> str:
        """What bold numbers are, for formats that have them; empty where there are none."""
        return BOLD if any(cell.best for row in self.rows for cell in row) else ""

    def keep(self, names: Iterable[str]) -> Table:
        """The same table with its first column and, of the others, those with these names, in the given order."""
        position = {column.name: index for index, column in enumerate(self.columns)}
        kept = [0, *(position[name] for name in names if position.get(name))]
        columns = [self.columns[index] for index in kept]
        rows = [[row[index] for index in kept] for row in self.rows]
        return Table(self.title, columns, rows, self.caption, self.notes, self.footnotes, self.diagram)


def metric_name(metric: str) -> str:
    """A metric's name as a heading."""
    return _NAMES.get(metric, metric.replace("_", " "))


@dataclass(frozen=True)
class Scale:
    """How a metric is shown: as percent with one decimal, or as it is with three; and which end is better."""

    percent: bool = True
    lower_is_better: bool = False

    @classmethod
    def of(cls, metric: str, values: Sequence[float]) -> Scale:
        """Percent for what lies within ±1 and is no likelihood."""
        return cls(metric != "nll" and all(abs(value) <= 1 for value in values), metric in LOWER_IS_BETTER)

    @property
    def unit(self) -> str:
        """The unit of a difference: ` points` or nothing."""
        return " points" if self.percent else ""

    def error(self, value: float) -> float:
        """1 − value, or the value itself where smaller is better."""
        return value if self.lower_is_better else 1 - value

    def text(self, value: float, *, signed: bool = False) -> str:
        """A value, or a difference with its sign, in the metric's unit."""
        shown, decimals = (100 * value, 1) if self.percent else (value, 3)
        # Adding zero makes a rounded −0 a 0.
        return signed_text(shown, decimals) if signed else f"{round(shown, decimals) + 0.0:.{decimals}f}"

    def cell(self, found: Estimate | None, *, signed: bool = False, marks: tuple[str, ...] = ()) -> Cell:
        """`81.2 ± 1.3`; without the interval where there is none."""
        if found is None:
            return Cell(MISSING)
        text = self.text(found.mean, signed=signed)
        if found.half_width is not None:
            text += f" ± {self.text(found.half_width)}"
        low, high = found.interval or (None, None)
        return Cell(text, found.mean, found.half_width, low, high, marks)


def signed_text(value: float, decimals: int) -> str:
    """A number with its sign, the minus a true one; zero bears none."""
    rounded = round(value, decimals) + 0.0
    return f"{rounded:+.{decimals}f}".replace("-", "−") if rounded else f"{0:.{decimals}f}"


def compact(value: float) -> str:
    """`8,412`, `20.1k`, `1.2M`: at most five characters."""
    for size, letter in ((1e6, "M"), (1e4, "k")):
        if value >= size:
            scaled = value / (1e6 if letter == "M" else 1e3)
            return f"{scaled:.1f}{letter}" if scaled < 100 else f"{scaled:.0f}{letter}"
    return f"{value:,.0f}"


def count(number: int, noun: str, several: str = "") -> str:
    """`1 pair`, `6 pairs`; `several` is the plural where it takes more than an s."""
    return f"{number} {noun if number == 1 else several or noun + 's'}"
