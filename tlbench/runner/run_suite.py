"""A suite asked for, and run: what `tlbench run` and `tlbench.run` share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tlbench.execution.session import Listener
    from tlbench.leaderboard.analysis.result_set import ResultSet
    from tlbench.planning.plan import Plan
    from tlbench.records.record import Record
    from tlbench.records.result_folder import ResultFolder
    from tlbench.runner.prepare import Request, RunOptions

#: The exit code of a suite that did not come to its end.
INTERRUPTED = 130
#: The key of a stored plan under which it has the strategies that the suite's file does not name.
ADDED = "added"


@dataclass(frozen=True)
class SuiteOutcome:
    """What a run of a suite gave. `plan` is what the filters left, or None where all was there and nothing planned."""

    folder: ResultFolder
    records: dict[str, Record]
    plan: Plan | None
    #: Those of the records that stand in the folder as they are here.
    stored: Mapping[str, Record] = field(default_factory=dict)
    #: Runs that have not been done, because as many as may fail have failed.
    left: int = 0

    @property
    def whole(self) -> bool:
        """Whether every applicable run is there and ok."""
        return not failed(self.records) and not self.left


def run_suite(
    request: Request,
    results: Path,
    conditions: RunOptions,
    heard: Listener,
    show: Callable[[Path], None] = lambda folder: None,
) -> SuiteOutcome:
    """Run what is missing; `show` hears of the folder.

    Raises `TlbenchError` with everything that is wrong with what was asked for.
    """
    from tlbench.runner.completed_suites import whole_records

    short = conditions.reuse == "failed" and not conditions.keep_model
    there = whole_records(request, results) if short else None
    if there is None:
        return _run(request, results, conditions, heard, show)
    folder, records = there
    show(folder.folder)
    heard.planned(0, len(records), 0)
    return SuiteOutcome(folder, records, None, records)


def _run(
    request: Request,
    results: Path,
    conditions: RunOptions,
    heard: Listener,
    show: Callable[[Path], None],
) -> SuiteOutcome:
    """Plan, write the plan, and run what is missing of it."""
    from tlbench.execution.device import DEFAULT_THREADS
    from tlbench.execution.template_client import Template
    from tlbench.leaderboard.claims.current_figures import CLAIMS_FILE
    from tlbench.runner.completed_suites import fingerprint, weighted
    from tlbench.runner.prepare import prepare
    from tlbench.runner.run_origin import ORIGIN, RunOrigin
    from tlbench.suites.suite_file import claims_file

    request = _with_earlier(request, results)
    Template.warm(request.threads or DEFAULT_THREADS)  # it imports the libraries while the suite is planned
    ready = prepare(request)
    folder = ready.results(results)
    folder.create()
    with folder.locked():
        weights = weighted(ready.suite, ready.host)
        about: dict[str, Any] = {
            "fingerprint": fingerprint(request, weights),
            "with_weights": weights,
            ADDED: list(ready.added),
            ORIGIN: RunOrigin.of(request, ready.suite).model_dump(mode="json"),
        }
        if path := claims_file(request.suite, ready.host, ready.suite.claims):
            about[CLAIMS_FILE] = str(path.resolve())
        folder.write_plan({**ready.whole.to_json(), **about})
        show(folder.folder)
        code = INTERRUPTED
        try:
            session = ready.session(ready.plan, folder, heard, conditions)
            records = session.run()
            left = sum(key not in records for key in ready.plan.runs) if session.stopped else 0
            done = SuiteOutcome(folder, records, ready.plan, left=left)
            code = 0 if done.whole else 1
        finally:
            ready.host.tell("tlbench_suite_finished", suite=ready.suite.name, exit_code=code)
    return done


def _with_earlier(request: Request, results: Path) -> Request:
    """The request with the strategies that were added to the suite before, where it asks for strategies by name.

    So their rows stand side by side. Without `--strategy` the suite is what its file says again.
    """
    earlier = added_before(request, results) if (request.filters or {}).get("strategy") else []
    return replace(request, added=tuple(dict.fromkeys([*request.added, *earlier])))


def added_before(request: Request, results: Path) -> list[str]:
    """The strategies that the stored plan of this suite has beside those of its file, and that are installed."""
    from tlbench.plugins.manager import plugin_host
    from tlbench.records.result_folder import ResultFolder
    from tlbench.suites.suite_file import read_suite

    host = plugin_host(request.plugin_files)
    suite = read_suite(request.suite, host)
    plan = ResultFolder(results, suite.name).plan_content() or {}
    names = plan.get(ADDED, [])
    if not isinstance(names, list):  # the long way says what is wrong
        return []
    return [name for name in map(str, names) if name in host.registries["strategies"]]


def failed(records: dict[str, Record]) -> dict[str, Record]:
    """The records of the runs that should be there and are not."""
    return {key: record for key, record in records.items() if record.status not in ("ok", "skipped")}


def result_set_of(folder: Path, plan: Plan | None, known: Mapping[str, Record] | None = None) -> ResultSet:
    """The result set of what was asked for (everything, without a plan), from stored records."""
    from tlbench.leaderboard.analysis.result_set import load_result_set

    result_set = load_result_set(folder, known)
    if plan is not None:
        wanted = {(cell.run_key, cell.variant, cell.pair, cell.setting, cell.shots) for cell in plan.cells}
        result_set.plan.cells = [
            cell
            for cell in result_set.cells
            if (cell.run_key, cell.variant, cell.pair, cell.setting, cell.shots) in wanted
        ]
    return result_set
