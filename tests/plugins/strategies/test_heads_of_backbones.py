"""Whatever makes a classifier asks the backbone for it; by default it is the dense layer that it always was."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import nn

from tlbench.core.backbone import Backbone
from tlbench.core.seeds import derive
from tlbench_strategies.adversarial.domain_adversarial import DomainAdversarial
from tlbench_strategies.fine_tuning.fine_tune import FineTune
from tlbench_strategies.multi_task.uncertainty_weighting import MultiTask

OTHER_CLASSES = ("left", "right")


class Own(Backbone):
    """A backbone with a classifier of two layers."""

    def __init__(self):
        super().__init__([nn.Sequential(nn.Linear(5, 4), nn.ReLU())], 4)

    def head(self, classes):
        return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, classes))


def shapes(head):
    return [tuple(parameter.shape) for parameter in head.parameters()]


def own(classes):
    return [(6, 4), (6,), (classes, 6), (classes,)]


def test_without_a_head_of_its_own_a_backbone_has_the_same_weights_as_ever_bit_for_bit(kit):
    task = kit.make_task("inductive", 2, classes=OTHER_CLASSES)
    model = kit.make_toolkit().new_model(task)
    torch.manual_seed(derive(task.seed, "initialisation"))
    expected = [kit.backbone(), nn.Linear(4, 2), nn.Linear(4, 3)]
    for found, drawn in zip((model.backbone, model.head, model.source_head), expected, strict=True):
        assert found.state_dict().keys() == drawn.state_dict().keys()
        for name, weights in drawn.state_dict().items():
            assert torch.equal(found.state_dict()[name], weights)


def test_the_heads_of_multi_task_are_drawn_as_ever_bit_for_bit(kit):
    task = kit.make_task()
    model = kit.model(MultiTask(MultiTask.Params()), task)
    torch.manual_seed(derive(task.seed, "additions"))
    expected = nn.Linear(4, 3)
    assert torch.equal(model.source_heads[0].weight, expected.weight)
    assert torch.equal(model.source_heads[0].bias, expected.bias)


def test_source_and_target_share_the_backbones_head_or_have_one_for_each_label_space(kit):
    toolkit = kit.make_toolkit(make_backbone=Own)
    shared = toolkit.new_model(kit.make_task())
    assert shared.head is shared.source_head
    assert shapes(shared.head) == own(3)
    apart = toolkit.new_model(kit.make_task(classes=OTHER_CLASSES))
    assert (shapes(apart.head), shapes(apart.source_head)) == (own(2), own(3))


def test_multi_task_has_the_backbones_head_for_each_source(kit):
    task = kit.make_task(classes=OTHER_CLASSES)
    toolkit = kit.make_toolkit(make_backbone=Own)
    model = toolkit.new_model(task)
    toolkit.extend(model, task.seed, lambda: MultiTask(MultiTask.Params()).build_on(task, model.backbone))
    assert [shapes(head) for head in model.source_heads] == [own(3)]
    assert shapes(model.head) == own(2)


@pytest.mark.parametrize("kind", [DomainAdversarial, MultiTask])
def test_the_whole_head_is_trained(kit, kind):
    task = kit.make_task()
    toolkit = kit.make_toolkit(make_backbone=Own)
    before = toolkit.new_model(task).head.state_dict()
    after = kind(kind.Params()).fit(task, toolkit).model.head.state_dict()
    assert all(not torch.equal(before[name], after[name]) for name in before)


def test_the_source_model_is_kept_and_found_again_with_all_of_its_head(kit, tmp_path):
    from tlbench.execution.source_training import fit_source_model

    task = kit.make_task()
    fit_source_model(task, kit.make_toolkit(make_backbone=Own), tmp_path / "model")
    toolkit = kit.make_toolkit(tmp_path / "model", make_backbone=Own)
    fresh, loaded = toolkit.new_model(task), toolkit.source_model(task)
    assert shapes(loaded.head) == own(3)
    assert _differ(fresh.head.state_dict(), loaded.head.state_dict())
    frozen = FineTune(FineTune.Params(freeze="backbone")).fit(task, toolkit).model
    assert not _differ(frozen.backbone.state_dict(), loaded.backbone.state_dict())
    assert _differ(frozen.head.state_dict(), loaded.head.state_dict())


def _differ(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> bool:
    """Whether every weight differs; none must where not all do."""
    unequal = [not torch.equal(one[name], other[name]) for name in one]
    assert all(unequal) or not any(unequal)
    return all(unequal)
