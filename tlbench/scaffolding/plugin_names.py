"""What a new plugin is called: its name checked, and the names in code that follow from it."""

from __future__ import annotations

import builtins
import importlib.util
import keyword
import re
import unicodedata
from dataclasses import dataclass

from tlbench.core.strategy_names import kebab
from tlbench.errors import TlbenchError
from tlbench.plugins.manager import PluginHost
from tlbench.plugins.registry import WRITTEN

#: What is made as a class; the rest are functions.
CLASSES = ("strategy", "dataset")
PREFIX = "tlbench-"
#: So that no line of a template gets too long.
LONGEST = 40
ALLOWED = f"lower-case letters and digits in words joined by '-', a letter first, at most {LONGEST}, as in mixup-da"

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
#: What the templates import or call by these names.
_USED = {"ClassVar", "Mapping", "NonNegativeFloat", "Path", "annotations", "nn", "np", "prod", "tlbench"}


@dataclass(frozen=True)
class Names:
    """A plugin's name, as `mixup-da`, and those made from it."""

    kind: str
    name: str

    @property
    def distribution(self) -> str:
        """What is installed, and the folder: `tlbench-mixup-da`."""
        return PREFIX + self.name

    @property
    def identifier(self) -> str:
        """The name with underscores: `mixup_da`."""
        return self.name.replace("-", "_")

    @property
    def module(self) -> str:
        """The package to import: `tlbench_mixup_da`."""
        return f"tlbench_{self.identifier}"

    @property
    def target(self) -> str:
        """The class, `MixupDa`, or the function, `mixup_da`; with the kind behind it where Python has the word."""
        if self.kind in CLASSES:
            word = "".join(part.capitalize() for part in self.name.split("-"))
            return word + self.kind.capitalize() if _is_taken(word) else word
        return f"{self.identifier}_{self.kind}" if _is_taken(self.identifier) else self.identifier


def _is_taken(word: str) -> bool:
    return keyword.iskeyword(word) or hasattr(builtins, word) or word in _USED


def checked(kind: str, name: str, host: PluginHost) -> Names:
    """The names of a new plugin. Raises `TlbenchError` for a name of another form, or one that is taken."""
    if not _NAME.fullmatch(name) or len(name) > LONGEST:
        raise TlbenchError(f"{name!r} cannot name a {kind}{_guess(name)} Allowed are {ALLOWED}")
    if name.startswith(PREFIX):
        raise TlbenchError(f"{name!r}: the package gets {PREFIX!r} in front by itself; write {suggestion(name)!r}")
    for entry in host.registries[WRITTEN[kind]]:
        if entry.name.rstrip(":?").replace("_", "-") == name:
            by = f"plugin {entry.plugin!r} {entry.version} offers it"
            raise TlbenchError(f"there is a {kind} {entry.name!r} already: {by}; choose another name")
    names = Names(kind, name)
    if importlib.util.find_spec(names.module) is not None:
        message = f"a package {names.module!r} is installed already, and {name!r} would take its place; "
        raise TlbenchError(message + "choose another name, or uninstall it (tlbench plugins)")
    return names


def suggestion(name: str) -> str:
    """The nearest name that is allowed, `mixup-da` for `MixupDA`; empty where there is none."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", kebab(plain)).strip("-").removeprefix(PREFIX)
    return re.sub(r"^([^a-z][a-z0-9]*-?)+", "", words)[:LONGEST].rstrip("-")  # no word in front without a letter first


def _guess(name: str) -> str:
    near = suggestion(name)
    return f"; did you mean {near!r}?" if near else "."
