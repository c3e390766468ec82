"""`tlbench plugins`: every plugin, where it comes from, and whether it could be loaded."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from tlbench.cli import options


def plugins(
    plugin: options.PluginFiles = None,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Show tracebacks of failed plugins.")] = False,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> int:
    """Show every plugin with its distribution, version, hooks and status."""
    from tlbench.plugins.manager import plugin_host

    found = plugin_host(options.files(plugin)).plugins
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], indent=1))
        return 0
    from tabulate import tabulate

    rows = [
        [p.name, p.distribution, p.version, ", ".join(h.removeprefix("tlbench_") for h in p.hooks), p.status]
        for p in found
    ]
    typer.echo(tabulate(rows, headers=["plugin", "distribution", "version", "hooks", "status"]))
    if verbose:
        for one in found:
            if one.details:
                typer.echo(f"\n{one.name}:\n{one.details}")
    return 0
