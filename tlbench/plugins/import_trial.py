"""Plugins imported on trial in a process of their own, once for each state of their files.

A hook file that ends its process, crashes it or never comes to its end would take the host along with every command,
`tlbench list` too. What came to its end on trial, be it with an exception, is then imported here.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tlbench.errors import TlbenchError
from tlbench.files import cache_folder, write_whole
from tlbench.plugins.foreign_code import LIMIT_VARIABLE, time_limit
from tlbench.version import __version__

#: Set to 0 where plugins are imported without a trial, as in the processes of runs, which are guarded themselves.
VARIABLE = "TLBENCH_PLUGIN_TRIALS"
FINE = ""
_LARGEST = 10_000


def tried(modules: Sequence[tuple[str, str]]) -> dict[str, str]:
    """What is wrong with the import of each module, by its name; empty where it came to its end.

    `modules` are names with whatever tells their versions apart. Files of others that do not change are tried once.
    """
    if os.environ.get(VARIABLE, "") == "0" or not modules:
        return {}
    limit = time_limit()
    places = {name: _place(name, version, limit) for name, version in modules}
    found = {name: known for name, place in places.items() if (known := _known(place)) is not None}
    left = [name for name in places if name not in found]
    while left:
        found |= (ended := _try(left, limit))
        left = [name for name in left if name not in ended]
        for name, fault in ended.items():
            _remember(places[name], fault)
    return found


def _place(name: str, version: str, limit: float) -> Path:
    state = [name, version, sys.executable, sys.version, __version__, limit, sys.path, *_files(name)]
    digest = hashlib.sha256(json.dumps(state).encode("utf-8", "backslashreplace")).hexdigest()[:24]
    return cache_folder() / "plugin-trials" / f"{digest}.json"


def _files(name: str) -> Iterator[Any]:
    """Where the module should be, and the state of its files, found without importing anything."""
    top, *rest = name.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return
    folders = [Path(folder) for folder in (spec.submodule_search_locations or [])] if spec else []
    paths = [Path(spec.origin)] if spec and spec.origin else []
    for folder in folders:
        inner = folder.joinpath(*rest)
        paths += [inner.with_suffix(".py"), inner / "__init__.py"]
    for path in paths:
        with contextlib.suppress(OSError):
            there = path.stat()
            yield [str(path), there.st_mtime_ns, there.st_size]


def _known(place: Path) -> str | None:
    try:
        found = json.loads(place.read_bytes()[:_LARGEST])["fault"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if isinstance(found, str) else None


def _remember(place: Path, fault: str) -> None:
    with contextlib.suppress(TlbenchError, OSError):  # then it is tried again
        write_whole(place, lambda to: to.write_text(json.dumps({"fault": fault})))


def _try(names: Sequence[str], limit: float) -> dict[str, str]:
    """What is wrong with the first of the modules, and of the others those that its process came to."""
    reads, writes = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
         "from tlbench.plugins.import_trial import main; main(int(sys.argv[2]), sys.argv[3:])",
         json.dumps(sys.path), str(writes), *names],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, VARIABLE: "0"}, pass_fds=[writes], start_new_session=True,
    )  # fmt: skip
    os.close(writes)
    try:
        ended, late = _listen(reads, len(names), limit)
        if ended == len(names):
            return dict.fromkeys(names, FINE)
        return dict.fromkeys(names[:ended], FINE) | {names[ended]: _fault(process, late, limit)}
    finally:
        os.close(reads)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _listen(reads: int, count: int, limit: float) -> tuple[int, bool]:
    """How many modules came to their end, and whether the next one took too long."""
    ended, until = 0, time.monotonic() + limit
    with selectors.DefaultSelector() as selector:
        selector.register(reads, selectors.EVENT_READ)
        while ended < count:
            if not selector.select(max(0.0, until - time.monotonic())):
                return ended, True
            said = os.read(reads, 64)
            if not said:
                return ended, False
            ended, until = ended + len(said), time.monotonic() + limit
    return ended, False


def _fault(process: subprocess.Popen[bytes], late: bool, limit: float) -> str:
    if late:
        return f"its import did not end within {limit:g} s; mend it, or allow more with {LIMIT_VARIABLE}"
    with contextlib.suppress(subprocess.TimeoutExpired):
        code = process.wait(5.0)
        how = f"with exit code {code}" if code >= 0 else f"by {signal.Signals(-code).name}"
        return f"its import ended the process {how}"
    return "its import ended the process"


def main(channel: int, names: Sequence[str]) -> None:
    """Import each module and let it register into nothing; a byte for each that came to its end."""
    os.set_inheritable(channel, False)
    for name in names:
        with contextlib.suppress(Exception, SystemExit):
            module = importlib.import_module(name)
            for hook, implementation in list(vars(module).items()):
                if hook.startswith("tlbench_register_"):
                    with contextlib.suppress(Exception, SystemExit):
                        implementation(lambda *_, **__: None)
        os.write(channel, b".")
    os._exit(0)
