"""CDAN: the domain head sees features with predictions, which are constants to it; CDAN+E weighs sure examples more."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from tlbench.testing import faithful
from tlbench_strategies.adversarial.cdan import (
    ConditionalDomainAdversarial,
    EntropyConditioned,
    Products,
    RandomProducts,
    shares_of,
)
from tlbench_strategies.adversarial.domain_adversarial import DomainAdversarial

KINDS = [ConditionalDomainAdversarial, EntropyConditioned]


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_weight_it_is_training_on_the_source(kind):
    faithful.limit(kind, {"adversarial_weight": 0.0}, equals="source-only")


def test_products_with_a_sure_prediction_are_the_features_in_the_block_of_its_class():
    features, predictions = random(3, 4), torch.eye(3)[[2, 0, 1]]
    blocks = Products()(features, predictions).reshape(3, 3, 4)
    for row, label in enumerate([2, 0, 1]):
        assert torch.equal(blocks[row, label], features[row])
        assert not blocks[row, [other for other in range(3) if other != label]].any()


def test_random_products_estimate_the_inner_products_of_all_and_stay_the_same():
    torch.manual_seed(0)
    random_map = RandomProducts(6, 3, 20_000)
    features, predictions = random(5, 6), random(5, 3, seed=1).softmax(1)
    expected = Products()(features, predictions)
    found = random_map(features, predictions)
    torch.testing.assert_close(found @ found.T, expected @ expected.T, rtol=0.1, atol=0.2)
    assert torch.equal(random_map(features, predictions), found)
    assert list(random_map.parameters()) == []


def test_the_domain_head_sees_all_products_up_to_a_limit_and_random_ones_beyond():
    few, many = (
        faithful.on_toy_task(ConditionalDomainAdversarial, {"most_products": most, "random_dim": 10})
        for most in (48, 47)
    )
    assert few.model.domain_head[0].in_features == 16 * 3
    assert many.model.domain_head[0].in_features == 10
    faithful.unchanged_after(many.update, [many.model.products], changes=[many.model.domain_head])


def test_the_domain_loss_does_not_reach_the_classifier():
    subject = faithful.on_toy_task(ConditionalDomainAdversarial)
    model = subject.model
    term = subject.terms()["domain"]
    faithful.no_gradient_from(term, [model.head], reaches=[model.domain_head])
    faithful.no_gradient_from(term, [model.head], reaches=[model.backbone])


def test_where_predictions_are_the_same_for_all_it_is_dann_on_the_features_side_by_side():
    """With uniform predictions of 3 classes the products are the features, three times, a third each."""
    subject = faithful.on_toy_task(ConditionalDomainAdversarial, {"hidden": 0})
    dann = faithful.on_toy_task(DomainAdversarial, {"hidden": 0})
    for each in (subject, dann):
        nn.init.zeros_(each.model.head.weight)
        nn.init.zeros_(each.model.head.bias)
    with torch.no_grad():
        subject.model.domain_head.weight.copy_(dann.model.domain_head.weight.repeat(1, 3))
        subject.model.domain_head.bias.copy_(dann.model.domain_head.bias)
    torch.testing.assert_close(subject.terms()["domain"], dann.terms()["domain"])


def test_where_all_are_as_sure_entropy_changes_nothing():
    plain, weighed = (faithful.on_toy_task(kind) for kind in KINDS)
    for each in (plain, weighed):
        nn.init.normal_(each.model.head.weight, std=3.0, generator=torch.Generator().manual_seed(0))
    assert abs(plain.values()["domain"] - weighed.values()["domain"]) > 1e-4
    for each in (plain, weighed):
        nn.init.zeros_(each.model.head.weight)
    torch.testing.assert_close(plain.terms()["domain"], weighed.terms()["domain"])


def test_sure_examples_count_more_and_each_domain_as_much_as_the_other():
    logits = torch.tensor([[50.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    shares = shares_of(logits, 1.0)
    torch.testing.assert_close(shares, torch.tensor([2.0, 4 / 3]) / (2 + 4 / 3))
    assert float(shares_of(random(7, 3), 1.0).sum()) == pytest.approx(1)


def test_the_gradient_of_entropy_is_kept_and_reversed():
    logits, losses = random(6, 3).requires_grad_(), random(6, seed=1).abs()
    (found,) = torch.autograd.grad((shares_of(logits, 0.3) * losses).sum(), logits)
    entropy = -(functional.softmax(logits, 1) * functional.log_softmax(logits, 1)).sum(1)
    weights = 1 + torch.exp(-entropy)
    (plain,) = torch.autograd.grad((weights / weights.sum().detach() * losses).sum(), logits)
    torch.testing.assert_close(found, -0.3 * plain)
    assert plain.abs().max() > 1e-3
    subject = faithful.on_toy_task(EntropyConditioned)
    assert faithful.gradient(subject.terms()["domain"], [subject.model.head]).any()


def test_the_backbone_gets_minus_lambda_times_the_plain_gradient():
    half, whole = (
        faithful.on_toy_task(ConditionalDomainAdversarial, {"ramp": False, "adversarial_weight": weight})
        for weight in (0.25, 1.0)
    )
    gradients = [faithful.gradient(each.terms()["domain"], [each.model.backbone]) for each in (half, whole)]
    torch.testing.assert_close(gradients[0], 0.25 * gradients[1])
    with torch.no_grad():
        vector = gradients[1] / gradients[1].norm()
        at = 0
        before = whole.values()["domain"]
        for parameter in whole.model.backbone.parameters():
            parameter.sub_(0.1 * vector[at : at + parameter.numel()].reshape(parameter.shape))
            at += parameter.numel()
    assert whole.values()["domain"] > before, "a step down the reversed gradient raises the domain loss"
