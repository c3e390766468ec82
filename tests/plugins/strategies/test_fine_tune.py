from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file

from tlbench_strategies.fine_tuning.fine_tune import FineTune


def strategy(**params):
    return FineTune(FineTune.Params(**params))


@pytest.mark.parametrize("wrong", ["half", -1, 1.5])
def test_a_wrong_freeze_is_refused(wrong):
    with pytest.raises(ValidationError):
        FineTune.Params(freeze=wrong)


def test_it_starts_from_exactly_the_source_models_weights(kit, source_model):
    task = kit.make_task()
    model = strategy().start_model(task, kit.make_toolkit(source_model))
    last = load_file(source_model / "30.safetensors")
    ours = {f"backbone.{k}": v for k, v in model.backbone.state_dict().items()}
    ours |= {f"head.{k}": v for k, v in model.head.state_dict().items()}
    assert ours.keys() == last.keys()
    assert all(torch.equal(ours[name], last[name]) for name in last)


def test_with_other_classes_the_head_is_new_and_the_backbone_is_the_sources(kit, source_model):
    task = kit.make_task(classes=("left", "right", "up"))
    model = strategy().start_model(task, kit.make_toolkit(source_model))
    last = load_file(source_model / "30.safetensors")
    assert torch.equal(model.backbone.state_dict()["stages.0.0.weight"], last["backbone.stages.0.0.weight"])
    assert not torch.equal(model.head.weight, last["head.weight"])
    assert torch.equal(model.source_head.weight, last["head.weight"])


@pytest.mark.parametrize(("freeze", "stages"), [("backbone", [0, 1]), (1, [0]), ("none", [])])
def test_frozen_stages_stay_bit_identical_with_their_batch_norm_statistics(kit, source_model, freeze, stages):
    task = kit.make_task()
    toolkit = kit.make_toolkit(source_model)
    before = {k: v.clone() for k, v in strategy().start_model(task, toolkit).state_dict().items()}
    after = strategy(freeze=freeze).fit(task, toolkit).model.state_dict()
    frozen = [k for k in before if any(k.startswith(f"backbone.stages.{s}.") for s in stages)]
    moving = [k for k in before if k.startswith("backbone.") and k not in frozen]
    assert all(torch.equal(before[k], after[k]) for k in frozen)
    assert all(not torch.equal(before[k], after[k]) for k in moving)
    assert not torch.equal(before["head.weight"], after["head.weight"])


def test_backbone_and_head_learn_at_their_own_rates(kit, source_model):
    task = kit.make_task()
    toolkit = kit.make_toolkit(source_model)
    before = {k: v.clone() for k, v in strategy().start_model(task, toolkit).state_dict().items()}
    after = strategy(backbone_lr=0.0).fit(task, toolkit).model.state_dict()
    assert torch.equal(before["backbone.stages.1.0.weight"], after["backbone.stages.1.0.weight"])
    assert not torch.equal(before["head.weight"], after["head.weight"])
