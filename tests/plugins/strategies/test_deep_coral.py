"""Deep CORAL: covariances are compared, of the logits, and means are not."""

from __future__ import annotations

import torch

from tlbench import losses
from tlbench.testing import faithful
from tlbench_strategies.discrepancy.deep_coral import DeepCoral
from tlbench_strategies.shared.adaptation import outputs_of


def test_without_a_weight_it_is_training_on_the_source():
    faithful.limit(DeepCoral, {"weight": 0.0}, equals="source-only")


def test_it_compares_covariances_of_the_last_layer_or_of_the_features():
    for of, dimension in (("logits", 3), ("features", 16)):
        subject = faithful.on_toy_task(DeepCoral, {"of": of, "weight": 2.0})
        pair = [getattr(each, of) for each in outputs_of(subject.model, subject.batch, "mixed")]
        difference = torch.cov(pair[0].T) - torch.cov(pair[1].T)
        expected = 2.0 * difference.square().sum() / (4 * dimension**2)
        faithful.same(subject.terms()["coral"], expected, [subject.model.backbone])


def test_a_difference_of_means_alone_is_nothing_to_it():
    points = torch.randn(20, 4, generator=torch.Generator().manual_seed(0))
    assert float(losses.covariance_distance(points, points + 5)) < 1e-6
    assert float(losses.covariance_distance(points, 2 * points)) > 0.1


def test_the_order_within_a_domain_is_nothing():
    faithful.permutation_invariant(faithful.on_toy_task(DeepCoral), "coral", "target")
