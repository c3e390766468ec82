"""From what was typed to a plan on a machine: shared by `run` and `plan`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tlbench.data.domain_store import DomainStore
from tlbench.errors import TlbenchError
from tlbench.execution.device import Machine, choose_machine
from tlbench.files import cache_folder, make_writable_folder
from tlbench.planning.plan import Plan
from tlbench.planning.planner import Planner
from tlbench.planning.suite_backbones import backbones_of, imports
from tlbench.plugins.manager import PluginHost, plugin_host
from tlbench.plugins.remote_code import check_trusted_names
from tlbench.records.result_folder import ResultFolder
from tlbench.suites.claims import check_pairs
from tlbench.suites.extra_strategies import added_names, with_strategies
from tlbench.suites.filters import Filters, leaves
from tlbench.suites.overrides import apply_overrides
from tlbench.suites.primary_metric import check_primary_metric, with_metrics
from tlbench.suites.suite import Suite
from tlbench.suites.suite_file import read_suite

if TYPE_CHECKING:
    from tlbench.evaluation.scoring import Metric
    from tlbench.execution.session import Listener, Session
    from tlbench.execution.stored_runs import Reuse


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Which stored records are kept, and the limits of each run in seconds and bytes; None is no limit.

    `keep_model`: whether the runs that were asked for keep their trained models; one that has not is run again.
    `pass_env` are names and globs of environment variables that runs have beside those that all have.
    """

    reuse: Reuse = "failed"
    timeout: float | None = None
    memory: int | None = None
    keep_model: bool = False
    #: Whether runs have a sandbox, and what they may read beside their inputs.
    sandbox: Literal["auto", "require", "off"] = "auto"
    readable: tuple[Path, ...] = ()
    pass_env: tuple[str, ...] = ()
    #: The session stops when so many runs have failed; None: never.
    max_failures: int | None = None


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked for on the command line. `trusted` names the backbones that may run code from the network.

    `added` are strategies to have beside those of the suite, as are the names among `filters` that the suite lacks.
    """

    suite: str
    plugin_files: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    filters: Mapping[str, Sequence[str] | None] | None = None
    device: str = "auto"
    workers: int | None = None
    threads: int | None = None
    deterministic: bool = False
    trusted: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    def added_to(self, suite: Suite, host: PluginHost) -> list[str]:
        """The strategies that are had beside those of the suite."""
        return added_names(suite, [*self.added, *((self.filters or {}).get("strategy") or ())], host)


@dataclass(frozen=True)
class PreparedSuite:
    """Everything that is known before the first run. `plan` is what the filters leave of `whole`."""

    suite: Suite
    host: PluginHost
    cache: Path
    domains: DomainStore
    machine: Machine
    whole: Plan
    plan: Plan
    trusted: tuple[str, ...] = ()
    plugin_files: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    filters: Filters = field(default_factory=dict)

    @property
    def asked_for(self) -> frozenset[str]:
        """The keys of the runs that the filters leave, without the references that come with them."""
        return frozenset(cell.run_key for cell in self.plan.cells if leaves(self.filters, cell))

    def results(self, folder: Path) -> ResultFolder:
        """The folder of this suite's records."""
        return ResultFolder(folder, self.suite.name)

    def session(
        self,
        plan: Plan,
        folder: ResultFolder,
        heard: Listener,
        conditions: RunOptions,
        *,
        keep_features: bool = False,
        heard_by_plugins: bool = True,
    ) -> Session:
        """What runs a plan here, into a folder."""
        from tlbench.execution.local_pool import LocalPool
        from tlbench.execution.sandbox import choose_sandbox
        from tlbench.execution.session import Session

        modules = imports(self.suite, self.host)
        return Session(
            plan,
            folder,
            self.domains,
            self.cache,
            self.host,
            self.machine,
            LocalPool(
                self.machine.workers,
                self.machine.compute.threads,
                conditions.timeout,
                conditions.memory,
                modules,
                conditions.pass_env,
            ),
            heard,
            self.metrics(),
            conditions.reuse,
            conditions.timeout,
            conditions.max_failures,
            self.plugin_files,
            self.trusted,
            keep_features,
            heard_by_plugins,
            self.asked_for if conditions.keep_model else frozenset(),
            choose_sandbox(conditions.sandbox, conditions.readable),
        )

    def metrics(self) -> dict[str, Metric]:
        """Everything that its runs are scored by."""
        return {name: self.host.calls.metric(name) for name in self.suite.scored_by}


def prepare(request: Request) -> PreparedSuite:
    """Read, check, plan. Raises `TlbenchError` with everything that is wrong."""
    host = plugin_host(request.plugin_files)
    suite = read_suite(request.suite, host, with_params=True)
    check_trusted_names(request.trusted, backbones_of(suite), suite.name)
    added = request.added_to(suite, host)
    suite = with_strategies(suite, added, host)
    if request.overrides:
        suite = apply_overrides(suite, list(request.overrides), host)
    machine = choose_machine(request.device, request.workers, request.threads, request.deterministic)
    cache = cache_folder()
    make_writable_folder(cache, "the environment variable TLBENCH_CACHE")
    domains = DomainStore(cache, suite.dataset, host, suite.data, machine.device, request.trusted, suite.seeds)
    suite = with_metrics(suite, domains.dataset, host)
    check_primary_metric(suite, host)
    check_pairs(suite.claims or "", suite.published, suite.dataset, domains.dataset.domains)
    whole = Planner(suite, host, domains, machine.compute, request.trusted).plan()
    for note in whole.warnings:
        sys.stderr.write(f"note: suite {suite.name!r}: {note}\n")
    filters = {name: globs for name, globs in (request.filters or {}).items() if globs}
    plan = whole.select(filters) if filters else whole
    if not plan.runs:
        raise TlbenchError(f"suite {suite.name!r} has nothing to run")
    return PreparedSuite(
        suite, host, cache, domains, machine, whole, plan, request.trusted, request.plugin_files, tuple(added), filters
    )
