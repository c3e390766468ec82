"""DALN: the classifier raises the nuclear-norm discrepancy of its own predictions, and features lower it."""

from __future__ import annotations

import math

import pytest
import torch

from tlbench.testing import faithful
from tlbench_strategies.adversarial.daln import DiscriminatorFree, nuclear_discrepancy
from tlbench_strategies.shared.adaptation import outputs_of


def test_without_a_weight_it_is_training_on_the_source():
    faithful.limit(DiscriminatorFree, {"weight": 0.0}, equals="source-only")


def test_predictions_that_are_the_same_have_no_discrepancy_and_sure_balanced_ones_the_most():
    balanced, even = torch.eye(3).repeat(4, 1), torch.full((12, 3), 1 / 3)
    assert float(nuclear_discrepancy(balanced, balanced)) == 0
    most = (math.sqrt(12 * 3) - math.sqrt(12 / 3)) / 12
    assert float(nuclear_discrepancy(balanced, even)) == pytest.approx(most)
    assert float(nuclear_discrepancy(even, balanced)) == pytest.approx(-most)


def test_the_classifier_raises_it_and_the_backbone_lowers_it():
    """The gradient of the term is −NWD's own for the classifier, and λ times NWD's own for the backbone."""
    made = faithful.on_toy_task(DiscriminatorFree, {"weight": 0.5})
    source, target = outputs_of(made.model, made.batch, "mixed")
    plain = nuclear_discrepancy(source.probabilities, target.probabilities)
    terms = made.terms()
    ramp = float(terms["lambda"])
    assert 0.9 < ramp < 1
    faithful.same(terms["nwd"], -0.5 * plain, [made.model.head])
    faithful.same(terms["nwd"], -0.5 * plain, [made.model.backbone], factor=-ramp)


def test_the_order_within_a_domain_is_nothing():
    faithful.permutation_invariant(faithful.on_toy_task(DiscriminatorFree), "nwd", "target")


def test_predictions_that_are_all_the_same_give_finite_gradients():
    made = faithful.on_toy_task(DiscriminatorFree)
    torch.nn.init.zeros_(made.model.head.weight)
    assert torch.isfinite(faithful.gradient(made.terms()["nwd"], [made.model.head])).all()
