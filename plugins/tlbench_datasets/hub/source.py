"""A data set of the Hugging Face hub, or a folder in its layout, as the `datasets` library reads it.

The library is imported only when a data set is opened; what it has against one becomes a message. It
makes an Arrow copy, from which rows are then read as they are needed: of what it downloads in its own cache
(`HF_HOME`), of a folder in `<cache>/hub/<folder>/<fingerprint>/`, since it would not see that a file has changed.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import logging
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from tlbench.errors import DataError, TlbenchError
from tlbench.files import cache_folder
from tlbench_datasets.hub.csv_words import csv_options, metadata_as_written
from tlbench_datasets.hub.errors import FORM, explained
from tlbench_datasets.shared.own_data import files_fingerprint, located

#: Part of a copy's name: raised when files would be read otherwise.
COPIES = 2


class HubSource:
    """Configurations, splits and rows of what stands after `hub:`, an ID or a folder's path.

    `named`: columns of names, which of CSV files are taken as they are written: 01 is not 1, and NA is a name.
    """

    def __init__(self, argument: str, revision: str | None = None, named: Sequence[str] = ()) -> None:
        self.title = f"hub:{argument}"
        if importlib.util.find_spec("datasets") is None:
            message = "needs the datasets library, which is not installed: pip install 'tlbench[hub]'"
            raise DataError(f"{self.title} {message}")
        self.folder = _folder(argument, revision)
        self._name, self._revision, self._named = str(self.folder or argument), revision, named
        self.rows = cache(self._rows)  # of this object, and gone with it

    @cached_property
    def configurations(self) -> tuple[str, ...]:
        """The names of its configurations; `default` where it says of none."""
        with self._reading() as datasets:
            return tuple(datasets.get_dataset_config_names(self._name, revision=self._revision))

    def splits(self, configuration: str) -> tuple[str, ...]:
        """The names of the splits of a configuration."""
        with self._reading() as datasets:
            return tuple(datasets.get_dataset_split_names(self._name, configuration, revision=self._revision))

    def fingerprint(self, configuration: str) -> str:
        """What changes with the data: names, sizes and times of the files, or the hub's commit.

        Raises `DataError` where another revision than the one that is asked for is all that can be had.
        """
        if self.folder is not None:
            return self._fingerprint
        with self._reading() as datasets:
            load = functools.partial(datasets.load_dataset_builder, self._name, configuration, revision=self._revision)
            commit = str(load(**csv_options(load, self._named)).hash)
        wanted = self._revision or ""
        if re.fullmatch("[0-9a-f]{40}", wanted) and commit != wanted:  # the library then takes what it has
            message = f"the revision {wanted} cannot be reached, and what is in the cache is {commit}"
            raise DataError(f"{self.title}: {message}; connect once to have it downloaded")
        return commit

    def _rows(self, configuration: str) -> Mapping[str, Any]:
        """All splits of a configuration, by name; downloaded now if they are not yet, and memory-mapped."""
        with self._reading() as datasets, metadata_as_written(self.folder is not None):
            place = {"revision": self._revision, "cache_dir": self._copies()}
            options = csv_options(
                functools.partial(datasets.load_dataset_builder, self._name, configuration, **place), self._named
            )
            splits: Mapping[str, Any] = datasets.load_dataset(self._name, configuration, **place, **options)
            return splits

    @cached_property
    def _fingerprint(self) -> str:
        return files_fingerprint(_files(self.folder) if self.folder else ())

    def _copies(self) -> str | None:
        """Where copies of a folder are; those of what it held before are removed. None: where the library likes."""
        if self.folder is None:
            return None
        room = cache_folder() / "hub" / hashlib.sha256(self._name.encode()).hexdigest()[:16]
        copy = f"{self._fingerprint}-{COPIES}"
        for other in room.glob("*"):
            if other.name != copy:
                shutil.rmtree(other, ignore_errors=True)  # what cannot be removed does no harm
        return str(room / copy)

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        """The library, silent where nobody watches; its errors as messages."""
        try:
            import datasets

            with _quiet():
                yield datasets
        except TlbenchError:
            raise
        except Exception as error:  # of the library, of those it is built on, of the network
            raise DataError(f"{self.title}: {explained(error, self._name, self._revision)}") from error


def _folder(argument: str, revision: str | None) -> Path | None:
    """The folder that is meant, or None where it is an ID of the hub."""
    if not argument.startswith((".", "/", "~")) and not Path(argument).is_absolute():
        if Path(argument).exists():  # the library would take it for the ID
            raise DataError(f"hub:{argument} is a folder here; write hub:./{argument} if it is meant")
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", argument):
            raise DataError(f"hub:{argument} is no ID of the hub; {FORM}")
        return None
    folder = located("hub", argument)
    if not folder.is_dir():
        raise DataError(f"hub:{argument} is a file; name the folder that holds it")
    if revision is not None:
        raise DataError(f"hub:{argument} is a folder, which has no revisions; remove revision from [data]")
    return folder.resolve()


def _files(folder: Path) -> Iterator[Path]:
    """All files but the hidden ones, which a download keeps its books in."""
    for path in folder.rglob("*"):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars but on a terminal, and no log: what is wrong is said once, by us."""
    import datasets.utils
    import huggingface_hub.utils

    loggers = [logging.getLogger(name) for name in ("datasets", "huggingface_hub")]
    levels = [logger.level for logger in loggers]
    bars = [part for part in (datasets.utils, huggingface_hub.utils) if not part.are_progress_bars_disabled()]
    hidden = [] if sys.stderr.isatty() else bars
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        for part in hidden:
            part.disable_progress_bars()
        yield
    finally:
        for part in hidden:
            part.enable_progress_bars()
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
