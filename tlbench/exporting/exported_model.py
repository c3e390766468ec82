"""A trained model from the folder that `tlbench export` wrote, ready to predict."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tlbench.core.backbone import Backbone
from tlbench.core.inputs import Inputs
from tlbench.core.preparation import Preparation
from tlbench.core.probabilities import softmax
from tlbench.core.saved_heads import LEAST, head_again
from tlbench.errors import DataError, TlbenchError
from tlbench.exporting.config import CONFIG_FILE, WEIGHTS_FILE, ModelConfig
from tlbench.plugins.backbone_factory import make_backbone
from tlbench.plugins.backbone_preparation import preparation_of
from tlbench.plugins.manager import PluginHost, plugin_host
from tlbench.records.kept_models import CLASSIFIER_FILE, OF_BACKBONE, SKOPS
from tlbench.training.batches import batch_tensor
from tlbench.training.classifier_files import load_classifier
from tlbench.training.feature_predictor import logits_of
from tlbench.training.inference import OutputBuffer, inference_slices


def load_model(
    folder: str | Path, *, plugins: Sequence[str | Path] = (), trust_remote_code: Collection[str] = ()
) -> ExportedModel:
    """The model in a folder that `tlbench export` wrote.

    `plugins` are one-file plugins that its backbone or its data set comes from; `trust_remote_code` names backbones
    that may run code of others. Raises `TlbenchError` for a folder that is none, and for what cannot be made again.
    """
    place = Path(folder)
    config = read_config(place)
    host = plugin_host(tuple(str(Path(file).resolve()) for file in plugins))
    return ExportedModel(place, config, host, trust_remote_code)


def read_config(folder: Path) -> ModelConfig:
    """What an exported model says of itself. Raises `TlbenchError` where it is none, or a later tlbench wrote it."""
    path = folder / CONFIG_FILE
    try:
        return ModelConfig.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise TlbenchError(
            f"{str(folder)!r} is no exported model: it has no {CONFIG_FILE}; see `tlbench export`"
        ) from None
    except (OSError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise TlbenchError(f"{path} is no config of a model that this tlbench can read: {first}") from error


class ExportedModel:
    """Predicts for new examples as the run did for its test items. `config` is the content of `config.json`."""

    def __init__(self, folder: Path, config: ModelConfig, host: PluginHost, trusted: Collection[str] = ()) -> None:
        self.config = config
        self._folder = folder
        self._host = host
        name = config.backbone.name
        if config.backbone.network is not None and (folder / "network").is_dir():
            name = config.backbone.network.replace("{folder}", str((folder / "network").resolve()))
            trusted = [*trusted, name] if config.backbone.name in trusted else trusted
        self._preparation: Preparation | None = preparation_of(name, host, trusted)
        self.network = _network(folder, config, host, name, trusted)
        self._classifier = load_classifier(folder / CLASSIFIER_FILE) if config.head["kind"] == SKOPS else None

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes, in the order of the columns of `predict`; numbers of clusters where it was not told classes."""
        return tuple(self.config.class_names)

    def predict(self, raw: Any) -> NDArray[np.float32]:
        """Probabilities (n, classes) of new examples; each row sums to 1.

        `raw` is what the data are made of: for a table a `pandas.DataFrame` with its columns, for images a list of
        files, for texts a list of strings, for arrays an array (n, …). Raises `DataError` for anything else.
        """
        return self.predict_inputs(self._read(raw))

    def predict_inputs(self, inputs: Inputs) -> NDArray[np.float32]:
        """The same of inputs that are read and scaled already, in the form of `tlbench.Split.inputs`."""
        return softmax(self.logits(self.prepare(inputs))).astype(np.float32)

    def prepare(self, inputs: Inputs) -> Inputs:
        """Inputs as the backbone takes them: ids of tokens, features of a frozen one. Raises `DataError` for others."""
        made = inputs if self._preparation is None else self._preparation(inputs, "cpu")
        if tuple(made.shape[1:]) != tuple(self.config.input_shape):
            shape, found = tuple(self.config.input_shape), tuple(made.shape)
            raise DataError(f"inputs are of the shape {found}; the model takes (n, {', '.join(map(str, shape))})")
        return made

    def logits(self, prepared: Inputs) -> NDArray[np.float32]:
        """Logits (n, classes) of prepared inputs."""
        if not len(prepared):
            return np.empty((0, len(self.class_names)), np.float32)
        found = OutputBuffer(len(prepared))
        with torch.inference_mode():
            for rows in inference_slices(prepared):
                found.fill(rows, self._logits(batch_tensor(prepared, rows, "cpu")))
        return found.array

    def _logits(self, batch: Tensor) -> NDArray[np.float32]:
        if self._classifier is None:
            return cast("NDArray[np.float32]", self.network(batch).float().numpy())
        known = logits_of(self._classifier, self.network.backbone(batch).numpy())
        least = np.minimum(known.min(axis=1, keepdims=True), np.log(LEAST))
        logits = np.repeat(least, len(self.class_names), axis=1)
        logits[:, self._classifier.classes_] = known
        return logits.astype(np.float32)

    def _read(self, raw: Any) -> Inputs:
        """By the data set's own way, where its plugin is installed."""
        inputs = self.config.inputs
        read: Callable[[Any, Mapping[str, Any]], Inputs] | None = None
        with contextlib.suppress(TlbenchError):  # a plugin that is not installed here
            read = getattr(self._host.find("datasets", inputs.dataset)[0].load(), "from_raw", None)
        return np.asarray(raw) if read is None else read(raw, inputs.reading)


class ExportedNetwork(nn.Module):
    """Prepared inputs (n, …) to logits (n, classes); to features where the head is scikit-learn's."""

    def __init__(self, backbone: Backbone, head: nn.Module | None) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits, or features."""
        features: Tensor = self.backbone(inputs)
        return features if self.head is None else cast("Tensor", self.head(features))


def _network(
    folder: Path, config: ModelConfig, host: PluginHost, name: str, trusted: Collection[str]
) -> ExportedNetwork:
    """The network with its weights, in evaluation mode."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors: dict[str, Tensor] = load_file(folder / WEIGHTS_FILE)
    except (OSError, SafetensorError) as error:
        raise TlbenchError(f"cannot read {folder / WEIGHTS_FILE}: {error}") from error
    backbone = make_backbone(name, tuple(config.input_shape), host, trusted, random_weights=True)
    of_head = _under("head.", tensors)
    head: nn.Module | None = None
    if config.head["kind"] == OF_BACKBONE:
        head = backbone.head(len(config.class_names))
    elif config.head["kind"] != SKOPS:
        head = head_again(config.head, of_head)
    try:
        backbone.load_state_dict(_under("backbone.", tensors))
        if head is not None:
            head.load_state_dict(of_head)
    except RuntimeError as error:
        first = " ".join(str(error).split())[:300]
        message = f"the weights in {folder / WEIGHTS_FILE} are not those of the backbone {name!r} as it is made here"
        raise TlbenchError(f"{message}: {first}") from error
    return ExportedNetwork(backbone, head).eval().requires_grad_(False)


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
