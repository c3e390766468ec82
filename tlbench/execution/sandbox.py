"""The sandbox of a run: what it may read and write, and how its process gives up the rest before any plugin's code.

Reading: libraries (`library_files.py`), what its job names, and what its user has declared. Writing: the job's folder.
Beside files, where the kernel can: no TCP, and no signal to processes that it has not started.
"""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tlbench.errors import TlbenchError
from tlbench.execution import landlock
from tlbench.execution.landlock import READ, WRITE, Rule
from tlbench.execution.library_files import downloaded_weights, library_rules, outlines, process_rules

Mode = Literal["auto", "require", "off"]
#: What a worker is told: paths by what they are for, and the ABI.
Order = dict[str, Any]
#: What a run is told that met the sandbox.
HINT = (
    "the run is in a sandbox, which lets it read libraries and what its job names, write in its own folder, and use no "
    "network; name what else it needs with --allow-read PATH, or run without it: --sandbox off"
)
#: Set in a process that has entered it: what its errors go by, and nothing that holds anybody.
INSIDE = "TLBENCH_SANDBOX"


@dataclass(frozen=True)
class Sandbox:
    """Whether runs have a sandbox here. `abi` is of the kernel's Landlock, 0 where they have none; `why` says why."""

    abi: int
    why: str
    #: Paths that the user lets runs read beside those of their jobs.
    readable: tuple[str, ...] = ()

    def order(
        self, reads: Iterable[str], folder: Path, hidden: Sequence[Path], opened: Iterable[str] = ()
    ) -> Order | None:
        """What a worker is told of it; None where there is none.

        `reads` are the job's inputs and `folder` is its own; `hidden` paths are never open as part of a library.
        `opened` are places that all such paths of a session lie in.
        """
        if not self.abi:
            return None
        return {
            "abi": self.abi,
            "read": [*reads, *self.readable],
            "write": str(folder),
            "hidden": sorted({os.path.realpath(path) for path in hidden}),
            "open": [*opened, *self.readable],
        }

    @property
    def text(self) -> str:
        """As provenance and `tlbench doctor` have it."""
        return describe(self.abi) if self.abi else f"none ({self.why})"


def choose_sandbox(mode: str, readable: Iterable[Path] = ()) -> Sandbox:
    """What `--sandbox` and `--allow-read` ask for, on this kernel.

    Raises `TlbenchError` where it is required and cannot be had, and for a path that is not there.
    """
    paths = []
    for path in readable:
        if not path.exists():
            raise TlbenchError(f"--allow-read {str(path)!r}: there is no such file or folder")
        paths.append(str(path.resolve()))
    if mode not in ("auto", "require", "off"):
        raise TlbenchError(f"--sandbox {mode!r}: allowed are auto, require and off")
    if mode == "off":
        return Sandbox(0, "--sandbox off")
    version = landlock.abi()
    if not version:
        if mode == "require":
            raise TlbenchError(f"--sandbox require: {MISSING}; --sandbox auto runs without it")
        return Sandbox(0, MISSING)
    return Sandbox(version, f"{mode}: this kernel has Landlock", tuple(paths))


MISSING = "this system has no Landlock (Linux 5.13 or later, with landlock among the security modules that are on)"


def describe(abi: int) -> str:
    """What an ABI of Landlock takes away."""
    beside = ["TCP"] * (abi >= landlock.TCP_SINCE) + ["signals to other processes"] * (abi >= landlock.SIGNALS_SINCE)
    return f"landlock ABI {abi}: files{''.join(f', {what}' for what in beside)}"


def warm(order: Order) -> None:
    """Make ready, once, what all children have in common that are forked after this."""
    weights = downloaded_weights()  # asked each time: the host may have downloaded more
    _common(order["abi"], tuple(order["hidden"]), tuple(order["open"]), weights)
    outlines(tuple(order["hidden"]), weights)


def enter(order: Order) -> None:
    """Give up, for good, what `order` does not allow. Temporary files go into the job's folder from now on.

    Raises `OSError` where the kernel refuses: a run that should be in a sandbox is then not started.
    """
    temporary = Path(order["write"]) / "tmp"
    temporary.mkdir(exist_ok=True)
    for name in ("TMPDIR", "TEMP", "TMP"):
        os.environ[name] = str(temporary)
    tempfile.tempdir = None  # forget what was found before
    os.environ[INSIDE] = describe(order["abi"])
    weights = downloaded_weights()
    own: list[Rule] = [(path, READ) for path in order["read"]]
    own += [(order["write"], WRITE), *process_rules(), *outlines(tuple(order["hidden"]), weights)]
    common = _common(order["abi"], tuple(order["hidden"]), tuple(order["open"]), weights)
    exact = landlock.ruleset(own, order["abi"])
    landlock.enforce(common)
    landlock.enforce(exact)
    for made in (exact, *_SHARED):  # who holds one could add to it, for others that come
        os.close(made)
    _SHARED.clear()


#: Rulesets that children share, of all sessions that this process has served.
_SHARED: list[int] = []


@functools.cache
def _common(abi: int, hidden: tuple[str, ...], opened: tuple[str, ...], weights: tuple[str, ...]) -> int:
    """A ruleset of libraries, exactly, and of all that jobs of a session are given, roughly."""
    rules = [*library_rules(hidden, weights), ("/proc", READ), *((path, WRITE) for path in opened)]
    made = landlock.ruleset(rules, abi)
    _SHARED.append(made)
    return made


def hint(error: BaseException) -> str:
    """What to do about an error that the sandbox may have caused; nothing for another one."""
    seen: BaseException | None = error
    while seen is not None and INSIDE in os.environ:
        if isinstance(seen, PermissionError) or "Permission denied" in str(seen):
            return f" ({HINT})"
        seen = seen.__cause__ or seen.__context__
    return ""
