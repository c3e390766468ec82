"""`tlbench check PLUGIN`: the conformance checks, with what to do about each that fails."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tlbench.cli import options
from tlbench.cli.plain_output import note
from tlbench.errors import TlbenchError, unknown
from tlbench.plugins.registry import NEEDED, OPTIONAL, WRITTEN

if TYPE_CHECKING:
    from tlbench.plugins.manager import PluginHost
    from tlbench.testing.check import Check, Outcome

EPILOG = """Examples:

  tlbench check dann                      a strategy, by its name

  tlbench check my_strategy.py            everything that a one-file plugin registers

  tlbench check tlbench-mixup-da          everything that an installed package registers

  tlbench check mlp:16 --kind backbone    a backbone with its argument

  tlbench check dann -k 'runs-*' -k seed

To run the checks in your own tests, use tlbench.testing.parametrize_with_checks.

Exit code: 0 no check failed, 1 some failed, 2 no such plugin."""


@dataclass(frozen=True)
class _Named:
    kind: str
    name: str


def check(
    plugin: Annotated[str, typer.Argument(help="A name that `tlbench list` shows, a package, or a FILE.py.")],
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="|".join(WRITTEN), help="Kind of plugin, if several have this name.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("-k", metavar="GLOB", help="Run only checks whose name contains or matches this."),
    ] = None,
    files: options.PluginFiles = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> int:
    """Run the conformance checks of a plugin on small synthetic data."""
    from tlbench.plugins.manager import plugin_host
    from tlbench.testing.checks_by_kind import checks_of

    if kind is not None and kind not in WRITTEN:
        raise TlbenchError(unknown("kind", kind, WRITTEN))
    own = [Path(plugin)] if plugin.endswith(".py") else []
    host = plugin_host(options.files([*own, *(files or [])]))
    named = [one for one in _named(plugin, own, host) if kind in (None, one.kind)]
    if not named:
        raise TlbenchError(f"{plugin!r} offers nothing of the kind {kind!r}" if kind else _unfound(plugin, host))
    found = [one for each in named for one in checks_of(each.kind, each.name, host)]
    chosen = [one for one in found if not only or any(_fits(one.name, glob) for glob in only)]
    if not chosen:
        raise TlbenchError(
            f"-k {' '.join(only or [])}: {unknown('check', (only or [''])[0], {one.name for one in found})}"
        )
    outcomes = _outcomes(chosen, as_json)
    if as_json:
        typer.echo(json.dumps([_plain(one) for one in outcomes], indent=1))
    else:
        _report(outcomes)
    return 1 if any(one.status == "failed" for one in outcomes) else 0


def _named(plugin: str, own: Sequence[Path], host: PluginHost) -> list[_Named]:
    """What is meant: an entry of that name, or all entries of a plugin, a package, or a file."""
    by_kind = {kind: host.registries[plural] for kind, plural in WRITTEN.items()}
    if not own and (direct := [_Named(kind, plugin) for kind in WRITTEN if plugin in by_kind[kind]]):
        return direct
    names = {Path(plugin).stem} if own else {plugin}
    plugins = {
        one.name for one in host.plugins if names & {one.name, one.distribution} or one.distribution in map(str, own)
    }
    entries = [(kind, entry.name) for kind in WRITTEN for name in sorted(plugins) for entry in by_kind[kind].of(name)]
    for kind, name in entries:
        if name.endswith(NEEDED):
            note(f"not checked: the {kind} {name!r}, which needs an argument: tlbench check {name}…")
    return [_Named(kind, name.removesuffix(OPTIONAL)) for kind, name in entries if not name.endswith(NEEDED)]


def _unfound(plugin: str, host: PluginHost) -> str:
    broken = [one for one in host.failures() if plugin in (one.name, one.distribution)]
    if broken:
        return f"plugin {plugin!r} {broken[0].status}\n{broken[0].details}"
    known = {entry.name for plural in WRITTEN.values() for entry in host.registries[plural]}
    said, _, _ = unknown("plugin", plugin, known | {one.name for one in host.plugins}).partition(" Known: ")
    return f"{said} `tlbench list` and `tlbench plugins` show what there is, and FILE.py is a plugin of one file"


def _outcomes(checks: Sequence[Check], quiet: bool) -> list[Outcome]:
    """Run them, with a bar where somebody watches."""
    import sys

    from tlbench.testing.check import outcome

    if quiet or not sys.stderr.isatty():
        return [outcome(one) for one in checks]
    from rich.console import Console
    from rich.progress import track

    return [outcome(one) for one in track(checks, "checking", console=Console(stderr=True), transient=True)]


def _report(outcomes: Sequence[Outcome]) -> None:
    from tabulate import tabulate

    several = len({one.check.subject for one in outcomes}) > 1
    rows = [
        [
            f"{one.check.subject}: {one.check.name}" if several else one.check.name,
            one.status,
            one.message or one.check.about,
        ]
        for one in outcomes
    ]
    typer.echo(
        tabulate(rows, headers=["check", "", "what it asks; of a failure, what to do"], maxcolwidths=[None, None, 80])
    )
    counts = {status: sum(one.status == status for one in outcomes) for status in ("passed", "failed", "skipped")}
    seconds = sum(one.seconds for one in outcomes)
    typer.echo(f"\n{', '.join(f'{number} {status}' for status, number in counts.items())} in {seconds:.1f} s")


def _plain(one: Outcome) -> dict[str, object]:
    return {
        "subject": one.check.subject,
        "check": one.check.name,
        "status": one.status,
        "message": one.message,
        "seconds": round(one.seconds, 3),
    }


def _fits(name: str, glob: str) -> bool:
    return glob in name or fnmatch.fnmatchcase(name, glob)
