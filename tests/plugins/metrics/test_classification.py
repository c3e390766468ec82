"""Metrics against hand-computed values, scikit-learn's own, and independent computations."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
import sklearn.metrics

import tlbench_metrics
from tlbench_metrics import classification as metrics

EXACT = {"abs": 1e-12, "rel": 1e-12}
SCALARS = ["accuracy", "balanced_accuracy", "macro_f1", "macro_recall", "macro_precision", "auroc", "nll", "ece"]
LISTS = ["per_class_f1", "confusion_matrix"]
CLUSTERING = ["clustering_accuracy", "nmi", "ari"]


def one_hot(predicted, classes):
    return np.eye(classes)[predicted]


@pytest.fixture
def sample():
    rng = np.random.default_rng(0)
    labels = rng.integers(4, size=200)
    return labels, rng.normal(size=(200, 4)) + 1.5 * np.eye(4)[labels]


# Classes 0, 0, 0, 1, 1, 2; predicted 0, 0, 1, 1, 2, 2; class 3 never occurs.
LABELS = np.array([0, 0, 0, 1, 1, 2])
LOGITS = one_hot([0, 0, 1, 1, 2, 2], 4)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("accuracy", 4 / 6),
        ("balanced_accuracy", (2 / 3 + 1 / 2 + 1) / 3),
        ("macro_recall", (2 / 3 + 1 / 2 + 1 + 0) / 4),
        ("macro_precision", (1 + 1 / 2 + 1 / 2 + 0) / 4),
        ("macro_f1", (4 / 5 + 1 / 2 + 2 / 3 + 0) / 4),
        ("nll", math.log(math.e + 3) - 4 / 6),
        # One bin: all top probabilities are e / (e + 3).
        ("ece", abs(4 / 6 - math.e / (math.e + 3))),
        ("clustering_accuracy", 4 / 6),
    ],
)
def test_equals_the_value_computed_by_hand(name, expected):
    assert getattr(metrics, name)(LABELS, LOGITS) == pytest.approx(expected, **EXACT)


def test_lists_computed_by_hand():
    assert metrics.per_class_f1(LABELS, LOGITS) == pytest.approx([4 / 5, 1 / 2, 2 / 3, 0], **EXACT)
    assert metrics.confusion_matrix(LABELS, LOGITS) == [[2, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]]


def test_equals_scikit_learn(sample):
    labels, logits = sample
    predicted = logits.argmax(axis=1)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = {
        "accuracy": sklearn.metrics.accuracy_score(labels, predicted),
        "balanced_accuracy": sklearn.metrics.balanced_accuracy_score(labels, predicted),
        "macro_f1": sklearn.metrics.f1_score(labels, predicted, average="macro"),
        "macro_recall": sklearn.metrics.recall_score(labels, predicted, average="macro"),
        "macro_precision": sklearn.metrics.precision_score(labels, predicted, average="macro"),
        "auroc": sklearn.metrics.roc_auc_score(labels, p, multi_class="ovr", average="macro"),
        "nll": sklearn.metrics.log_loss(labels, p),
        "nmi": sklearn.metrics.normalized_mutual_info_score(labels, predicted),
        "ari": sklearn.metrics.adjusted_rand_score(labels, predicted),
    }
    assert {name: getattr(metrics, name)(labels, logits) for name in expected} == pytest.approx(expected, **EXACT)


def test_binary_auroc_counts_pairs_in_order():
    labels = np.array([0, 0, 1, 1, 1])
    score = np.array([0.1, 0.6, 0.5, 0.7, 0.9])
    logits = np.stack([np.zeros(5), score], axis=1)
    # Of the 2 · 3 pairs only (0.6, 0.5) is in the wrong order.
    assert metrics.auroc(labels, logits) == pytest.approx(5 / 6, **EXACT)


def test_binary_auroc_reads_the_positive_class():
    # Both probabilities of class 0 round to 1, those of class 1 still tell the items apart.
    logits = np.array([[60.0, 0.0], [50.0, 0.0]])
    assert metrics.auroc(np.array([0, 1]), logits) == 1.0


def test_balanced_accuracy_leaves_out_a_class_that_is_only_predicted():
    assert metrics.balanced_accuracy(np.array([0, 0, 1]), one_hot([0, 2, 1], 3)) == pytest.approx(3 / 4, **EXACT)


def test_auroc_leaves_out_absent_classes():
    labels = np.array([0, 0, 1, 1])
    logits = np.array([[2.0, 0, 0], [0, 1, 0], [0, 2, 0], [0, 1.5, 5]])
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = np.mean([sklearn.metrics.roc_auc_score(labels == c, p[:, c]) for c in (0, 1)])
    assert metrics.auroc(labels, logits) == pytest.approx(expected, **EXACT)
    assert math.isnan(metrics.auroc(np.zeros(4, dtype=int), logits))


@pytest.mark.parametrize("sharpness", [0.1, 1.0, 3.0, 100.0])
def test_ece_equals_an_independent_computation(sample, sharpness):
    labels, logits = sample[0], sample[1] * sharpness
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    error = 0.0
    for k in range(15):
        inside = [i for i in range(200) if k / 15 < p[i].max() <= (k + 1) / 15]
        if inside:
            hits = sum(int(p[i].argmax() == labels[i]) for i in inside) / len(inside)
            error += len(inside) / 200 * abs(hits - sum(p[i].max() for i in inside) / len(inside))
    assert metrics.ece(labels, logits) == pytest.approx(error, **EXACT)


def test_ece_of_a_certain_model_is_its_error():
    assert metrics.ece(np.array([0, 1, 1, 1]), 1000 * one_hot([0, 0, 1, 1], 2)) == pytest.approx(1 / 4, **EXACT)


def test_nll_does_not_overflow_and_is_not_clipped():
    logits = np.array([[1e4, 0.0], [0.0, 1e4]], dtype=np.float32)
    assert metrics.nll(np.array([0, 0]), logits) == pytest.approx(1e4 / 2, **EXACT)


def test_clustering_accuracy_equals_the_best_of_all_matchings(sample):
    labels, logits = sample
    shuffled = logits[:, [2, 0, 3, 1]]
    clusters = shuffled.argmax(axis=1)
    best = max(np.mean(np.array(matching)[clusters] == labels) for matching in permutations(range(4)))
    assert metrics.clustering_accuracy(labels, shuffled) == pytest.approx(best, **EXACT)
    assert best > metrics.accuracy(labels, shuffled)


def test_clustering_accuracy_with_fewer_clusters_than_classes():
    labels = np.array([0, 0, 1, 1, 2])
    assert metrics.clustering_accuracy(labels, one_hot([1, 1, 0, 0, 0], 2)) == pytest.approx(4 / 5, **EXACT)


@pytest.mark.parametrize("name", SCALARS + CLUSTERING)
def test_scalar_metrics_return_a_float(name, sample):
    assert type(getattr(metrics, name)(*sample)) is float


@pytest.mark.parametrize("name", SCALARS + LISTS + CLUSTERING)
def test_one_item_per_class_and_absent_predictions_raise_no_warning(name):
    # Warnings are errors; scikit-learn has some for many classes, for absent ones and for undefined scores.
    value = getattr(metrics, name)(np.arange(30), one_hot(np.zeros(30, dtype=int), 40))
    assert isinstance(value, float | list)


@pytest.mark.parametrize("name", SCALARS + LISTS + CLUSTERING)
@pytest.mark.parametrize(
    ("labels", "logits", "message"),
    [
        (np.zeros(0, dtype=int), np.zeros((0, 2)), "n > 0"),
        (np.zeros(3, dtype=int), np.zeros((2, 2)), r"\(3,\).*\(2, 2\)"),
        (np.zeros(2, dtype=int), np.array([[0.0, np.nan], [0.0, 1.0]]), "1 of 2 items are not finite"),
    ],
)
def test_bad_input_is_named(name, labels, logits, message):
    with pytest.raises(ValueError, match=message):
        getattr(metrics, name)(labels, logits)


@pytest.mark.parametrize("name", SCALARS + LISTS)
def test_labels_outside_the_classes_are_named(name):
    with pytest.raises(ValueError, match="from 0 to 2 do not fit 2 classes"):
        getattr(metrics, name)(np.array([0, 2]), np.zeros((2, 2)))


def test_every_metric_is_registered_by_its_own_name():
    registered = {}
    tlbench_metrics.tlbench_register_metrics(lambda name, target, *, summary: registered.update({name: target}))
    assert registered == {name: f"tlbench_metrics.classification:{name}" for name in SCALARS + LISTS + CLUSTERING}
