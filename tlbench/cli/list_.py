"""`tlbench list`: what is installed. Reads names only: no plugin's own module is imported."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from tlbench.cli import options
from tlbench.cli.plain_output import note
from tlbench.errors import TlbenchError, unknown

EPILOG = """Examples:

  tlbench list

  tlbench list strategies --json

If a dataset's name ends in a colon, add its path or repository after the colon. Set its options under [data] in the
suite. A Hugging Face dataset with one configuration per domain:

  dataset = "hub:OWNER/NAME"

  data = { label = "label", configurations = ["books", "dvd"] }

A Hugging Face dataset with a domain column:

  dataset = "hub:OWNER/NAME"

  data = { label = "stars", inputs = "text", domain = "category" }

To find the options for a dataset, run tlbench doctor hub:OWNER/NAME. For a local folder in the hub's layout, run
tlbench doctor ./FOLDER"""


def list_(
    kind: Annotated[
        str | None,
        typer.Argument(help="What to list (default: everything)."),
    ] = None,
    plugin: options.PluginFiles = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> int:
    """List strategies, datasets, backbones, suites, metrics and renderers (table formats)."""
    from tlbench.plugins.manager import KINDS, plugin_host

    if kind is not None and kind not in KINDS:
        raise TlbenchError(unknown("kind", kind, KINDS))
    host = plugin_host(options.files(plugin))
    rows = {name: list(host.registries[name]) for name in ([kind] if kind else KINDS)}
    if as_json:
        plain = {
            name: [{"name": e.name, "summary": e.summary, "plugin": e.plugin, "version": e.version} for e in entries]
            for name, entries in rows.items()
        }
        typer.echo(json.dumps(plain, indent=1))
        return 0
    width = max((len(entry.name) for entries in rows.values() for entry in entries), default=0)
    for name, entries in rows.items():
        typer.echo(f"{name}:")
        for entry in entries:
            origin = "" if entry.builtin else f"  [{entry.plugin}]"
            typer.echo(f"  {entry.name:{width}}  {entry.summary}{origin}")
    for broken in host.failures():
        note(f"plugin {broken.name!r} {broken.status} (tlbench plugins)")
    return 0
