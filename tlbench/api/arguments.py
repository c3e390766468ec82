"""What callers may write in several ways, brought into one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlbench.errors import TlbenchError, unknown

if TYPE_CHECKING:
    from tlbench.execution.stored_runs import Reuse
    from tlbench.runner.prepare import RunOptions

#: A name or glob, or several; numbers for seeds and shots.
Globs = str | int | Iterable[str | int] | None


def several(given: Any) -> list[Any]:
    """One thing, or several, as a list; None is none."""
    if given is None:
        return []
    one = isinstance(given, str | Path | int | type) or not isinstance(given, Iterable)
    return [given] if one else list(given)


def globs(given: Globs) -> list[str]:
    """Names and globs as texts."""
    return [str(one) for one in several(given)]


def filters_of(**given: Globs) -> dict[str, Sequence[str]]:
    """The filters that were given."""
    return {name: globs(value) for name, value in given.items() if several(value)}


def whole_number(name: str, given: int | None) -> int | None:
    """A number from 1 on, or None. Raises `TlbenchError` that names it for anything else."""
    if given is not None and (not isinstance(given, int) or given < 1):
        raise TlbenchError(f"{name}={given!r}: give a whole number from 1 on")
    return given


def conditions_of(
    reuse: str,
    timeout: str | float | None,
    memory: str | None,
    max_failures: int | None = None,
    sandbox: str = "auto",
    allow_read: Any = None,
    pass_env: Globs = (),
) -> RunOptions:
    """What the options of these names say. Raises `TlbenchError` for what they do not allow."""
    from tlbench.cli.options import sandbox_of, seconds, size
    from tlbench.runner.prepare import RunOptions

    kept: Mapping[str, Reuse] = {"failed": "failed", "always": "always", "never": "never"}
    if reuse not in kept:
        raise TlbenchError(unknown("reuse", str(reuse), kept))
    limit = seconds(None if timeout is None else str(timeout))
    confined = sandbox_of(sandbox, [Path(one).expanduser() for one in several(allow_read)])
    passed, most = tuple(globs(pass_env)), whole_number("max_failures", max_failures)
    return RunOptions(
        reuse=kept[reuse], timeout=limit, memory=size(memory), max_failures=most, pass_env=passed, **confined
    )


@contextmanager
def data_from(folder: str | Path | None) -> Iterator[None]:
    """Let a folder stand in for `TLBENCH_DATA` meanwhile. Raises `TlbenchError` where there is no such folder."""
    from tlbench.cli.options import use_data

    before = os.environ.get("TLBENCH_DATA")
    try:
        use_data(None if folder is None else Path(folder))
        yield
    finally:
        if before is not None:
            os.environ["TLBENCH_DATA"] = before
        elif folder is not None:
            os.environ.pop("TLBENCH_DATA", None)
