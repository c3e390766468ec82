"""Records on disk: one JSON file per run, written whole or not at all, predictions beside it."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlbench.errors import TlbenchError
from tlbench.files import make_writable_folder, write_whole
from tlbench.records.record import SCHEMA_VERSION, Record

#: The items, by role, of which features are stored where a picture asks for them: as `ROLE/features` and `ROLE/labels`.
FEATURES_OF = ("source_train", "target_train")


class DamagedRecord(TlbenchError):
    """A file that is no whole record."""


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
        with (self.folder / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                message = f"another tlbench run is writing in {self.folder}; wait for it, or use another --results DIR"
                raise TlbenchError(message) from None
            yield

    def record_file(self, key: str) -> Path:
        """Where the record of a run is."""
        return self.folder / f"{key}.json"

    def predictions_file(self, key: str) -> Path:
        """Where the predictions of a run are."""
        return self.folder / f"{key}.safetensors"

    def predictions(self, key: str) -> dict[str, NDArray[Any]] | None:
        """The arrays stored beside a record, by name; None where there are none, or none that can be read."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            arrays: dict[str, NDArray[Any]] = load_file(self.predictions_file(key))
        except (OSError, SafetensorError):
            return None
        return arrays

    def read(self, key: str) -> Record | None:
        """The record of a run; None where there is none. Raises `TlbenchError` for a damaged file."""
        path = self.record_file(key)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise TlbenchError(f"cannot read {path}: {error.strerror or error}") from error
        record = parse_record(content, str(path), "upgrade, or use --results DIR")
        if record.run_key != key:
            raise DamagedRecord(f"damaged record {path}: it is the record of another run, {record.run_key}")
        return record

    def read_or_set_aside(self, key: str) -> tuple[Record | None, Path | None]:
        """As `read`, but a damaged file is renamed to `….damaged`; its new place is the second value."""
        try:
            return self.read(key), None
        except DamagedRecord:
            path = self.record_file(key)
            aside = path.with_suffix(".json.damaged")
            path.replace(aside)
            return None, aside

    def write(self, record: Record, arrays: Mapping[str, NDArray[Any]] | None = None) -> None:
        """Write predictions first, then the record, so that a record never lacks what it speaks of."""
        if arrays:
            from safetensors.numpy import save

            whole = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
            write_whole(self.predictions_file(record.run_key), lambda to: to.write_bytes(whole))
        text = record.model_dump_json(indent=1) + "\n"
        write_whole(self.record_file(record.run_key), lambda to: to.write_text(text, encoding="utf-8"))

    def write_plan(self, plan: dict[str, Any]) -> None:
        """What the suite asks for, so that tables show what is missing."""
        write_whole(self.folder / "plan.json", lambda to: to.write_text(json.dumps(plan, indent=1) + "\n"))

    def run_keys(self) -> list[str]:
        """The keys of all runs that have a record, whether it can be read or not."""
        return [path.stem for path in sorted(self.folder.glob("*.json")) if path.name != "plan.json"]

    def records(self) -> Iterator[Record]:
        """All records that can be read."""
        for key in self.run_keys():
            try:
                record = self.read(key)
            except TlbenchError:
                continue
            if record is not None:
                yield record


def parse_record(content: bytes, where: str, if_newer: str) -> Record:
    """A record from its JSON. Raises `DamagedRecord`, and `TlbenchError` for one that a newer tlbench wrote.

    `where` names the content in messages, `if_newer` says what to do about one that is too new.
    """
    try:
        return Record.model_validate_json(content)
    except ValueError as error:
        if _schema_version(content) > SCHEMA_VERSION:
            raise TlbenchError(f"{where} was written by a newer tlbench; {if_newer}") from error
        raise DamagedRecord(f"damaged record {where}: {_first_line(error)}") from error


def _schema_version(content: bytes) -> int:
    try:
        return int(json.loads(content)["schema_version"])
    except (ValueError, KeyError, TypeError):
        return 0


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
