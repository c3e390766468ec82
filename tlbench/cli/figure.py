"""`tlbench figure KIND SUITE -o FILE`: a figure for a paper, from stored records. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tlbench.cli import options
from tlbench.cli.leaderboard import suite_folder

EPILOG = """Examples:

  tlbench figure heatmap digits --setting transductive -o gaps.pdf

  tlbench figure frontier digits --setting inductive --metric macro_f1 -o frontier.pdf

  tlbench figure cd leaderboards/amazon-bow -o ranks.svg

  tlbench figure curves digits --setting transductive --pair uci:syn -o curves.pdf

  tlbench figure shots my-suite -o shots.pdf

  tlbench figure shots my-suite --pair '*:north' -o north.pdf

  tlbench figure embedding digits --setting transductive --pair uci:uci_m -o map.pdf

heatmap: gaps of each strategy, sources against targets.

frontier: score against training time.

cd: critical-difference diagram of average ranks; needs ten pairs.

curves: loss and source validation accuracy over steps.

shots: score over label budgets, one line per strategy, over all pairs and for each target. Needs at least two budgets,
such as shots = [5, 20, "all"]. References that see other labels are dashed.

embedding: source and target features in two dimensions, for source-only and a strategy. Records hold no features, so
these runs are repeated; give the suite's name or file, not its results. --selection and --metric have no effect here.
Colours are classes, dots are source items, crosses are target items. d_A is the proxy A-distance of the features: 0 if
no linear classifier separates the domains, 2 if one separates them without error.

Figures are one column wide with embedded fonts. FILE's extension sets the format: .pdf, .svg, .eps or .png."""


def figure(
    kind: Annotated[str, typer.Argument(metavar="heatmap|frontier|cd|curves|shots|embedding", help="Kind of figure.")],
    suite: options.SuiteName,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="Output file.")],
    results: options.Results = options.RESULTS,
    metric: Annotated[str | None, typer.Option(help="The metric (default: the suite's first).")] = None,
    selection: Annotated[str | None, typer.Option(help="A selection protocol (default: the suite's).")] = None,
    strategy: options.StoredStrategies = None,
    pair: options.Pairs = None,
    backbone: options.Backbones = None,
    seed: options.Seeds = None,
    setting: options.Settings = None,
    shots: options.Shots = None,
    device: options.Device = "auto",
    workers: options.Workers = None,
    data: options.Data = None,
    plugin: options.PluginFiles = None,
    debug: options.Debug = False,
) -> int:
    """Draw a figure of a suite's stored records, for a paper."""
    from tlbench.figures.figure import format_of, write_figure

    format_of(out)
    asked = options.filters(strategy=strategy, pair=pair, backbone=backbone, seed=seed, setting=setting, shots=shots)
    if kind == "embedding":
        options.use_data(data)
        shown, title = _of_runs(suite, options.files(plugin, suite), asked, device, workers)
    else:
        shown, title = _of_records(kind, suite_folder(suite, results), metric, selection, asked)
    write_figure(out, kind, shown, title)
    typer.echo(out)
    return 0


def _of_records(
    kind: str, folder: Path, metric: str | None, selection: str | None, filters: Mapping[str, list[str]]
) -> tuple[Mapping[str, Any], str]:
    """What is shown of stored records, and its title."""
    from tlbench.figures.figure import figure_of
    from tlbench.leaderboard.analysis.result_set import load_result_set

    shown = figure_of(kind, load_result_set(folder), metric, selection, filters, "--{}")
    return shown.data, shown.title


def _of_runs(
    suite: str, files: tuple[str, ...], filters: Mapping[str, list[str]], device: str, workers: int | None
) -> tuple[Mapping[str, Any], str]:
    """What is shown of runs that are made again, and its title."""
    from tlbench.cli.progress import listener
    from tlbench.runner.prepare import Request
    from tlbench.verification.rerun_features import embedding_of

    request = Request(suite=suite, plugin_files=files, filters=filters, device=device, workers=workers)
    with listener(quiet=False, verbose=False) as heard:
        return embedding_of(request, heard)
