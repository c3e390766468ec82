"""`tlbench new KIND NAME`: a plugin package to fill in."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from tlbench.cli import options
from tlbench.errors import TlbenchError, unknown

HERE = Path()

EPILOG = """Examples:

  tlbench new strategy mixup-da              tlbench-mixup-da/

  tlbench new strategy centroids --kind features   a classifier on frozen features

  tlbench new strategy coral-svm --kind fit        a method that implements fit itself, without gradient descent

  tlbench new dataset street-signs --out ..  ../tlbench-street-signs/

  tlbench new backbone tiny-net --author 'Ada Lovelace'

  tlbench new metric top-2

The package works unchanged: install it, and tlbench list shows it. "replace this" marks the code that you write.
Guides: docs/first-strategy.md for a loss, docs/strategy-by-fit.md for fit.

Exit code: 0 written; 2 nothing written: the name is taken or invalid, or the folder is not empty."""


def new(
    kind: Annotated[str, typer.Argument(help="strategy, dataset, backbone or metric.")],
    name: Annotated[str, typer.Argument(help="Lower-case words joined by '-', as in mixup-da.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Parent of tlbench-NAME/.")] = HERE,
    form: Annotated[
        str | None,
        typer.Option(
            "--kind",
            metavar="loss|features|fit",
            help="Kind of strategy: a loss to minimise (default), a classifier on frozen features, or your own fit.",
        ),
    ] = None,
    author: Annotated[str | None, typer.Option("--author", metavar="TEXT", help="Author of the package.")] = None,
    debug: options.Debug = False,
) -> int:
    """Write an installable plugin template with a test, tlbench-NAME/."""
    from tlbench.plugins.manager import plugin_host
    from tlbench.plugins.registry import WRITTEN
    from tlbench.scaffolding.package import FORMS, free_folder, rendered, write
    from tlbench.scaffolding.plugin_names import checked

    if kind not in WRITTEN:
        raise TlbenchError(unknown("kind", kind, WRITTEN))
    if form is not None and kind != "strategy":
        raise TlbenchError(f"--kind {form} is for a strategy; a {kind} is written in one way, so leave it out")
    if form is not None and form not in FORMS:
        raise TlbenchError(f"--kind {form!r}: {unknown('kind of strategy', form, FORMS)}")
    names = checked(kind, name, plugin_host())
    texts = rendered(names, WRITTEN[kind], author, form)
    folder = free_folder(out, names)
    write(folder, texts)
    for path in texts:
        typer.echo(f"  {folder / path}")
    typer.echo("Next:")
    for command in _next(kind, name, folder):
        typer.echo(f"  {command}")
    return 0


def _next(kind: str, name: str, folder: Path) -> list[str]:
    """What to type, to a first row of a table."""
    run = f"tlbench run quick --strategy {name}" if kind == "strategy" else "tlbench run suite.toml"
    return [f"cd {shlex.quote(str(folder))}", "pip install -e .", f"tlbench check {name}", run]
