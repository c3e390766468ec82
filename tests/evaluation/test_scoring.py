from __future__ import annotations

import numpy as np
import pytest

from tlbench.evaluation.scoring import HostLabels, reverse_score, score_run

N, CLASSES = 40, 3
LABELS = np.arange(N) % CLASSES


def logits(right, seed=0):
    """Logits of which the first `right` items are told rightly, and all others wrongly."""
    told = np.where(np.arange(N) < right, LABELS, (LABELS + 1) % CLASSES)
    return 4.0 * np.eye(CLASSES)[told] + 0.1 * np.random.default_rng(seed).standard_normal((N, CLASSES))


def outputs(step, right, **more):
    rng = np.random.default_rng(step)
    arrays = {f"{step}/test/logits": logits(right)}
    for role in ("source_train", "source_val", "target_train"):
        arrays[f"{step}/{role}/logits"] = logits(N)
        arrays[f"{step}/{role}/features"] = rng.standard_normal((N, 4))
    return {**arrays, **more}


def held(same_classes=True):
    return HostLabels(LABELS, CLASSES, None, {"source_train": LABELS, "source_val": LABELS}, same_classes)


METRICS = {"accuracy": lambda labels, logits: float((logits.argmax(axis=1) == labels).mean())}


def test_logits_of_another_shape_are_named():
    with pytest.raises(ValueError, match=r"\(40, 3\) is expected"):
        score_run({"5/test/logits": np.zeros((N, 4))}, [5], held(), METRICS)


def test_logits_that_are_not_finite_are_no_score():
    broken = logits(N)
    broken[3, 1] = np.inf
    with pytest.raises(FloatingPointError, match="step 5"):
        score_run({"5/test/logits": broken}, [5], held(), METRICS)


def test_each_protocol_has_the_metrics_of_the_checkpoint_that_it_chooses():
    score = score_run(outputs(5, 30) | outputs(10, 20), [5, 10], held(), METRICS)
    assert score.metrics["last"] == {"checkpoint": 10, "accuracy": 0.5}
    assert score.metrics["target-test"] == {"checkpoint": 5, "accuracy": 0.75}


def test_what_is_stored_says_of_every_item_whether_it_is_right():
    predictions = score_run(outputs(5, 30), [5], held(), METRICS).predictions
    np.testing.assert_array_equal(predictions["5/correct"], np.arange(N) < 30)
    np.testing.assert_array_equal(predictions["5/test"], logits(30).argmax(axis=1))


def test_weighted_source_errors_choose_nothing_where_the_classes_differ():
    same, other = (score_run(outputs(5, 30), [5], held(flag), METRICS).metrics.keys() for flag in (True, False))
    assert same - other == {"iwv", "dev", "devn"}
    assert "source-val" in other


def test_reverse_validation_is_the_accuracy_on_the_source_of_the_second_training():
    assert reverse_score(logits(36), LABELS) == 0.9


def test_a_second_training_that_diverged_has_no_score():
    assert reverse_score(np.full((N, CLASSES), np.nan), LABELS) is None


def test_clusters_are_scored_at_the_last_step_alone_and_store_no_right_or_wrong():
    score = score_run(outputs(5, 30) | outputs(10, 20), [5, 10], held(), METRICS, "unsupervised")
    assert score.metrics == {"last": {"checkpoint": 10, "accuracy": 0.5}}
    assert score.predictions.keys() == {"10/test"}
    assert score.flags == []


def test_accuracy_at_or_below_chance_is_flagged():
    (flag,) = score_run(outputs(5, 13), [5], held(), METRICS).flags
    assert flag.startswith("at or below chance")
    assert score_run(outputs(5, 14), [5], held(), METRICS).flags == []
