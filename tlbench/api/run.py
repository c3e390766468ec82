"""`tlbench.run`: a suite from Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tlbench.api.given import Globs, data_from, filters_of, globs, several
from tlbench.api.guard import check_caller
from tlbench.errors import TlbenchError, unknown

if TYPE_CHECKING:
    from tlbench.api.results import Results
    from tlbench.strategy import Strategy

_REUSE = ("failed", "always", "never")


def run(
    suite: str | Path | Mapping[str, Any],
    *,
    strategies: str | type[Strategy] | Iterable[str | type[Strategy]] = (),
    pairs: Globs = (),
    backbones: Globs = (),
    seeds: Globs = (),
    settings: Globs = (),
    results: str | Path = "results",
    device: str = "auto",
    workers: int | None = None,
    threads: int | None = None,
    timeout: str | float | None = None,
    data: str | Path | None = None,
    plugins: str | Path | Sequence[str | Path] = (),
    reuse: Literal["failed", "always", "never"] = "failed",
    overrides: str | Sequence[str] = (),
    memory: str | None = None,
    deterministic: bool = False,
    trust_remote_code: str | Sequence[str] = (),
    progress: bool = True,
) -> Results:
    """Run what is missing of a suite: a built-in name, a TOML file, or a dict with the keys of one.

    `strategies` are names and globs as of `--strategy`, and classes: each is written out as a plugin file and is had
    even where the suite does not name it. The other names are those of the command line's options; `overrides` are
    `strategy.parameter=value` as of `--set`; `timeout` is of each run, in seconds or as `10m`, and so is `memory`, as
    `8GiB`. Runs that fail raise nothing: they
    are in `failed` of what is given back. Raises `TlbenchError` with everything that is wrong with what was asked for,
    for a class that no other process can have, and in a run's own process.
    """
    check_caller()
    if reuse not in _REUSE:
        raise TlbenchError(unknown("reuse", str(reuse), _REUSE))
    for option, number in (("workers", workers), ("threads", threads)):
        if number is not None and (not isinstance(number, int) or number < 1):
            raise TlbenchError(f"{option}={number!r}: give a whole number from 1 on")

    from tlbench.api.handed import handed_over
    from tlbench.api.plugin_files import current
    from tlbench.api.progress import listener
    from tlbench.api.results import Results
    from tlbench.api.suite_text import told_of_the_dict, written_suite
    from tlbench.asked.preparing import Request
    from tlbench.asked.running import board_of, carry_out
    from tlbench.cli.options import seconds, size
    from tlbench.provenance import say_command

    limit = seconds(None if timeout is None else str(timeout))
    given = several(strategies)
    with data_from(data):
        handed = handed_over(given, current(several(plugins), suite))
        written = written_suite(suite, handed.name) if isinstance(suite, Mapping) else None
        chosen = filters_of(
            strategy=[handed.name(one) for one in given], pair=pairs, backbone=backbones, seed=seeds, setting=settings
        )
        files = tuple(handed.files)
        request = Request(
            str(written or suite),
            files,
            tuple(globs(overrides)),
            chosen,
            device,
            workers,
            threads,
            deterministic,
            tuple(globs(trust_remote_code)),
        )
        with told_of_the_dict(written) if written else nullcontext(), listener(progress) as heard:
            say_command(f"tlbench.run({'a dict' if written else repr(str(suite))})")
            done = carry_out(request, Path(results), reuse, limit, size(memory), heard)
    folder = done.folder.folder
    return Results(folder, board_of(folder, done.plan), done.records, files)
