from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from tlbench.core.backbone import Backbone
from tlbench.core.run_spec import Budget, Training
from tlbench.core.task import Examples, SourceView, TargetView, TransferTask
from tlbench.training import layers, losses, schedules
from tlbench.training.batches import Batch, Batches, MissingRole, Shuffled
from tlbench.training.loop import Diverged
from tlbench.training.toolkit import Toolkit


def view(name, size, offset=0.0):
    inputs = np.arange(size, dtype=np.float32)[:, None] + offset
    return Examples(inputs, np.arange(size) % 2)


def task(setting="inductive", sources=1, labelled=3):
    made = tuple(SourceView(f"s{i}", ("a", "b"), view("s", 20, 100.0 * i), view("s", 4)) for i in range(sources))
    chosen = np.arange(labelled)
    return TransferTask(
        setting, labelled, made, TargetView("t", ("a", "b"), view("t", 30).inputs, chosen, chosen % 2), (1,), 0
    )


def toolkit(steps=20, **recipe):
    return Toolkit(
        lambda: Backbone([nn.Linear(1, 4)], 4),
        Budget(steps=steps, batch_size=6, checkpoints=2),
        Training(**recipe),
        "cpu",
        None,
        lambda *_: None,
    )


def cross_entropy(model, batch, progress):
    return losses.cross_entropy(model(batch.source.inputs / 30), batch.source.labels)


# ---- batches -----------------------------------------------------------------------------------------------------


def test_a_role_that_the_setting_does_not_give_is_named():
    batch = Batch(Batches(task(labelled=0), 4, "cpu"), 1)
    with pytest.raises(MissingRole, match="no labelled target examples"):
        _ = batch.labelled_target
    with pytest.raises(MissingRole, match="without a source"):
        _ = Batch(Batches(task(sources=0), 4, "cpu"), 1).source


def test_every_example_comes_once_per_round():
    order = Shuffled(10, 0)
    assert sorted(np.concatenate([order.take(4), order.take(6)])) == list(range(10))
    assert sorted(order.take(25)[:10]) == list(range(10))


