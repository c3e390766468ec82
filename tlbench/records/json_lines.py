"""Plain data as text of one form, so that equal data are equal bytes and a change shows in few lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def compact(value: Any) -> str:
    """One line of JSON, its keys sorted."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def key_by_key(table: Mapping[str, Any]) -> str:
    """A table of JSON, a key a line; a list of tables in it, such as the cells of a plan, has a line for each."""
    fields = (f"{compact(key)}:{_value(value)}" for key, value in sorted(table.items()))
    return "{\n" + ",\n".join(fields) + "\n}\n"


def _value(value: Any) -> str:
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        return "[\n" + ",\n".join(map(compact, value)) + "\n]"
    return compact(value)
