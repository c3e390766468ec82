"""Options that several commands share, and what is read from them."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tlbench.cli import completion
from tlbench.cli.plain_output import note
from tlbench.core.byte_sizes import bytes_of
from tlbench.errors import TlbenchError

RESULTS = Path("results")
PORT = 8642
#: A one-file plugin of this name belongs to the suite files of its folder.
BESIDE_SUITE = "tlbenchfile.py"

SuiteName = Annotated[
    str,
    typer.Argument(help="A built-in suite (`tlbench list suites`) or a TOML file.", autocompletion=completion.suites),
]
Results = Annotated[Path, typer.Option("--results", metavar="DIR", help="Folder of the records.")]
PluginFiles = Annotated[
    list[Path] | None, typer.Option("--plugin", metavar="FILE.py", help="Load a plugin from a file.")
]
Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Folder of public data; overrides TLBENCH_DATA.")
]
Strategies = Annotated[
    list[str] | None,
    typer.Option(
        "--strategy",
        metavar="GLOB",
        help="Only these variants; adds an installed strategy that the suite does not list.",
        autocompletion=completion.strategies,
    ),
]
Pairs = Annotated[
    list[str] | None,
    typer.Option("--pair", metavar="GLOB", help="Only these pairs, as in uci:syn.", autocompletion=completion.pairs),
]
Backbones = Annotated[
    list[str] | None,
    typer.Option("--backbone", metavar="GLOB", help="Only these backbones.", autocompletion=completion.backbones),
]
Seeds = Annotated[list[str] | None, typer.Option("--seed", metavar="GLOB", help="Only these seeds.")]
Settings = Annotated[list[str] | None, typer.Option("--setting", metavar="GLOB", help="Only these settings.")]
Shots = Annotated[
    list[str] | None, typer.Option("--shots", metavar="GLOB", help="Only these label budgets, as in 5 or all.")
]
#: Of stored records, to which nothing is added.
StoredStrategies = Annotated[
    list[str] | None,
    typer.Option(
        "--strategy",
        metavar="GLOB",
        help="Only these variants and the references.",
        autocompletion=completion.strategies,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="STRATEGY.PARAMETER=VALUE", help="Set a parameter of a strategy."),
]
TrustRemoteCode = Annotated[
    list[str] | None,
    typer.Option("--trust-remote-code", metavar="NAME", help="Allow this backbone to run code from the network."),
]
SuiteOfRun = Annotated[
    str | None,
    typer.Option("--suite", metavar="SUITE", help="Suite of the run, if its plan does not name the data."),
]
RunCode = Annotated[
    bool,
    typer.Option(
        "--run-code",
        help="Run tlbenchfile.py of a suite that is published or outside this folder; read it first.",
    ),
]
PassEnv = Annotated[
    list[str] | None,
    typer.Option(
        "--pass-env", metavar="NAME", help="Pass this environment variable to runs (repeatable; globs allowed)."
    ),
]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="table|markdown|csv|latex|html|json",
        help="Output format (see `tlbench list renderers`).",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]
Device = Annotated[str, typer.Option("--device", metavar="auto|cpu|cuda[:N]", help="Device to train on.")]
Workers = Annotated[
    int | None,
    typer.Option("--workers", min=1, metavar="N", help="Number of runs at once (default: one per core; one on CUDA)."),
]
Threads = Annotated[int | None, typer.Option("--threads", min=1, metavar="N", help="Threads per run (default 1).")]
SandboxMode = Annotated[
    str,
    typer.Option(
        "--sandbox",
        metavar="auto|require|off",
        help="Confine each run: it reads only libraries and its own inputs, and writes only to its own folder (auto: "
        "if the kernel supports it; require: fail if it does not).",
    ),
]
AllowRead = Annotated[
    list[Path] | None,
    typer.Option("--allow-read", metavar="PATH", help="Let sandboxed runs also read this file or folder."),
]
Port = Annotated[
    int, typer.Option("--port", min=0, max=65535, metavar="N", help="Port to serve on; 0 picks a free one.")
]
Deterministic = Annotated[
    bool, typer.Option("--deterministic", help="Use only deterministic operations (slower on CUDA).")
]

_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: str | None) -> float | None:
    """`90`, `5s`, `10m` or `2h` in seconds. Raises `TlbenchError` for anything else."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    if not match or float(match[1]) <= 0:
        raise TlbenchError(f"--timeout {text!r}: write a positive time as 90, 5s, 10m or 2h")
    return float(match[1]) * _SECONDS[match[2]]


def size(text: str | None) -> int | None:
    """`8GiB` or `500MiB` in bytes. Raises `TlbenchError` for anything else."""
    return None if text is None else bytes_of(text, "--memory")


def sandbox_of(mode: str, readable: Sequence[Path] | None) -> dict[str, Any]:
    """`--sandbox` and `--allow-read`, checked before anything is planned, as a run's conditions have them."""
    from tlbench.execution.sandbox import choose_sandbox

    choose_sandbox(mode, readable or ())
    return {"sandbox": mode, "readable": tuple(path.resolve() for path in readable or ())}


def filters(**asked: list[str] | None) -> dict[str, list[str]]:
    """The globs that were given, by what they filter."""
    return {name: globs for name, globs in asked.items() if globs}


def in_words(filters: Mapping[str, Sequence[str]]) -> str:
    """Filters as they were typed, for what is shown of them: `--pair a:b --seed 0`."""
    return " ".join(f"--{name} {shlex.quote(glob)}" for name, globs in filters.items() for glob in globs)


def use_data(folder: Path | None) -> None:
    """Let `--data` stand in for `TLBENCH_DATA`, for this process and those it starts."""
    if folder is None:
        return
    if not folder.is_dir():
        raise TlbenchError(f"--data {str(folder)!r} is no folder; name one that holds public data")
    os.environ["TLBENCH_DATA"] = str(folder.resolve())


def files(paths: Sequence[Path] | None, suite: str = "", run_code: bool = False) -> tuple[str, ...]:
    """Absolute paths of one-file plugins, since workers run elsewhere; `tlbenchfile.py` beside a suite file is one.

    That one is code which came with the suite: it runs where it lies in the working folder, and is the user's own, or
    where `run_code` asks for it. Where it does not, a line says so.
    """
    beside = Path(suite).parent / BESIDE_SUITE
    given = [path.resolve() for path in paths or ()]
    if not suite.endswith(".toml") or not beside.is_file() or beside.resolve() in given:
        found = given
    elif run_code or _is_own(beside.parent):
        found = [beside.resolve(), *given]
    else:
        note(
            f"{beside} is code that came with the suite, and does not run: it lies outside the working folder. "
            f"Read it; then --run-code where a command has it, or --plugin {beside}"
        )
        found = given
    return tuple(dict.fromkeys(str(path) for path in found))


def _is_own(folder: Path) -> bool:
    """Whether a folder is the working folder, and nothing that somebody has published or submitted."""
    from tlbench.records.published_records import RECORDS_FILE

    came = any((folder / name).exists() for name in (RECORDS_FILE, "submission.json"))
    return folder.resolve() == Path.cwd().resolve() and not came
