"""A suite that is all there is shown again without planning it, for planning imports strategies and thus torch.

The plan that a run leaves on disk carries a fingerprint of everything that a plan depends on. Where the fingerprint is
the same now, the plan is too.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlbench import __version__
from tlbench.data.store import DomainStore
from tlbench.errors import TlbenchError
from tlbench.files import cache_folder
from tlbench.plugins import plugin_host
from tlbench.record import Record
from tlbench.results import ResultFolder
from tlbench.spec import PROTOCOL_VERSION, metrics_of
from tlbench.suites.reading import read_suite

if TYPE_CHECKING:
    from tlbench.cli.preparing import Request


def fingerprint(request: Request) -> str:
    """A hash of all that decides a plan: suite, plugins, data, options, and what `--device auto` goes by."""
    host = plugin_host(request.plugin_files)
    suite = read_suite(request.suite, host)
    domains = DomainStore(cache_folder(), suite.dataset, host)
    content = {
        "versions": [__version__, PROTOCOL_VERSION],
        "suite": suite.model_dump(mode="json"),
        "claims": [claim.model_dump(mode="json") for claim in suite.published],
        "overrides": request.overrides,
        "plugins": [(plugin.name, plugin.version, plugin.status) for plugin in host.plugins],
        "revisions": {name: domains.get(name).revision for name in domains.dataset.domains},
        "options": [request.device, request.threads, request.deterministic],
        "machine": [platform.node(), Path("/dev/nvidiactl").exists(), os.environ.get("CUDA_VISIBLE_DEVICES")],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def whole_records(request: Request, results: Path) -> tuple[ResultFolder, dict[str, Record]] | None:
    """The records of the whole suite, where it was planned in the same way before and nothing is missing."""
    if any((request.filters or {}).values()):
        return None
    suite = read_suite(request.suite, plugin_host(request.plugin_files))
    if suite.reverses:  # which runs have a second training is only known once they are planned
        return None
    folder = ResultFolder(results, suite.name)
    try:
        plan = json.loads((folder.folder / "plan.json").read_text())
        if plan["fingerprint"] != fingerprint(request):
            return None
        found = {key: folder.read(key) for key in _keys(plan)}
    except (OSError, ValueError, KeyError, TlbenchError):
        return None  # the long way says what is wrong
    records = {key: record for key, record in found.items() if record is not None and _answers(record, plan["metrics"])}
    return (folder, records) if len(records) == len(found) else None


def _keys(plan: Mapping[str, Any]) -> set[str]:
    """The runs of a plan: those in its cells, and those that cells refer to."""
    return {key for cell in plan["cells"] for key in (cell["run_key"], *cell["references"].values())}


def _answers(record: Record, metrics: list[str]) -> bool:
    if record.status == "skipped":
        return True
    return record.status == "ok" and set(metrics_of(record.setting, metrics)) <= record.metrics["last"].keys()
