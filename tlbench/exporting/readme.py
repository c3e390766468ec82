"""The README of an exported model: what it is, and ten lines that predict with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tlbench.core.backbone import SavedNetwork
from tlbench.core.run_spec import label_budget
from tlbench.exporting.config import ModelConfig
from tlbench.plugins.manager import PluginHost
from tlbench.records.kept_models import OF_BACKBONE


def readme(config: ModelConfig, out: Path, host: PluginHost, saved: SavedNetwork | None) -> str:
    """Markdown; `out` is the folder as the user names it."""
    run = config.run
    shown = {name: value for name, value in run.metrics.items() if isinstance(value, float)}
    scores = ", ".join(f"{name} {value:.3f}" for name, value in shown.items())
    setting = f"{run.setting}{label_budget(run.shots)}"
    parts = [
        f"# {run.variant} on {run.pair}",
        f"Trained by `tlbench run {run.suite}` in the run `{run.run_key}`: strategy {run.strategy}, backbone "
        f"{config.backbone.name}, setting {setting}, seed {run.seed}, step {run.checkpoint} (selection: "
        f"{run.selection}). On the target test split of {config.inputs.domain}: {scores}.",
        f"It predicts {len(config.class_names)} {config.predicts}: {', '.join(config.class_names)}.",
        "## Predict",
        _code(_example(config, out, host)),
        *_own_library(config, out, saved),
        "## Inputs",
        *_inputs(config),
        "## Files",
        _files(config, saved),
    ]
    return "\n\n".join(parts) + "\n"


def _example(config: ModelConfig, out: Path, host: PluginHost) -> list[str]:
    """Load, read, predict."""
    lines = list(_raw(config, host))
    cut = lines.index("")
    imports = [*lines[:cut], *([""] if cut else []), "import tlbench", ""]
    if imports[0] == "import pandas as pd" or imports[0] == "import numpy as np":
        imports = [lines[0], "import tlbench", ""]
    plugins = f", plugins={config.plugin_files}" if config.plugin_files else ""
    return [
        *imports,
        f"model = tlbench.load_model({str(out)!r}{plugins})".replace("'", '"'),
        *lines[cut + 1 :],
        f"probabilities = model.predict(raw)  # (n, {len(config.class_names)}), each row sums to 1",
        "predicted = [model.class_names[column] for column in probabilities.argmax(axis=1)]",
        "print(predicted[:10])",
    ]


def _raw(config: ModelConfig, host: PluginHost) -> Sequence[str]:
    inputs = config.inputs
    entry, argument = host.find("datasets", inputs.dataset)
    example: Any = getattr(entry.load(), "example_of_raw", None)
    lines: Sequence[str] = example(argument, inputs.domain, inputs.options) if example else ()
    if lines:
        return lines
    form = {"image": "uint8 images", "text": "texts"}.get(inputs.modality, "numbers")
    return [
        "import numpy as np",
        "",
        f'raw = np.load("inputs.npy")  # {form} (n, …), as the data set {inputs.dataset} has them',
    ]


def _own_library(config: ModelConfig, out: Path, saved: SavedNetwork | None) -> list[str]:
    """The same without tlbench, where the network's library can do it."""
    if saved is None:
        return []
    folder = f"{out}/network"
    lines = [line.replace("{folder}", folder) for line in saved.example]
    head = [] if saved.has_head else _head_lines(config, out)
    if head is None:
        return [
            f"## With {saved.library} alone",
            f"`network/` is the encoder as {saved.library} reads it; what follows its features is tlbench's own:",
            _code(_imports_first(["import torch", *lines])),
        ]
    gives = "logits.softmax(1)  # (n, classes)"
    given = "`texts`, a list of strings" if config.inputs.modality == "text" else "`inputs`, images as a tensor"
    return [
        f"## With {saved.library} alone",
        f"Of {given}{_decoding(config)}:",
        _code(_imports_first(["import torch", *lines, *head, f"probabilities = {gives}"])),
    ]


def _decoding(config: ModelConfig) -> str:
    size = config.inputs.reading.get("size")
    if size is None:
        return ""
    return f" (decoded as RGB and resized to {size}×{size} pixels by Pillow, bilinearly: uint8 (n, 3, {size}, {size}))"


def _head_lines(config: ModelConfig, out: Path) -> list[str] | None:
    """From features to logits by the tensors of `model.safetensors`; None where that is more than a line."""
    head = config.head
    linear = head["kind"] == OF_BACKBONE or (head["kind"] == "linear" and head["scaling"] != "l2")
    if not linear or "+" in config.backbone.name or head.get("classes", []) != list(range(head.get("total", 0))):
        return None
    scaled = "features"
    if head.get("scaling") == "standardise":
        scaled = '(features - head["head.scaling.shift"]) / head["head.scaling.divide"]'
    return [
        "from safetensors.torch import load_file",
        "",
        f'head = load_file("{out}/model.safetensors")',
        f"scaled = {scaled}",
        'logits = scaled.to(head["head.weight"].dtype) @ head["head.weight"].T + head["head.bias"]',
    ]


def _inputs(config: ModelConfig) -> list[str]:
    inputs, reading = config.inputs, config.inputs.reading
    rows = [f"One example: {tuple(config.input_shape)}, {inputs.dtype}, after the steps that `config.json` lists."]
    if "columns" in reading and inputs.modality == "vector":
        rows.append(f"Columns, in this order: {', '.join(map(str, reading['columns']))}.")
        if "missing" in reading:
            rows.append(f"A missing value becomes the mean of the training data of {inputs.domain!r}.")
    if "subtract" in reading:
        rows.append(f"Each minus a mean, over a deviation, both of the training data of {inputs.domain!r}.")
    if config.head["kind"] == "neighbours":
        rows.append("**The model holds the features of its training examples**: share it as you would share these.")
    return rows


def _files(config: ModelConfig, saved: SavedNetwork | None) -> str:
    rows = {
        "model.safetensors": "all weights: `backbone.…` and `head.…`",
        "config.json": "classes, backbone, head, how inputs are prepared, and the run with its provenance",
    }
    if saved is not None:
        rows["network/"] = f"the network as {saved.library} reads it"
    if config.head["kind"] == "skops":
        rows["classifier.skops"] = f"scikit-learn's {config.head['classifier']}, read by skops"
    lines = [f"| `{name}` | {text} |" for name, text in rows.items()]
    return "\n".join(["| file | holds |", "|---|---|", *lines])


def _imports_first(lines: Sequence[str]) -> list[str]:
    """Imports, sorted, an empty line, and all the rest."""
    imports = sorted(
        {line for line in lines if line.startswith(("import ", "from "))}, key=lambda line: line.split()[1]
    )
    return [*imports, "", *(line for line in lines if line and line not in imports)]


def onnx_section(config: ModelConfig, out: Path) -> str:
    """What `model.onnx` takes and gives."""
    shape = ", ".join(map(str, config.input_shape))
    lines = [
        "import onnxruntime",
        "",
        f'session = onnxruntime.InferenceSession("{out}/model.onnx")',
        f'(logits,) = session.run(["logits"], {{"inputs": prepared}})  # {config.inputs.dtype} (n, {shape})',
    ]
    text = "`prepared` is what `model.prepare` gives of inputs, as `config.json` lists the steps before."
    return f"\n## With onnxruntime\n\n{text}\n\n{_code(lines)}\n"


def _code(lines: Sequence[str]) -> str:
    return "\n".join(["```python", *lines, "```"])
