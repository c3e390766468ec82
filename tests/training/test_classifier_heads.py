"""Classifiers of scikit-learn as tensors: the same logits, for two classes and more, seen and unseen."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler
from sklearn.svm import LinearSVC

from tlbench.core.backbone import Backbone
from tlbench.core.saved_heads import head_again
from tlbench.errors import TlbenchError
from tlbench.training.classifier_heads import saved_head
from tlbench.training.feature_predictor import FeaturePredictor
from tlbench_strategies.frozen_features.scaling import Scaler

CLASSIFIERS = {
    "logistic": lambda: LogisticRegression(max_iter=500),
    "svm": LinearSVC,
    "nearest": lambda: KNeighborsClassifier(1, algorithm="brute"),
    "three": lambda: KNeighborsClassifier(3, algorithm="brute"),
}
#: Labels that are there, among five classes.
SEEN = {"two": (1, 3), "three": (0, 2, 3), "all": (0, 1, 2, 3, 4)}


def data(classes, count=90, features=6):
    rng = np.random.default_rng(0)
    labels = np.array(classes)[np.arange(count) % len(classes)]
    return (rng.standard_normal((count, features)) * 2 + labels[:, None]).astype(np.float32), labels


def scaled(kind, features, classifier):
    if kind == "none":
        return classifier
    step = StandardScaler() if kind == "scikit-learn" else FunctionTransformer(Scaler(features, kind).of_array)
    return make_pipeline(step, classifier)


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("scale", ["none", "scikit-learn", "standardise", "l2"])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_logits_are_those_of_the_classifier_after_a_round_trip(name, scale, seen):
    features, labels = data(SEEN[seen])
    fitted = scaled(scale, features, CLASSIFIERS[name]()).fit(features, labels)
    predictor = FeaturePredictor(Backbone([torch.nn.Identity()], 6), fitted, 5, True)
    head = saved_head(fitted, 5)
    again = head_again(head.description, head.state_dict())
    again.load_state_dict(head.state_dict())
    new = torch.from_numpy(np.random.default_rng(1).standard_normal((50, 6)).astype(np.float32) * 3)
    expected = predictor.predict(new).logits.double()
    found = again(new).double()
    assert torch.equal(found.argmax(1), expected.argmax(1))
    torch.testing.assert_close(found.softmax(1), expected.softmax(1), rtol=1e-4, atol=1e-5)
    unseen = sorted(set(range(5)) - set(SEEN[seen]))
    if unseen:
        assert (found[:, unseen].amax(1) <= found[:, list(SEEN[seen])].amin(1)).all()


@pytest.mark.parametrize(
    "fitted",
    [
        GaussianNB(),
        make_pipeline(MinMaxScaler(), LogisticRegression()),
        make_pipeline(StandardScaler(), StandardScaler(), LogisticRegression()),
        KNeighborsClassifier(3, weights="distance"),
        KNeighborsClassifier(3, metric="manhattan"),
        make_pipeline(FunctionTransformer(np.abs), LogisticRegression()),
    ],
)
def test_what_is_not_known_is_none(fitted):
    features, labels = data((0, 1))
    assert saved_head(fitted.fit(features, labels), 2) is None


def test_a_kind_that_is_not_known_is_named():
    with pytest.raises(TlbenchError, match="unknown kind of classifier 'quantum'"):
        head_again({"kind": "quantum"}, {})
