"""What is checked: an entry of a registry, what it loads to, and where it comes from."""

from __future__ import annotations

import importlib.metadata
import inspect
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tlbench.plugins.manager import PluginHost
from tlbench.plugins.registry import Entry
from tlbench.testing.check import Check, CheckFailed, NotApplicable

#: What a hook file must not import: it is read whenever anybody types a command.
HEAVY = ("torch", "pandas", "sklearn", "scipy", "matplotlib", "transformers", "timm", "datasets", "torchvision")
_ASK = (
    "import sys; from tlbench.plugins.manager import PluginHost; PluginHost(); "
    "print(*(n for n in {names} if n in sys.modules))"
)


#: The name of a check, what it asks, and the function that asks it.
Row = tuple[str, str, Callable[[Any], None]]


@dataclass(frozen=True)
class PluginUnderTest:
    """An entry by the name under which it was asked for, with its argument where the name has one."""

    name: str
    kind: str
    entry: Entry
    argument: str | None
    host: PluginHost

    def load(self) -> Any:
        """The class or function."""
        return self.entry.load()

    def each(self, rows: Iterable[Row], given: Any) -> Iterator[Check]:
        """A check for each row, whose function gets what is given."""
        return (self.check(name, about, partial(function, given)) for name, about, function in rows)

    def check(self, name: str, about: str, run: Callable[[], None]) -> Check:
        """A check of it."""
        return Check(name, about, self.name, run)


def common_checks(subject: PluginUnderTest) -> Iterator[Check]:
    """What holds of every kind of plugin."""
    return subject.each(_COMMON, subject)


def check_light(subject: PluginUnderTest) -> None:
    """In a fresh process with all plugins, none of `HEAVY` is imported."""
    if not isinstance(subject.entry.target, str):
        raise NotApplicable("it was given as an object, so its module is imported already; a package is lighter")
    plugin = next(one for one in subject.host.plugins if one.name == subject.entry.plugin)
    if Path(plugin.distribution).suffix == ".py":
        raise NotApplicable("a plugin of one file may hold both parts; a package is lighter")
    command = [sys.executable, "-c", _ASK.format(names=HEAVY)]
    alone = {**os.environ, "TLBENCH_PLUGINS": plugin.name}
    found = subprocess.run(command, capture_output=True, text=True, check=True, env=alone).stdout.split()
    if found:
        raise CheckFailed(
            f"finding plugins imports {', '.join(found)}; keep the hook file to `import tlbench` and register "
            f"'module:object', so that {subject.entry.target!r} is imported only when it is used"
        )


def check_documented(subject: PluginUnderTest) -> None:
    """It says what it is, and under which licence it may be used."""
    if not subject.entry.summary and subject.entry.plugin != "given":
        raise CheckFailed("it has no summary; give one as register(…, summary='what it does'): `tlbench list` shows it")
    if not inspect.getdoc(subject.load()):
        raise CheckFailed(f"{_named(subject.load())} has no docstring; say in a sentence what it does")
    if not licence_of(subject):
        raise CheckFailed(
            "no licence is stated; write `license = \"…\"` into the package's pyproject.toml, or `__license__ = '…'` "
            "into a plugin of one file"
        )


def licence_of(subject: PluginUnderTest) -> str:
    """The licence of the distribution or file that it comes from; empty where none is stated."""
    found = inspect.getmodule(subject.load())
    own = getattr(found, "__license__", "")
    plugin = next((one for one in subject.host.plugins if one.name == subject.entry.plugin), None)
    if own or plugin is None:
        return str(own or "given by hand")
    try:
        metadata = importlib.metadata.metadata(plugin.distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""
    classifiers = [line for line in metadata.get_all("Classifier") or [] if line.startswith("License ::")]
    stated = [*(metadata.get_all("License-Expression") or []), *(metadata.get_all("License") or []), *classifiers]
    return str(stated[0]) if stated else ""


def _named(thing: Any) -> str:
    return str(getattr(thing, "__qualname__", type(thing).__name__))


_COMMON: tuple[Row, ...] = (
    ("light", "naming it imports nothing heavy", check_light),
    ("documented", "a summary, a docstring, a licence", check_documented),
)
