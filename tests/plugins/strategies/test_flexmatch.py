"""FlexMatch: thresholds by class, from how many inputs each class has been a sure label of."""

from __future__ import annotations

import pytest
import torch

from tlbench.testing import faithful
from tlbench_strategies.self_training.fixmatch import FixMatch
from tlbench_strategies.self_training.flexmatch import Curriculum, FlexMatch
from tlbench_strategies.shared.pseudo_labels import PseudoLabels


def curriculum(labels, classes=3):
    made = Curriculum(len(labels), classes)
    made.labels.copy_(torch.tensor(labels))
    return made


def test_without_a_weight_it_is_training_on_the_source():
    faithful.limit(FlexMatch, {"weight": 0.0}, equals="source-only")


def test_shares_are_mapped_by_x_over_two_minus_x():
    found = curriculum([0, 0, 0, 0, 1, 1, 2, -1]).mapped_shares()
    assert found.tolist() == pytest.approx([1.0, 0.5 / 1.5, 0.25 / 1.75])


def test_while_most_have_never_been_sure_thresholds_are_low():
    found = curriculum([0, 0, 1, -1, -1, -1, -1, -1]).mapped_shares()
    assert found.tolist() == pytest.approx([0.4 / 1.6, 0.2 / 1.8, 0.0])
    assert not Curriculum(8, 3).mapped_shares().any()


def test_the_last_sure_label_of_an_input_counts_and_an_unsure_one_changes_nothing():
    made = curriculum([-1, -1, -1, -1])
    made.note(PseudoLabels(torch.tensor([2, 1]), torch.tensor([1.0, 0.0])), torch.tensor([3, 0]))
    made.note(PseudoLabels(torch.tensor([1]), torch.tensor([1.0])), torch.tensor([3]))
    made.note(PseudoLabels(torch.tensor([0]), torch.tensor([0.0])), torch.tensor([3]))
    assert made.labels.tolist() == [-1, -1, -1, 1]


def test_a_class_is_used_from_its_own_threshold_on():
    made = faithful.on_toy_task(FlexMatch, {"threshold": 0.9})
    made.model.curriculum.labels.fill_(0)
    made.model.curriculum.labels[:32] = 1  # β = 1 for class 0, 1/2 for class 1: thresholds 0.9 and 0.3
    logits = torch.log(torch.tensor([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.95, 0.04, 0.01]]))
    found = made.strategy.pseudo_labels(made.model, logits, torch.arange(3))
    assert found.mask.tolist() == [0.0, 1.0, 1.0]
    assert found.labels.tolist() == [0, 1, 0]


def test_this_batch_counts_from_the_next_on():
    made = faithful.on_toy_task(FlexMatch, {"threshold": 0.9})
    sure = torch.log(torch.tensor([[0.05, 0.9001, 0.0499]]))
    made.strategy.pseudo_labels(made.model, sure, torch.tensor([5]))
    assert int(made.model.curriculum.labels[5]) == 1
    assert float(made.model.curriculum.mapped_shares()[1]) == pytest.approx((1 / 95) / (2 - 1 / 95))


def test_with_all_classes_learnt_alike_it_is_fixmatch():
    made = faithful.on_toy_task(FlexMatch)
    made.model.curriculum.labels.copy_(torch.arange(len(made.model.curriculum.labels)) % 3)
    logits = 4 * torch.randn(20, 3, generator=torch.Generator().manual_seed(0))
    expected = FixMatch(FixMatch.Params()).pseudo_labels(made.model, logits, torch.arange(20))
    found = made.strategy.pseudo_labels(made.model, logits, torch.arange(20))
    assert 0 < float(expected.mask.mean()) < 1
    assert torch.equal(found.mask, expected.mask)
