"""`tlbench list`: what is installed. Reads names only: no plugin's own module is imported."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from tlbench.cli import options
from tlbench.cli.plain_output import note
from tlbench.errors import TlbenchError, unknown
from tlbench.plugins.registry import Entry
from tlbench.version import __version__

#: What is listed beside what plugins offer.
VALIDATORS = "validators"

EPILOG = """Examples:

  tlbench list

  tlbench list strategies --json

  tlbench list validators

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
    """List strategies, datasets, backbones, suites, metrics, renderers (table formats) and validators.

    Validators are the selection protocols that a suite may name.
    """
    from tlbench.plugins.manager import KINDS, plugin_host

    kinds = (*KINDS, VALIDATORS)
    if kind is not None and kind not in kinds:
        raise TlbenchError(unknown("kind", kind, kinds))
    host = plugin_host(options.files(plugin))
    wanted = [kind] if kind else kinds
    rows = {name: _validators() if name == VALIDATORS else list(host.registries[name]) for name in wanted}
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


def _validators() -> list[Entry]:
    """What chooses a model, with what it chooses by."""
    from tlbench.evaluation.selection import DESCRIPTIONS

    return [Entry(name, name, why, "tlbench", __version__, builtin=True) for name, why in DESCRIPTIONS.items()]