def test_a_batch_is_divided_evenly_over_several_sources():
    source = Batch(Batches(task(sources=3), 7, "cpu"), 1).source
    assert torch.bincount(source.domains).tolist() == [3, 2, 2]
    assert ((source.inputs[:, 0] // 100).long() == source.domains).all()


def test_only_roles_that_were_touched_count_as_seen():
    batches = Batches(task(), 6, "cpu")
    batch = Batch(batches, 1)
    assert batch.source is batch.source
    assert (batches.labelled_seen, batches.unlabelled_seen) == (6, 0)
    _ = batch.target
    assert (batches.labelled_seen, batches.unlabelled_seen) == (6, 6)


def test_touching_one_role_does_not_change_what_another_gives():
    alone = Batch(Batches(task(), 6, "cpu"), 1).target.inputs
    batch = Batch(Batches(task(), 6, "cpu"), 1)
    _ = batch.source, batch.labelled_target
    assert torch.equal(batch.target.inputs, alone)


# ---- the loop ----------------------------------------------------------------------------------------------------


def test_a_loss_that_is_not_finite_is_diverged():
    kit = toolkit()
    with pytest.raises(Diverged, match="not finite"):
        kit.train(kit.new_model(task()), lambda model, batch, p: cross_entropy(model, batch, p) * float("inf"), task())


def test_a_loss_without_a_gradient_says_what_is_wrong():
    kit = toolkit()
    with pytest.raises(ValueError, match="carries a gradient"):
        kit.train(kit.new_model(task()), lambda *_: {"monitor": torch.tensor(1.0)}, task())


def test_the_budget_is_kept_and_reported():
    kit = toolkit()
    steps = []
    predictor = kit.train(
        kit.new_model(task()), lambda m, b, p: (steps.append(p), cross_entropy(m, b, p))[1], task(), phase="source"
    )
    assert len(steps) == 20
    assert steps[0] == 0.0
    assert steps[-1] == pytest.approx(19 / 20)
    assert predictor.steps == [10, 20]
    (seen,) = kit.report.seen
    assert (seen.phase, seen.updates, seen.labelled, seen.unlabelled) == ("source", 20, 120, 0)
    assert kit.report.examples_per_second > 0


def test_detached_terms_are_monitors_and_do_not_change_the_training():
    def with_monitor(model, batch, progress):
        return {"label": cross_entropy(model, batch, progress), "monitor": torch.tensor(1e6)}

    plain, monitored = toolkit(), toolkit()
    a = plain.train(plain.new_model(task()), cross_entropy, task()).model.state_dict()
    b = monitored.train(monitored.new_model(task()), with_monitor, task()).model.state_dict()
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert monitored.report.curve[-1]["monitor"] == 1e6


def test_a_checkpoint_holds_the_weights_of_its_step():
    kit = toolkit()
    predictor = kit.train(kit.new_model(task()), cross_entropy, task())
    last = {name: value.clone() for name, value in predictor.model.state_dict().items()}
    predictor.load(10)
    assert not torch.equal(predictor.model.state_dict()["head.weight"], last["head.weight"])
    predictor.load(20)
    assert torch.equal(predictor.model.state_dict()["head.weight"], last["head.weight"])


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd"])
def test_every_optimizer_lowers_the_loss(optimizer):
    kit = toolkit(steps=60, optimizer=optimizer, lr=0.05)
    learnable = task()
    for source in learnable.sources:
        source.train.labels[:] = source.train.inputs[:, 0] > 10
    kit.train(kit.new_model(learnable), cross_entropy, learnable)
    assert kit.report.curve[-1]["loss"] < kit.report.curve[0]["loss"]


@pytest.mark.parametrize(("nesterov", "moved"), [(False, 1.0), (True, 1.9)])
def test_the_first_step_with_nesterov_has_the_momentum_in_it_already(nesterov, moved):
    kit = toolkit(steps=1, optimizer="sgd", lr=0.1, schedule="constant", momentum=0.9, nesterov=nesterov)
    model = kit.new_model(task())
    before = model.head.bias.detach().clone()
    kit.train(model, lambda model, batch, progress: model.head.bias.sum(), task())
    torch.testing.assert_close(before - model.head.bias.detach(), torch.full_like(before, 0.1 * moved))


def moved(groups=None, **recipe):
    """How far a weight of the backbone and one of the head go in one step of size 0.1 along a gradient of 1."""
    kit = toolkit(steps=1, optimizer="sgd", lr=0.1, schedule="constant", momentum=0.0, **recipe)
    model = kit.new_model(task())
    parts = (model.backbone.stages[0].bias, model.head.bias)
    before = [part.detach().clone() for part in parts]
    kit.train(model, lambda m, *_: sum(part.sum() for part in parts), task(), groups=groups and groups(model))
    return [float((old - part.detach()).mean()) for old, part in zip(before, parts, strict=True)]


def test_the_backbone_has_a_rate_of_its_own():
    assert moved() == pytest.approx([0.1, 0.1])
    assert moved(backbone_lr=0.1) == pytest.approx([0.01, 0.1])


def test_its_factor_is_on_top_of_that_of_a_strategys_groups():
    def whole(model):
        return [(model.parameters(), 0.5)]

    assert moved(whole, backbone_lr=0.1) == pytest.approx([0.005, 0.05])


def test_a_backbone_that_a_strategy_leaves_out_is_still_left_out():
    def head(model):
        return [(model.head.parameters(), 1.0)]

    assert moved(head, backbone_lr=0.1) == pytest.approx([0.0, 0.1])


def test_the_inverse_schedule_decays_as_the_recipe_says():
    def trained(**recipe):
        kit = toolkit(optimizer="sgd", lr=0.1, **recipe)
        return kit.train(kit.new_model(task()), cross_entropy, task()).model.head.weight

    constant = trained(schedule="constant")
    assert torch.equal(trained(schedule="inverse", decay=0.0), constant)
    assert torch.equal(trained(schedule="inverse", decay=10.0), trained(schedule="inverse"))
    assert not torch.equal(trained(schedule="inverse", decay=1.0), trained(schedule="inverse"))


def test_models_of_one_seed_start_from_the_same_weights_and_of_another_do_not():
    first, second = toolkit().new_model(task()), toolkit().new_model(task())
    assert torch.equal(first.head.weight, second.head.weight)
    other = TransferTask("inductive", 3, task().sources, task().target, (1,), 1)
    assert not torch.equal(toolkit().new_model(other).head.weight, first.head.weight)


# ---- parts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schedule", "values"), [("constant", [1, 1]), ("cosine", [1, 0]), ("inverse", [1, 11**-0.75])]
)
def test_learning_rate_schedules_have_their_ends(schedule, values):
    assert [schedules.learning_rate_factor(schedule, p) for p in (0.0, 1.0)] == pytest.approx(values, abs=1e-12)


def test_the_inverse_schedule_has_the_decay_that_it_is_given():
    # With a decay of steps/1000 the factor after each step is (1 + 0.001 · step)^−0.75.
    factors = [schedules.learning_rate_factor("inverse", step / 300, decay=0.3) for step in (0, 100, 299)]
    assert factors == pytest.approx([(1 + 0.001 * step) ** -0.75 for step in (0, 100, 299)])


def test_reversal_is_the_identity_whose_gradient_is_turned_and_scaled():
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    y = layers.reverse_gradient(x, 0.3)
    assert torch.equal(y, x)
    (y * torch.tensor([2.0, 5.0])).sum().backward()
    torch.testing.assert_close(x.grad, torch.tensor([-0.6, -1.5]))


def test_the_domain_loss_is_binary_cross_entropy_averaged_over_domains():
    source, target = torch.tensor([0.3, -1.0, 2.0]), torch.tensor([0.7, 0.1])
    expected = 0.5 * (
        nn.functional.binary_cross_entropy_with_logits(source, torch.zeros(3))
        + nn.functional.binary_cross_entropy_with_logits(target, torch.ones(2))
    )
    torch.testing.assert_close(losses.domain_cross_entropy(source, target), expected)
    assert float(losses.domain_accuracy(source, target)) == pytest.approx(0.5 * (1 / 3 + 1))
