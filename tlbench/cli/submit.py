"""`tlbench submit SUITE`: a folder for a pull request; with --check, what such a folder has to pass."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tlbench.cli import options
from tlbench.cli.leaderboard import suite_folder
from tlbench.errors import TlbenchError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tlbench.leaderboard.analysis.result_set import ResultSet
    from tlbench.submission.check_submission import CheckReport
    from tlbench.submission.local_checks import LocalSubmission

OUT = Path("submissions")
#: Of one check so many faults are listed.
SHOWN = 5

EPILOG = """Examples:

  tlbench submit digits --contributor 'Ada Lovelace'                submissions/digits/, from results/digits/

  tlbench submit my-suite.toml --plugin my.py --contributor 'Ada Lovelace' --note 'paper: https://…'

  tlbench submit submissions/digits --check                         run the checks that a pull request must pass

The folder holds the records, predictions, plan, installed packages, contributor and checksums. If you named a suite
file or one-file plugins, it holds these too.

--check recomputes checksums, run keys, checkpoint choices and the scores of predicted classes. It plans the suite again
to find missing or misplaced runs. It repeats --sample runs, drawn afresh at each check. Submitted code runs only with
--run-code: it could do anything, including tamper with the check.

Exit code: 0 written, or every check passed; 1 a check failed; 2 invalid input."""


def submit(
    suite: Annotated[str, typer.Argument(help="A suite with results; with --check, a submitted folder.")],
    check: Annotated[bool, typer.Option("--check", help="Check a submitted folder; write nothing.")] = False,
    contributor: Annotated[str | None, typer.Option(metavar="NAME", help="Contributor name to show.")] = None,
    note: Annotated[
        str, typer.Option(metavar="TEXT", help="Note for readers, such as a paper or a link to code.")
    ] = "",
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Parent of the submission folder.")] = OUT,
    results: options.Results = options.RESULTS,
    sample: Annotated[int, typer.Option(min=0, metavar="N", help="With --check: number of runs to repeat.")] = 3,
    draw: Annotated[
        int | None, typer.Option(metavar="SEED", help="With --check: seed of the sample (default: random).")
    ] = None,
    device: options.Device = "auto",
    workers: options.Workers = None,
    data: options.Data = None,
    plugin: options.PluginFiles = None,
    run_code: Annotated[
        bool, typer.Option("--run-code", help="With --check: run the submitted code; read it first.")
    ] = False,
    trust_remote_code: options.TrustRemoteCode = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Show no progress.")] = False,
    debug: options.Debug = False,
) -> int:
    """Write a folder of results for a pull request, or check one."""
    options.use_data(data)
    if check:
        files, trusted = options.files(plugin), tuple(trust_remote_code or ())
        asked = _RunRequest(sample, secrets.randbelow(2**31) if draw is None else draw, device, workers, files, trusted)
        return _check(Path(suite), asked, run_code, quiet)
    if not (contributor or "").strip():
        raise TlbenchError("name who made the runs with --contributor NAME; it is shown beside them")
    files = options.files(plugin, suite)
    return _write(suite, results, out, str(contributor), note, [Path(file) for file in files])


@dataclass(frozen=True)
class _RunRequest:
    """Which runs are made again, and how."""

    sample: int
    draw: int
    device: str
    workers: int | None
    files: tuple[str, ...]
    trusted: tuple[str, ...]


# ---- writing --------------------------------------------------------------------------------------------------------


def _write(suite: str, results: Path, out: Path, contributor: str, note: str, plugins: list[Path]) -> int:
    from tlbench.publishing.page_inputs import read_page_inputs
    from tlbench.submission.check_submission import check_files
    from tlbench.submission.contributor import about
    from tlbench.submission.file_checks import Submission
    from tlbench.submission.submission_folder import free_for, submission_files, write_submission

    source = suite_folder(suite, results)
    material = read_page_inputs(source)
    _refuse_absent_code(material.result_set, plugins)
    if out.exists() and not out.is_dir():
        raise TlbenchError(f"--out {str(out)!r} is a file; name a folder")
    folder = free_for(out / material.suite, source, contributor)
    described = about(material.result_set, contributor, note)
    own = Path(suite) if suite.endswith(".toml") else None
    write_submission(folder, submission_files(material, described, own, plugins))
    failed = _say_all(check_files(Submission(folder)))
    typer.echo(f"{folder}: {len(material.records)} records. `tlbench submit {folder} --check` says what it has to pass")
    if failed:
        typer.echo("as it is, it would not be accepted: mend what is said above, and write it again")
    return 1 if failed else 0


def _refuse_absent_code(result_set: ResultSet, plugins: list[Path]) -> None:
    """Raise `TlbenchError` where nobody could plan the suite: a strategy of a file that is not named."""
    from tlbench.plugins.manager import plugin_host
    from tlbench.verification.rerun import strategies_of

    host = plugin_host(tuple(map(str, plugins)))
    for name in strategies_of(result_set):
        if name not in host.registries["strategies"]:
            raise TlbenchError(f"the strategy {name!r} is not installed; name its file with --plugin, as in the run")


# ---- checking -------------------------------------------------------------------------------------------------------


def _check(folder: Path, asked: _RunRequest, run_code: bool, quiet: bool) -> int:
    from tlbench.submission.check_submission import CheckReport, check_files, code_of, prepared
    from tlbench.submission.file_checks import Submission
    from tlbench.submission.local_checks import LocalSubmission
    from tlbench.submission.submission_folder import ABOUT_FILE

    if not (folder / ABOUT_FILE).is_file():
        raise TlbenchError(
            f"{str(folder)!r} is no submission: it has no {ABOUT_FILE}; `tlbench submit SUITE` writes one"
        )
    submission = Submission(folder)
    if _say_all(check_files(submission)):
        return _ended("suite, plan, data, scores, sample")
    code = code_of(submission)
    if code and not asked.files and not run_code:
        listed = ", ".join(str(path) for path in code)
        raise TlbenchError(
            f"it brings code, which planning its suite would run here: {listed}. Read it; then --run-code, in a place "
            "without secrets, or --plugin FILE.py for a copy of your own"
        )
    files = asked.files or tuple(str(path.resolve()) for path in code)
    try:
        ready = prepared(submission, asked.device, asked.workers, files, asked.trusted)
    except TlbenchError as error:
        _say(CheckReport("suite", [f"it cannot be planned here: {error}"]))
        return _ended("plan, data, scores, sample")
    return _check_here(LocalSubmission(submission, ready), asked, quiet)


def _check_here(here: LocalSubmission, asked: _RunRequest, quiet: bool) -> int:
    from tlbench.submission.check_submission import check_here

    if _say_all(check_here(here)):
        return _ended("sample")
    if not asked.sample:
        typer.echo("not checked: sample\nevery other check is passed")
        return 0
    if not _sample_comes_out(here, asked, quiet):
        return 1
    typer.echo("every check is passed")
    return 0


def _sample_comes_out(here: LocalSubmission, asked: _RunRequest, quiet: bool) -> bool:
    from tlbench.cli.progress import listener
    from tlbench.leaderboard.renderers import render
    from tlbench.submission.check_submission import CheckReport
    from tlbench.verification.rerun import all_reproduced, make_again, table_of
    from tlbench.verification.run_sample import draw as drawn

    chosen = drawn(here.submission.records.values(), asked.sample, asked.draw)
    with listener(quiet, verbose=False) as heard:
        try:
            judged = make_again(here.submission.result_set, chosen, here.ready, heard, None)
        except (TypeError, ValueError, AttributeError, KeyError) as error:  # of what a record says of where it ran
            _say(CheckReport("sample", [f"it holds what cannot be compared ({type(error).__name__}: {error})"]))
            return False
    good = all_reproduced(judged)
    _say(CheckReport("sample", [] if good else [f"runs drawn with --draw {asked.draw} do not come out"]))
    typer.echo(render([table_of(here.submission.result_set, judged)], "table"))
    return good


def _ended(left: str) -> int:
    typer.echo(f"not checked: {left}; mend what is said above first")
    return 1


def _say_all(checks: Iterable[CheckReport]) -> bool:
    """Say each as it is made; whether one failed."""
    failed, said = False, set[str]()
    for one in checks:
        again = [fault for fault in one.faults if fault in said]
        shown = [fault for fault in one.faults if fault not in said] + (["as above"] if again else [])
        failed = _say(replace(one, faults=shown)) or failed
        said.update(one.faults)
    return failed


def _say(checked: CheckReport) -> bool:
    """A line for a check, the first of its faults, and what is to be known; whether there are faults."""
    typer.echo(f"{'FAILED' if checked.faults else 'passed'}  {checked.name}")
    for lines in (checked.faults, checked.remarks):
        for line in lines[:SHOWN]:
            typer.echo(f"    {line}")
        if len(lines) > SHOWN:
            typer.echo(f"    and {len(lines) - SHOWN} more")
    return bool(checked.faults)
