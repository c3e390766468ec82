"""From work to the folder that its worker is given: domains as its backbone takes them, and what else it may see."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from tlbench.core.run_spec import RunSpec, SourceModelSpec
from tlbench.data.domain_store import DomainStore
from tlbench.data.domain_view import DomainView
from tlbench.data.ready_domain import ReadyDomain
from tlbench.execution.job import Job, write_reverse_job, write_run_job, write_source_model_job
from tlbench.execution.source_model_cache import SourceModels
from tlbench.execution.work_items import WorkItem
from tlbench.planning.plan import PlannedRun
from tlbench.plugins.declared_files import backbone_files, parameter_files
from tlbench.plugins.manager import PluginHost


@dataclass(frozen=True)
class JobWriter:
    """Writes the jobs of one session. `told` hears how far the preparing of a domain for a backbone is."""

    domains: DomainStore
    models: SourceModels
    device: str
    plugin_files: tuple[str, ...]
    trusted: tuple[str, ...]
    told: Callable[[str, int, int], None]
    host: PluginHost
    #: The keys of runs that are to hand back their models.
    keep_models: frozenset[str] = frozenset()

    def prepare(self, runs: Iterable[PlannedRun]) -> None:
        """Prepare the domains of all these runs, before the first of them starts: it may take all cores."""
        for run in runs:
            self._domains_of(run.spec, run.spec.domains)

    def write(self, work: WorkItem, folder: Path) -> Job:
        """The job of a source model, of a run, or of its second training, and all that it reads."""
        job = self._write(work, folder)
        return replace(job, reads=(*job.reads, *self._declared(work)))

    def _declared(self, work: WorkItem) -> list[str]:
        if work.run is None:
            assert work.model is not None
            return backbone_files(work.model.backbone, self.host)
        spec = work.run.spec
        return [
            *backbone_files(spec.backbone, self.host),
            *parameter_files(spec.strategy, spec.params, self.host),
        ]

    def _write(self, work: WorkItem, folder: Path) -> Job:
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
        keep = spec.key in self.keep_models
        model = self.models.need(spec.source_model().key) if work.run.needs_source_model else None
        return write_run_job(
            folder, spec, domains, self.device, self.plugin_files, model, work.run.reverse, self.trusted, keep
        )

    def _domains_of(self, spec: RunSpec | SourceModelSpec, names: Iterable[str]) -> dict[str, ReadyDomain]:
        return {name: self._domain(spec, name) for name in names}

    def _domain(self, spec: RunSpec | SourceModelSpec, name: str) -> ReadyDomain:
        told = functools.partial(self.told, f"{name} for {spec.backbone}")
        return self.domains.get_for(spec.backbone, name, DomainView.of(spec), told)
