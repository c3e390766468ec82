"""A class of this process, written out as a one-file plugin: runs happen in processes that never saw the notebook.

Nothing is pickled. What the class's free names mean is written before it: imports, literals, and what the same module
defines. The file lies in a folder named by its content, so that the same code has the same version and run keys.
"""

from __future__ import annotations
import __future__

import builtins
import hashlib
import inspect
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from tlbench.api.free_names import FUTURE, free_names, submodules
from tlbench.api.literals import file_of, findable, import_of, literal
from tlbench.api.source_code import class_source, function_source, names_around
from tlbench.errors import TlbenchError
from tlbench.files import cache_folder, write_whole

_HOOK = '''

@_tlbench.hookimpl
def tlbench_register_strategies(register):
    """Written by tlbench.run from a class that it was given."""
    register({name!r}, {kind}, summary={summary!r})
'''


def written(kind: type, name: str) -> Path:
    """The file of a plugin that offers the class as the strategy `name`. Raises `TlbenchError` as `text_of` does."""
    text = text_of(kind, name)
    folder = cache_folder() / "api" / hashlib.sha256(text.encode()).hexdigest()[:16]
    path = folder / f"{name}.py"
    if not path.is_file():
        write_whole(path, lambda to: to.write_text(text, encoding="utf-8"))
    return path


def text_of(kind: type, name: str) -> str:
    """The content of that file.

    Raises `TlbenchError` that names a variable which the class uses and which no other process can have.
    """
    if import_of(kind.__name__, kind):
        head = _imported(kind)
    else:
        writer = _Writer(kind)
        writer.write(kind.__name__, kind)
        head = writer.text
    summary = inspect.cleandoc(vars(kind).get("__doc__") or "")  # its own: getdoc would give that of a base
    return head + _HOOK.format(name=name, kind=kind.__name__, summary=summary.partition("\n")[0])


def _imported(kind: type) -> str:
    """A class of an installed module is imported; the module's content goes into the version all the same."""
    file = file_of(kind.__module__)
    digest = hashlib.sha256(file.read_bytes()).hexdigest() if file else "unknown"
    lines = [f"# {kind.__module__} has the content {digest}", "import tlbench as _tlbench"]
    return "\n".join([*lines, str(import_of(kind.__name__, kind))]) + "\n"


class _Writer:
    """The statements of one file, as they are found to be needed."""

    def __init__(self, kind: type) -> None:
        self._kind = kind
        self._space = names_around(kind)
        self._future = self._space.get("annotations") is __future__.annotations
        self._given: dict[str, object] = {}
        self._imports = {"import tlbench as _tlbench"}
        self._values: list[str] = []
        self._definitions: list[str] = []

    @property
    def text(self) -> str:
        """What the file holds before its hook."""
        head = FUTURE + "\n" if self._future else ""
        parts = ["\n".join(sorted(self._imports)), "\n".join(self._values), *(self._definitions)]
        return head + "\n\n".join(part.strip("\n") for part in parts if part) + "\n"

    def write(self, name: str, value: Any) -> None:
        """Let the file have the value under the name."""
        if name in self._given:
            if self._given[name] is not value:
                raise self._refusal(name, value, " and not the only thing of this name")
            return
        self._given[name] = value
        if (text := literal(value)) is not None:
            self._values.append(f"{name} = {text}")
        elif self._is_of_the_module(value):
            self._define(name, value)
        elif line := import_of(name, value):
            self._imports.add(line)
        else:
            raise self._refusal(name, value)

    def _is_of_the_module(self, value: Any) -> bool:
        """Whether a value is a function or a class that the class's own module defines, and no process can import."""
        made = isinstance(value, type) or isinstance(_plain(value), FunctionType)
        module = getattr(value, "__module__", None)
        return made and module == self._kind.__module__ and not (isinstance(module, str) and _imports(value))

    def _define(self, name: str, value: Any) -> None:
        """The statement of a class or a function, after what it needs at once and before what it needs later."""
        own = value.__name__
        if own != name:
            self.write(own, value)
            self._definitions.append(f"{name} = {own}")
            return
        if isinstance(value, type):
            self._check_bases(value)
        source = class_source(value) if isinstance(value, type) else function_source(_plain(value))
        names = free_names(source, self._future)
        self._write_all(names.at_once, source)
        self._write_possible(names.perhaps, source)
        self._definitions.append(source)
        self._write_all(names.later, source)

    def _write_all(self, names: list[str], source: str) -> None:
        for name in names:
            if name in self._space:
                self._write_for(name, source)
            elif not hasattr(builtins, name):
                raise TlbenchError(f"{self._kind.__name__} uses {name!r}, which is not defined")

    def _write_possible(self, names: list[str], source: str) -> None:
        """What cannot be written is left out: it is most likely not needed."""
        for name in sorted(self._space.keys() & set(names) - self._given.keys()):
            value = self._space[name]
            if literal(value) or import_of(name, value) or self._is_of_the_module(value):
                self._write_for(name, source)

    def _write_for(self, name: str, source: str) -> None:
        value = self._space[name]
        self.write(name, value)
        if isinstance(value, ModuleType):
            self._imports |= {f"import {found}" for found in submodules(source, name, value) - {value.__name__}}

    def _check_bases(self, kind: type) -> None:
        """A cell that was executed again makes a base anew; what stands in the file would then be another class."""
        for base in kind.__bases__:
            now = self._space.get(base.__name__)
            if base.__module__ == kind.__module__ and isinstance(now, type) and now is not base:
                raise TlbenchError(
                    f"{kind.__name__} builds on a {base.__name__} that was defined anew since; define {kind.__name__} "
                    "again (execute its cell once more), then run"
                )

    def _refusal(self, name: str, value: Any, why: str = "") -> TlbenchError:
        kind = type(value)
        typed = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
        do = f"Move {name!r} into the class, or the class into a file given by plugins="
        module = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        if isinstance(module, str) and module not in (self._kind.__module__, "builtins") and not findable(module):
            why = f" of the module {module!r}, which a fresh Python does not find"
            do = f"Install that module, or start Python with its folder on PYTHONPATH. {do}"
        return TlbenchError(
            f"{self._kind.__name__} cannot be handed to its runs, which are processes of their own: it uses {name!r}, "
            f"which is of the type {typed}{why}. What can be written out: numbers, texts, tuples, lists and dicts of "
            f"these, functions, classes, installed modules and what is in them. {do}"
        )


def _plain(value: Any) -> Any:
    """The function under what decorators made of it."""
    return inspect.unwrap(value) if callable(value) else value


def _imports(value: Any) -> bool:
    return import_of(value.__name__, value) is not None
