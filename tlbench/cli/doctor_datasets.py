"""What `tlbench doctor` says of named datasets: where their data are, or what to do to get them."""

from __future__ import annotations

import textwrap

import typer

from tlbench.core.domain import DataLocation
from tlbench.data.dataset_loading import open_dataset, plugin_errors
from tlbench.errors import TlbenchError
from tlbench.plugins.manager import PluginHost

_WIDTH = 120
_INDENT = 30


def describe(host: PluginHost) -> list[str]:
    """A line for everything that a dataset is made of; what is not there is no fault. Returns faults of datasets."""
    faults = []
    typer.echo("data of the named datasets:")
    for name in host.registries["datasets"].names:
        if name.endswith(":"):  # what it reads is named by the user
            continue
        try:
            with plugin_errors(f"dataset {name!r} cannot be opened"):
                for words in _words(name, host):
                    typer.echo(_wrapped(words))
        except TlbenchError as error:
            faults.append(str(error))
    return faults


def _words(name: str, host: PluginHost) -> list[str]:
    found = open_dataset(name, {}, host).whereabouts() or [DataLocation(True, "with its plugin")]
    return [f"  {name:17} {'found' if data.there else 'not here':8}  {data.words}" for data in found]


def _wrapped(words: str) -> str:
    """Lines of a like length, in which paths and addresses stay whole."""
    indent = " " * _INDENT
    return textwrap.fill(words, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
