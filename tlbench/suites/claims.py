"""Published figures to compare with: the rows of a CSV file, read with everything that is wrong told at once."""

from __future__ import annotations

import csv
import fnmatch
import io
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo, field_validator

from tlbench.core.run_spec import WEIGHTS, Plain, Setting
from tlbench.errors import Faults, unknown
from tlbench.suites.named_text import UnreadableText, read_text

#: Metrics with known ends. Those of plugins that are not here may have any finite value.
_FRACTIONS = (
    "accuracy",
    "balanced_accuracy",
    "clustering_accuracy",
    "macro_f1",
    "macro_recall",
    "macro_precision",
    "auroc",
    "ece",
    "nmi",
)
_ENDS = {**dict.fromkeys(_FRACTIONS, (0.0, 1.0)), "nll": (0.0, math.inf)}

#: As a source: the figure is a mean over pairs.
MEAN = "mean"
_MEAN_FORM = "of a mean, write in the column target the pairs as 'a:b; b:a', or '*:*' for all pairs of the suite"

Row = tuple[int, list[str]]
_Name = Annotated[str, Field(min_length=1)]
#: A float holds no more of a fraction.
MOST_DECIMALS = 17
#: Bytes of a file of figures that are read.
LARGEST = 64 * 2**20

_Number = Annotated[float, Field(allow_inf_nan=False)]
_NumberOrNone = Annotated[float, Field(ge=0, allow_inf_nan=False)] | None


class Claim(Plain):
    """A published figure, in the unit that records use: a fraction, not percent.

    `source` joins several by `+`. Where it is `mean`, the figure is a mean over pairs, which `target` lists, or globs
    of them, between semicolons. `plus_minus` is what its source prints. `differs` says in what the suite's protocol
    differs from the published one; only where it is empty does a run that is far from the figure raise a doubt.
    `kind`: `cross-check` where nobody published it, but other software, run for the purpose, gave it.
    `decimals` is no column: how many decimals `value` is printed with, as a fraction; None in plans that do not say.
    """

    dataset: _Name
    source: _Name
    target: _Name
    setting: Setting
    strategy: _Name
    backbone: _Name
    protocol: str
    metric: _Name
    value: _Number
    plus_minus: Annotated[_NumberOrNone, BeforeValidator(lambda value: None if value == "" else value)]
    citation: _Name
    note: str
    differs: str
    decimals: Annotated[int, Field(ge=0)] | None = None
    kind: Literal["published", "cross-check"] = "published"

    @field_validator("value")
    @classmethod
    def _within_the_metric(cls, value: float, info: ValidationInfo) -> float:
        metric = info.data.get("metric", "")  # absent where it is wrong itself
        low, high = _ENDS.get(metric, (-math.inf, math.inf))
        if low <= value <= high:
            return value
        ends = "is not below 0" if high == math.inf else "lies between 0 and 1; write a fraction, not percent"
        raise ValueError(f"{value} is no {metric}, which {ends}")

    @field_validator("target")
    @classmethod
    def _pairs_of_a_mean(cls, target: str, info: ValidationInfo) -> str:
        if info.data.get("source") != MEAN or ":" not in target:
            return target
        wrong = [part for part in _parts(target) if not all(part.rpartition(":")[::2])]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is no pair; {_MEAN_FORM}")
        return target

    @property
    def mean_of(self) -> tuple[str, ...]:
        """The pairs, or globs of them, of which it is the mean; none where it is a figure of one pair."""
        return tuple(_parts(self.target)) if self.source == MEAN and ":" in self.target else ()

    @property
    def place(self) -> str:
        """The pair, or the pairs whose mean it is, in words."""
        return f"mean of {'; '.join(self.mean_of)}" if self.mean_of else f"{self.source}:{self.target}"

    @property
    def pair(self) -> tuple[frozenset[str], str]:
        """Sources, in whatever order they are written, and target."""
        return frozenset(self.source.split("+")), self.target

    @property
    def half_unit(self) -> float:
        """Half a unit of the last printed digit, in the unit of `value`; 0 where the digits are not known."""
        return 0.0 if self.decimals is None else 0.5 * 10.0**-self.decimals


COLUMNS = tuple(name for name in Claim.model_fields if name != "decimals")
#: Columns that a file may do without.
OPTIONAL = ("kind",)


def read_claims(path: Path) -> list[Claim]:
    """The claims of a CSV file; columns may stand in any order.

    Raises `Faults` with everything that is wrong, each as `file:line: column: message`.
    """
    rows, faults = _rows(path)
    claims: list[Claim] = []
    if rows:
        (first, header), *body = rows
        faults += [(first, text) for text in _header_faults(header)]
        if len(rows) == 1 and not faults:
            faults.append((first, "no figure stands below the header; add one, or leave the file out"))
        for line, cells in body if len(header) > 1 else []:  # without separated columns the header's fault says it all
            try:
                claims.append(_claim(header, cells))
            except ValueError as error:  # pydantic's too
                faults += [(line, text) for text in _row_faults(error, header)]
    if faults:
        in_order = sorted(faults, key=lambda fault: fault[0])
        raise Faults(f"{path}: the published figures cannot be used", [_place(path, *fault) for fault in in_order])
    return _as_printed(claims)


