"""Models that runs have kept, beside their records: `results/<suite>/<run key>.model/`.

model.json            what it is: classes, inputs, head, checkpoint; or why none could be kept (`fault`)
weights.safetensors   `backbone.…` and `head.…`
classifier.skops      the classifier, where it is scikit-learn's own
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlbench.errors import TlbenchError
from tlbench.files import write_whole
from tlbench.records.result_folder import ResultFolder

MODEL_FILE, WEIGHTS_FILE, CLASSIFIER = "model.json", "weights.safetensors", "skops"
CLASSIFIER_FILE = f"classifier.{CLASSIFIER}"
#: Kinds of heads beside those of `tlbench.core.saved_heads`: the backbone's own form, and a classifier of scikit-learn.
OF_BACKBONE, SKOPS = "backbone", "skops"
_SUFFIX = ".model"


@dataclass(frozen=True)
class KeptModel:
    """A model in its folder. `about` is the content of `model.json`."""

    folder: Path
    about: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Of its run."""
        return self.folder.name.removesuffix(_SUFFIX)

    @property
    def fault(self) -> str | None:
        """Why none could be kept; None where there is one."""
        fault: str | None = self.about.get("fault")
        return fault

    @property
    def bytes(self) -> int:
        """What it takes on disk."""
        return sum(file.stat().st_size for file in self.folder.iterdir())

    def remove(self) -> None:
        """Remove it; the record of its run stays."""
        shutil.rmtree(self.folder)


def model_folder(results: ResultFolder, key: str) -> Path:
    """Where the model of a run is, if it was kept."""
    return results.folder / f"{key}{_SUFFIX}"


def kept_model(results: ResultFolder, key: str) -> KeptModel | None:
    """The model of a run, or why it was not kept; None where nobody asked for it. Raises for a damaged one."""
    folder = model_folder(results, key)
    if not folder.is_dir():
        return None
    try:
        about = json.loads((folder / MODEL_FILE).read_text(encoding="utf-8"))
        if not isinstance(about, dict) or not (about.get("fault") or (folder / WEIGHTS_FILE).is_file()):
            raise ValueError(f"{WEIGHTS_FILE} is not there")
    except (OSError, ValueError) as error:
        raise TlbenchError(f"damaged model {folder}: {error}; remove the folder and run it again") from error
    return KeptModel(folder, about)


def kept_models(results: ResultFolder) -> list[KeptModel]:
    """All that can be read, in the order of their keys."""
    found = []
    for folder in sorted(results.folder.glob(f"*{_SUFFIX}")):
        try:
            model = kept_model(results, folder.name.removesuffix(_SUFFIX))
        except TlbenchError:
            model = KeptModel(folder, {"fault": "damaged"})
        if model is not None:
            found.append(model)
    return found


def store_model(results: ResultFolder, key: str, made: Path, step: int, about: Mapping[str, Any]) -> None:
    """Take what a worker wrote in `made` of the checkpoint `step`; `about` is what the host knows of it."""
    content = {**json.loads((made / MODEL_FILE).read_text(encoding="utf-8")), **about}

    def write(to: Path) -> None:
        to.mkdir()
        if not content.get("fault"):
            shutil.move(made / f"{step}.safetensors", to / WEIGHTS_FILE)
            if (made / f"{step}.{CLASSIFIER}").is_file():
                shutil.move(made / f"{step}.{CLASSIFIER}", to / CLASSIFIER_FILE)
        (to / MODEL_FILE).write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")

    write_whole(model_folder(results, key), write)


def size_text(size: int) -> str:
    """`3.4 MiB`."""
    for unit, least in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size >= least:
            return f"{size / least:.1f} {unit}"
    return f"{size} bytes"
