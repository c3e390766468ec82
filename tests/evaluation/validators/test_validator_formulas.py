"""Every validator beside a second implementation, written here from the formula of its paper."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.linalg
import scipy.special
import scipy.stats
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_mutual_info_score

from tlbench.evaluation.validators.class_clusters import class_clusters
from tlbench.evaluation.validators.ensemble import ensemble_agreement, vote_agreement
from tlbench.evaluation.validators.mixed_inputs import interpolation_consistency, mixture_count, mixtures
from tlbench.evaluation.validators.neighbourhoods import gated
from tlbench.evaluation.validators.predictions import batch_nuclear_norm, matrix_norm
from tlbench.evaluation.validators.transfer_score import hopkins_statistic, transfer_score, weight_uniformity
from tlbench.evaluation.validators.weighted_errors import deep_embedded_validation_risk, normalised_weights

EXACT = {"abs": 1e-10, "rel": 1e-10}
N, CLASSES = 80, 4


def drawn(seed, *shape, scale=1.0):
    return scale * np.random.default_rng(seed).standard_normal(shape)


def one_hot(predicted, sharpness=60.0):
    return sharpness * np.eye(CLASSES)[predicted]


# --- bnm


@pytest.mark.parametrize("seed", range(3))
def test_bnm_is_the_trace_of_the_root_of_the_gram_matrix(seed):
    p = scipy.special.softmax(drawn(seed, N, CLASSES, scale=3), axis=1)
    expected = np.sqrt(np.clip(scipy.linalg.eigvalsh(p.T @ p), 0, None)).sum() / N
    assert batch_nuclear_norm(np.log(p)) == pytest.approx(expected, **EXACT)


def test_bnm_has_its_ends_at_one_class_and_at_classes_alike():
    assert batch_nuclear_norm(one_hot(np.zeros(N, int))) == pytest.approx(1 / math.sqrt(N), abs=1e-9)
    assert batch_nuclear_norm(one_hot(np.arange(N) % CLASSES)) == pytest.approx(math.sqrt(CLASSES / N), abs=1e-9)


# --- mano


def mano_by_hand(logits):
    phi = np.mean([-math.log(p) for row in logits for p in np.exp(row) / np.exp(row).sum()])
    total = 0.0
    for row in logits.tolist():
        v = [math.exp(q) if phi > 5 else 1 + q + q * q / 2 for q in row]
        total += sum((one / sum(v)) ** 4 for one in v)
    return (total / logits.size) ** 0.25, phi


@pytest.mark.parametrize(("scale", "softmax"), [(0.5, False), (15.0, True)])
def test_mano_equals_an_independent_computation_on_both_sides_of_its_criterion(scale, softmax):
    logits = drawn(1, N, CLASSES, scale=scale)
    expected, phi = mano_by_hand(logits)
    assert bool(phi > 5) is softmax
    assert matrix_norm(logits) == pytest.approx(expected, **EXACT)


def test_mano_lies_between_undecided_and_certain():
    assert matrix_norm(np.zeros((N, CLASSES))) == pytest.approx(1 / CLASSES, **EXACT)
    assert matrix_norm(one_hot(np.arange(N) % CLASSES)) == pytest.approx(CLASSES**-0.25, **EXACT)


# --- snd, gated


def test_the_gate_shuts_out_a_model_that_has_unlearnt_its_source():
    assert gated([5.0, 3.0, 2.0], [0.1, 0.9, 0.81]) == [-math.inf, 3.0, 2.0]


def test_the_best_on_the_source_always_passes():
    assert gated([1.0], [0.0]) == [1.0]


# --- devn


@pytest.mark.parametrize("seed", range(3))
def test_devn_is_the_mean_error_and_the_covariance_with_weights_over_their_maximum(seed):
    rng = np.random.default_rng(seed)
    weights, errors = rng.lognormal(0, 2, N), (rng.random(N) < 0.3).astype(float)
    expected = errors.mean() + np.cov(weights / weights.max(), errors, ddof=0)[0, 1]
    shown = normalised_weights(weights)
    assert deep_embedded_validation_risk(shown, errors) == pytest.approx(expected, **EXACT)
    assert shown.mean() == pytest.approx(1, **EXACT)
    assert 0 < shown.min() < shown.max() < 2


def test_weights_with_a_long_tail_take_dev_out_of_the_range_of_a_risk_and_not_devn():
    rng = np.random.default_rng(2)
    weights, errors = rng.lognormal(0, 3, N), (rng.random(N) < 0.3).astype(float)
    assert deep_embedded_validation_risk(weights, errors) < -1
    assert abs(deep_embedded_validation_risk(normalised_weights(weights), errors) - errors.mean()) < 0.05


# --- class-ami


def entropy_of(labels):
    return scipy.stats.entropy(np.unique(labels, return_counts=True)[1])


def ami_by_hand(a, b):
    """Adjusted mutual information with the arithmetic mean, its expectation under the hypergeometric law summed up."""
    n = len(a)
    rows, columns = np.unique(a, return_counts=True)[1], np.unique(b, return_counts=True)[1]
    table = np.array([[np.sum((a == x) & (b == y)) for y in np.unique(b)] for x in np.unique(a)])
    found = sum(
        k / n * math.log(n * k / (r * c))
        for r, row in zip(rows, table, strict=True)
        for c, k in zip(columns, row, strict=True)
        if k
    )
    chance = sum(
        scipy.stats.hypergeom(n, r, c).pmf(k) * k / n * math.log(n * k / (r * c))
        for r in rows
        for c in columns
        for k in range(1, min(r, c) + 1)
    )
    return (found - chance) / ((entropy_of(a) + entropy_of(b)) / 2 - chance)


def test_class_ami_equals_an_independent_computation():
    classes = np.arange(N) % CLASSES
    features = 2.0 * np.eye(CLASSES)[classes] + drawn(2, N, CLASSES)
    logits = one_hot(np.where(np.arange(N) < 60, classes, (classes + 1) % CLASSES))
    clusters = KMeans(CLASSES, n_init=3, random_state=0).fit(features).labels_
    predicted = logits.argmax(axis=1)
    assert class_clusters(features, logits) == pytest.approx(ami_by_hand(predicted, clusters), **EXACT)
    assert class_clusters(features, logits) == pytest.approx(adjusted_mutual_info_score(predicted, clusters), **EXACT)


def test_class_ami_is_one_for_classes_that_are_clusters_and_zero_for_a_single_class():
    classes = np.arange(N) % CLASSES
    features = 50.0 * np.eye(CLASSES)[classes] + drawn(3, N, CLASSES)
    assert class_clusters(features, one_hot(classes)) == pytest.approx(1.0, **EXACT)
    assert class_clusters(features, one_hot(np.zeros(N, int))) == 0.0
    assert class_clusters(np.zeros((N, 2)), one_hot(np.zeros(N, int))) == 0.0


def test_class_ami_of_features_that_are_all_the_same_is_no_error():
    assert class_clusters(np.zeros((N, 2)), one_hot(np.arange(N) % CLASSES)) == pytest.approx(0.0, abs=1e-9)


# --- mixval


def mixval_by_hand(logits, predict, inputs):
    """By loops over inputs: partners from both ends of each class, and by the fixed permutation."""
    told = logits.argmax(axis=1)
    partner = {}
    for name in set(told.tolist()):
        members = [i for i, own in enumerate(told) if own == name]
        partner |= dict(zip(members, reversed(members), strict=True))
    order = np.random.default_rng(0).permutation(len(inputs))
    within = [predict(0.55 * inputs[i] + 0.45 * inputs[partner[i]]) == told[i] for i in range(len(inputs))]
    across = [
        predict(0.55 * inputs[i] + 0.45 * inputs[j]) == told[i] for i, j in enumerate(order) if told[i] != told[j]
    ]
    return (sum(within) / len(within) + sum(across) / len(across)) / 2


def test_mixval_equals_an_independent_computation():
    weights, inputs = drawn(4, 6, CLASSES), drawn(5, N, 6)

    def score(x):
        return np.tanh(x) @ weights

    logits = score(inputs)
    pairs = mixtures(logits.argmax(axis=1))
    partners = np.concatenate([pairs.within, pairs.among])
    mixed = score(0.55 * inputs[np.tile(pairs.first, 2)] + 0.45 * inputs[partners])
    expected = mixval_by_hand(logits, lambda x: score(x).argmax(), inputs)
    assert 0 < expected < 1
    assert interpolation_consistency(logits, mixed) == pytest.approx(expected, **EXACT)


def test_mixval_gives_a_model_of_one_class_half_at_most():
    logits = one_hot(np.zeros(N, int))
    assert interpolation_consistency(logits, np.tile(logits, (2, 1))) == 0.5


@pytest.mark.parametrize("n", [1, 2, 499, 500, 501, 1000, 1777])
def test_as_many_mixtures_are_made_as_are_counted(n):
    pairs = mixtures(np.arange(n) % 3)
    assert 2 * len(pairs.first) == mixture_count(n)
    assert len(set(pairs.first.tolist())) == len(pairs.first)
    assert ((np.arange(n) % 3)[pairs.first] == (np.arange(n) % 3)[pairs.within]).all()
    assert set(pairs.among.tolist()) == set(pairs.first.tolist())


# --- ensv


def test_ensv_equals_an_independent_computation():
    candidates = [drawn(seed, N, CLASSES, scale=2) for seed in range(3)]
    role = [int(np.argmax(sum(scipy.special.softmax(c[i]) for c in candidates))) for i in range(N)]
    expected = [sum(int(np.argmax(c[i])) == role[i] for i in range(N)) / N for c in candidates]
    assert ensemble_agreement(candidates) == pytest.approx(expected, **EXACT)


def test_one_candidate_agrees_with_itself():
    assert ensemble_agreement([drawn(1, N, CLASSES)]) == [1.0]


def test_votes_are_counted_and_a_draw_goes_to_the_smaller_class():
    a, b, c = np.array([0, 1, 2, 3]), np.array([0, 1, 1, 0]), np.array([0, 2, 0, 0])
    # Winners: 0, 1, a draw of 2, 1 and 0, which goes to 0, and 0.
    assert vote_agreement([a, b, c]) == [0.5, 0.75, 0.75]


# --- transfer score


def angles_by_hand(weights):
    found = []
    for i, a in enumerate(weights):
        for j, b in enumerate(weights):
            if i != j:
                found.append(math.acos(float(a @ b) / math.sqrt(float(a @ a) * float(b @ b))))
    return np.array(found)


def test_uniformity_equals_an_independent_computation():
    weights = drawn(6, CLASSES, 7)
    expected = np.mean((angles_by_hand(weights) - math.acos(-1 / (CLASSES - 1))) ** 2)
    assert weight_uniformity(weights) == pytest.approx(expected, **EXACT)


def test_a_regular_simplex_is_spread_evenly_and_equal_weights_are_not():
    simplex = np.eye(CLASSES) - 1 / CLASSES
    assert weight_uniformity(simplex) == pytest.approx(0.0, abs=1e-12)
    assert weight_uniformity(np.ones((2, 3))) == pytest.approx(math.pi**2, abs=1e-6)
    assert weight_uniformity(np.array([[1.0, 0.0], [-1.0, 0.0]])) == pytest.approx(0.0, abs=1e-12)


def test_hopkins_equals_an_independent_computation():
    features = drawn(7, 200, 3)
    rng = np.random.default_rng(0)
    places, chosen = rng.random((10, 3)), rng.choice(200, 10, replace=False)
    low, high = features.min(axis=0), features.max(axis=0)
    u = cdist(low + places * (high - low), features).min(axis=1).sum()
    between = cdist(features[chosen], features)
    between[np.arange(10), chosen] = np.inf
    w = between.min(axis=1).sum()
    assert hopkins_statistic(features) == pytest.approx(u / (u + w), **EXACT)


def test_hopkins_tells_clusters_from_an_even_spread():
    spread = np.random.default_rng(8).random((1000, 2))
    clusters = 20.0 * np.eye(CLASSES)[np.arange(1000) % CLASSES] + drawn(9, 1000, CLASSES, scale=0.01)
    assert abs(hopkins_statistic(spread) - 0.5) < 0.15
    assert hopkins_statistic(clusters) > 0.95
    assert hopkins_statistic(np.ones((10, 2))) == 0.0


def test_transfer_score_adds_up_its_parts():
    weights, features, logits = drawn(1, CLASSES, 5), drawn(2, N, 5), drawn(3, N, CLASSES)
    p = scipy.special.softmax(logits, axis=1)
    information = scipy.stats.entropy(p.mean(axis=0)) - scipy.stats.entropy(p, axis=1).mean()
    expected = hopkins_statistic(features) + information / math.log(CLASSES) - weight_uniformity(weights)
    assert transfer_score(weights, features, logits) == pytest.approx(expected, **EXACT)
