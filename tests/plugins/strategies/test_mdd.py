"""MDD: the adversary agrees on the source and disagrees on the target, and features leave it no way to."""

from __future__ import annotations

import pytest
import torch

from tlbench import losses
from tlbench.testing import faithful
from tlbench_strategies.adversarial.mdd import MarginDisparityDiscrepancy, other_class
from tlbench_strategies.shared.adaptation import outputs_of


def subject(**params):
    return faithful.on_toy_task(MarginDisparityDiscrepancy, params)


def test_without_a_reversal_it_is_training_on_the_source():
    faithful.limit(MarginDisparityDiscrepancy, {"adversarial_weight": 0.0}, equals="source-only")


def test_minus_log_of_not_a_class_is_that_and_stays_finite():
    logits = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    expected = -(1 - logits.softmax(1)[torch.arange(6), labels]).log().mean()
    torch.testing.assert_close(other_class(logits, labels), expected)
    sure = torch.tensor([[1000.0, 0.0, 0.0]], requires_grad=True)
    value = other_class(sure, torch.tensor([0]))
    value.backward()
    assert float(value.detach()) == pytest.approx(1000, rel=1e-3)
    torch.testing.assert_close(sure.grad, torch.tensor([[1.0, -0.5, -0.5]]))


def test_the_term_is_agreement_on_the_source_at_the_margin_and_disagreement_on_the_target():
    made = subject(margin=3.0, weight=0.5)
    source, target = outputs_of(made.model, made.batch, "mixed")
    rows = torch.arange(16)
    on_source, on_target = (made.model.adversary(each.features).softmax(1) for each in (source, target))
    agrees = -on_source[rows, source.logits.argmax(1)].log().mean()
    differs = -(1 - on_target[rows, target.logits.argmax(1)]).log().mean()
    faithful.same(made.terms()["disparity"], 0.5 * (3.0 * agrees + differs), [made.model.adversary])


def test_an_adversary_that_is_the_classifier_and_sure_pays_on_the_target_alone():
    made = subject(hidden=0, margin=1.0)
    with torch.no_grad():
        made.model.head.weight.mul_(1000)
    made.model.adversary.load_state_dict(made.model.head.state_dict())
    source, _ = outputs_of(made.model, made.batch, "mixed")
    assert float(losses.cross_entropy(made.model.adversary(source.features), source.logits.argmax(1)).detach()) < 1
    assert made.values()["disparity"] > 10
    assert made.values()["target_agreement"] == 1


def test_it_does_not_reach_the_classifier():
    made = subject()
    term = made.terms()["disparity"]
    faithful.no_gradient_from(term, [made.model.head], reaches=[made.model.adversary])
    faithful.no_gradient_from(term, [made.model.head], reaches=[made.model.backbone])


def test_the_backbone_gets_minus_lambda_times_the_plain_gradient_and_the_adversary_gets_it_whole():
    weak, strong = subject(adversarial_weight=0.1), subject(adversarial_weight=0.4)
    of_backbone = [faithful.gradient(each.terms(1.0)["disparity"], [each.model.backbone]) for each in (weak, strong)]
    of_adversary = [faithful.gradient(each.terms(1.0)["disparity"], [each.model.adversary]) for each in (weak, strong)]
    torch.testing.assert_close(4 * of_backbone[0], of_backbone[1])
    torch.testing.assert_close(of_adversary[0], of_adversary[1])
    source, target = outputs_of(weak.model, weak.batch, "mixed")
    on_source, on_target = (weak.model.adversary(each.features) for each in (source, target))
    plain = 4.0 * losses.cross_entropy(on_source, source.logits.argmax(1))
    plain = plain + other_class(on_target, target.logits.argmax(1))
    factor = -weak.values(1.0)["lambda"]
    assert factor == pytest.approx(-0.1, rel=1e-3)
    faithful.same(weak.terms(1.0)["disparity"], plain, [weak.model.backbone], factor=factor)
