"""MCD: three parts of a step, each over modules of its own, and a game about the disagreement of two classifiers."""

from __future__ import annotations

import pytest
import torch

from tlbench.testing import faithful
from tlbench_strategies.adversarial.mcd import MaximumClassifierDiscrepancy, discrepancy


def subject(**params):
    return faithful.on_toy_task(MaximumClassifierDiscrepancy, params)


def parts(model):
    return [model.backbone], [model.head, model.second_head]


def disagreement(made):
    with torch.no_grad():
        return float(discrepancy(made.model, made.model.features(made.batch.target.inputs)))


def test_the_classifiers_move_and_the_backbone_stays():
    made = subject()
    backbone, classifiers = parts(made.model)
    faithful.unchanged_after(lambda: made.update("classifiers"), backbone, changes=classifiers)


def test_the_backbone_moves_and_the_classifiers_stay():
    made = subject()
    backbone, classifiers = parts(made.model)
    faithful.unchanged_after(lambda: made.update("backbone"), classifiers, changes=backbone)


def test_labels_move_all_of_it():
    made = subject()
    before = {name: value.clone() for name, value in made.model.state_dict().items()}
    made.update("labels")
    assert all(not torch.equal(before[name], value) for name, value in made.model.state_dict().items())


def test_the_classifiers_raise_the_disagreement_and_the_backbone_lowers_it():
    made = subject(weight=100.0)
    start = disagreement(made)
    made.update("classifiers")
    apart = disagreement(made)
    made.update("backbone")
    assert apart > start
    assert disagreement(made) < apart


def test_the_disagreement_is_the_mean_over_examples_and_classes_of_the_difference():
    made = subject()
    features = made.model.features(made.batch.target.inputs).detach()
    first, second = (head(features).softmax(1).detach() for head in (made.model.head, made.model.second_head))
    expected = sum(abs(float(a - b)) for a, b in zip(first.flatten(), second.flatten(), strict=True)) / (16 * 3)
    assert disagreement(made) == pytest.approx(expected)


def test_classifiers_that_are_the_same_give_no_disagreement_and_no_gradient():
    made = subject()
    made.model.second_head.load_state_dict(made.model.head.state_dict())
    term = made.terms()["backbone.discrepancy"]
    assert float(term.detach()) == 0
    assert not faithful.gradient(term, [made.model.backbone]).any()


def test_the_two_classifiers_start_apart():
    assert disagreement(subject()) > 1e-3


@pytest.mark.parametrize("repeats", [1, 4])
def test_every_update_of_a_step_counts(repeats):
    fitted = subject(repeats=repeats).fit()
    assert fitted.toolkit.report.seen[-1].updates == 6 * (2 + repeats)


def test_labels_of_the_target_are_learnt_where_there_are_any():
    made = faithful.on_toy_task(MaximumClassifierDiscrepancy, setting="inductive")
    assert {"labels.target", "classifiers.target"} <= made.terms().keys()
    assert "backbone.target" not in made.terms()
