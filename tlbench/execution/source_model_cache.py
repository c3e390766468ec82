"""Models trained on a source alone, in the cache: one folder each, a file per checkpoint, and what training cost."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any


class SourceModels:
    """The source models in a cache, by the content key of their training."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    def folder(self, key: str) -> Path:
        """Where the weights of a model are."""
        return self._cache / "source-models" / key

    def meta(self, key: str) -> dict[str, Any]:
        """What the training of a model cost and saw, as its worker handed it back."""
        meta: dict[str, Any] = json.loads((self.folder(key) / "meta.json").read_text())
        return meta

    def has(self, key: str) -> bool:
        """Whether a model is there, whole."""
        try:
            files = self.meta(key)["files"]
            return all((self.folder(key) / name).stat().st_size == size for name, size in files.items())
        except (OSError, ValueError, KeyError):
            return False

    def keep(self, key: str, made: Path, output: dict[str, Any], *, replace: bool) -> None:
        """Move a trained model into the cache; the sizes of its files tell later whether it is whole.

        Without `replace` a whole model stays: another session was quicker, and its runs may be reading it.
        """
        files = {file.name: file.stat().st_size for file in made.glob("*.safetensors")}
        (made / "meta.json").write_text(json.dumps({**output, "files": files}))
        if self.has(key) and not replace:
            return
        place = self.folder(key)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(place, ignore_errors=True)
        made.replace(place)
