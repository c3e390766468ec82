"""The records of a published folder: one JSON record a line, checked when they are read as any other input."""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from typing import Any

from tlbench.errors import TlbenchError
from tlbench.files import read_file
from tlbench.records.record import Record
from tlbench.records.record_file import LARGEST_RECORD, DamagedRecord, parse_record
from tlbench.records.result_folder import ResultFolder

RECORDS_FILE = "records.jsonl"
#: Bytes of it that are read.
LARGEST_FILE = 4 * 2**30
#: What to do about a published folder that is damaged.
REMEDY = "take the file from where the folder came from, or publish the suite again"


def is_published(folder: Path) -> bool:
    """Whether a folder holds its records in one file."""
    return (folder / RECORDS_FILE).is_file()


class PublishedFolder:
    """A folder that `tlbench publish` wrote."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / RECORDS_FILE

    @cached_property
    def lines(self) -> dict[str, bytes]:
        """The line of each run by its key, in the file's order.

        Raises `TlbenchError` with file and line for one that is no record, and for a run that is there twice.
        """
        found: dict[str, tuple[int, bytes]] = {}
        for number, line in enumerate(self._content().split(b"\n"), 1):
            if not line.strip():
                continue
            if len(line) > LARGEST_RECORD:
                too_long = f"a line of {len(line):,} bytes; at most {LARGEST_RECORD:,} are read"
                raise TlbenchError(f"damaged record {self._path}:{number}: {too_long}; {REMEDY}")
            key = _run_key(line)
            if key is None:
                raise TlbenchError(f"damaged record {self._path}:{number}: it is no JSON of a record; {REMEDY}")
            if key in found:
                raise TlbenchError(f"{self._path}:{number}: the run {key} stands in line {found[key][0]} too; {REMEDY}")
            found[key] = number, line
        self._numbers = {key: number for key, (number, _) in found.items()}
        return {key: line for key, (_, line) in found.items()}

    def run_keys(self) -> list[str]:
        """The keys of all runs that have a record."""
        return list(self.lines)

    def read(self, key: str) -> Record | None:
        """The record of a run; None where there is none. Raises `TlbenchError` for a damaged one."""
        if key not in self.lines:
            return None
        try:
            return parse_record(self.lines[key], f"{self._path}:{self._numbers[key]}", "upgrade tlbench")
        except DamagedRecord as error:
            raise TlbenchError(f"{error}; {REMEDY}") from error

    def check_asked(self, asked: Collection[str]) -> None:
        """Raise `TlbenchError` where a record is of a run that the plan does not ask for."""
        for key in self.lines:
            if key not in asked:
                record = self.read(key)
                assert record is not None
                what = f"{record.variant} on {record.spec.pair} of {record.dataset!r}, seed {record.seed}"
                raise TlbenchError(
                    f"{self._path}:{self._numbers[key]}: the plan beside it does not ask for this run ({what}, {key}); "
                    f"a folder holds the records of one suite; {REMEDY}"
                )

    def records(self, asked: Collection[str]) -> dict[str, Record]:
        """All records by run key. Raises `TlbenchError` for a damaged one and for a run that is not `asked` for."""
        self.check_asked(asked)
        return {key: record for key in self.lines if (record := self.read(key)) is not None}

    def _content(self) -> bytes:
        try:
            return read_file(self._path, LARGEST_FILE)
        except OSError as error:
            raise TlbenchError(f"cannot read {self._path}: {error.strerror or error}") from error


def record_folder(folder: Path) -> ResultFolder | PublishedFolder:
    """The records of a folder, whichever of the two kinds it is."""
    return PublishedFolder(folder) if is_published(folder) else ResultFolder(folder.parent, folder.name)


def _run_key(line: bytes) -> str | None:
    try:
        content: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    key = content.get("run_key") if isinstance(content, dict) else None
    return key if isinstance(key, str) else None
