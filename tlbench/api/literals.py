"""How a value of this process is written in a file for another: by an import, or as a literal."""

from __future__ import annotations

import functools
import importlib.util
import math
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

_ASK = """
import importlib.util, sys
found = importlib.util.find_spec(sys.argv[1])
print(found and found.origin)
print(bool(found))
"""


def literal(value: object) -> str | None:
    """A number, a text, a truth value, None, or a tuple, list or dict of these as source; None for anything else."""
    try:
        return _literal(value)
    except RecursionError:  # it holds itself
        return None


def _literal(value: object) -> str | None:
    kind = type(value)  # a subclass may be anything
    if kind is float and not math.isfinite(float(str(value))):
        return f'float("{value}")'
    if value is None or kind in (bool, int, float, str):
        return repr(value)
    if isinstance(value, dict) and kind is dict:
        pairs = [(_literal(key), _literal(item)) for key, item in value.items()]
        return None if _hole(pairs) else "{" + ", ".join(f"{key}: {item}" for key, item in pairs) + "}"
    if isinstance(value, list | tuple) and kind in (list, tuple):
        items = [_literal(item) for item in value]
        if any(item is None for item in items):
            return None
        inner = ", ".join(filter(None, items))
        return f"[{inner}]" if kind is list else f"({inner}{',' if len(items) == 1 else ''})"
    return None


def _hole(pairs: list[tuple[str | None, str | None]]) -> bool:
    return any(part is None for pair in pairs for part in pair)


def import_of(name: str, value: Any) -> str | None:
    """The statements by which another process has the value under the name; None where no module of it has it."""
    if isinstance(value, ModuleType):
        there = sys.modules.get(value.__name__) is value and findable(value.__name__)
        return f"import {value.__name__} as {name}" if there else None
    home, path = _home(name, value)
    if home is None:
        return None
    first, *rest = path.split(".")
    line = f"from {home} import {first} as {name}"
    return line if not rest else f"{line}\n{name} = {name}.{'.'.join(rest)}"


def _home(name: str, value: Any) -> tuple[str | None, str]:
    """The module that has a value, and its name there."""
    module = getattr(value, "__module__", None)
    own = getattr(value, "__qualname__", None) or getattr(value, "_name", None)  # typing.Literal has but the second
    for path in (own, name):
        if isinstance(module, str) and isinstance(path, str) and _has(module, path, value) and findable(module):
            return module, path
    # Functions in C and plain objects do not know where they are from; the outermost module is the public one.
    for found in sorted(sys.modules, key=lambda found: (found.count("."), len(found), found)):
        if _has(found, name, value) and findable(found):
            return found, name
    return None, ""


def _has(module: str, path: str, value: object) -> bool:
    found: Any = sys.modules.get(module)
    for name in path.split("."):
        space = getattr(found, "__dict__", {})  # getattr alone would set lazy modules going
        if name not in space:
            return False
        found = space[name]
    return found is value


def findable(module: str) -> bool:
    """Whether a fresh process, in which the script's or notebook's folder is not searched, has this very module."""
    root = module.partition(".")[0]
    if root in sys.stdlib_module_names:
        return True
    if root == "__main__" or not isinstance(sys.modules.get(root), ModuleType):
        return False
    found, origin = _found_elsewhere(root)
    spec = getattr(sys.modules[root], "__spec__", None)
    here = str(getattr(spec, "origin", None))
    return found and (here == origin or Path(here).resolve() == Path(origin).resolve())


@functools.cache
def _found_elsewhere(root: str) -> tuple[bool, str]:
    """Whether a fresh process finds a module, and where. Asked once: the runs' processes have their path from then."""
    command = [sys.executable, "-P", "-c", _ASK, root]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    *_, origin, found = ["", "", *said]
    return found == "True", origin


def file_of(module: str) -> Path | None:
    """The source file of a module, where it has one."""
    spec = importlib.util.find_spec(module) if module in sys.modules and module != "__main__" else None
    return Path(spec.origin) if spec and spec.origin and Path(spec.origin).is_file() else None
