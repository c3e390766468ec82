from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from sklearn.preprocessing import Normalizer, StandardScaler
from sklearn.svm import LinearSVC
from torch import nn

from tlbench.core.backbone import Backbone
from tlbench_strategies.frozen_features.linear_svm import LinearSVM

SCALERS = {"none": lambda: None, "standardise": StandardScaler, "l2": Normalizer}


def fitted(kit, task, **params):
    toolkit = kit.make_toolkit(make_backbone=lambda: Backbone([nn.Identity()], 5))
    predictor = LinearSVM(LinearSVM.Params(**params)).fit(task, toolkit)
    return predictor.predict(torch.from_numpy(task.target.inputs)).logits.numpy(), toolkit.report.notes


@pytest.mark.parametrize("wrong", [{"C": -1}, {"C": float("nan")}, {"max_iter": 0}])
def test_a_wrong_parameter_is_refused(wrong):
    with pytest.raises(ValidationError):
        LinearSVM.Params(**wrong)


@pytest.mark.parametrize("scale", SCALERS)
@pytest.mark.parametrize("strength", [0.01, 1.0])
def test_logits_are_scikit_learns_decision_values_on_the_same_scaled_features(kit, strength, scale):
    task = kit.make_task("transductive", None)
    train, test = task.sources[0].train, task.target.inputs
    logits, notes = fitted(kit, task, C=strength, scale=scale)
    scaler = SCALERS[scale]()
    inputs, others = (
        (train.inputs, test) if scaler is None else (scaler.fit_transform(train.inputs), scaler.transform(test))
    )
    expected = LinearSVC(C=strength, random_state=0).fit(inputs, train.labels)
    np.testing.assert_allclose(logits, expected.decision_function(others), rtol=1e-3, atol=1e-4)
    assert notes == []


def test_two_classes_have_two_logits_that_are_each_others_negative(kit):
    task = kit.make_task("inductive", 4, classes=("zero", "one"))
    two = task.target.labels < 2
    target = replace(task.target, labelled=task.target.labelled[two], labels=task.target.labels[two])
    task = replace(task, target=target)
    logits, _ = fitted(kit, task)
    expected = LinearSVC(random_state=0).fit(task.target.inputs[task.target.labelled], task.target.labels)
    np.testing.assert_allclose(logits[:, 1], expected.decision_function(task.target.inputs), rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(logits[:, 0], -logits[:, 1])
    np.testing.assert_array_equal(logits.argmax(axis=1), expected.predict(task.target.inputs))


def test_a_fit_that_stops_early_is_noted_and_not_warned_of(kit):
    _, (note,) = fitted(kit, kit.make_task("inductive", 1), max_iter=1, C=1000.0)
    assert note.startswith("the classifier did not converge")
    assert "Liblinear failed to converge" in note
