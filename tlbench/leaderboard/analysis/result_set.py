"""What a suite asked for and what is stored of it: one result set, also as a long-form frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError

from tlbench.core.garbage_collection import collection_paused
from tlbench.core.local_paths import shown_name, shown_names
from tlbench.errors import TlbenchError
from tlbench.evaluation.verdicts import ROPE
from tlbench.files import UnfitFile
from tlbench.records.data_note import DataNote
from tlbench.records.item_correctness import stored_correct
from tlbench.records.plan_file import PLAN_FILE, plan_bytes
from tlbench.records.planned_cell import PlannedCell
from tlbench.records.published_records import REMEDY, PublishedFolder, is_published
from tlbench.records.record import Record
from tlbench.records.result_folder import ResultFolder
from tlbench.records.sealed_json import BrokenSeal
from tlbench.records.shared_examples import SharedExamples
from tlbench.suites.claims import Claim

if TYPE_CHECKING:
    import pandas as pd

#: Which test items the run with this key has right after this step; None where that is not stored.
Correct = Callable[[str, int], NDArray[Any] | None]


class PlanHeader(BaseModel):
    """What a suite asked for, as `plan.json` holds it.

    `claims` are the published figures of its dataset, `claims_elsewhere` counts those of others. `test_examples`: by
    domain the size of the test split, `classes` how many there are; plans that were written before they were kept lack
    them. `rope`: differences of errors within ± this do not matter. `notes`: what readers are told of the data.
    `summary`, `about` (Markdown)
    and `views` are the suite's own words on its page, and the further shapes in which the page shows its tables.
    `own_data`: the dataset is the user's own and no published one. `contributor`: who made the runs, where they were
    submitted.
    """

    suite: str
    dataset: str
    primary_metric: str
    metrics: list[str]
    selection: str
    seeds: list[int]
    cells: list[PlannedCell]
    claims: list[Claim] = Field(default_factory=list)
    shared: list[SharedExamples] = Field(default_factory=list)
    claims_elsewhere: dict[str, int] = Field(default_factory=dict)
    test_examples: dict[str, int] = Field(default_factory=dict)
    classes: dict[str, int] = Field(default_factory=dict)
    rope: float = ROPE
    notes: list[DataNote] = Field(default_factory=list)
    summary: str = ""
    about: str = ""
    views: list[str] = Field(default_factory=list)
    own_data: bool = False
    contributor: str = ""

    @property
    def run_keys(self) -> dict[str, None]:
        """The keys of the runs that its cells and their references name, in the plan's order."""
        keys = {cell.run_key: None for cell in self.cells}
        return keys | {key: None for cell in self.cells for key in cell.references.values()}


def _not_stored(key: str, step: int) -> NDArray[Any] | None:
    """Of result sets without predictions."""
    return None


