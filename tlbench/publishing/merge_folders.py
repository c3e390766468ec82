"""Result folders of one suite joined into one: what other seeds, pairs or machines have added."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlbench.errors import Faults, TlbenchError
from tlbench.leaderboard.analysis.result_set import PlanHeader, ResultSet, load_result_set
from tlbench.publishing.predictions import read_predictions
from tlbench.records.item_correctness import stored_correct
from tlbench.records.plan_file import PLAN_FILE, plan_content
from tlbench.records.published_records import is_published
from tlbench.records.record import Record
from tlbench.records.result_folder import ResultFolder

#: What the plans of all folders must say alike: tables are of one suite, by one metric, under one protocol.
_ALIKE = ("suite", "dataset", "primary_metric", "selection")


@dataclass
class Merged:
    """What came together: where each record is from, and what was left out."""

    folder: Path
    records: int = 0
    #: Lines on runs that several folders have with other numbers, and on records that cannot be read.
    differing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)


def merge(folders: Sequence[Path], out: Path) -> Merged:
    """Write the records of all folders to `out/<suite>/`. Of a run that several have, the first that is ok is taken.

    Raises `TlbenchError` where folders are of several suites, and `Faults` where they are of other revisions of a
    dataset or of other protocol versions, or where `out` holds records already.
    """
    if len({folder.resolve() for folder in folders}) < 2:
        raise TlbenchError("name at least two folders of results, as results-a/digits results-b/digits")
    sets = {folder: load_result_set(folder) for folder in folders}
    _check_alike(sets)
    _check_revisions(sets)
    to = ResultFolder(out, next(iter(sets.values())).plan.suite)
    if to.folder.is_dir() and (to.run_keys() or (to.folder / PLAN_FILE).exists()):
        raise TlbenchError(f"{to.folder} holds records already; name another --out, and this folder among the others")
    to.create()
    merged = Merged(to.folder, damaged=[f"{folder}: {why}" for folder, one in sets.items() for why in _damaged(one)])
    with to.locked():
        to.write_plan(_joined([_plan(folder) for folder in folders]))
        for key, found in _by_key(sets).items():
            folder, record = _chosen(found)
            to.write(record, _arrays(folder, record))
            merged.records += 1
            if others := [str(other) for other, one in found if one.status == "ok" and one.metrics != record.metrics]:
                merged.differing.append(
                    f"run {key} has other numbers in {', '.join(others)}; those of {folder} are kept"
                )
    return merged


def _check_alike(sets: Mapping[Path, ResultSet]) -> None:
    (first, one), *rest = sets.items()
    faults = [
        f"{name} is {getattr(other.plan, name)!r} in {folder}, and {getattr(one.plan, name)!r} in {first}"
        for folder, other in rest
        for name in _ALIKE
        if getattr(other.plan, name) != getattr(one.plan, name)
    ]
    if faults:
        raise Faults("these folders are not of one suite, and no table could hold both", faults)


def _check_revisions(sets: Mapping[Path, ResultSet]) -> None:
    """Refuse numbers that no table may set side by side."""
    found: dict[str, dict[Any, Path]] = {}
    for folder, result_set in sets.items():
        for record in result_set.records.values():
            found.setdefault("the protocol version", {}).setdefault(record.spec.protocol, folder)
            for domain, revision in record.spec.revisions.items():
                found.setdefault(f"the revision of {record.dataset} {domain}", {}).setdefault(revision, folder)
    faults = [
        f"{what} is {' and '.join(f'{value} in {folder}' for value, folder in values.items())}"
        for what, values in sorted(found.items())
        if len(values) > 1
    ]
    if faults:
        raise Faults("these folders cannot be merged: their numbers are not of the same data or protocol", faults)


def _damaged(result_set: ResultSet) -> Iterator[str]:
    yield from result_set.damaged.values()


def _by_key(sets: Mapping[Path, ResultSet]) -> dict[str, list[tuple[Path, Record]]]:
    found: dict[str, list[tuple[Path, Record]]] = {}
    for folder, result_set in sets.items():
        for key, record in result_set.records.items():
            found.setdefault(key, []).append((folder, record))
    return found


def _chosen(found: Sequence[tuple[Path, Record]]) -> tuple[Path, Record]:
    return next((one for one in found if one[1].status == "ok"), found[0])


def _plan(folder: Path) -> dict[str, Any]:
    plan = plan_content(folder)
    if plan is None:
        raise TlbenchError(f"{folder / PLAN_FILE} cannot be read")
    return plan


def _joined(plans: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The first plan with the cells of all, each once, and with what goes with them."""
    joined = {key: value for key, value in plans[0].items() if key in PlanHeader.model_fields or key == "asked"}
    joined |= {name: found for name in ("cells", "shared", "notes") if (found := _each_once(plans, name))}
    joined["seeds"] = sorted({seed for plan in plans for seed in plan["seeds"]})
    joined["metrics"] = list(dict.fromkeys(name for plan in plans for name in plan["metrics"]))
    for name in ("asked", "test_examples", "classes"):
        joined[name] = {key: value for plan in reversed(plans) for key, value in plan.get(name, {}).items()}
    return joined


def _each_once(plans: Sequence[dict[str, Any]], name: str) -> list[Any]:
    found = {json.dumps(one, sort_keys=True): one for plan in plans for one in plan.get(name, [])}
    return list(found.values())


def _arrays(folder: Path, record: Record) -> dict[str, NDArray[Any]] | None:
    """What a run predicted, probabilities too; of a published one the classes at its last step, and which are right."""
    if not is_published(folder):
        return ResultFolder(folder.parent, folder.name).arrays(record.run_key)
    classes = read_predictions(folder, [record]).get(record.run_key)
    if classes is None:
        return None
    step = record.checkpoints[-1]
    correct = stored_correct(folder)(record.run_key, step)
    right = {} if correct is None else {f"{step}/correct": correct}
    return {f"{step}/test": np.asarray(classes), **right}
