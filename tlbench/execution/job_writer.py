"""From work to the folder that its worker is given: domains as its backbone takes them, and what else it may see."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tlbench.core.run_spec import RunSpec, SourceModelSpec
from tlbench.data.domain_store import DomainStore
from tlbench.data.domain_view import DomainView
from tlbench.data.ready_domain import ReadyDomain
from tlbench.execution.job import Job, write_reverse_job, write_run_job, write_source_model_job
from tlbench.execution.source_model_cache import SourceModels
from tlbench.execution.work_items import WorkItem
from tlbench.planning.plan import PlannedRun


@dataclass(frozen=True)
class JobWriter:
    """Writes the jobs of one session. `told` hears how far the preparing of a domain for a backbone is."""

    domains: DomainStore
    models: SourceModels
    device: str
    plugin_files: tuple[str, ...]
    trusted: tuple[str, ...]
    told: Callable[[str, int, int], None]

    def prepare(self, runs: Iterable[PlannedRun]) -> None:
        """Prepare the domains of all these runs, before the first of them starts: it may take all cores."""
        for run in runs:
            self._domains_of(run.spec, run.spec.domains)

    def write(self, work: WorkItem, folder: Path) -> Job:
        """The job of a source model, of a run, or of its second training."""
        if work.model is not None:
            domains = self._domains_of(work.model, work.model.source)
            return write_source_model_job(folder, work.model, domains, self.device, self.plugin_files, self.trusted)
        assert work.run is not None
        spec = work.run.spec
        domains = self._domains_of(spec, spec.domains)
        if work.predicted is not None:
            return write_reverse_job(
                folder, spec, domains, self.device, self.plugin_files, work.predicted, self.trusted
            )
        model = self.models.folder(spec.source_model().key) if work.run.needs_source_model else None
        return write_run_job(
            folder, spec, domains, self.device, self.plugin_files, model, work.run.reverse, self.trusted
        )

    def _domains_of(self, spec: RunSpec | SourceModelSpec, names: Iterable[str]) -> dict[str, ReadyDomain]:
        return {name: self._domain(spec, name) for name in names}

    def _domain(self, spec: RunSpec | SourceModelSpec, name: str) -> ReadyDomain:
        told = functools.partial(self.told, f"{name} for {spec.backbone}")
        return self.domains.get_for(spec.backbone, name, DomainView.of(spec), told)
