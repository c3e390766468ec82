"""The published figures of a suite as its file has them now, which may have changed since the suite was run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlbench.leaderboard.analysis.result_set import PlanHeader, ResultSet
from tlbench.records.plan_file import plan_content
from tlbench.records.published_records import is_published
from tlbench.suites.claims import read_claims

#: The key of a stored plan under which it has the path of the file of figures. A published plan has none.
CLAIMS_FILE = "claims_file"


@dataclass(frozen=True)
class CurrentFigures:
    """What of a plan its file of figures replaces, none where the file is as it was; `note`: what is to be told."""

    changes: dict[str, Any]
    note: str = ""


def current_figures(folder: Path, plan: PlanHeader) -> CurrentFigures:
    """Read the file of figures that a plan in `results/<suite>/` was made with again.

    A published folder holds its figures itself. Raises `Faults` where the file cannot be used as it is now.
    """
    path = None if is_published(folder) else (plan_content(folder) or {}).get(CLAIMS_FILE)
    if path is None:
        return CurrentFigures({})
    name = Path(path).name
    if not Path(path).exists():
        return CurrentFigures({}, f"{name} is not there any more; its figures are those of the last run")
    found = read_claims(Path(path))
    own = [claim for claim in found if claim.dataset == plan.dataset]
    elsewhere = dict(Counter(claim.dataset for claim in found if claim.dataset != plan.dataset))
    if own == plan.claims and elsewhere == plan.claims_elsewhere:
        return CurrentFigures({})
    return CurrentFigures(
        {"claims": own, "claims_elsewhere": elsewhere}, f"{name} has changed since the suite was run, and is read again"
    )


def with_current_figures(result_set: ResultSet, folder: Path) -> tuple[ResultSet, str]:
    """A result set with the figures as they are now, and what is to be told. Raises as `current_figures` does."""
    found = current_figures(folder, result_set.plan)
    if found.changes:
        result_set.plan = result_set.plan.model_copy(update=found.changes)
    return result_set, found.note
