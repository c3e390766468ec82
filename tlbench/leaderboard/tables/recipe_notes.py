"""The line that says which pairs of a table were trained by which recipe, where there is more than one."""

from __future__ import annotations

from tlbench.core.recipe import Recipe, apart
from tlbench.leaderboard.analysis.table_group import TableGroup


def recipes(place: TableGroup) -> list[str]:
    """What sets the recipes of a table's pairs apart; nothing where all have the same.

    A pair has one recipe in a table: a suite that would give it two is refused.
    """
    by_pair = {cell.pair: cell.recipe for cell in place.cells if cell.recipe}
    by_recipe: dict[Recipe, list[str]] = {}
    for pair, recipe in by_pair.items():
        by_recipe.setdefault(recipe, []).append(pair)
    if len(by_recipe) < 2:
        return []
    listing = (
        f"{', '.join(pairs)}: {keys}" for pairs, keys in zip(by_recipe.values(), apart([*by_recipe]), strict=True)
    )
    return [f"more than one recipe; {'; '.join(listing)}"]
