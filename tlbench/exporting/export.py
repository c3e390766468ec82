"""From a kept model to a folder that a user takes away."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tlbench.core.backbone import SavedNetwork
from tlbench.data.array_storage import open_inputs
from tlbench.data.domain_store import DomainStore
from tlbench.data.domain_view import DomainView
from tlbench.errors import TlbenchError
from tlbench.exporting.config import (
    CONFIG_FILE,
    ONNX_FILE,
    README_FILE,
    WEIGHTS_FILE,
    ModelConfig,
    OfBackbone,
    OfInputs,
    OfRun,
)
from tlbench.exporting.data_of_run import data_of_run
from tlbench.exporting.exported_model import ExportedModel, load_model
from tlbench.exporting.item_predictions import predicted_names
from tlbench.exporting.onnx_model import write_onnx
from tlbench.exporting.readme import onnx_section, readme
from tlbench.files import write_whole
from tlbench.plugins.backbone_preparation import preparation_of
from tlbench.plugins.manager import PluginHost
from tlbench.records import kept_models
from tlbench.records.kept_models import CLASSIFIER_FILE, SKOPS, KeptModel, kept_model
from tlbench.records.record import Record
from tlbench.records.result_folder import ResultFolder

if TYPE_CHECKING:
    from tlbench.records.published_records import PublishedFolder
    from tlbench.runner.run_origin import RunOrigin


#: Fields of `OfRun` that a record has under the same name.
_OF_RECORD = ("run_key", "strategy", "variant", "params", "setting", "shots", "evaluation", "seed")


@dataclass(frozen=True)
class Check:
    """How the exported model predicts the test items of its run: so many, so many of them as the run did.

    `difference` is the largest between probabilities, None where the run has none stored.
    """

    items: int
    same: int
    difference: float | None


def model_to_export(
    folder: ResultFolder | PublishedFolder, record: Record, origin: RunOrigin, results: Path
) -> KeptModel:
    """The kept model of a run. Raises `TlbenchError` where there is none, with the command that makes it."""
    if record.status != "ok":
        how = f"{record.status}{f': {record.why}' if record.why else ''}"
        raise TlbenchError(f"the run {record.run_key} has no model, for it ended as {how}")
    kept = kept_model(folder, record.run_key) if isinstance(folder, ResultFolder) else None
    if kept is not None and kept.fault is None:
        return kept
    if kept is not None:
        raise TlbenchError(f"no model of the run {record.run_key} ({record.variant}) could be kept: {kept.fault}")
    where = "did not keep its model" if isinstance(folder, ResultFolder) else "is published, which is without models"
    command = origin.command(record, _pair_of(folder.folder, record), results, "--keep-model")
    raise TlbenchError(f"the run {record.run_key} {where}; this runs it again and keeps it:\n  {command}")


def _pair_of(folder: Path, record: Record) -> str:
    """The pair that stands for a run in its suite, which for a reference without a source is any that it is of."""
    from tlbench.leaderboard.analysis.result_set import read_plan

    for cell in read_plan(folder).cells:
        if cell.run_key == record.run_key:
            return cell.pair
    return record.spec.pair


def export_model(kept: KeptModel, record: Record, suite: str, out: Path, origin: RunOrigin) -> ExportedModel:
    """Write the folder, whole or not at all, and load the model from it.

    Raises `TlbenchError` where `out` holds something already, and where its backbone cannot be made again.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise TlbenchError(f"--out {str(out)!r} is there already and not empty; name another folder")
    host = origin.host
    config = _config(kept, record, suite, origin.plugin_files)

    def write(to: Path) -> None:
        to.mkdir()
        shutil.copyfile(kept.folder / kept_models.WEIGHTS_FILE, to / WEIGHTS_FILE)
        if config.head["kind"] == SKOPS:
            shutil.copyfile(kept.folder / CLASSIFIER_FILE, to / CLASSIFIER_FILE)
        _write_config(to, config)
        model = ExportedModel(to, config, host, origin.trusted)
        config.backbone.inputs = model.network.backbone.about_inputs()
        saved = _save_network(model, config, to / "network", host, origin)
        if saved is not None:
            config.backbone.library, config.backbone.network = saved.library, saved.name
        _write_config(to, config)
        (to / README_FILE).write_text(readme(config, out, host, saved), encoding="utf-8")

    write_whole(out, write)
    return load_model(out, plugins=origin.plugin_files, trust_remote_code=origin.trusted)


