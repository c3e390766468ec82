"""AdaMatch: interpolated source logits, aligned labels, a relative threshold, an average that predicts."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tlbench.testing import faithful
from tlbench_strategies.self_training.adamatch import AdaMatch, MeanPredictions, alone, between, warm_up


def subject(**params):
    return faithful.on_toy_task(AdaMatch, params)


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_each_logit_is_drawn_by_itself_between_both():
    joint, other = torch.zeros(500, 3), torch.ones(500, 3)
    found = between(joint, other, torch.Generator().manual_seed(0))
    assert float(found.min()) >= 0
    assert float(found.max()) <= 1
    assert float(found.mean()) == pytest.approx(0.5, abs=0.03)
    assert float(found.var()) == pytest.approx(1 / 12, abs=0.01)
    assert float(torch.corrcoef(found.T)[0, 1].abs()) < 0.15


def test_where_the_target_is_as_the_source_alignment_changes_nothing():
    means, probabilities = MeanPredictions(3), random(8, 3).softmax(1)
    means.source.copy_(torch.tensor([0.5, 0.3, 0.2]))
    means.target.copy_(means.source.expand(128, 3))
    torch.testing.assert_close(means.align(probabilities), probabilities)


def test_a_class_that_the_target_has_too_often_becomes_less_likely():
    means = MeanPredictions(3)
    means.target.copy_(torch.tensor([0.6, 0.2, 0.2]).expand(128, 3))
    found = means.align(torch.tensor([[0.4, 0.3, 0.3]]))
    expected = torch.tensor([0.4 / 0.6, 0.3 / 0.2, 0.3 / 0.2])
    torch.testing.assert_close(found[0], expected / expected.sum(), rtol=1e-4, atol=1e-5)


def test_the_source_s_mean_moves_slowly_and_the_target_s_is_of_the_last_batches():
    means = MeanPredictions(2)
    for _ in range(128):
        means.note(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))
    torch.testing.assert_close(means.target.mean(0), torch.tensor([0.0, 1.0]))
    assert float(means.source[0]) == pytest.approx(1 - 0.5 * 0.999**128, rel=1e-4)


def test_the_threshold_is_a_share_of_how_sure_the_source_is():
    made = subject(threshold=0.9)
    source = torch.log(torch.tensor([[0.5, 0.25, 0.25], [0.7, 0.2, 0.1]]))  # 0.6 sure on average, so 0.54 is asked for
    target = torch.log(torch.tensor([[0.53, 0.27, 0.2], [0.56, 0.24, 0.2]]))
    made.model.means.note = lambda *_: None
    assert made.strategy.pseudo_labels(made.model, source, target).mask.tolist() == [0.0, 1.0]


def test_labels_are_aligned_before_they_are_taken():
    made = subject(threshold=0.0)
    made.model.means.note = lambda *_: None
    made.model.means.target.copy_(torch.tensor([0.8, 0.1, 0.1]).expand(128, 3))
    target = torch.log(torch.tensor([[0.5, 0.4, 0.1]]))
    assert made.strategy.pseudo_labels(made.model, target, target).labels.tolist() == [1]


@pytest.mark.parametrize(("progress", "weight"), [(0.0, 0.0), (0.25, 0.5), (0.5, 1.0), (0.9, 1.0)])
def test_the_target_comes_in_over_the_first_half(progress, weight):
    assert warm_up(progress) == pytest.approx(weight)


def test_labels_are_constants_to_the_gradient_and_the_source_s_are_of_both_views():
    made = subject(threshold=0.0)
    terms = made.terms()
    assert not terms["used"].requires_grad
    inputs, labels = made.batch.source.inputs, made.batch.source.labels
    views = {"weak": inputs, "strong": 2 * inputs}
    object.__setattr__(made.batch.source, "view", views.__getitem__)
    expected = sum(0.5 * nn.functional.cross_entropy(made.model(view), labels) for view in views.values())
    assert made.values()["source"] == pytest.approx(float(expected.detach()), rel=1e-5)


def test_the_source_alone_leaves_batch_norm_statistics_as_they_are_and_gives_other_logits(kit):
    made = kit.with_batch_norm(subject())
    model, inputs = made.model.train(), made.batch.source.inputs
    joint = model.head(model.features_of(inputs, made.batch.target.inputs)[0])
    before = {name: value.clone() for name, value in model.named_buffers()}
    (found,) = alone(model, [inputs], [joint])
    assert all(torch.equal(before[name], value) for name, value in model.named_buffers())
    assert (found - joint).abs().max() > 1e-3
    torch.testing.assert_close(found, model(inputs))


def test_statistics_after_a_step_are_those_of_the_joint_batch_alone(kit):
    made = kit.with_batch_norm(subject())
    made.update()
    assert int(made.model.backbone.stages[0][1].num_batches_tracked) == 1


def test_the_average_learns_by_nothing_but_the_weights_and_predicts():
    made = subject()
    assert not faithful.gradient(made.terms()["source"], [made.model.average]).any()
    fitted = made.trial.fit(made.case)
    model, inputs = fitted.predictor.model.eval(), torch.from_numpy(fitted.case.test.inputs)
    with torch.no_grad():
        expected = model.average["head"](model.average["backbone"](inputs)).numpy()
        last = model(inputs).numpy()
    assert (fitted.logits() == expected).all()
    assert abs(expected - last).max() > 1e-3
