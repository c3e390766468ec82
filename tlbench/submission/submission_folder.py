"""The files of a submission: those of a published suite that hold its runs, and who made them with what."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tlbench.core.secret_masking import is_secret_name
from tlbench.errors import TlbenchError
from tlbench.files import write_whole
from tlbench.publishing.page_inputs import PageInputs
from tlbench.publishing.predictions import PREDICTIONS_FILE, predictions_bytes
from tlbench.records.item_correctness import CORRECT_FILE, correct_bytes
from tlbench.records.json_lines import key_by_key
from tlbench.records.plan_file import PLAN_FILE
from tlbench.records.published_records import RECORDS_FILE
from tlbench.submission.contributor import About
from tlbench.suites.named_files import named_file
from tlbench.suites.suite import NAMING_FILES

ABOUT_FILE, ENVIRONMENT_FILE, CHECKSUMS_FILE = "submission.json", "environment.txt", "checksums.sha256"
SUITE_FILE = "suite.toml"
#: Where the code of one-file plugins is.
PLUGINS_FOLDER = "plugins"


def submission_files(
    material: PageInputs, about: About, suite: Path | None = None, plugins: Iterable[Path] = ()
) -> dict[str, bytes]:
    """By name the content of each file. `suite` is the suite's own file, where it is no built-in one.

    Raises `TlbenchError` for a suite file or a plugin that cannot be read.
    """
    files = {
        RECORDS_FILE: "".join(f"{record}\n" for record in material.records.values()).encode(),
        PLAN_FILE: key_by_key({**json.loads(material.plan), "contributor": about.contributor}).encode(),
        PREDICTIONS_FILE: predictions_bytes(material.predictions),
        CORRECT_FILE: correct_bytes(material.correct),
        ABOUT_FILE: (about.model_dump_json(indent=1) + "\n").encode(),
        ENVIRONMENT_FILE: environment().encode(),
    }
    files |= _suite_files(suite) if suite is not None else {}
    for path in plugins:
        name = f"{PLUGINS_FOLDER}/{path.name}"
        if name in files:
            raise TlbenchError(f"two plugin files are called {path.name!r}; rename one, and run the suite again")
        files[name] = _content(path)
    return files | {CHECKSUMS_FILE: checksums(files).encode()}


def free_for(folder: Path, source: Path, contributor: str) -> Path:
    """The folder, where it is not there, is empty, or holds a submission of the same contributor.

    Raises `TlbenchError` for any other: nothing of anybody's is overwritten.
    """
    if folder.resolve() == source.resolve():
        raise TlbenchError(f"{folder} is where the records are; name another --out")
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return folder
    try:
        there = About.model_validate_json((folder / ABOUT_FILE).read_bytes()).contributor
    except (OSError, ValueError):
        raise TlbenchError(f"{folder} holds something else, and nothing is overwritten; name another --out") from None
    if there != contributor:
        raise TlbenchError(f"{folder} is the submission of {there!r}, which is not overwritten; name another --out")
    return folder


def write_submission(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder of these files and nothing else, whole or not at all, in place of what was there."""

    def fill(new: Path) -> None:
        for name, content in files.items():
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            (new / name).write_bytes(content)

    write_whole(folder, fill)


def checksums(files: Mapping[str, bytes]) -> str:
    """A line for each file, as `sha256sum` writes and checks them."""
    return "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))


def environment() -> str:
    """What is installed here, a line each, in pip's form; what is installed for editing may be nowhere else."""
    head = f"# Python {platform.python_version()} on {platform.platform()}\n"
    found = {(str(one.metadata["Name"]).lower(), one.version) for one in importlib.metadata.distributions()}
    return head + "".join(f"{name}=={version}\n" for name, version in sorted(found))


def _suite_files(suite: Path) -> dict[str, bytes]:
    content = _content(suite)
    try:
        keys = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TlbenchError(f"{suite} is no TOML: {error}") from error
    if secrets := sorted(set(_secrets_in(keys))):
        raise TlbenchError(f"{suite} holds secrets ({', '.join(secrets)}), and a submission is public; take them out")
    named = [str(keys[key]) for key in NAMING_FILES if keys.get(key)]
    for name in named:
        if Path(name).name != name:
            raise TlbenchError(f"{suite}: {name!r} lies in another folder; put it beside the suite file")
    return {SUITE_FILE: content, **{name: _content(named_file(suite.parent, name)) for name in named}}


def _secrets_in(table: Any, place: str = "") -> Iterator[str]:
    """The keys of a suite file that hold a secret."""
    for key, value in table.items() if isinstance(table, dict) else ():
        if isinstance(value, str) and value and is_secret_name(key):
            yield f"{place}{key}"
        yield from _secrets_in(value, f"{place}{key}.")
        for inner in value if isinstance(value, list) else ():
            yield from _secrets_in(inner, f"{place}{key}.")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TlbenchError(f"cannot read {path}: {error.strerror or error}") from error
