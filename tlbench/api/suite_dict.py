"""A suite given as a dict, written as the TOML file that it stands for: one reader, one set of errors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tlbench.errors import Faults, TlbenchError
from tlbench.files import cache_folder, write_whole
from tlbench.suites.suite import NAMING_FILES


def written_suite(suite: Mapping[str, Any], name_of: Callable[[object], str]) -> Path:
    """The file of a suite. `name_of` gives the name of a strategy that stands there as a class.

    Raises `TlbenchError` for what cannot stand in a TOML file, with its place.
    """
    placed = {key: str(Path.cwd() / value) if _names_file(key, value) else value for key, value in suite.items()}
    text = "".join(f"{_text(str(key))} = {_toml(value, str(key), name_of)}\n" for key, value in placed.items())
    path = cache_folder() / "api" / hashlib.sha256(text.encode()).hexdigest()[:16] / "suite.toml"
    if not path.is_file():
        write_whole(path, lambda to: to.write_text(text, encoding="utf-8"))
    return path


@contextmanager
def told_of_the_dict(path: Path) -> Iterator[None]:
    """Let errors speak of the dict in place of the file that it was written to."""
    try:
        yield
    except Faults as error:
        title = str(error).partition("\n")[0].replace(str(path), "the suite given as a dict")
        raise Faults(title, error.faults) from None


def _names_file(key: object, value: object) -> bool:
    """Whether it is looked for in the working folder, in place of that of a suite file."""
    return key in NAMING_FILES and isinstance(value, str)


def _toml(value: Any, place: str, name_of: Callable[[object], str]) -> str:
    """A value in one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float):
        return repr(int(value) if isinstance(value, int) else float(value))
    if isinstance(value, type):
        return _text(name_of(value))
    if isinstance(value, Mapping):
        items = [f"{_text(str(key))} = {_toml(item, f'{place}.{key}', name_of)}" for key, item in value.items()]
        return "{" + ", ".join(items) + "}"
    if isinstance(value, list | tuple | range):
        return "[" + ", ".join(_toml(item, f"{place}[{n}]", name_of) for n, item in enumerate(value)) + "]"
    hint = "; leave the key out" if value is None else ""
    raise TlbenchError(
        f"the suite given as a dict: {place} is {value!r}, a {type(value).__name__}; allowed are numbers, strings, "
        f"booleans, lists and dicts{hint}"
    )


def _text(value: str) -> str:
    """A string in TOML, whose escapes are those of JSON, but that it has one more character to escape."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise TlbenchError(f"the suite given as a dict: {value!r} is no valid text") from None
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
