"""Logits of stand-ins for classifiers, computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from tlbench.core.backbone import Backbone
from tlbench.training.feature_predictor import FeaturePredictor, logits_of

INPUTS = np.array([[1.0, 2.0], [3.0, -4.0]], np.float32)


class Deciding:
    """Decision values as scikit-learn has them: a column for each class, or one for two."""

    def __init__(self, classes, values):
        self.classes_ = np.array(classes)
        self._values = np.array(values)

    def decision_function(self, features):
        return self._values[: len(features)]


class Probable(Deciding):
    def predict_proba(self, features):
        return self._values[: len(features)]


def predicted(classifier, classes, same_label_space=True):
    predictor = FeaturePredictor(Backbone([nn.Identity()], 2), classifier, classes, same_label_space)
    return predictor, predictor.predict(torch.from_numpy(INPUTS))


def test_probabilities_are_taken_before_decision_values_and_none_is_infinite():
    found = logits_of(Probable([0, 1], [[1.0, 0.0], [0.25, 0.75]]), INPUTS)
    np.testing.assert_allclose(found, [[0.0, np.log(1e-12)], [np.log(0.25), np.log(0.75)]])


def test_one_column_of_decision_values_is_for_the_second_of_two_classes():
    np.testing.assert_array_equal(logits_of(Deciding([0, 1], [0.5, -2.0]), INPUTS), [[-0.5, 0.5], [2.0, -2.0]])


def test_several_columns_of_decision_values_are_the_logits():
    values = [[0.5, -2.0, -100.0], [-1.0, -3.0, -2.0]]
    np.testing.assert_array_equal(logits_of(Deciding([0, 1, 2], values), INPUTS), values)


@pytest.mark.parametrize("classifier", [Deciding([1, 3], [-200.0, 5.0]), Probable([1, 3], [[1.0, 0.0], [0.5, 0.5]])])
def test_classes_that_were_never_seen_are_never_above_one_that_was(classifier):
    _, prediction = predicted(classifier, 5)
    logits = prediction.logits.numpy()
    unseen = logits[:, [0, 2, 4]]
    assert logits.shape == (2, 5)
    assert np.isfinite(logits).all()
    assert (unseen.max(axis=1) <= logits[:, [1, 3]].min(axis=1)).all()
    assert set(logits.argmax(axis=1)) <= {1, 3}


def test_features_are_the_backbones_and_a_source_side_needs_the_same_classes():
    predictor, prediction = predicted(Deciding([0, 1], [0.5, -2.0]), 2, same_label_space=False)
    assert torch.equal(prediction.features, torch.from_numpy(INPUTS))
    assert not predictor.has_side("source")
    assert predicted(Deciding([0, 1], [0.5, -2.0]), 2)[0].has_side("source")


class Sign:
    """Positive features are of the second class."""

    classes_ = np.array([0, 1])

    def decision_function(self, features):
        return features[:, 0]


def test_source_features_are_moved_as_they_were_for_the_classifier_and_target_features_are_not():
    inputs = torch.tensor([[-1.0], [1.0]])
    predictor = FeaturePredictor(
        Backbone([nn.Identity()], 1), Sign(), 2, True, of_source=lambda features: -features.astype(np.float64)
    )
    source, target = (predictor.predict(inputs, side) for side in ("source", "target"))
    assert target.logits.argmax(dim=1).tolist() == [0, 1]
    assert source.logits.argmax(dim=1).tolist() == [1, 0]
    assert (source.features.tolist(), source.features.dtype) == ([[1.0], [-1.0]], torch.float32)
    assert target.features.tolist() == inputs.tolist()
