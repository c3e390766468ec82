"""Records on disk: one JSON file per run, written whole or not at all, predictions beside it."""

from __future__ import annotations

import fcntl
import itertools
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlbench.errors import TlbenchError
from tlbench.files import UnfitFile, make_writable_folder, read_file, write_whole
from tlbench.records.plan_file import PLAN_FILE, plan_content
from tlbench.records.prediction_file import load_predictions, save_predictions
from tlbench.records.record import Record
from tlbench.records.record_file import LARGEST_RECORD, DamagedRecord, parse_record, record_body, record_content
from tlbench.records.sealed_json import sealed

#: The items, by role, of which features are stored where a picture asks for them: as `ROLE/features` and `ROLE/labels`.
FEATURES_OF = ("source_train", "target_train")


_PROBABILITIES = "/probabilities"


def probabilities_name(step: int) -> str:
    """What the probabilities of a checkpoint are stored as."""
    return f"{step}{_PROBABILITIES}"


class ResultFolder:
    """The records of one suite, in `<results>/<suite>/`."""

    def __init__(self, results: Path, suite: str) -> None:
        self.folder = results / suite

    def create(self) -> None:
        """Make the folder. Raises `TlbenchError` where it cannot be written."""
        make_writable_folder(self.folder, "--results DIR")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep a second `tlbench run` out of this folder; the lock goes with the process that holds it."""
        # Neither emptied, for a link may lead anywhere, nor waited for, as a pipe would be.
        file = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                message = f"another tlbench run is writing in {self.folder}; wait for it, or use another --results DIR"
                raise TlbenchError(message) from None
            yield
        finally:
            os.close(file)

    def record_file(self, key: str) -> Path:
        """Where the record of a run is."""
        return self.folder / f"{key}.json"

    def predictions_file(self, key: str) -> Path:
        """Where the predictions of a run are."""
        return self.folder / f"{key}.safetensors"

    def arrays(self, key: str) -> dict[str, NDArray[Any]] | None:
        """All that is stored beside a record, by name; None where there is nothing, or nothing that can be read."""
        return load_predictions(self.predictions_file(key), key)

    def predictions(self, key: str) -> dict[str, NDArray[Any]] | None:
        """The same without probabilities, which tables do not need."""
        arrays = self.arrays(key)
        if arrays is None:
            return None
        return {name: array for name, array in arrays.items() if not name.endswith(_PROBABILITIES)}

    def probabilities(self, key: str, step: int) -> NDArray[np.float32] | None:
        """Of the test items at a checkpoint (n, classes); None where they are not stored."""
        return (self.arrays(key) or {}).get(probabilities_name(step))

    def read(self, key: str) -> Record | None:
        """The record of a run; None where there is none. Raises `TlbenchError` for a damaged file."""
        content = self._content(key)
        if content is None:
            return None
        path = self.record_file(key)
        record = parse_record(content, str(path), "upgrade, or use --results DIR")
        if record.run_key != key:
            raise DamagedRecord(f"damaged record {path}: it is the record of another run, {record.run_key}")
        return record

    def body(self, key: str) -> bytes | None:
        """The JSON of a record as it was written, without its digest; raises as `read`."""
        content = self._content(key) if self.read(key) is not None else None
        return None if content is None else record_body(content, str(self.record_file(key)))

    def _content(self, key: str) -> bytes | None:
        try:
            return read_file(self.record_file(key), LARGEST_RECORD)
        except FileNotFoundError:
            if not self.record_file(key).is_symlink():
                return None
            raise DamagedRecord(f"damaged record {self.record_file(key)}: a link that leads nowhere") from None
        except UnfitFile as error:
            raise DamagedRecord(f"damaged record {error}") from error

    def read_or_set_aside(self, key: str) -> tuple[Record | None, Path | None]:
        """As `read`, but a damaged file is renamed to `….damaged`; its new place is the second value."""
        try:
            return self.read(key), None
        except DamagedRecord:
            return None, self._set_aside(self.record_file(key))

    def _set_aside(self, path: Path) -> Path:
        """Give whatever stands in the place of a record a name beside it that nothing has."""
        names = (f"{path.name}.damaged{f'-{n}' if n > 1 else ''}" for n in itertools.count(1))
        aside = next(place for name in names if not os.path.lexists(place := path.with_name(name)))
        try:
            path.rename(aside)
        except OSError as error:
            raise TlbenchError(f"cannot set the damaged record {path} aside: {error.strerror or error}") from error
        return aside

    def write(self, record: Record, arrays: Mapping[str, NDArray[Any]] | None = None) -> None:
        """Write predictions first, then the record, so that a record never lacks what it speaks of.

        Both are on the disk when this returns.
        """
        key = record.run_key
        for path in (self.predictions_file(key), self.record_file(key)):
            if path.is_dir() and not path.is_symlink():  # not ours, so it is kept
                self._set_aside(path)
        if arrays:
            write_whole(self.predictions_file(key), lambda to: save_predictions(to, key, arrays), durable=True)
        text = record_content(record)
        write_whole(self.record_file(key), lambda to: to.write_text(text, encoding="utf-8"), durable=True)

    def write_plan(self, plan: dict[str, Any]) -> None:
        """What the suite asks for, so that tables show what is missing."""
        text = sealed(json.dumps(plan, indent=1) + "\n")
        write_whole(self.folder / PLAN_FILE, lambda to: to.write_text(text), durable=True)

    def plan_content(self) -> dict[str, Any] | None:
        """The plan as it was written; None where there is none, or none that can be read."""
        return plan_content(self.folder)

    def run_keys(self) -> list[str]:
        """The keys of all runs that have a record, whether it can be read or not."""
        return [path.stem for path in sorted(self.folder.glob("*.json")) if path.name != PLAN_FILE]

    def records(self) -> Iterator[Record]:
        """All records that can be read."""
        for key in self.run_keys():
            try:
                record = self.read(key)
            except TlbenchError:
                continue
            if record is not None:
                yield record