@dataclass
class ResultSet:
    """The plan of a suite, the records that are there by run key, and what is wrong with those that are not."""

    plan: PlanHeader
    records: dict[str, Record] = field(default_factory=dict)
    damaged: dict[str, str] = field(default_factory=dict)
    #: Which test items a run has right after a step, where that is stored.
    correct: Correct = _not_stored
    #: The cells of the suite as planned, where filters left fewer: verdicts are corrected over these.
    planned: Sequence[PlannedCell] = ()

    @property
    def cells(self) -> list[PlannedCell]:
        """The places in the tables, in the plan's order."""
        return self.plan.cells

    def shown_backbone(self, name: str) -> str:
        """A backbone as titles have it: of weights in a file on this machine the file's name."""
        return self._shown_backbones.get(name) or shown_name(name)

    @cached_property
    def _shown_backbones(self) -> dict[str, str]:
        return shown_names(dict.fromkeys(cell.backbone for cell in self.cells))

    def status(self, key: str) -> str:
        """The status of a run's record; `missing` where there is none that can be read."""
        record = self.records.get(key)
        return record.status if record else "missing"

    def reason(self, key: str) -> str | None:
        """Why a run has no numbers, in a phrase; None for one that is ok."""
        record = self.records.get(key)
        if record is None:
            return self.damaged.get(key, "not run")
        if record.status == "ok":
            return None
        return record.reason or (record.error.message if record.error else None) or record.status

    def score(self, key: str, selection: str, metric: str) -> float | None:
        """One number of one run; None where the run is not ok, or lacks the protocol or the metric."""
        record = self.records.get(key)
        if record is None or record.status != "ok":
            return None
        return as_number(record.metrics.get(selection, {}).get(metric))

    def protocols(self, cells: Sequence[PlannedCell] | None = None) -> list[str]:
        """The selection protocols by which runs of these cells (default: all) are scored, in the tables' order."""
        from tlbench.evaluation.selection import PROTOCOLS

        keys = {cell.run_key for cell in (self.cells if cells is None else cells)}
        found = {name for key in keys & self.records.keys() for name in self.records[key].metrics}
        return [name for name in PROTOCOLS if name in found] + sorted(found - set(PROTOCOLS))

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Long form: one row per cell and selection protocol. Metrics are fractions as stored, seconds are seconds.

        A cell without numbers has one row, with the suite's own protocol and with `reason`. Columns: `variant`,
        `strategy`, `params`, `backbone`, `source`, `target`, `pair`, `setting`, `shots`, `evaluation`, `seed`, `role`,
        `run_key`, `selection`, `status`, `reason`, `checkpoint`, every metric, `source_accuracy`,
        `train_examples_per_second`, `inference_examples_per_second`, `by_steps`, `own_seconds`, `shared_seconds`,
        `revision` (of the target, which tells splits of other seeds apart), `flags`.
        """
        import pandas as pd

        rows = [row for cell in self.cells for row in self._rows(cell)]
        frame = pd.DataFrame(rows)
        # Left to pandas, 5 beside None would become 5.0.
        frame["shots"] = pd.Series([row["shots"] for row in rows], dtype=object)
        return frame

    def _rows(self, cell: PlannedCell) -> list[dict[str, Any]]:
        identity = {
            **cell.model_dump(exclude={"references", "recipe"}),
            "source": "+".join(cell.source),
            "pair": cell.pair,
        }
        record = self.records.get(cell.run_key)
        scored = record.metrics if record is not None and record.status == "ok" else {}
        return [
            {**identity, "selection": name, **self._measures(cell.run_key, values)}
            for name, values in (scored or {self.plan.selection: {}}).items()
        ]

    def _measures(self, key: str, values: dict[str, Any]) -> dict[str, Any]:
        record = self.records.get(key)
        speed = record.throughput if record else None
        names = (*self.plan.metrics, "source_accuracy")
        return {
            "status": self.status(key),
            "reason": self.reason(key),
            "checkpoint": values.get("checkpoint"),
            **{name: values.get(name) for name in names},
            "train_examples_per_second": speed.train_examples_per_second if speed else None,
            "inference_examples_per_second": speed.inference_examples_per_second if speed else None,
            "by_steps": speed.by_steps if speed else None,
            "own_seconds": record.seconds.own.total - record.seconds.own.selection if record else None,
            "shared_seconds": record.seconds.shared.total if record else None,
            "revision": record.spec.revisions.get(record.target) if record else None,
            "flags": list(record.flags) if record else [],
        }


def load_result_set(folder: Path, known: Mapping[str, Record] | None = None) -> ResultSet:
    """Read `results/<suite>/`, or a published folder: `plan.json` and the records that its cells and references name.

    `known` are records, by run key, that have been read from there already. A damaged record counts as missing and
    is named. Raises `TlbenchError` where there is no plan that can be read, and for a published folder whose
    records are damaged or not the plan's.
    """
    result_set = ResultSet(read_plan(folder), correct=stored_correct(folder))
    if is_published(folder):
        result_set.records = PublishedFolder(folder).records(result_set.plan.run_keys)
        return result_set
    with collection_paused():
        _read_records(result_set, ResultFolder(folder.parent, folder.name), known or {})
    return result_set


def _read_records(result_set: ResultSet, results: ResultFolder, known: Mapping[str, Record]) -> None:
    for key in result_set.plan.run_keys:
        try:
            record = known.get(key) or results.read(key)
        except TlbenchError:
            result_set.damaged[key] = f"damaged record: {results.record_file(key).name}"
            continue
        if record is not None:
            result_set.records[key] = record


def read_plan(folder: Path) -> PlanHeader:
    """The plan in `results/<suite>/`, or in a published folder. Raises `TlbenchError` where none can be read."""
    path = folder / PLAN_FILE
    published = is_published(folder)
    again = REMEDY if published else f"run `tlbench run {folder.name}`, which writes it"
    try:
        return PlanHeader.model_validate_json(plan_bytes(folder))
    except FileNotFoundError:
        what = f"no whole published folder: {path}" if published else f"no results of the suite {folder.name!r}: {path}"
        then = REMEDY if published else f"run `tlbench run {folder.name}` first"
        raise TlbenchError(f"{what} does not exist; {then}") from None
    except OSError as error:
        raise TlbenchError(f"cannot read {path}: {error.strerror or error}") from error
    except (BrokenSeal, UnfitFile, RecursionError) as error:
        raise TlbenchError(f"damaged plan {path}: {error}; {again}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise TlbenchError(f"damaged plan {path}: {place}: {first['msg']}; {again}") from error


def as_number(value: object) -> float | None:
    """A finite number as a float; None for anything else (a list, a missing value, not a number)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
