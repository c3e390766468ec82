"""DAN: MMD² without bias of a sum of kernels, which does not reach the classifier."""

from __future__ import annotations

import torch

from tlbench.testing import faithful
from tlbench_strategies.discrepancy.dan import DeepAdaptationNetwork
from tlbench_strategies.shared.adaptation import outputs_of


def independent(source, target):
    """MMD² by its definition, pair by pair."""
    joined = torch.cat([source, target])
    mean = (joined[:, None] - joined[None]).square().sum(2).mean().detach()

    def kernel(one, other):
        distance = (one - other).square().sum()
        return sum(torch.exp(-distance / (2 * factor * mean)) for factor in (0.125, 0.25, 0.5, 1.0, 2.0))

    def among(points):
        pairs = [kernel(points[i], points[j]) for i in range(len(points)) for j in range(len(points)) if i != j]
        return torch.stack(pairs).mean()

    between = torch.stack([kernel(one, other) for one in source for other in target]).mean()
    return among(source) + among(target) - 2 * between


def test_without_a_weight_it_is_training_on_the_source():
    faithful.limit(DeepAdaptationNetwork, {"weight": 0.0}, equals="source-only")


def test_the_term_is_the_discrepancy_of_the_features_and_of_the_layers_asked_for():
    for of in ("features", "logits", "both"):
        subject = faithful.on_toy_task(DeepAdaptationNetwork, {"of": of, "weight": 0.7})
        source, target = outputs_of(subject.model, subject.batch, "separate")
        parts = {
            "features": independent(source.features, target.features),
            "logits": independent(source.logits, target.logits),
        }
        expected = 0.7 * (parts["features"] + parts["logits"] if of == "both" else parts[of])
        faithful.same(subject.terms()["mmd"], expected, [subject.model.backbone])


def test_it_reaches_the_backbone_and_not_the_classifier():
    subject = faithful.on_toy_task(DeepAdaptationNetwork)
    model = subject.model
    faithful.no_gradient_from(subject.terms()["mmd"], [model.head], reaches=[model.backbone])


def test_the_order_within_a_domain_is_nothing():
    subject = faithful.on_toy_task(DeepAdaptationNetwork)
    faithful.permutation_invariant(subject, "mmd", "target")
    faithful.permutation_invariant(subject, "mmd", "source")


def test_a_step_along_its_gradient_makes_the_domains_more_alike():
    subject = faithful.on_toy_task(DeepAdaptationNetwork, {"weight": 1000.0})
    before = subject.values()["mmd"]
    for _ in range(5):
        subject.update()
    assert subject.values()["mmd"] < before
