"""Models trained on a source alone, in the cache: one folder each, a file per checkpoint, and what training cost."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from tlbench.data.cache_use import use
from tlbench.data.checksums import CHECKSUMS, faults, set_aside, write_checksums
from tlbench.errors import DataError

META = "meta.json"


class SourceModels:
    """The source models in a cache, by the content key of their training."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    def folder(self, key: str) -> Path:
        """Where the weights of a model are."""
        return self._cache / "source-models" / key

    def meta(self, key: str) -> dict[str, Any]:
        """What the training of a model cost and saw, as its worker handed it back."""
        meta: dict[str, Any] = json.loads((self.folder(key) / META).read_text())
        return meta

    def has(self, key: str) -> bool:
        """Whether a model is there, whole. One that is damaged is set aside; it is trained again."""
        folder = self.folder(key)
        if not folder.is_dir():
            return False
        use(folder)
        found = faults(folder)
        for name, fault in found.items():
            if name != CHECKSUMS or (folder / CHECKSUMS).exists():
                set_aside(folder, f"is damaged: {name} {fault}")
                break
        return not found

    def need(self, key: str) -> Path:
        """Where the weights are, for a run that starts now. Raises `DataError` where they have changed meanwhile."""
        if not self.has(key):
            raise DataError(f"the source model {key} is no longer whole; run again, and it is trained anew")
        return self.folder(key)

    def keep(self, key: str, made: Path, output: dict[str, Any], *, replace: bool) -> None:
        """Move a trained model into the cache, with checksums.

        Without `replace` a whole model stays: another session was quicker, and its runs may be reading it.
        Raises `DataError` for files that are none, such as links, which would be others tomorrow.
        """
        files = sorted(made.glob("*.safetensors"))
        if strange := [file.name for file in made.iterdir() if file.is_symlink() or not file.is_file()]:
            raise DataError(f"the training of a source model left {strange[0]!r}, which is no file")
        (made / META).write_text(json.dumps({**output, "files": {file.name: file.stat().st_size for file in files}}))
        write_checksums(made, [META, *(file.name for file in files)])
        if self.has(key) and not replace:
            return
        place = self.folder(key)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(place, ignore_errors=True)
        made.replace(place)
        use(place)
