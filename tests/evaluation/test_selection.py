"""Selectors on constructed checkpoints where the right choice is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tlbench.core.probabilities import softmax
from tlbench.errors import TlbenchError
from tlbench.evaluation import selection
from tlbench.evaluation.selection import CheckpointOutputs, SelectionLabels, choose, scores
from tlbench.evaluation.selection import rate as rate_all
from tlbench.evaluation.validators import weighted_errors
from tlbench.evaluation.validators.mixed_inputs import mixture_count
from tlbench.evaluation.validators.neighbourhoods import SND_TEMPERATURE, soft_neighbourhood_density
from tlbench.evaluation.validators.weighted_errors import (
    deep_embedded_validation_risk,
    density_ratio,
    importance_weighted_risk,
)

EXACT = {"abs": 1e-12, "rel": 1e-12}
N, CLASSES = 60, 3
TRUTH = np.arange(N) % CLASSES
LABELS = SelectionLabels(TRUTH, TRUTH, TRUTH, TRUTH)


def logits(predicted, sharpness=1.0):
    return sharpness * np.eye(CLASSES)[predicted]


def checkpoint(step, target=None, **arrays):
    """A checkpoint that is right everywhere, except for what is given; `target` stands for target train and test."""
    target = logits(TRUTH, 3.0) if target is None else target
    features = np.random.default_rng(0).normal(size=(3, N, 4))
    right = logits(TRUTH, 3.0)
    complete = CheckpointOutputs(step, features[0], right, features[1], right, features[2], target, target, right)
    mixed = np.tile(target, (mixture_count(len(target)) // len(target), 1))
    probed = replace(complete, target_mixed_logits=mixed, head_weights=np.eye(CLASSES, 4))
    return replace(probed, **arrays)


def rate(*checkpoints, labels=LABELS):
    return rate_all(checkpoints, labels)


# --- by hand


def test_scores_by_hand():
    p = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.8, 0.1, 0.1], [0.5, 0.25, 0.25]])
    truth = np.array([0, 1, 2, 1])
    outputs = CheckpointOutputs(7, None, None, None, np.log(p), None, np.log(p), np.log(p[:3]), np.log(p[1:2]))
    rated = scores(outputs, SelectionLabels(None, truth, np.array([0]), truth[:3]))
    sharp, flat = -(0.8 * math.log(0.8) + 0.2 * math.log(0.1)), 1.5 * math.log(2)
    entropy = (3 * sharp + flat) / 4
    mean = [2.2 / 4, 1.25 / 4, 0.55 / 4]
    expected = {
        "last": 7,
        "source-val": 0.5,
        "entropy": -entropy,
        "infomax": -sum(q * math.log(q) for q in mean) - entropy,
        "target-val": 0.0,
        "target-test": 2 / 3,
    }
    assert {name: rated[name] for name in expected} == pytest.approx(expected, **EXACT)


def test_snd_equals_an_independent_computation():
    raw = np.random.default_rng(1).normal(size=(9, 4)) * 3
    p = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    entropies = []
    for i in range(9):
        near = [
            math.exp(float(p[i] @ p[j]) / math.sqrt(float(p[i] @ p[i]) * float(p[j] @ p[j])) / 0.05)
            for j in range(9)
            if j != i
        ]
        entropies.append(-sum(a / sum(near) * math.log(a / sum(near)) for a in near))
    assert soft_neighbourhood_density(raw) == pytest.approx(np.mean(entropies), **EXACT)


def test_weighted_risks_by_hand():
    weights, errors = np.array([0.5, 1.0, 3.0]), np.array([0.0, 1.0, 1.0])
    assert importance_weighted_risk(weights, errors) == pytest.approx(4 / 3, **EXACT)
    # With mean weight 1.5: Cov(w·e, w) = (0·−1 + 1·−0.5 + 3·1.5) / 3 = 4 / 3; Var(w) = (1 + 0.25 + 2.25) / 3 = 3.5 / 3.
    eta = -4 / 3.5
    expected = 4 / 3 + eta * 1.5 - eta
    assert deep_embedded_validation_risk(weights, errors) == pytest.approx(expected, **EXACT)


def test_equal_weights_leave_the_plain_error():
    errors = np.array([0.0, 1.0, 1.0, 0.0])
    assert deep_embedded_validation_risk(np.full(4, 1.0), errors) == pytest.approx(0.5, **EXACT)


def test_density_ratio_is_that_of_two_gaussians():
    rng = np.random.default_rng(2)
    # N(1, 1) over N(0, 1) at x is exp(x − 1/2), whatever the sizes of the samples.
    source, target = rng.normal(0, 1, (2000, 1)), rng.normal(1, 1, (1000, 1))
    at = np.array([[-1.0], [0.0], [1.0], [2.0]])
    assert density_ratio(source, target, at) == pytest.approx(np.exp(at[:, 0] - 0.5), rel=0.2)


def test_density_ratio_survives_constant_and_separable_features():
    source, target = np.zeros((20, 2)), np.ones((20, 2)) * [1e6, 0]
    ratio = density_ratio(source, target, np.array([[0.0, 0.0], [1e6, 0.0], [1e20, 0.0]]))
    assert np.isfinite(ratio).all()
    assert ratio[0] < 1 < ratio[1]


# --- constructed choices


def test_a_model_that_collapses_late():
    good = checkpoint(100, logits(TRUTH, 3.0))
    collapsed = checkpoint(200, logits(np.zeros(N, dtype=int), 50.0))
    rated = rate(good, collapsed)
    assert {protocol: choose(rated, protocol) for protocol in ("last", "entropy", "infomax", "target-test")} == {
        "last": 200,
        "entropy": 200,
        "infomax": 100,
        "target-test": 100,
    }


def test_snd_cannot_see_a_total_collapse():
    # Its authors' own limitation: items that all get the same output are all neighbours.
    rated = rate(checkpoint(100), checkpoint(200, logits(np.zeros(N, dtype=int), 50.0)))
    assert choose(rated, "snd") == 200
    assert rated[200]["snd"] == pytest.approx(math.log(N - 1), **EXACT)


def test_snd_prefers_dense_clusters_to_certain_but_scattered_outputs():
    dense = logits(TRUTH, 1.5)
    scattered = np.random.default_rng(3).normal(size=(N, CLASSES)) * 3
    rated = rate(checkpoint(100, dense), checkpoint(200, scattered))
    assert {protocol: choose(rated, protocol) for protocol in ("entropy", "snd", "target-test")} == {
        "entropy": 200,
        "snd": 100,
        "target-test": 100,
    }


def test_the_gate_keeps_snd_from_a_model_that_has_unlearnt_its_source():
    collapsed = checkpoint(
        200, logits(np.zeros(N, dtype=int), 50.0), source_val_logits=logits(np.zeros(N, dtype=int), 50.0)
    )
    rated = rate(checkpoint(100), collapsed)
    assert {protocol: choose(rated, protocol) for protocol in ("snd", "snd-gated")} == {"snd": 200, "snd-gated": 100}


def test_the_checkpoint_in_the_middle_of_opinion_is_chosen_by_ensv():
    right, half, wrong = TRUTH, np.where(np.arange(N) < N // 2, TRUTH, (TRUTH + 1) % CLASSES), (TRUTH + 1) % CLASSES
    rated = rate(*(checkpoint(step, logits(told, 3.0)) for step, told in ((100, right), (200, half), (300, wrong))))
    assert choose(rated, "ensv") == 200
    assert rated[200]["ensv"] == 1.0


def test_a_diverged_checkpoint_is_no_part_of_the_ensemble():
    rated = rate(checkpoint(100), checkpoint(200, np.full((N, CLASSES), np.nan)))
    assert [rated[step]["ensv"] for step in (100, 200)] == [1.0, -math.inf]


def test_a_confident_wrong_model():
    # Every class is taken for the next one: certain, balanced, wrong. No validator without labels can tell.
    humble = checkpoint(100, logits(TRUTH, 2.0))
    wrong = checkpoint(200, logits((TRUTH + 1) % CLASSES, 20.0), target_val_logits=logits((TRUTH + 1) % CLASSES))
    rated = rate(humble, wrong)
    assert {protocol: choose(rated, protocol) for protocol in ("entropy", "infomax", "target-val", "target-test")} == {
        "entropy": 200,
        "infomax": 200,
        "target-val": 100,
        "target-test": 100,
    }


def test_a_shifted_target():
    rng = np.random.default_rng(4)
    n = 600
    source_train, source_val = rng.normal(0, 1, (2, n, 1))
    target_train = rng.normal(1.5, 1, (n, 1))
    truth = np.zeros(n, dtype=int)
    # The first is right where the source is (x < 1), the second where the target is (x > 0).
    source_right = logits((source_val[:, 0] >= 1).astype(int))
    target_right = logits((source_val[:, 0] <= 0).astype(int))
    shifted = {"source_train_features": source_train, "source_val_features": source_val}
    shifted |= {"target_train_features": target_train, "target_train_logits": None}
    on_source = checkpoint(100, source_val_logits=source_right, **shifted)
    on_target = checkpoint(200, source_val_logits=target_right, **shifted)
    rated = rate(on_source, on_target, labels=replace(LABELS, source_val_labels=truth))
    assert {protocol: choose(rated, protocol) for protocol in ("source-val", "iwv", "dev")} == {
        "source-val": 100,
        "iwv": 200,
        "dev": 200,
    }


# --- what is there and what is not


def test_every_protocol_has_a_description_and_a_score():
    assert tuple(rate(checkpoint(1))[1]) == selection.OF_CHECKPOINTS
    assert set(selection.OF_CHECKPOINTS) - set(scores(checkpoint(1), LABELS)) == set(selection.RELATIVE)
    assert set(selection.DESCRIPTIONS) - set(selection.OF_CHECKPOINTS) == {"reverse-validation"}
    assert set(selection.PROTOCOLS) - selection.HONEST == {"target-test"}


WEIGHTED = {"iwv", "dev", "devn"}
OF_TARGET = {"entropy", "infomax", "bnm", "mano", "snd", "snd-gated", "class-ami", "mixval", "ensv", "transfer-score"}


@pytest.mark.parametrize(
    ("missing", "absent"),
    [
        ({"source_val_logits": None}, {"source-val", "snd-gated"} | WEIGHTED),
        ({"source_train_features": None}, WEIGHTED),
        ({"source_val_features": None}, WEIGHTED),
        ({"target_train_features": np.zeros((0, 4))}, {"class-ami", "transfer-score"} | WEIGHTED),
        ({"target_train_logits": None}, OF_TARGET),
        ({"target_mixed_logits": None}, {"mixval"}),
        ({"head_weights": None}, {"transfer-score"}),
        ({"target_val_logits": None}, {"target-val"}),
        ({"test_logits": None}, {"target-test"}),
        ({"source_train_logits": None}, set()),
    ],
)
def test_a_missing_input_takes_away_its_protocols(missing, absent):
    assert set(selection.OF_CHECKPOINTS) - set(rate(checkpoint(1, **missing))[1]) == absent


def test_held_back_labels_take_away_their_protocols():
    rated = rate(checkpoint(1), labels=replace(LABELS, target_val_labels=None, source_val_labels=None))[1]
    assert set(selection.OF_CHECKPOINTS) - set(rated) == {"target-val", *selection.BY_SOURCE_VAL}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_diverged_checkpoint_is_chosen_last(value):
    broken = {name: np.full((N, CLASSES), value) for name in ("source_val_logits", "target_val_logits")}
    broken["source_train_features"] = broken["target_train_features"] = np.full((N, 4), value)
    broken["target_mixed_logits"] = np.full((2 * N, CLASSES), value)
    diverged = checkpoint(200, np.full((N, CLASSES), value), **broken)
    worst = checkpoint(100, logits((TRUTH + 1) % CLASSES))
    rated = rate(worst, diverged)
    assert {
        protocol: rated[200][protocol] for protocol in selection.OF_CHECKPOINTS if protocol != "last"
    } == dict.fromkeys(selection.OF_CHECKPOINTS[1:], -math.inf)
    assert {protocol: choose(rated, protocol) for protocol in selection.OF_CHECKPOINTS[1:]} == dict.fromkeys(
        selection.OF_CHECKPOINTS[1:], 100
    )
    assert choose(rated, "last") == 200


def test_diverged_test_logits_move_no_honest_protocol():
    broken = rate(checkpoint(1, test_logits=np.full((N, CLASSES), np.nan)))[1]
    whole = rate(checkpoint(1))[1]
    assert broken.pop("target-test") == -math.inf
    assert broken == {protocol: whole[protocol] for protocol in selection.HONEST & set(selection.OF_CHECKPOINTS)}


def test_the_later_of_equal_checkpoints_is_chosen():
    rated = {300: {"entropy": 0.5}, 100: {"entropy": 0.5}, 200: {"entropy": 0.1}}
    assert choose(rated, "entropy") == 300


def test_last_is_the_last_step_whatever_the_order():
    assert choose(rate(checkpoint(900), checkpoint(1000), checkpoint(100)), "last") == 1000


def test_choose_names_what_is_wrong():
    rated = {100: {"last": 100.0}, 200: {"last": 200.0, "snd": 1.0}}
    with pytest.raises(TlbenchError, match="did you mean 'infomax'"):
        choose(rated, "infomx")
    with pytest.raises(TlbenchError, match=r"'snd' has no score at the checkpoints of steps \[100\]"):
        choose(rated, "snd")
    with pytest.raises(TlbenchError, match="no checkpoints"):
        choose({}, "last")


def test_scores_are_the_same_twice_and_leave_the_arrays_alone():
    outputs = checkpoint(1)
    before = [np.copy(value) for value in vars(outputs).values()]
    assert scores(outputs, LABELS) == scores(outputs, LABELS)
    assert all(np.array_equal(a, b) for a, b in zip(before, vars(outputs).values(), strict=True))


def test_the_density_ratio_is_fitted_once_per_checkpoint(monkeypatch):
    monkeypatch.setattr(weighted_errors, "_ratios", {})
    fits, fit = [], LogisticRegression.fit
    monkeypatch.setattr(LogisticRegression, "fit", lambda self, *data: fits.append(1) or fit(self, *data))
    scores(checkpoint(1), LABELS)
    assert len(fits) == 1


def test_the_ratio_of_features_that_came_before_is_not_fitted_again(monkeypatch):
    rng = np.random.default_rng(5)
    arrays = [rng.normal(shift, 1, (30, 4)).astype(np.float32) for shift in (0, 1, 0)]
    before = [array.copy() for array in arrays]
    first = weighted_errors.density_ratio(*arrays)
    changed = weighted_errors.density_ratio(arrays[0], arrays[1] + 1, arrays[2])
    assert not np.array_equal(first, changed)
    monkeypatch.setattr(weighted_errors, "_fitted_ratio", lambda *_: pytest.fail("it was fitted again"))
    assert np.array_equal(weighted_errors.density_ratio(*before), first)
    assert all(map(np.array_equal, arrays, before))
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 0


def test_so_many_ratios_are_kept_and_no_more(monkeypatch):
    monkeypatch.setattr(weighted_errors, "_ratios", {})
    monkeypatch.setattr(weighted_errors, "KEPT_RATIOS", 2)
    monkeypatch.setattr(weighted_errors, "_fitted_ratio", lambda *arrays: arrays[0][:, 0].copy())
    for value in range(4):
        weighted_errors.density_ratio(*(np.full((2, 1), float(value)),) * 3)
    assert [ratio[0] for ratio in weighted_errors._ratios.values()] == [2.0, 3.0]


@pytest.mark.parametrize("items", [2, 3, 700])
def test_soft_neighbourhood_density_leaves_each_item_itself_out(items):
    outputs = softmax(np.random.default_rng(items).normal(0, 2, (items, 4)))
    outputs /= np.linalg.norm(outputs, axis=1, keepdims=True)
    similarity = outputs @ outputs.T / SND_TEMPERATURE
    logits = np.random.default_rng(items).normal(0, 2, (items, 4))
    others = np.array([np.delete(row, index) for index, row in enumerate(similarity)])
    p = np.exp(others - others.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    expected = -(p * np.log(p)).sum(1).mean()
    assert soft_neighbourhood_density(logits) == pytest.approx(expected)
