"""What is wrong with training recipes: keys that do not go together, and two recipes for one cell of a table.

The data may be malformed, so only what has the right form is looked at; the models tell of the rest.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_args

from pydantic import ValidationError

from tlbench.core.recipe import apart
from tlbench.core.run_spec import Budget, Plain, Training, label_budget
from tlbench.suites.name_validation import parts, strings, table
from tlbench.suites.pairs import common_pairs
from tlbench.suites.part_overrides import stacked
from tlbench.suites.suite import Part, Suite
from tlbench.suites.validation_errors import Fault, Location

_Model = TypeVar("_Model", bound=Plain)

_SHOWN = 3


def recipe_faults(data: Mapping[str, Any]) -> list[Fault]:
    """The faults of the suite's recipe and of those of its parts."""
    own = table(data.get("training"))
    faults = list(_combination_faults(("training",), own, own))
    for index, part in parts(data):
        written = table(part.get("training"))
        faults += _combination_faults(("part", index, "training"), written, stacked(own, written))
    return [*faults, *_clash_faults(data)]


def _combination_faults(here: Location, written: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[Fault]:
    """Keys that do not go together, told where one of them is written."""
    optimizer, schedule = _literal(whole, "optimizer"), _literal(whole, "schedule")
    if whole.get("nesterov") is True:
        if "nesterov" in written and optimizer not in ("sgd", None):
            yield Fault((*here, "nesterov"), f'true needs optimizer = "sgd", and the optimizer is {optimizer!r}')
        elif whole.get("momentum", _default("momentum")) == 0 and written.keys() & {"nesterov", "momentum"}:
            key = "nesterov" if "nesterov" in written else "momentum"
            yield Fault((*here, key), "nesterov = true needs a momentum above 0; raise it, or write nesterov = false")
    if "decay" in written and schedule not in ("inverse", None):
        message = f'is of schedule = "inverse" alone, and the schedule is {schedule!r}; remove it, or change that'
        yield Fault((*here, "decay"), message)


def _literal(whole: Mapping[str, Any], key: str) -> str | None:
    """The value of a key; None where it is not one of those allowed."""
    value: str = whole.get(key, _default(key))
    return value if value in get_args(Training.model_fields[key].annotation) else None


def _default(key: str) -> Any:
    return Training.model_fields[key].default


def _clash_faults(data: Mapping[str, Any]) -> Iterator[Fault]:
    """Parts whose recipes differ and whose tables have a cell in common; references stand in every cell."""
    suite = _sound_suite(data)
    if suite is None:
        return
    sound = [(index, part) for index, written in parts(data) if (part := _sound(Part, written))]
    for (first, one), (second, other) in itertools.combinations(sound, 2):
        recipes = suite.recipe(one), suite.recipe(other)
        if recipes[0] != recipes[1] and (cells := _common_cells(suite, one, other)):
            theirs, ours = apart(recipes)
            message = (
                f"its recipe ({ours}) is not that of [[part]] {first + 1} ({theirs}), and both fill the same cells of "
                f"a table: {cells}. The references stand there whatever the strategies are, and have one number; give "
                "both parts one recipe, or other pairs, backbones, shots or settings"
            )
            yield Fault(("part", second), message)
        if one.classes != other.classes and (cells := _common_cells(suite, one, other)):
            message = f"is not that of [[part]] {first + 1}, and both fill the same cells of a table: {cells}"
            yield Fault(("part", second, "classes"), f"{other.classes!r} {message}; give both parts one")


def _sound_suite(data: Mapping[str, Any]) -> Suite | None:
    """What the recipes of parts depend on; None where the form of it is wrong."""
    budget = _sound(Budget, data.get("budget", {}))
    training = _sound(Training, data.get("training", {}))
    if budget is None or training is None:
        return None
    backbones = [name for _, name in strings((), data.get("backbones"))]
    return Suite.model_construct(backbones=backbones, budget=budget, training=training)


def _sound(model: type[_Model], value: Any) -> _Model | None:
    try:
        return model.model_validate(value, strict=True)
    except ValidationError:
        return None


def _common_cells(suite: Suite, one: Part, other: Part) -> str:
    """The table cells that two parts share, in words; empty where they share none."""
    backbones = [name for name in one.backbones or suite.backbones if name in (other.backbones or suite.backbones)]
    shots = [budget for budget in one.label_budgets if budget in other.label_budgets]
    pairs = common_pairs(one.pairs, other.pairs)
    if one.setting != other.setting or not (backbones and shots and pairs):
        return ""
    more = f" and {len(pairs) - _SHOWN} more" if len(pairs) > _SHOWN else ""
    settings = "; ".join(f"{one.setting}{label_budget(budget)}" for budget in shots)
    return f"{settings} · {', '.join(backbones)} · {', '.join(pairs[:_SHOWN])}{more}"
