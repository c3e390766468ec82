"""A suite that is all there is shown again without planning it, for planning imports strategies and thus torch.

The plan that a run leaves on disk carries a fingerprint of everything that a plan depends on. Where the fingerprint is
the same now, the plan is too.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tlbench.core.garbage_collection import collection_paused
from tlbench.core.run_spec import PROTOCOL_VERSION, WEIGHTS
from tlbench.data.domain_store import DomainStore
from tlbench.data.domain_view import DomainView
from tlbench.errors import TlbenchError
from tlbench.files import cache_folder
from tlbench.planning.plan import PLAN_LAYOUT
from tlbench.planning.suite_backbones import backbones_of
from tlbench.plugins.backbone_metadata import weights_revision
from tlbench.plugins.manager import PluginHost, plugin_host
from tlbench.plugins.remote_code import check_trusted_names
from tlbench.records.record import Record
from tlbench.records.result_folder import ResultFolder
from tlbench.suites.suite import Suite
from tlbench.suites.suite_file import read_suite
from tlbench.version import __version__

if TYPE_CHECKING:
    from tlbench.runner.prepare import Request


def weighted(suite: Suite, host: PluginHost) -> list[str]:
    """The backbones of a suite whose weights have a revision. Imports every backbone's factory."""
    return [name for name in backbones_of(suite) if weights_revision(name, host) is not None]


def fingerprint(request: Request, with_weights: Sequence[str]) -> str:
    """A hash of all that decides a plan: suite, plugins, data, weights, options, and what `--device auto` goes by.

    `with_weights` are the backbones that are asked for the revision of their weights, for asking imports them.
    """
    host = plugin_host(request.plugin_files)
    suite = read_suite(request.suite, host)
    domains = DomainStore(cache_folder(), suite.dataset, host, suite.data)
    asked = [suite.pairs(part, domains.dataset.domains) for part in suite.part]
    view = DomainView(seed=suite.seeds[0])  # what is drawn by other seeds changes with it
    used = {name for pairs in asked for sources, target in pairs for name in (*sources, target)} - {WEIGHTS}
    content = {
        "versions": [__version__, PROTOCOL_VERSION, PLAN_LAYOUT],
        "suite": suite.model_dump(mode="json"),
        "claims": [claim.model_dump(mode="json") for claim in suite.published],
        "about": suite.about_text,
        "overrides": request.overrides,
        "added": request.added_to(suite, host),
        "plugins": [(plugin.name, plugin.version, plugin.status) for plugin in host.plugins],
        "domains": list(domains.dataset.domains),
        "revisions": {name: domains.get(name, view).revision for name in used},
        "weights": {name: weights_revision(name, host) for name in with_weights},
        "options": [request.device, request.threads, request.deterministic, request.precision],
        "machine": [platform.node(), Path("/dev/nvidiactl").exists(), os.environ.get("CUDA_VISIBLE_DEVICES")],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def whole_records(request: Request, results: Path) -> tuple[ResultFolder, dict[str, Record]] | None:
    """The records of the whole suite, where it was planned in the same way before and nothing is missing."""
    if any((request.filters or {}).values()):
        return None
    suite = read_suite(request.suite, plugin_host(request.plugin_files))
    check_trusted_names(request.trusted, backbones_of(suite), suite.name)
    folder = ResultFolder(results, suite.name)
    try:
        plan = folder.plan_content() or {}
        if plan["fingerprint"] != fingerprint(request, plan["with_weights"]):
            return None
        asked: dict[str, list[str]] = plan["asked"]
        with collection_paused():
            found = {key: folder.read(key) for key in asked}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, TlbenchError):
        return None  # the long way says what is wrong
    records = {key: record for key, record in found.items() if record is not None and _answers(record, asked[key])}
    return (folder, records) if len(records) == len(found) else None


def _answers(record: Record, asked: list[str]) -> bool:
    """Whether a record has the metrics, and the second training, that its run is asked for."""
    if record.status == "skipped":
        return True
    there = {*record.metrics.get("last", {}), *(["reverse"] if "reverse-validation" in record.metrics else [])}
    return record.status == "ok" and there.issuperset(asked)
