"""A job: one folder with everything a worker may see. Plain data and array files alone cross the boundary.

job.json            what to train, and where the inputs and the labels that the setting allows are
*.labels.npy        copies of allowed labels; the folder of all labels is never named to a worker
output.json, output.safetensors    what the worker hands back

Beside the folder, and handed over after training, lies KEY.evaluation.json: where test inputs and the selectors' inputs
are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlbench.core.domain import SplitName
from tlbench.core.run_spec import RunSpec, Shots, SourceModelSpec, examples_of, of_examples
from tlbench.core.seeds import derive
from tlbench.data.folds import folds_of
from tlbench.data.label_budget import draw_shots
from tlbench.data.ready_domain import ReadyDomain
from tlbench.execution.evaluation_inputs import evaluation_file

#: Among what a run hands back for reverse validation: the classes of all target inputs after the last step.
PREDICTED = "target_inputs/classes"
#: Selectors get so many fixed items of each role. The protocol allows 2,000; half of that halves the host's work.
SELECTION_ITEMS = 1000


@dataclass(frozen=True)
class Items:
    """Fixed items of one split, sorted indices into it."""

    domain: str
    split: SplitName
    chosen: NDArray[np.int64]


#: By role (`source_train`, `source_val`, `target_train`, `target_val`): items of every domain that has the role.
ItemsByRole = dict[str, list[Items]]


@dataclass(frozen=True)
class Job:
    """A folder that is ready for a worker, and the fixed items whose labels the host needs for selection.

    `reads` are the inputs beside its folder that it trains on, and the source model that it starts from.
    """

    folder: Path
    items: ItemsByRole
    reads: tuple[str, ...] = ()


def write_source_model_job(
    folder: Path,
    spec: SourceModelSpec,
    domains: Mapping[str, ReadyDomain],
    device: str,
    plugin_files: Sequence[str],
    trusted: Sequence[str] = (),
) -> Job:
    """A job that trains on source labels alone; its target is its own first source, never tested."""
    folder.mkdir(parents=True)
    job = {
        "kind": "source-model",
        "spec": spec.model_dump(mode="json"),
        "device": device,
        "plugin_files": list(plugin_files),
        "trusted": list(trusted),
        "sources": [_source(folder, index, domains[name]) for index, name in enumerate(spec.source)],
        "input_shape": domains[spec.source[0]].input_shape,
    }
    (folder / "job.json").write_text(json.dumps(job))
    return Job(folder, {}, _reads(job))


def write_run_job(
    folder: Path,
    spec: RunSpec,
    domains: Mapping[str, ReadyDomain],
    device: str,
    plugin_files: Sequence[str],
    source_model: Path | None,
    reverse: bool = False,
    trusted: Sequence[str] = (),
    keep_model: bool = False,
) -> Job:
    """A job for a run: what its setting allows now, and what is opened after training.

    `domains` are ready for the run's evaluation. With `reverse` the run hands back classes of all target inputs too,
    for the second training of reverse validation; with `keep_model` the weights of its checkpoints.
    """
    folder.mkdir(parents=True)
    target = domains[spec.target]
    labelled = spec.setting != "unsupervised"
    job = {
        "kind": "run",
        "spec": spec.model_dump(mode="json"),
        "device": device,
        "plugin_files": list(plugin_files),
        "trusted": list(trusted),
        "source_model": None if source_model is None else str(source_model),
        "reverse": reverse,
        "keep_model": keep_model,
        "sources": [
            _source(folder, index, domains[name], labelled=labelled) for index, name in enumerate(spec.source_domains)
        ],
        "target": _target(folder, target, spec),
        "input_shape": target.input_shape,
    }
    (folder / "job.json").write_text(json.dumps(job))
    items = {} if _has_no_selectors(spec) else _selection_items(spec, domains)
    evaluation_file(folder).write_text(json.dumps(_evaluation(spec, domains, items)))
    return Job(folder, items, _reads(job))


def write_reverse_job(
    folder: Path,
    spec: RunSpec,
    domains: Mapping[str, ReadyDomain],
    device: str,
    plugin_files: Sequence[str],
    predicted: NDArray[np.int64],
    trusted: Sequence[str] = (),
) -> Job:
    """A job for the second training of reverse validation: the target with predicted labels is the source.

    The sources' inputs are its target. No label of anybody's is in it, and it is judged on the sources' validation
    items, whose labels the host holds. Ganin et al., JMLR 2016, section 5.1.2, https://jmlr.org/papers/v17/15-239.html
    """
    folder.mkdir(parents=True)
    target, sources = domains[spec.target], [domains[name] for name in spec.source_domains]
    np.save(folder / "predicted.npy", predicted)
    job = {
        "kind": "reverse",
        "spec": spec.model_dump(mode="json"),
        "device": device,
        "plugin_files": list(plugin_files),
        "trusted": list(trusted),
        "source": {
            "name": target.name,
            "class_names": target.class_names,
            "inputs": str(target.inputs(_target_split(spec))),
            "labels": str(folder / "predicted.npy"),
        },
        "target": {
            "name": "+".join(source.name for source in sources),
            "class_names": sources[0].class_names,
            "inputs": [str(source.inputs("train")) for source in sources],
        },
        "input_shape": target.input_shape,
    }
    (folder / "job.json").write_text(json.dumps(job))
    items = {role: parts for role, parts in _selection_items(spec, domains).items() if role == "source_val"}
    evaluation_file(folder).write_text(json.dumps({"selection": _places(items, domains)}))
    return Job(folder, items, _reads(job))


def _reads(job: dict[str, Any]) -> tuple[str, ...]:
    """The inputs that a job trains on, the model that it starts from, and the plugin files."""
    views = [*job.get("sources", ()), *(job[name] for name in ("source", "target") if name in job)]
    parts = [part for view in views for part in (view, view.get("train", {}), view.get("val", {}))]
    named = [part["inputs"] for part in parts if "inputs" in part]
    inputs = [path for one in named for path in (one if isinstance(one, list) else [one])]
    model = [job["source_model"]] if job.get("source_model") else []
    return tuple(dict.fromkeys([*inputs, *model, *job["plugin_files"]]))


def _source(folder: Path, index: int, domain: ReadyDomain, *, labelled: bool = True) -> dict[str, Any]:
    view: dict[str, Any] = {"name": domain.name, "class_names": domain.class_names}
    splits: tuple[SplitName, ...] = ("train", "val")
    for split in splits:
        view[split] = {"inputs": str(domain.inputs(split))}
        if labelled:
            labels = folder / f"source-{index}-{split}.labels.npy"
            np.save(labels, domain.labels(split))
            view[split]["labels"] = str(labels)
    return view


def _target(folder: Path, domain: ReadyDomain, spec: RunSpec) -> dict[str, Any]:
    view: dict[str, Any] = {"name": domain.name, "class_names": domain.class_names}
    split = _target_split(spec)
    view["inputs"] = str(domain.inputs(split))
    if spec.setting == "inductive" and spec.shots is not None:
        every = domain.labels(split)
        chosen = draw_shots(every, domain.class_names, spec.shots, spec.seed, domain.name, domain.revision)
        _save_labelled(folder, view, chosen, every[chosen])
        if _by_folds(spec):
            np.save(folder / "folds.npy", folds_of(domain, split, spec.seed))
            view["folds"] = str(folder / "folds.npy")
    return view


def _save_labelled(folder: Path, view: dict[str, Any], chosen: NDArray[np.int64], labels: NDArray[np.int64]) -> None:
    """Write the allowed target labels beside the job, and their places into the view of the target."""
    for name, file, array in (
        ("labelled", folder / "target-labelled.npy", chosen),
        ("labels", folder / "target-shots.labels.npy", labels),
    ):
        np.save(file, array)
        view[name] = str(file)


def _target_split(spec: RunSpec) -> SplitName:
    """The split whose inputs a strategy sees: under `transductive-test` the one that it is tested on."""
    return "train" if spec.evaluation == "held-out" else "test"


def _by_folds(spec: RunSpec) -> bool:
    """Whether the target set is the test set and the run is to have its labels: then it is trained by folds."""
    return spec.evaluation == "transductive-test" and spec.setting == "inductive"


def _has_no_selectors(spec: RunSpec) -> bool:
    """Whether no honest selector has anything to read: by definition, or because the folds are five models."""
    return spec.setting == "unsupervised" or _by_folds(spec)


def _selection_items(spec: RunSpec, domains: Mapping[str, ReadyDomain]) -> ItemsByRole:
    """Fixed items by role, a function of revision and split alone, so that every run is judged on the same."""
    target, sources = domains[spec.target], [domains[name] for name in spec.source_domains]
    each = SELECTION_ITEMS // max(len(sources), 1)
    roles = {
        "source_train": [_fixed(source, "train", each) for source in sources],
        "source_val": [_fixed(source, "val", each) for source in sources],
        "target_train": [_fixed(target, _target_split(spec), SELECTION_ITEMS)],
        "target_val": _target_val(spec, target),
    }
    return {role: items for role, items in roles.items() if items and all(len(part.chosen) for part in items)}


def _fixed(domain: ReadyDomain, split: SplitName, count: int) -> Items:
    order = np.random.default_rng(derive(0, "selection", domain.revision, split)).permutation(domain.counts[split])
    return Items(domain.name, split, np.sort(order[:count]))


def _target_val(spec: RunSpec, target: ReadyDomain) -> list[Items]:
    """As many labelled validation examples of the target as the setting gives for training, where it gives any."""
    if spec.setting != "inductive" or spec.shots is None:
        return []
    labels = target.labels("val")
    fewest = int(np.bincount(labels, minlength=len(target.class_names)).min())
    if fewest == 0:  # no protocol can choose by a split that lacks a class
        return []
    shots: Shots = min(spec.shots, fewest) if isinstance(spec.shots, int) else spec.shots
    if (count := examples_of(shots)) is not None:
        shots = "all" if count >= len(labels) else of_examples(max(count, len(target.class_names)))
    chosen = draw_shots(labels, target.class_names, shots, spec.seed, target.name, target.revision, "val")
    return [Items(target.name, "val", chosen)]


def _evaluation(spec: RunSpec, domains: Mapping[str, ReadyDomain], items: ItemsByRole) -> dict[str, Any]:
    held_out = spec.evaluation == "held-out" and spec.setting != "unsupervised"
    return {
        "test": str(domains[spec.target].inputs("test")),
        "source_tests": [str(domains[name].inputs("test")) for name in spec.source_domains if held_out],
        "last_step_alone": spec.setting == "unsupervised",
        "selection": _places(items, domains),
    }


def _places(items: ItemsByRole, domains: Mapping[str, ReadyDomain]) -> dict[str, list[dict[str, Any]]]:
    """Where the inputs of items are, and which they are."""
    return {
        role: [
            {"inputs": str(domains[part.domain].inputs(part.split)), "items": part.chosen.tolist()} for part in parts
        ]
        for role, parts in items.items()
    }
