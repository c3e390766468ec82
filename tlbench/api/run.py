"""`tlbench.run`: a suite from Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tlbench.api.arguments import Globs, data_from, filters_of, globs, several
from tlbench.api.main_guard import check_caller

if TYPE_CHECKING:
    from tlbench.api.results import Results
    from tlbench.core.strategy import Strategy
    from tlbench.runner.prepare import Request, RunOptions


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
    max_failures: int | None = None,
    deterministic: bool = False,
    precision: Literal["float32", "tf32", "bf16"] | None = None,
    trust_remote_code: str | Sequence[str] = (),
    sandbox: Literal["auto", "require", "off"] = "auto",
    allow_read: str | Path | Sequence[str | Path] = (),
    pass_env: str | Sequence[str] = (),
    progress: bool = True,
) -> Results:
    """Run what is missing of a suite: a built-in name, a TOML file, or a dict with the keys of one.

    `strategies` are names and globs as of `--strategy`, and classes: each is written out as a plugin file and is had
    even where the suite does not name it. The other names are those of the command line's options; `overrides` are
    `strategy.parameter=value` as of `--set`; `timeout` is of each run, in seconds or as `10m`, and so is `memory`, as
    `8GiB`; `max_failures` runs that fail stop the rest; `sandbox` and `allow_read` are as of `--sandbox` and
    `--allow-read`. Runs that fail raise nothing: they are in `failed` of what is given back. Raises `TlbenchError` with
    everything that is wrong with what was asked for, for a class that no other process can have, and in a run's own
    process.
    """
    check_caller()
    from tlbench.api.arguments import conditions_of, whole_number

    conditions = conditions_of(reuse, timeout, memory, max_failures, sandbox, allow_read, pass_env)
    how = {"device": device, "workers": whole_number("workers", workers), "threads": whole_number("threads", threads)}
    filters = {"pair": pairs, "backbone": backbones, "seed": seeds, "setting": settings}
    with data_from(data):
        asked = _asked(
            suite,
            several(strategies),
            several(plugins),
            filters,
            overrides=tuple(globs(overrides)),
            deterministic=deterministic,
            precision=precision,
            trusted=tuple(globs(trust_remote_code)),
            **how,
        )
        return _carried_out(asked, Path(results), conditions, progress)


@dataclass(frozen=True)
class _RunRequest:
    """A request, and the file in which a suite that was given as a dict was written; None for any other."""

    request: Request
    written: Path | None


def _asked(
    suite: str | Path | Mapping[str, Any],
    strategies: list[Any],
    plugins: list[Any],
    filters: Mapping[str, Globs],
    **options: Any,
) -> _RunRequest:
    """Write out what no other process has, and name it. `options` are those of `Request`."""
    from tlbench.api.plugin_files import current
    from tlbench.api.strategy_classes import handed_over
    from tlbench.api.suite_dict import written_suite
    from tlbench.runner.prepare import Request

    handed = handed_over(strategies, current(plugins, suite))
    written = written_suite(suite, handed.name) if isinstance(suite, Mapping) else None
    chosen = filters_of(strategy=[handed.name(one) for one in strategies], **filters)
    files = tuple(handed.files)
    return _RunRequest(Request(suite=str(written or suite), plugin_files=files, filters=chosen, **options), written)


def _carried_out(asked: _RunRequest, results: Path, conditions: RunOptions, progress: bool) -> Results:
    from tlbench.api.progress import listener
    from tlbench.api.results import Results
    from tlbench.api.suite_dict import told_of_the_dict
    from tlbench.records.provenance import say_command
    from tlbench.runner.run_suite import result_set_of, run_suite

    say_command(f"tlbench.run({'a dict' if asked.written else repr(asked.request.suite)})")
    with told_of_the_dict(asked.written) if asked.written else nullcontext(), listener(progress) as heard:
        done = run_suite(asked.request, results, conditions, heard)
    folder = done.folder.folder
    return Results(folder, result_set_of(folder, done.plan, done.stored), done.records, asked.request.plugin_files)