def check_pairs(file: str, claims: Sequence[Claim], dataset: str, domains: Sequence[str]) -> None:
    """Raise `Faults` for figures of pairs that the dataset cannot have. Those of other datasets are not looked at.

    `-` is no source, and `weights` the backbone's own. Of a mean over pairs, globs have to fit some domain.
    """
    faults = [
        f"{claim.place} ({claim.citation}): {unknown('domain', name, domains)}{_mean_hint(claim, name)}"
        for claim in claims
        if claim.dataset == dataset
        for name in _unknown_domains(claim, domains)
    ]
    if faults:
        raise Faults(f"{file}: published figures of pairs that {dataset!r} cannot have", list(dict.fromkeys(faults)))


def _unknown_domains(claim: Claim, domains: Sequence[str]) -> list[str]:
    pairs = [part.rpartition(":")[::2] for part in claim.mean_of] or [(claim.source, claim.target)]
    named = {name for sources, target in pairs for name in (*sources.split("+"), target)}
    known = (*domains, WEIGHTS, "-")
    return sorted(name for name in named if name not in known and not (claim.mean_of and fnmatch.filter(known, name)))


def _mean_hint(claim: Claim, name: str) -> str:
    return f" ({_MEAN_FORM})" if name == MEAN == claim.source else ""


def _parts(target: str) -> list[str]:
    return [part.strip() for part in target.split(";") if part.strip()]


def _as_printed(claims: Sequence[Claim]) -> list[Claim]:
    """The claims with the decimals of their table: a spreadsheet drops zeros at the end, so that 0.500 becomes 0.5."""
    finest: dict[tuple[str, str], int] = {}
    for claim in claims:
        table = (claim.citation, claim.metric)
        finest[table] = max(finest.get(table, 0), claim.decimals or 0)
    return [claim.model_copy(update={"decimals": finest[claim.citation, claim.metric]}) for claim in claims]


def _place(path: Path, line: int, text: str) -> str:
    """Line 0 stands for the file as a whole."""
    return f"{path}:{line}: {text}" if line else f"{path}: {text}"


def _rows(path: Path) -> tuple[list[Row], list[tuple[int, str]]]:
    """The rows that hold something, with the line on which each begins, and what is wrong with the file itself."""
    try:
        reader = csv.reader(io.StringIO(read_text(path, LARGEST, "CSV"), newline=""), strict=True)
    except UnreadableText as error:
        return [], [(error.line, str(error))]
    rows: list[Row] = []
    begins = 1
    try:
        for cells in reader:
            if any(map(str.strip, cells)):
                rows.append((begins, [cell.strip() for cell in cells]))
            begins = reader.line_num + 1
    except csv.Error as error:
        return rows, [(begins, f"{error}; a text in quotes must end with one, and double those inside it")]
    names = ",".join(COLUMNS)
    return rows, [] if rows else [(1, f"the file is empty; its first line names the columns: {names}")]


def _header_faults(header: Sequence[str]) -> Iterator[str]:
    for mark in (";", "\t"):
        if len(header) == 1 and mark in header[0]:
            yield f"the columns are separated by {mark!r}; separate them by commas"
            return
    for name in COLUMNS:
        if name not in header and name not in OPTIONAL:
            hint = "; leave its cells empty where the suite follows the published protocol" if name == "differs" else ""
            yield f"{name}: the column is missing{hint}"
    for name, count in Counter(header).items():
        if name not in COLUMNS:
            yield f"{name}: {unknown('column', name, COLUMNS)}"
        elif count > 1:
            yield f"{name}: the column is there more than once"


def _claim(header: Sequence[str], cells: Sequence[str]) -> Claim:
    """Raises `ValueError` (pydantic's, for what a column says)."""
    if len(cells) != len(header):
        counted = f"{len(cells)} cells where the header names {len(header)} columns"
        raise ValueError(f"{counted}; quote a text that holds a comma, and leave no cell out")
    named = {name: cell for name, cell in zip(header, cells, strict=True) if name in COLUMNS}
    if not named.get("kind"):
        named.pop("kind", None)
    claim = Claim.model_validate(named)
    return claim.model_copy(update={"decimals": _decimals(named["value"])})


def _decimals(number: str) -> int:
    """The digits behind the point of a number that pydantic has taken for one.

    Raises `ValueError` for more of them than a figure can have, and for an exponent that no number has.
    """
    try:
        decimals = max(0, -int(Decimal(number).as_tuple().exponent))
    except ArithmeticError:  # decimal's own, of an exponent that it cannot hold
        decimals = MOST_DECIMALS + 1
    if decimals > MOST_DECIMALS:
        raise ValueError(f"value: {_cut(number)!r} has more than {MOST_DECIMALS} decimals; write the figure as printed")
    return decimals


def _cut(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


def _row_faults(error: ValueError, header: Sequence[str]) -> list[str]:
    if not isinstance(error, ValidationError):
        return [str(error)]
    found = error.errors(include_url=False)
    return [f"{item['loc'][0]}: {_message(dict(item))}" for item in found if item["loc"][0] in header]


def _message(item: dict[str, Any]) -> str:
    value = item["input"]
    if value == "":
        return "is empty"
    match item["type"]:
        case "value_error":
            return str(item["ctx"]["error"])
        case "literal_error":
            return unknown("setting", value, get_args(Setting))
        case "float_parsing":
            return f"{value!r} must be a number, with a point for the decimals"
        case _:
            return f"{value!r} {item['msg'].replace('Input should', 'must')}"
