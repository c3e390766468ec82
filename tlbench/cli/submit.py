"""`tlbench submit SUITE`: a folder for a pull request; with --check, what such a folder has to pass."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tlbench.cli import options
from tlbench.cli.leaderboard import suite_folder
from tlbench.errors import TlbenchError

if TYPE_CHECKING:
    from tlbench.cli.preparing import Ready
    from tlbench.submission.checks import Submission

OUT = Path("submissions")
#: Of one check so many faults are listed.
SHOWN = 5

EPILOG = """Examples:

  tlbench submit digits --contributor 'Ada Lovelace'                submissions/digits/, from results/digits/

  tlbench submit my-suite.toml --plugin my.py --contributor 'Ada Lovelace' --note 'paper: https://…'

  tlbench submit submissions/digits --check                         what a pull request has to pass

The folder holds the records, predictions and plan, what is installed here, who made it, checksums, and where they were
named the suite file and one-file plugins. The check recomputes checksums, run keys, choices of checkpoints and scores,
plans the suite anew to see that nothing is left out, and makes --sample runs again, drawn anew at each check.

Exit code: 0 written, or every check is passed; 1 one is not; 2 the input is wrong."""


def submit(
    suite: Annotated[str, typer.Argument(help="A suite that was run; with --check, a folder that was submitted.")],
    check: Annotated[bool, typer.Option("--check", help="Check a submitted folder; write nothing.")] = False,
    contributor: Annotated[str | None, typer.Option(metavar="NAME", help="Who made the runs, as it is shown.")] = None,
    note: Annotated[str, typer.Option(metavar="TEXT", help="What readers should know: a paper, a link to code.")] = "",
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the folder goes.")] = OUT,
    results: options.Results = options.RESULTS,
    sample: Annotated[int, typer.Option(min=0, metavar="N", help="With --check: so many runs are made again.")] = 3,
    draw: Annotated[
        int | None, typer.Option(metavar="SEED", help="With --check: which runs (default: drawn by chance).")
    ] = None,
    device: options.Device = "auto",
    workers: options.Workers = None,
    data: options.Data = None,
    plugin: options.PluginFiles = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress.")] = False,
    debug: options.Debug = False,
) -> int:
    """Write a folder of results for a pull request, or check one."""
    options.use_data(data)
    if check:
        return _check(Path(suite), sample, draw, device, workers, plugin, quiet)
    if not (contributor or "").strip():
        raise TlbenchError("name who made the runs with --contributor NAME; it is shown beside them")
    return _write(suite, results, out, str(contributor), note, [Path(file) for file in options.files(plugin, suite)])


# ---- writing --------------------------------------------------------------------------------------------------------


def _write(suite: str, results: Path, out: Path, contributor: str, note: str, plugins: list[Path]) -> int:
    from tlbench.publishing.material import read_material
    from tlbench.submission.about import about
    from tlbench.submission.checks import CHECKS, Submission
    from tlbench.submission.folder import submission_files, write_submission

    material = read_material(suite_folder(suite, results))
    if out.exists() and not out.is_dir():
        raise TlbenchError(f"--out {str(out)!r} is a file; name a folder")
    folder = out / material.suite
    described = about(material.board, contributor, note)
    own = Path(suite) if suite.endswith(".toml") else None
    write_submission(folder, submission_files(material, described, own, plugins))
    failed = [name for name, of in CHECKS.items() if _say(name, of(Submission(folder)))]
    typer.echo(f"{folder}: {len(material.records)} records. `tlbench submit {folder} --check` says what it has to pass")
    return 1 if failed else 0


# ---- checking -------------------------------------------------------------------------------------------------------


def _check(
    folder: Path,
    sample: int,
    draw: int | None,
    device: str,
    workers: int | None,
    plugins: list[Path] | None,
    quiet: bool,
) -> int:
    from tlbench.submission.checks import CHECKS, Submission
    from tlbench.submission.folder import ABOUT_FILE

    if not (folder / ABOUT_FILE).is_file():
        raise TlbenchError(
            f"{str(folder)!r} is no submission: it has no {ABOUT_FILE}; `tlbench submit SUITE` writes one"
        )
    submission = Submission(folder)
    failed = [name for name, of in CHECKS.items() if _say(name, _or_damaged(of(submission)))]
    if failed:
        typer.echo("not checked: suite, data, scores, sample; mend what is said above first")
        return 1
    try:
        ready = _prepared(submission, device, workers, plugins)
    except TlbenchError as error:
        _say("suite", iter([f"it cannot be planned here: {error}"]))
        return 1
    return 0 if _check_here(submission, ready, sample, draw, quiet) else 1


def _check_here(submission: Submission, ready: Ready, sample: int, draw: int | None, quiet: bool) -> bool:
    from tlbench.submission.checks_here import CHECKS_HERE, Here

    here = Here(submission, ready)
    failed = [name for name, of in CHECKS_HERE.items() if _say(name, _or_damaged(of(here)))]
    if failed or not sample:
        typer.echo("not checked: sample" + ("; mend what is said above first" if failed else ""))
        return not failed
    return _sample_comes_out(submission, ready, sample, secrets.randbelow(2**31) if draw is None else draw, quiet)


def _sample_comes_out(submission: Submission, ready: Ready, sample: int, draw: int, quiet: bool) -> bool:
    from tlbench.cli.progress import listener
    from tlbench.leaderboard.renderers import render
    from tlbench.verification.again import all_reproduced, make_again, table_of
    from tlbench.verification.sampling import draw as drawn

    chosen = drawn(submission.records.values(), sample, draw)
    with listener(quiet, verbose=False) as heard:
        judged = make_again(submission.board, chosen, ready, heard, None)
    good = all_reproduced(judged)
    _say("sample", iter([] if good else [f"runs drawn with --draw {draw} do not come out"]))
    typer.echo(render([table_of(submission.board, judged)], "table"))
    return good


def _prepared(submission: Submission, device: str, workers: int | None, plugins: list[Path] | None) -> Ready:
    """The suite, from its submitted file where there is one, planned here as most of its runs were computed."""
    from tlbench.cli.preparing import Request, prepare
    from tlbench.submission.folder import PLUGINS_FOLDER, SUITE_FILE
    from tlbench.verification.again import compute_of, strategies_of

    own = submission.folder / SUITE_FILE
    files = plugins or sorted((submission.folder / PLUGINS_FOLDER).glob("*.py"))
    threads, deterministic = compute_of(list(submission.records.values()))
    name = str(own) if own.is_file() else submission.board.plan.suite
    added = strategies_of(submission.board)
    return prepare(
        Request(name, options.files(files, name), (), None, device, workers, threads, deterministic, added=added)
    )


def _or_damaged(faults: Iterator[str]) -> Iterator[str]:
    """A part that cannot be read is a fault as others are."""
    try:
        yield from faults
    except TlbenchError as error:
        yield str(error)


def _say(name: str, faults: Iterator[str]) -> bool:
    """A line for a check, and the first of its faults; whether there are any."""
    found = list(faults)
    typer.echo(f"{'FAILED' if found else 'passed'}  {name}")
    for fault in found[:SHOWN]:
        typer.echo(f"    {fault}")
    if len(found) > SHOWN:
        typer.echo(f"    and {len(found) - SHOWN} more")
    return bool(found)
