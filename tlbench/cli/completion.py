"""What a shell offers after TAB: names of suites, strategies, pairs and kinds. Imports no torch.

`tlbench --install-completion` puts it into the shell that it is typed in. A fault of a plugin or of a suite file is no
business of somebody who types: then there is nothing to offer.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import typer

Offered = list[tuple[str, str]]


def _quiet(offer: Callable[[typer.Context], Iterable[tuple[str, str]]]) -> Callable[[typer.Context, str], Offered]:
    def complete(ctx: typer.Context, incomplete: str) -> Offered:
        try:
            return [(name, about) for name, about in offer(ctx) if name.startswith(incomplete)]
        except (Exception, SystemExit):
            return []

    return complete


def _of_registry(kind: str) -> list[tuple[str, str]]:
    from tlbench.plugins.manager import plugin_host

    return [(entry.name, entry.summary) for entry in plugin_host().registries[kind]]


def _suites(ctx: typer.Context) -> Iterable[tuple[str, str]]:
    yield from _of_registry("suites")
    yield from ((str(path), "a suite file") for path in sorted(Path().glob("*.toml")) if path.name != "pyproject.toml")


def _strategies(ctx: typer.Context) -> Iterable[tuple[str, str]]:
    return _of_registry("strategies")


def _backbones(ctx: typer.Context) -> Iterable[tuple[str, str]]:
    return _of_registry("backbones")


def _pairs(ctx: typer.Context) -> Iterable[tuple[str, str]]:
    """The pairs of the suite that stands before."""
    from tlbench.data.dataset_loading import open_dataset
    from tlbench.plugins.manager import plugin_host
    from tlbench.suites.suite_file import read_suite

    host = plugin_host()
    suite = read_suite(_suite_named(ctx), host)
    domains = open_dataset(suite.dataset, suite.data, host).domains
    found = {_written(sources, target) for part in suite.part for sources, target in suite.pairs(part, domains)}
    return ((pair, "") for pair in sorted(found))


def _suite_named(ctx: typer.Context) -> str:
    """The word after the command. An option that waits for its value keeps the parser from saying it."""
    line = os.environ.get("_TYPER_COMPLETE_ARGS") or os.environ.get("COMP_WORDS", "")
    words = line.split()
    after = words[words.index(str(ctx.info_name)) + 1 :] if ctx.info_name in words else []
    return next((word for word in after if not word.startswith("-")), "")


def _written(sources: tuple[str, ...], target: str) -> str:
    return f"{'+'.join(sources)}:{target}"


suites, strategies, backbones, pairs = (_quiet(offer) for offer in (_suites, _strategies, _backbones, _pairs))
