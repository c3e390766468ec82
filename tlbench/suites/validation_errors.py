"""What is wrong with a suite file, each fault with its place as one finds it in the file."""

from __future__ import annotations

import difflib
import re
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from tlbench.core.run_spec import Budget, Training
from tlbench.errors import unknown
from tlbench.suites.suite import Part, Suite, plain_fault

Location = tuple[str | int, ...]

_SECTIONS: Mapping[str, type[BaseModel]] = {"budget": Budget, "training": Training, "part": Part}
_SECTION_ORDER: tuple[str | int, ...] = ("data", "budget", "training", "part", "strategies")
_FORMS = {
    "data": "write the options of the dataset as a table [data]",
    "part.budget": "write it as a table [part.budget] below its [[part]]",
    "part.training": "write it as a table [part.training] below its [[part]]",
    "part": "write each part as a table [[part]], with two brackets",
    "part.pairs": 'must be "all" or a list such as ["one:two"]',
    "part.strategies": 'must be a list of names such as ["dann"]',
    "strategies": "write each variant as a table [strategies.NAME]",
    "grid": "write it as { parameter = [value, value] }",
}


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, and its place in the file as keys and indices."""

    location: Location
    message: str

    def __str__(self) -> str:
        return f"{place(self.location)}: {self.message}"


def place(location: Location) -> str:
    """A place as one finds it in the file; parts and items are counted from 1.

    >>> place(("part", 1, "pairs", 0)), place(("strategies", "weak", "use")), place(("budget", "steps"))
    ('[[part]] 2: pairs item 1', '[strategies.weak]: use', '[budget]: steps')
    """
    match location:
        case ("part", int(index), *rest):
            head = f"[[part]] {index + 1}"
        case ("strategies", str(name), *rest):
            head = f"[strategies.{name}]"
        case (("data" | "budget" | "training") as section, str(key), *more):
            head, rest = f"[{section}]", [key, *more]
        case _:
            head, rest = "", list(location)
    return ": ".join(filter(None, [head, _keys(rest)]))


def _keys(location: Sequence[str | int]) -> str:
    text = ""
    for key in location:
        text += f" item {key + 1}" if isinstance(key, int) else f".{key}" if text else key
    return text.strip()


def order(fault: Fault) -> tuple[int, int]:
    """As in a file: the suite's own keys, then its sections, and parts by their number."""
    first, second = (*fault.location, "", "")[:2]
    inside = len(fault.location) > 1 and first in _SECTION_ORDER
    return _SECTION_ORDER.index(first) + 1 if inside else 0, second if isinstance(second, int) else 0


def structure(data: dict[str, Any]) -> tuple[Suite | None, list[Fault]]:
    """The suite that the data make, or what their form has against it."""
    try:
        return Suite.model_validate(data, strict=True), []
    except ValidationError as error:
        return None, _model_faults(error)


def _model_faults(error: ValidationError) -> list[Fault]:
    found = error.errors(include_url=False)
    return [Fault(_location(item["loc"]), message_of(dict(item))) for item in found]


def _location(raw: Location) -> Location:
    """Without the names that pydantic gives to alternatives and keys, and without the gathering of parameters."""
    location = tuple(key for key in raw if key not in ("<one>", "<list>", "[key]"))
    return location[:2] + location[3:] if location[:1] == ("strategies",) and location[2:3] == ("params",) else location


def message_of(item: dict[str, Any]) -> str:
    """One of pydantic's faults in words of ours."""
    location, value = _location(item["loc"]), item["input"]
    key = next((key for key in reversed(location) if isinstance(key, str)), "")
    form = _FORMS.get(f"part.{key}" if location[:1] == ("part",) and len(location) > 2 else key)
    text = f"{reprlib.repr(value)} {re.sub(r'^[A-Z][a-z]+ should', 'must', item['msg'])}"
    match item["type"]:
        case "missing":
            text = "is missing"
        case "extra_forbidden":
            text = unknown("key", key, _known_keys(location))
        case "value_error":
            text = str(item["ctx"]["error"])
        case "too_short":
            text = "is empty; name at least one"
        case "literal_error" | "list_type" | "dict_type" | "model_type" if form:
            text = f"{reprlib.repr(value)}: {form}"
        case "literal_error" if isinstance(value, str):
            text += _guess(value, item["ctx"]["expected"])
        case "model_type":
            text = f"{reprlib.repr(value)} must be a table"
    return text


def _guess(value: str, expected: str) -> str:
    near = difflib.get_close_matches(value, expected.split("'")[1::2], n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def _known_keys(location: Location) -> list[str]:
    # The tables of a part have the keys of the suite's own.
    tables = location[2:] if location[:1] == ("part",) and len(location) > 3 else location
    section = _SECTIONS.get(str(tables[0])) if len(tables) > 1 else Suite
    return list(section.model_fields) if section else []


def unknown_field(kind: str, key: str, owner: str, params: type[BaseModel]) -> str:
    """A sentence about a key that the Params of `owner`, as in `strategy 'dann'`, do not have."""
    if not params.model_fields:
        return f"the {owner} has no {kind}s; remove {key!r}"
    return f"{unknown(kind, key, params.model_fields)} ({owner})"


def plain_faults(location: Location, value: Any) -> Iterator[Fault]:
    """Values that cannot be part of a run's content, wherever they stand."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from plain_faults(_location((*location, key)), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from plain_faults((*location, index), inner)
    elif fault := plain_fault(value):
        yield Fault(location, fault)