def add_onnx(model: ExportedModel, out: Path, config: ModelConfig, examples: Any) -> float | None:
    """Write `model.onnx` too; the largest difference of its logits, None where onnxruntime is not installed.

    `examples` are some prepared inputs. Raises `TlbenchError` for what torch cannot export.
    """
    apart = write_onnx(model, config, out / ONNX_FILE, examples)
    with (out / README_FILE).open("a", encoding="utf-8") as file:
        file.write(onnx_section(config, out))
    return apart


def prepared_test_inputs(record: Record, origin: RunOrigin) -> Any:
    """The test items of a run as its backbone takes them. Raises `DataError` where they cannot be had any more."""
    store: DomainStore = data_of_run(record, origin)
    return open_inputs(store.get_for(record.backbone, record.target, DomainView.of(record.spec)).inputs("test"))


def check(model: ExportedModel, folder: ResultFolder, record: Record, step: int, prepared: Any) -> Check:
    """Predict the run's test items again, and compare with what the run predicted."""
    stored = (folder.predictions(record.run_key) or {}).get(f"{step}/test")
    if stored is None:
        raise TlbenchError("the predictions of the run are not stored")
    if len(prepared) != len(stored):
        raise TlbenchError(f"the run predicted {len(stored)} items, and its data have {len(prepared)}")
    from tlbench.core.probabilities import softmax

    logits = model.logits(prepared)
    chances = folder.probabilities(record.run_key, step)
    apart = None if chances is None else float(np.abs(softmax(logits) - chances).max())
    return Check(len(stored), int((logits.argmax(axis=1) == stored).sum()), apart)


def _config(kept: KeptModel, record: Record, suite: str, plugin_files: list[str]) -> ModelConfig:
    about = kept.about
    clusters = record.setting == "unsupervised"
    return ModelConfig(
        class_names=predicted_names(record, about["class_names"]),
        predicts="clusters" if clusters else "classes",
        input_shape=about["input_shape"],
        backbone=OfBackbone(name=record.backbone, version=record.spec.backbone_version, inputs={}),
        head=about["head"],
        inputs=OfInputs(
            dataset=record.dataset,
            domain=record.target,
            modality=about["modality"],
            reading=about["reading"],
            options=about["data"],
            raw_shape=about["raw_shape"],
            dtype=about["input_dtype"],
        ),
        run=OfRun(
            suite=suite,
            pair=record.spec.pair,
            selection=about["selection"],
            checkpoint=about["checkpoint"],
            metrics=record.metrics[about["selection"]],
            provenance=record.provenance,
            **{name: getattr(record, name) for name in _OF_RECORD},
        ),
        plugin_files=plugin_files,
    )


def _write_config(folder: Path, config: ModelConfig) -> None:
    text = json.dumps(config.model_dump(mode="json"), indent=1, ensure_ascii=False)
    (folder / CONFIG_FILE).write_text(text + "\n", encoding="utf-8")


def _save_network(
    model: ExportedModel, config: ModelConfig, folder: Path, host: PluginHost, origin: RunOrigin
) -> SavedNetwork | None:
    """The network as its own library reads it: the backbone's, or that whose frozen features are its inputs.

    What a library has against it costs this folder alone: tlbench's own form is whole.
    """
    preparation = preparation_of(config.backbone.name, host, origin.trusted)
    of_features: Callable[[tuple[int, ...], Path], SavedNetwork | None] | None = getattr(
        preparation, "save_network", None
    )
    try:
        if of_features is not None:
            return of_features(tuple(config.inputs.raw_shape), folder)
        saved: SavedNetwork | None = model.network.backbone.save_network(folder, model.network.head)
        return saved
    except Exception as error:  # whatever libraries raise
        shutil.rmtree(folder, ignore_errors=True)
        warning = f"{type(error).__name__}: {str(error).partition(chr(10))[0][:300]}"
        sys.stderr.write(f"note: no folder network/, for its library did not write it: {warning}\n")
        return None
