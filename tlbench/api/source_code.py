"""The source of a class or a function of this process: of a script, a notebook's cell, or code that was executed."""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import Any

from tlbench.errors import TlbenchError

_REMEDY = "put it in a file and hand that over by plugins="


def class_source(kind: type) -> str:
    """The statement that made a class, its decorators included. Raises `TlbenchError` where it cannot be found.

    A class is found by its methods, which know their file and line: a notebook's cells are no files of its module, and
    of two classes of one name in a script `inspect` would give the first.
    """
    for function in own_functions(kind):
        code = function.__code__
        lines = linecache.getlines(code.co_filename, function.__globals__)
        found = [node for node in _classes(lines, kind.__name__) if _start(node) <= code.co_firstlineno <= _end(node)]
        if found:
            return _text(lines, found[-1])  # the innermost
    lines, found = _without_methods(kind)
    if not found:
        raise TlbenchError(f"the source of the class {kind.__name__} is not found; {_REMEDY}")
    return _text(lines, found[-1])


def function_source(function: FunctionType) -> str:
    """The statement that made a function. Raises `TlbenchError` where it cannot be found, as that of a lambda."""
    code = function.__code__
    lines = linecache.getlines(code.co_filename, function.__globals__)
    for node in ast.walk(_tree(lines)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _start(node) == code.co_firstlineno:
            return _text(lines, node)
    name = function.__name__
    hint = "write it with def, or " if name == "<lambda>" else ""
    raise TlbenchError(f"the source of the function {name} is not found; {hint}{_REMEDY}")


def names_around(kind: type) -> Mapping[str, Any]:
    """What the names in a class mean: the globals of its module, and before them what its methods close over."""
    functions = list(own_functions(kind))
    module = vars(sys.modules[kind.__module__]) if kind.__module__ in sys.modules else {}
    space: dict[str, Any] = dict(functions[0].__globals__ if functions else module)
    for function in functions:
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            try:
                space[name] = cell.cell_contents
            except ValueError:  # it has no value yet
                continue
    return space


def own_functions(kind: type) -> Iterator[FunctionType]:
    """The functions that stand in the statement of a class, not those that it was given from elsewhere."""
    own = f"{kind.__qualname__}."
    for value in vars(kind).values():
        inner = getattr(value, "__func__", None) or getattr(value, "fget", None) or value
        if isinstance(inner, type):
            if inner.__qualname__.startswith(own):
                yield from own_functions(inner)
        elif callable(inner):
            function = inspect.unwrap(inner)
            if isinstance(function, FunctionType) and function.__code__.co_qualname.startswith(own):
                yield function


def _without_methods(kind: type) -> tuple[list[str], list[ast.ClassDef]]:
    """A class of attributes alone: the last of its name in its module's file, or else in what was executed last."""
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    # What lies in no file, such as a cell, has no time of its last change.
    executed = [place for place, entry in linecache.cache.items() if len(entry) == 4 and entry[1] is None]
    for place in [*filter(None, [file]), *reversed(executed)]:
        lines = linecache.getlines(place)
        if found := [node for node in _classes(lines, kind.__name__) if node.col_offset == 0]:
            return lines, found
    return [], []


def _classes(lines: list[str], name: str) -> list[ast.ClassDef]:
    """The classes of a name, outer ones first."""
    return [node for node in ast.walk(_tree(lines)) if isinstance(node, ast.ClassDef) and node.name == name]


def _tree(lines: list[str]) -> ast.Module:
    try:
        return ast.parse("".join(lines))
    except (SyntaxError, ValueError):  # it is another text by now, or none of Python
        return ast.Module([], [])


def _start(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _end(node: ast.ClassDef) -> int:
    return node.end_lineno or node.lineno


def _text(lines: list[str], node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    if node.col_offset:  # of a function or a block: taking off the indent by hand would change texts of several lines
        return ast.unparse(node) + "\n"
    return "".join(lines[_start(node) - 1 : node.end_lineno]).rstrip() + "\n"
