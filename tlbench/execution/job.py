"""A job: one folder with everything a worker may see. Plain data and array files alone cross the boundary.

job.json            what to train, and where the inputs and the labels that the setting allows are
evaluation.json     where test inputs and the selectors' inputs are; opened after training
*.labels.npy        copies of allowed labels; the folder of all labels is never named to a worker
output.json, output.safetensors    what the worker hands back
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlbench.data.shots import draw_shots
from tlbench.data.store import ReadyDomain
from tlbench.domain import SplitName
from tlbench.seeds import derive
from tlbench.spec import RunSpec, Shots, SourceModelSpec

#: Selectors get so many fixed items of each split. The protocol allows 2,000; half of that halves the host's work.
SELECTION_ITEMS = 1000


@dataclass(frozen=True)
class Job:
    """A folder that is ready for a worker, and the fixed items whose labels the host needs for selection."""

    folder: Path
    items: dict[str, NDArray[np.int64]]


def write_source_model_job(
    folder: Path, spec: SourceModelSpec, domains: Mapping[str, ReadyDomain], device: str, plugin_files: Sequence[str]
) -> Job:
    """A job that trains on source labels alone; its target is its own first source, never tested."""
    folder.mkdir(parents=True)
    sources = [_source(folder, index, domains[name]) for index, name in enumerate(spec.source)]
    job = {
        "kind": "source-model",
        "spec": spec.model_dump(mode="json"),
        "device": device,
        "plugin_files": list(plugin_files),
        "sources": sources,
        "input_shape": domains[spec.source[0]].input_shape,
    }
    (folder / "job.json").write_text(json.dumps(job))
    return Job(folder, {})


def write_run_job(
    folder: Path,
    spec: RunSpec,
    domains: Mapping[str, ReadyDomain],
    device: str,
    plugin_files: Sequence[str],
    source_model: Path | None,
) -> Job:
    """A job for a run: what its setting allows now, and what is opened after training."""
    folder.mkdir(parents=True)
    target = domains[spec.target]
    job = {
        "kind": "run",
        "spec": spec.model_dump(mode="json"),
        "device": device,
        "plugin_files": list(plugin_files),
        "source_model": None if source_model is None else str(source_model),
        "sources": [_source(folder, index, domains[name]) for index, name in enumerate(spec.source)],
        "target": _target(folder, target, spec),
        "input_shape": target.input_shape,
    }
    (folder / "job.json").write_text(json.dumps(job))
    items = _selection_items(spec, domains)
    (folder / "evaluation.json").write_text(json.dumps(_evaluation(spec, domains, items)))
    return Job(folder, items)


def _source(folder: Path, index: int, domain: ReadyDomain) -> dict[str, Any]:
    view: dict[str, Any] = {"name": domain.name, "class_names": domain.class_names}
    splits: tuple[SplitName, ...] = ("train", "val")
    for split in splits:
        labels = folder / f"source-{index}-{split}.labels.npy"
        np.save(labels, domain.labels(split))
        view[split] = {"inputs": str(domain.inputs(split)), "labels": str(labels)}
    return view


def _target(folder: Path, domain: ReadyDomain, spec: RunSpec) -> dict[str, Any]:
    view: dict[str, Any] = {"name": domain.name, "class_names": domain.class_names}
    view["inputs"] = str(domain.inputs("train"))
    if spec.setting == "inductive" and spec.shots is not None:
        every = domain.labels("train")
        chosen = draw_shots(every, domain.class_names, spec.shots, spec.seed, domain.name, domain.revision)
        np.save(folder / "target-labelled.npy", chosen)
        np.save(folder / "target-shots.labels.npy", every[chosen])
        view["labelled"] = str(folder / "target-labelled.npy")
        view["labels"] = str(folder / "target-shots.labels.npy")
    return view


def _selection_items(spec: RunSpec, domains: Mapping[str, ReadyDomain]) -> dict[str, NDArray[np.int64]]:
    """Fixed items by role, a function of revision and split alone, so that every run is judged on the same."""
    items = {"target_train": _fixed(domains[spec.target], "train")}
    if len(spec.source) == 1:
        items["source_train"] = _fixed(domains[spec.source[0]], "train")
        items["source_val"] = _fixed(domains[spec.source[0]], "val")
    if spec.setting == "inductive" and spec.shots is not None:
        target = domains[spec.target]
        labels = target.labels("val")
        fewest = int(np.bincount(labels, minlength=len(target.class_names)).min())
        shots: Shots = "all" if spec.shots == "all" else min(spec.shots, fewest)
        if fewest == 0:  # no protocol can choose by a split that lacks a class
            return items
        items["target_val"] = draw_shots(
            labels, target.class_names, shots, spec.seed, target.name, target.revision, "val"
        )
    return items


def _fixed(domain: ReadyDomain, split: SplitName) -> NDArray[np.int64]:
    order = np.random.default_rng(derive(0, "selection", domain.revision, split)).permutation(domain.counts[split])
    return np.sort(order[:SELECTION_ITEMS])


def _evaluation(
    spec: RunSpec, domains: Mapping[str, ReadyDomain], items: Mapping[str, NDArray[np.int64]]
) -> dict[str, Any]:
    places = {
        "source_train": (spec.source[0], "train") if spec.source else None,
        "source_val": (spec.source[0], "val") if spec.source else None,
        "target_train": (spec.target, "train"),
        "target_val": (spec.target, "val"),
    }
    selection = {}
    for role, chosen in items.items():
        place = places[role]
        assert place is not None
        inputs = str(domains[place[0]].inputs(place[1]))  # type: ignore[arg-type]
        selection[role] = {"inputs": inputs, "items": chosen.tolist()}
    return {
        "test": str(domains[spec.target].inputs("test")),
        "source_test": str(domains[spec.source[0]].inputs("test")) if len(spec.source) == 1 else None,
        "selection": selection,
    }
