"""Some runs made again for their features, which records do not hold, and a map of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tlbench.core.local_paths import shown_name
from tlbench.data.domain_view import DomainView
from tlbench.errors import TlbenchError

if TYPE_CHECKING:
    from tlbench.execution.session import Listener
    from tlbench.records.planned_cell import PlannedCell
    from tlbench.runner.prepare import PreparedSuite, Request

#: With the baseline four maps fit a column.
MOST = 3
BEFORE = "source-only"
#: What a map is of one of, by the option that chooses it.
OPTIONS = {"--setting": "setting", "--shots": "shots", "--pair": "pair", "--backbone": "backbone"}


def embedding_of(request: Request, heard: Listener) -> tuple[dict[str, Any], str]:
    """The data of the figure and its title. `request.filters` leave the strategies, and one pair of one backbone.

    The runs are made again, with their baseline `source-only`: records hold predictions and no features.
    Raises `TlbenchError` where several pairs, or too many strategies, are left.
    """
    from tlbench.figures.embedding import embedding, panel_of
    from tlbench.runner.prepare import prepare

    ready = prepare(request)
    cells = _cells(ready)
    before = cells[0].references[BEFORE]
    arrays = _features(ready, [before, *(cell.run_key for cell in cells)], heard)
    panels = [panel_of(BEFORE, arrays[before])]
    panels += [panel_of(cell.variant, arrays[cell.run_key]) for cell in cells]
    first = cells[0]
    view = DomainView.of(ready.whole.runs[first.run_key].spec)
    classes = ready.domains.get(first.target, view).class_names
    title = f"{ready.suite.name} · {first.setting} · {shown_name(first.backbone)} · {first.pair} · seed {first.seed}"
    return embedding(panels, classes), title


def _cells(ready: PreparedSuite) -> list[PlannedCell]:
    """A cell for each strategy that is left, all of one pair, place and seed, the first seed of those left."""
    left = [
        cell
        for cell in ready.plan.cells
        if cell.role == "strategy" and BEFORE in cell.references and not ready.plan.runs[cell.run_key].skip
    ]
    if not left:
        raise TlbenchError(f"a map compares a strategy with {BEFORE!r}, and nothing is left that has it as a reference")
    seed = min(cell.seed for cell in left)
    left = [cell for cell in left if cell.seed == seed]
    for option, name in OPTIONS.items():
        found = list(dict.fromkeys(str(getattr(cell, name)) for cell in left))
        if len(found) > 1:
            raise TlbenchError(f"a map is of one, and {len(found)} are left; choose with {option}: {', '.join(found)}")
    if len(left) > MOST:
        names = ", ".join(cell.variant for cell in left)
        raise TlbenchError(f"{len(left)} strategies are left, and {MOST} fit; choose with --strategy: {names}")
    return left


def _features(ready: PreparedSuite, keys: Sequence[str], heard: Listener) -> Mapping[str, Mapping[str, Any]]:
    """What is stored beside the record of each run. Raises `TlbenchError` for one that does not come out."""
    from tlbench.runner.prepare import RunOptions
    from tlbench.verification.scratch_runs import runs_aside

    runs = [ready.whole.runs[key] for key in dict.fromkeys(keys)]
    with runs_aside(ready, runs, heard, RunOptions(), keep_features=True) as (records, folder):
        for key in keys:
            record = records[key]
            if record.status != "ok":
                raise TlbenchError(f"{record.variant} on {record.spec.pair} ended as {record.status}: {record.why}")
        return {key: folder.predictions(key) or {} for key in keys}
