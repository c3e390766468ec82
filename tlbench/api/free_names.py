"""The names that a piece of source takes from the module around it."""

from __future__ import annotations

import ast
import symtable
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

FUTURE = "from __future__ import annotations\n"
#: Functions that run where they stand.
_AT_ONCE = {"lambda", "listcomp", "setcomp", "dictcomp", "genexpr"}


@dataclass(frozen=True)
class FreeNames:
    """Names in alphabetical order: needed when the statement is executed, needed when its functions are called.

    `perhaps` are names that may be needed: of annotations that nobody may ever look at, and of attributes of a class
    that may stand for a global of the same name first.
    """

    at_once: list[str]
    later: list[str]
    perhaps: list[str]


def free_names(source: str, annotations_are_texts: bool) -> FreeNames:
    """The free names of a class or a function. `annotations_are_texts`: by `from __future__ import annotations`."""
    at_once, later, perhaps = _sorted_out(FUTURE + source if annotations_are_texts else source)
    perhaps |= set.union(*_sorted_out(source)) if annotations_are_texts else set()
    found = (at_once, later - at_once, perhaps - at_once - later)
    return FreeNames(*([name for name in sorted(names) if not _is_magic(name)] for names in found))


def submodules(source: str, name: str, module: ModuleType) -> set[str]:
    """The modules below `module`, known in the source as `name`, that the source reaches by dots."""
    chains = (_chain(node) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute))
    dotted = {".".join([module.__name__, *chain[1:]]) for chain in chains if chain and chain[0] == name}
    return {name for name in dotted if isinstance(sys.modules.get(name), ModuleType)}


def _chain(node: ast.expr) -> list[str]:
    """`a.b.c` as its names; empty for what does not start with a name."""
    if isinstance(node, ast.Name):
        return [node.id]
    before = _chain(node.value) if isinstance(node, ast.Attribute) else []
    return [*before, node.attr] if before and isinstance(node, ast.Attribute) else []


def _sorted_out(source: str) -> tuple[set[str], set[str], set[str]]:
    at_once: set[str] = set()
    later: set[str] = set()
    perhaps: set[str] = set()
    for table, is_later in _tables(symtable.symtable(source, "source", "exec"), False):
        for symbol in table.get_symbols():
            if symbol.is_referenced() and symbol.is_global():
                (later if is_later else at_once).add(symbol.get_name())
            elif symbol.is_referenced() and symbol.is_local() and table.get_type() == "class":
                perhaps.add(symbol.get_name())
    return at_once, later, perhaps


def _tables(table: symtable.SymbolTable, later: bool) -> Iterator[tuple[symtable.SymbolTable, bool]]:
    """A table and those in it, each with whether it is of code that runs later."""
    later = later or (table.get_type() == "function" and table.get_name() not in _AT_ONCE)
    yield table, later
    for child in table.get_children():
        yield from _tables(child, later)


def _is_magic(name: str) -> bool:
    """`__name__` and the like, which every module has for itself."""
    return name.startswith("__") and name.endswith("__")
