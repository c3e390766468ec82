from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

from tlbench.core.predictor import Prediction, Predictor
from tlbench.execution import prediction
from tlbench.execution.prediction import evaluate


class Given:
    """What a run is tested on, with a count of how often each of it was opened."""

    def __init__(self, last_step_alone=False, rows=2000):
        self.opened = Counter()
        self.places = {
            "test": "test",
            "source_tests": ["source"],
            "last_step_alone": last_step_alone,
            "selection": {"source_train": [{"inputs": "source", "items": [0, 3]}, {"inputs": "other", "items": [1]}]},
        }
        self.rows = rows

    def inputs(self, path):
        self.opened[path] += 1
        return np.arange(self.rows * 2, dtype=np.float32).reshape(-1, 2)


class Doubling(Predictor):
    """Logits are the inputs times the step that was loaded last."""

    def __init__(self, steps):
        self.steps = steps
        self.step = 1
        self.seen = 0

    def load(self, step):
        self.step = step

    def has_side(self, side):
        return True

    def predict(self, inputs, side="target"):
        self.seen += len(inputs)
        return Prediction(inputs * self.step, inputs)


def test_inputs_are_opened_once_whatever_the_number_of_checkpoints():
    given = Given()
    arrays, rate = evaluate(given, Doubling([1, 2, 3]), "cpu")
    assert given.opened == {"test": 1, "source": 2, "other": 1}
    assert rate > 0
    for step in (1, 2, 3):
        assert np.array_equal(arrays[f"{step}/test/logits"], step * given.inputs("test"))
        assert np.array_equal(arrays[f"{step}/source_test/logits"], step * given.inputs("source"))
        assert np.array_equal(arrays[f"{step}/source_train/logits"], step * given.inputs("source")[[0, 3, 1]])


@pytest.mark.parametrize("rows", [3, 5000])
def test_a_single_checkpoint_is_warmed_up_by_some_passes_alone(rows):
    predictor = Doubling([1])
    arrays, _ = evaluate(Given(rows=rows), predictor, "cpu")
    assert len(arrays["1/test/logits"]) == rows
    warm_up = predictor.seen - 2 * rows - min(rows, prediction.AGAIN) - 3
    assert warm_up == min(rows, prediction.WARM_UP_PASSES * 512)


def test_predictions_that_depend_on_their_company_are_found_out():
    class Company(Doubling):
        def predict(self, inputs, side="target"):
            return Prediction(inputs + torch.tensor(float(len(inputs))), inputs)

    with pytest.raises(ValueError, match="must treat each input alone"):
        evaluate(Given(rows=100), Company([1]), "cpu")
