"""Pages that are made from the code when the docs are built: every command, and every hook."""

from __future__ import annotations

import html
import inspect
from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from tlbench import hookspecs
from tlbench.cli.main import app


def commands() -> str:
    """Every command with its arguments, options and examples."""
    parts = ["# Commands\n\n`tlbench COMMAND --help` says the same. `python -m tlbench` is `tlbench`.\n"]
    for name, command in every_command():
        parts += _command(name, command)
    return "\n".join(parts)


def every_command() -> Iterator[tuple[str, Any]]:
    """All commands by name, those of a group by two words."""
    for name, command in sorted(get_command(app).commands.items()):  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        yield from [(f"{name} {one}", each) for one, each in sorted(inner.items())] if inner else [(name, command)]


def _command(name: str, command: Any) -> Iterator[str]:
    yield f"## tlbench {name}\n"
    yield f"{command.help}\n"
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    given = " ".join(_metavar(one) for one in arguments)
    yield f"    tlbench {name} [OPTIONS] {given}\n"
    yield "| argument or option | says |\n|---|---|"
    for one in command.params:
        if one.name not in ("help", "debug") and not getattr(one, "hidden", False):
            yield f"| {named(one)} | {_escaped(getattr(one, 'help', '') or '')} |"
    yield ""
    if command.epilog:
        yield f"```text\n{command.epilog.replace(chr(10) * 2, chr(10))}\n```\n"


def named(parameter: Any) -> str:
    """An argument or option with what is given to it, as the table of its command has it."""
    if parameter.param_type_name == "argument":
        return _code(_metavar(parameter))
    metavar = "" if parameter.is_flag else f" {parameter.metavar or str(parameter.name).strip('_').upper()}"
    return _code(", ".join(parameter.opts) + metavar)


def _metavar(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


def _code(text: str) -> str:
    """Code in a cell: in backticks the mark of an escaped | would be shown."""
    return f"<code>{html.escape(text).replace('|', '&#124;')}</code>"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def hook_names() -> list[str]:
    """The hooks, in the order of their file."""
    return [name for name in vars(hookspecs) if name.startswith("tlbench_")]


def hooks() -> str:
    """Every hook with its signature and what it says of itself."""
    head = inspect.getdoc(hookspecs) or ""
    parts = ["# Hooks\n", head.replace("    # my_package", "\n    # my_package"), ""]
    parts += [
        f"Version {hookspecs.CONTRACT}. A plugin that needs a later one says so by `tlbench_contract = 2` beside its "
        "hooks, and is refused with both versions where it is not had.\n"
    ]
    for name in hook_names():
        function = getattr(hookspecs, name)
        parts += [
            f"## {name}\n",
            f"```python\ndef {name}{inspect.signature(function)}\n```\n",
            inspect.getdoc(function) or "",
            "",
        ]
    return "\n".join(parts)


def on_files(files: Any, config: Any, **_: Any) -> Any:
    """Called by mkdocs: the pages, beside those that are written by hand."""
    from mkdocs.structure.files import File

    for name, make in (("commands", commands), ("hooks", hooks)):
        files.append(File.generated(config, f"reference/{name}.md", content=make()))
    return files
