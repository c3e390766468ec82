from __future__ import annotations

import pytest
from pydantic import ValidationError
from run_descriptions import BASE

from tlbench.core.run_spec import Budget, Compute, RunSpec, Training, content_key


def key(**changes):
    return RunSpec(**{**BASE, **changes}).key


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"batch_size": -1}, {"checkpoints": 0}, {"stepz": 3}])
def test_an_impossible_budget_is_refused(wrong):
    with pytest.raises(ValidationError):
        Budget(**wrong)


@pytest.mark.parametrize(
    ("budget", "steps"),
    [((600, 4), [150, 300, 450, 600]), ((10, 3), [3, 7, 10]), ((2, 5), [1, 2]), ((7, 1), [7])],
)
def test_checkpoints_are_evenly_spaced_and_end_with_the_last_step(budget, steps):
    assert Budget(steps=budget[0], checkpoints=budget[1]).checkpoint_steps() == steps


@pytest.mark.parametrize(
    "change",
    [
        {"strategy": "x"},
        {"strategy_version": "2"},
        {"params": {"adversarial_weight": 0.1, "hidden": 100}},
        {"revisions": {"a": "ra", "b": "other"}},
        {"backbone": "mlp:17"},
        {"source": ()},
        {"target": "c"},
        {"setting": "inductive"},
        {"shots": 5},
        {"seed": 1},
        {"budget": Budget(checkpoints=2)},
        {"training": Training(lr=1.0)},
        {"training": Training(nesterov=True)},
        {"training": Training(decay=1.0)},
        {"training": Training(backbone_lr=0.1)},
        {"compute": Compute(device="cuda")},
        {"compute": Compute(threads=2)},
    ],
    ids=str,
)
def test_whatever_decides_the_numbers_changes_the_key(change):
    assert key(**change) != key()


def test_the_order_of_parameters_does_not_change_the_key():
    assert key(params={"hidden": 100, "adversarial_weight": 1.0}) == key()


def test_a_source_model_does_not_depend_on_target_strategy_or_setting():
    first = RunSpec(**BASE).source_model()
    other = RunSpec(
        **{
            **BASE,
            "strategy": "x",
            "params": {},
            "target": "c",
            "setting": "inductive",
            "shots": 5,
            "revisions": {"a": "ra", "c": "rc"},
        }
    ).source_model()
    assert first.key == other.key
    assert first.key != RunSpec(**{**BASE, "seed": 1}).source_model().key


def test_fields_that_were_added_to_the_recipe_change_no_key_at_their_defaults():
    first = RunSpec(**BASE)
    later = ("nesterov", "decay", "backbone_lr", "augment", "mirror")
    older = {key: value for key, value in Training().model_dump().items() if key not in later}
    plain = first.model_dump(mode="json", exclude={"validation", "classes"})
    assert first.key == content_key("run", {**plain, "training": older})
    model = first.source_model()
    plain_model = model.model_dump(mode="json", exclude={"validation", "classes"})
    assert model.key == content_key("source-model", {**plain_model, "training": older})


def test_numbers_that_are_not_finite_have_no_key():
    with pytest.raises(ValueError, match="not JSON compliant"):
        content_key("run", {"x": float("nan")})


def test_a_changed_copy_has_a_key_of_its_own_and_the_same_one_the_same():
    spec = RunSpec(**BASE)
    before = spec.key
    assert spec.model_copy(update={"seed": spec.seed + 1}).key == RunSpec(**{**BASE, "seed": spec.seed + 1}).key
    assert spec.model_copy().key == spec.model_copy(deep=True).key == spec.key == before
    assert spec == RunSpec(**BASE)
    assert hash(spec.budget) == hash(RunSpec(**BASE).budget)
    assert "key" not in spec.model_dump()


def test_a_source_model_of_a_changed_copy_has_a_key_of_its_own():
    spec = RunSpec(**BASE).source_model()
    before = spec.key
    assert spec.model_copy(update={"seed": spec.seed + 1}).key != before
