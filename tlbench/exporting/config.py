"""What an exported model says of itself: `config.json`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tlbench.core.run_spec import Evaluation, Setting, Shots

CONFIG_FILE, WEIGHTS_FILE, README_FILE, ONNX_FILE = "config.json", "model.safetensors", "README.md", "model.onnx"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OfRun(_Part):
    """The run that it was trained in, and what its record says of it under the selection protocol."""

    run_key: str
    suite: str
    strategy: str
    variant: str
    params: dict[str, Any]
    pair: str
    setting: Setting
    shots: Shots | None
    evaluation: Evaluation
    seed: int
    selection: str
    checkpoint: int
    metrics: dict[str, Any]
    provenance: dict[str, Any]


class OfBackbone(_Part):
    """The backbone's name in suites, and what it is called when it is read from the folder `network` (`{folder}`).

    `inputs`: what it does to prepared inputs. `library` is the one that reads the folder `network`.
    """

    name: str
    version: str
    inputs: dict[str, Any]
    library: str | None = None
    network: str | None = None


class OfInputs(_Part):
    """How raw values become inputs: by the data set's `from_raw` with `reading`, then by the backbone's preparation.

    `dtype` is that of prepared inputs, `raw_shape` that of one input before, `options` are those of `[data]`.
    """

    dataset: str
    domain: str
    modality: str
    reading: dict[str, Any]
    options: dict[str, Any]
    raw_shape: list[int]
    dtype: str


class ModelConfig(_Part):
    """Everything beside the tensors. `head` is described as in `tlbench.core.saved_heads`.

    `input_shape` is that of one prepared example. `predicts`: whether columns are classes, or clusters without names.
    """

    format: Literal["tlbench-model"] = "tlbench-model"
    version: Literal[1] = 1
    class_names: list[str]
    predicts: Literal["classes", "clusters"]
    input_shape: list[int]
    backbone: OfBackbone
    head: dict[str, Any]
    inputs: OfInputs
    run: OfRun
    plugin_files: list[str] = Field(default_factory=list)
