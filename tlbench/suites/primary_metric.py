"""Which metric ranks: the suite's first, or its dataset's primary one."""

from __future__ import annotations

from tlbench.core.domain import Dataset
from tlbench.errors import TlbenchError, unknown
from tlbench.plugins.manager import PluginHost
from tlbench.suites.suite import Suite


def with_metrics(suite: Suite, dataset: Dataset, host: PluginHost) -> Suite:
    """The suite with the metrics that it leaves to its dataset: the primary one first, for it ranks."""
    if "metrics" in suite.model_fields_set:
        return suite
    primary = dataset.primary_metric
    if primary not in host.registries["metrics"]:
        known = unknown("metric", primary, host.registries["metrics"].names)
        raise TlbenchError(f"dataset {suite.dataset!r}: primary_metric: {known}; or name metrics in the suite")
    return suite.model_copy(update={"metrics": list(dict.fromkeys([primary, *suite.metrics]))})


def check_primary_metric(suite: Suite, host: PluginHost) -> None:
    """The first metric ranks, so it must be one number; metrics that give lists say so in their summary."""
    entry, _ = host.find("metrics", suite.metrics[0])
    if entry.summary.startswith("list"):
        message = f"suite {suite.name!r}: metrics: the first one ranks, and {suite.metrics[0]!r} gives a list; "
        raise TlbenchError(message + "put one that gives a number before it")
