from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from sklearn.linear_model import LogisticRegression
from torch import nn

from tlbench.core.backbone import Backbone
from tlbench_strategies.frozen_features.linear_probe import LinearProbe


def fitted(kit, **params):
    task = kit.make_task("transductive", None)
    toolkit = kit.make_toolkit(make_backbone=lambda: Backbone([nn.Identity()], 5))
    predictor = LinearProbe(LinearProbe.Params(**params)).fit(task, toolkit)
    return predictor.predict(torch.from_numpy(task.target.inputs)).logits.numpy(), task, toolkit.report.notes


@pytest.mark.parametrize("wrong", [{"C": 0}, {"C": float("inf")}, {"C": [0.1, 1.0]}, {"max_iter": 0}])
def test_a_wrong_parameter_is_refused(wrong):
    with pytest.raises(ValidationError):
        LinearProbe.Params(**wrong)


@pytest.mark.parametrize("strength", [0.01, 1.0])
def test_logits_are_the_log_probabilities_of_scikit_learns_classifier_on_the_same_features(kit, strength):
    logits, task, notes = fitted(kit, C=strength)
    train = task.sources[0].train
    expected = LogisticRegression(C=strength, max_iter=1000).fit(train.inputs, train.labels)
    np.testing.assert_allclose(logits, expected.predict_log_proba(task.target.inputs), rtol=1e-4, atol=1e-5)
    assert notes == []


def test_a_fit_that_stops_early_is_noted_and_not_warned_of(kit):
    _, _, (note,) = fitted(kit, max_iter=1)
    assert "did not converge (lbfgs failed to converge after 1 iteration" in note
