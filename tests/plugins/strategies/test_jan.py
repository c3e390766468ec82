"""JAN: one discrepancy of features and predictions jointly, by the product of their kernels."""

from __future__ import annotations

import torch

from tlbench.testing import faithful
from tlbench_strategies.discrepancy.dan import DeepAdaptationNetwork
from tlbench_strategies.discrepancy.jan import JointAdaptationNetwork
from tlbench_strategies.shared import kernels
from tlbench_strategies.shared.adaptation import outputs_of


def test_without_a_weight_it_is_training_on_the_source():
    faithful.limit(JointAdaptationNetwork, {"weight": 0.0}, equals="source-only")


def test_where_all_predictions_are_the_same_it_is_dan():
    joint, dan = (faithful.on_toy_task(kind) for kind in (JointAdaptationNetwork, DeepAdaptationNetwork))
    for head in (joint.model.head, dan.model.head):
        torch.nn.init.zeros_(head.weight)
    of_both, of_features = joint.terms()["joint_mmd"], dan.terms()["mmd"]
    torch.testing.assert_close(of_both, of_features)
    torch.nn.init.normal_(joint.model.head.weight)
    assert abs(joint.values()["joint_mmd"] - float(of_features.detach())) > 1e-3


def test_the_kernel_of_pairs_is_the_product_of_that_of_features_and_a_gaussian_of_predictions():
    subject = faithful.on_toy_task(JointAdaptationNetwork, {"sigma": 0.5})
    source, target = outputs_of(subject.model, subject.batch, "mixed")
    of_features = kernels.multiple_gaussians(torch.cat([source.features, target.features]))
    predictions = torch.cat([source.probabilities, target.probabilities])
    distances = (predictions[:, None] - predictions[None]).square().sum(2)
    expected = kernels.mmd(of_features * torch.exp(-distances / (2 * 0.5**2)), 16)
    faithful.same(subject.terms()["joint_mmd"], expected, [subject.model])


def test_it_reaches_the_classifier_too():
    subject = faithful.on_toy_task(JointAdaptationNetwork)
    assert faithful.gradient(subject.terms()["joint_mmd"], [subject.model.head]).any()


def test_the_order_within_a_domain_is_nothing():
    faithful.permutation_invariant(faithful.on_toy_task(JointAdaptationNetwork), "joint_mmd", "target")
