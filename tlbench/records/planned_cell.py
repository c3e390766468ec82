"""What a plan says of one place in the tables; planning writes it, the leaderboard reads it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tlbench.core.recipe import Recipe
from tlbench.core.run_spec import Evaluation, Setting, Shots


class PlannedCell(BaseModel):
    """One place in the tables: a variant or reference on a pair for a seed, and the key of the run that fills it.

    `recipe` is None in plans that were written before it was kept. `uses_source` is False where nothing of the source
    can change what a strategy predicts, so that it has no gap to itself without the source.
    """

    model_config = ConfigDict(frozen=True)

    variant: str
    strategy: str
    params: dict[str, Any]
    backbone: str
    source: list[str]
    target: str
    setting: Setting
    shots: Shots | None
    evaluation: Evaluation
    seed: int
    recipe: Recipe | None = None
    role: Literal["strategy", "reference"]
    family: str | None = None
    run_key: str
    uses_source: bool = True
    references: dict[str, str]

    @property
    def pair(self) -> str:
        """`source:target`, as users type it."""
        return f"{'+'.join(self.source) or '-'}:{self.target}"

    def same_table(self, other: PlannedCell) -> bool:
        """Whether both may stand in one table."""
        return self.table_key == other.table_key

    @property
    def table_key(self) -> tuple[Setting, Shots | None, Evaluation, str]:
        """What cells of one table have in common."""
        return self.setting, self.shots, self.evaluation, self.backbone
