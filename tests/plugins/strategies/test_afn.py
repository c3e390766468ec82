"""AFN: norms grow by a step from what they are, which is a constant to the gradient."""

from __future__ import annotations

import pytest
import torch

from tlbench.testing import faithful
from tlbench_strategies.discrepancy.afn import AdaptiveFeatureNorm
from tlbench_strategies.shared.adaptation import outputs_of


def strategy(**params):
    return AdaptiveFeatureNorm(AdaptiveFeatureNorm.Params(**params))


@pytest.mark.parametrize("kind", ["stepwise", "hard"])
def test_without_a_weight_it_is_training_on_the_source(kind):
    faithful.limit(AdaptiveFeatureNorm, {"weight": 0.0, "kind": kind}, equals="source-only")


def test_the_value_is_that_of_the_step_whatever_the_features_are():
    subject = faithful.on_toy_task(AdaptiveFeatureNorm, {"weight": 0.5, "step": 2.0})
    assert subject.values()["norm"] == pytest.approx(0.5 * 2 * 2.0**2)


def test_the_norm_that_a_step_starts_from_is_a_constant():
    faithful.detached(
        strategy(step=0.5).distance,
        torch.tensor([1.0, 2.0, 4.0]),
        weights=lambda norms: norms + 0.5,
        weighted=lambda norms, wanted: (norms - wanted).square().mean(),
    )


def test_the_gradient_points_outwards_by_twice_the_step():
    features = torch.randn(8, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    strategy(step=1.5).distance(features.norm(dim=1)).backward()
    expected = -2 * 1.5 * features.detach() / features.detach().norm(dim=1, keepdim=True) / 8
    torch.testing.assert_close(features.grad, expected)


def test_the_hard_kind_asks_both_domains_for_one_mean_norm():
    subject = faithful.on_toy_task(AdaptiveFeatureNorm, {"kind": "hard", "radius": 7.0, "weight": 1.0})
    pair = outputs_of(subject.model, subject.batch, "separate")
    expected = sum((each.features.norm(dim=1).mean() - 7.0) ** 2 for each in pair)
    faithful.same(subject.terms()["norm"], expected, [subject.model.backbone])


def test_norms_of_both_domains_grow_in_training():
    grown, plain = (faithful.on_toy_task(AdaptiveFeatureNorm, {"weight": weight}) for weight in (1.0, 0.0))
    for _ in range(10):
        grown.update()
        plain.update()
    for name in ("source_norm", "target_norm"):
        assert float(grown.terms()[name]) > float(plain.terms()[name]) + 0.5


def test_entropy_of_the_target_is_minimised_where_it_is_asked_for():
    assert "entropy" not in faithful.on_toy_task(AdaptiveFeatureNorm).terms()
    subject = faithful.on_toy_task(AdaptiveFeatureNorm, {"entropy_weight": 0.1})
    found = outputs_of(subject.model, subject.batch, "separate")[1].probabilities
    faithful.same(subject.terms()["entropy"], -0.1 * (found * found.log()).sum(1).mean(), [subject.model])
