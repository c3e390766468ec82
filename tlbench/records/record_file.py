"""A record as the content of a file, and back: of whatever content, a record comes out or an error that names it."""

from __future__ import annotations

import json
from typing import Any

from tlbench.errors import TlbenchError
from tlbench.records.record import SCHEMA_VERSION, Record
from tlbench.records.schema_upgrades import upgraded, version_of
from tlbench.records.sealed_json import BrokenSeal, sealed, unsealed

#: Bytes. A record has some ten thousand; one of a long training with many loss terms a few million.
LARGEST_RECORD = 64 * 2**20


class DamagedRecord(TlbenchError):
    """A file that is no whole record."""


def record_content(record: Record) -> str:
    """What is written of a record."""
    return sealed(record.model_dump_json(indent=1) + "\n")


def record_body(content: bytes, where: str) -> bytes:
    """The JSON of a record without its digest. Raises `DamagedRecord` where the digest is that of another content."""
    try:
        return unsealed(content)
    except BrokenSeal as error:
        raise DamagedRecord(f"damaged record {where}: {error}") from error


def parse_record(content: bytes, where: str, if_newer: str) -> Record:
    """A record from its JSON. Raises `DamagedRecord`, and `TlbenchError` for one that a newer tlbench wrote.

    `where` names the content in messages, `if_newer` says what to do about one that is too new.
    """
    body = record_body(content, where)
    try:
        record = Record.model_validate_json(body)
        if record.schema_version == SCHEMA_VERSION:
            return record
    except (ValueError, RecursionError) as error:
        first = error
    else:
        first = ValueError(f"schema_version {record.schema_version} is not known")
    plain = _plain(body)
    version = version_of(plain)
    if version is not None and version > SCHEMA_VERSION:
        raise TlbenchError(f"{where} was written by a newer tlbench; {if_newer}") from first
    try:
        if version is None or version == SCHEMA_VERSION:
            raise first
        return Record.model_validate(upgraded(plain, SCHEMA_VERSION))
    except Exception as error:  # what a step of the way finds in a damaged record may be anything
        raise DamagedRecord(f"damaged record {where}: {_first_line(error)}") from error


def _plain(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
