"""`tlbench doctor SUITE.toml`: everything that is wrong with a suite and with its data, and what it would run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from tlbench.cli.detect_data import DetectedData
from tlbench.cli.doctor_path import Seen, describe, look
from tlbench.errors import Faults, TlbenchError
from tlbench.plugins.manager import PluginHost, plugin_host
from tlbench.suites.suite_file import read_plain, read_suite


def examine_suite(path: Path, plugin_files: tuple[str, ...]) -> int:
    """Report on a suite file and its data: exit 0 where it can run, 1 where something is to be mended.

    Raises `TlbenchError` for a file that cannot be read at all.
    """
    host = plugin_host(plugin_files)
    data = read_plain(str(path), host)
    faults = _suite_faults(path, host)
    found = _dataset(data, host)
    seen = Seen()
    typer.echo(f"{path}: a suite{f' on {found.name}' if found else ''}")
    if found:
        look(found, host, seen)
        describe(seen)
    # What opening the dataset has against its options, the suite's own faults say with their place.
    faults += [fault for fault in seen.faults if not any(fault in said for said in faults)]
    if not faults:
        faults = _planned(path, plugin_files)
    for fault in faults:
        typer.echo(f"fault: {fault}")
    typer.echo(f"{len(faults)} to mend" if faults else f"nothing stands in the way: tlbench run {path}")
    return 1 if faults else 0


def _suite_faults(path: Path, host: PluginHost) -> list[str]:
    try:
        read_suite(str(path), host, with_params=True)
    except Faults as error:
        return [f"{path}: {fault}" for fault in error.faults]
    return []


def _dataset(data: dict[str, Any], host: PluginHost) -> DetectedData | None:
    """The dataset that a suite names, where there is such a one."""
    name, options = data.get("dataset"), data.get("data", {})
    if not isinstance(name, str) or name not in host.registries["datasets"] or not isinstance(options, dict):
        return None
    return DetectedData(name, "the dataset of a suite", options)


def _planned(path: Path, plugin_files: tuple[str, ...]) -> list[str]:
    """Say what the suite would run; or the faults that only planning finds, such as a backbone for other inputs."""
    from tlbench.leaderboard.tables.cells import count
    from tlbench.runner.prepare import Request, prepare

    try:
        ready = prepare(Request(suite=str(path), plugin_files=plugin_files))
    except TlbenchError as error:
        return [str(error)]
    pairs = list(dict.fromkeys(cell.pair for cell in ready.whole.cells))
    runs = [run for run in ready.whole.runs.values() if run.skip is None]
    typer.echo(f"{count(len(runs), 'run')} on {count(len(pairs), 'pair')}: {', '.join(pairs)}")
    for reason in dict.fromkeys(f"{run.variant}: {run.skip}" for run in ready.whole.runs.values() if run.skip):
        typer.echo(f"skipped: {reason}")
    return []
