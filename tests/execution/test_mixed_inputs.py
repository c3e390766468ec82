"""What validators ask of a trained model beside its predictions."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from tlbench.core.inputs import SparseRows, Texts
from tlbench.core.predictor import Prediction, Predictor, PredictorParts
from tlbench.evaluation.validators.mixed_inputs import mixtures
from tlbench.execution.evaluation_inputs import Evaluation
from tlbench.execution.mixed_inputs import head_weights, predict_mixtures
from tlbench.execution.prediction import evaluate

N, WIDE, CLASSES = 700, 4, 3
RNG = np.random.default_rng(0)
INPUTS = RNG.standard_normal((N, WIDE)).astype(np.float32)
LOGITS = RNG.standard_normal((N, CLASSES)).astype(np.float32)


class Linear(Predictor):
    """Logits that are a linear map of the inputs; `seen` are the inputs that it was asked about."""

    def __init__(self, head=None, fault=None):
        self.weight = torch.arange(WIDE * CLASSES, dtype=torch.float32).reshape(CLASSES, WIDE).cos()
        self.head, self.fault, self.seen = head, fault, []

    def parts(self):
        if self.fault:
            raise self.fault
        return None if self.head is None else PredictorParts(None, self.head)

    def predict(self, inputs, side="target"):
        self.seen.append(inputs)
        return Prediction(inputs.float() @ self.weight.T, inputs.float())


def test_mixtures_are_predicted_in_the_order_of_the_pairs():
    predictor = Linear()
    found = predict_mixtures(predictor, INPUTS, LOGITS, "cpu")
    pairs = mixtures(LOGITS.argmax(axis=1))
    second = np.concatenate([pairs.within, pairs.among])
    expected = (0.55 * INPUTS[np.tile(pairs.first, 2)] + 0.45 * INPUTS[second]) @ predictor.weight.numpy().T
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert len(found) == 1000


def test_sparse_rows_are_mixed_as_their_dense_form_is():
    dense = np.where(INPUTS > 1, INPUTS, 0)
    sparse = predict_mixtures(Linear(), SparseRows.of(dense), LOGITS, "cpu")
    np.testing.assert_allclose(sparse, predict_mixtures(Linear(), dense, LOGITS, "cpu"), atol=1e-6)


def test_bytes_of_images_stay_bytes():
    predictor = Linear()
    predict_mixtures(predictor, RNG.integers(0, 256, (N, WIDE), np.uint8), LOGITS, "cpu")
    assert {batch.dtype for batch in predictor.seen} == {torch.uint8}


@pytest.mark.parametrize("inputs", [np.ones((N, WIDE), np.int64), Texts.of(["a"] * N)])
def test_words_cannot_be_mixed(inputs):
    predictor = Linear()
    assert predict_mixtures(predictor, inputs, LOGITS, "cpu") is None
    assert predictor.seen == []


def test_predictions_of_mixtures_that_are_not_finite_are_not_handed_back():
    predictor = Linear()
    predictor.weight[0, 0] = torch.inf
    assert predict_mixtures(predictor, INPUTS, LOGITS, "cpu") is None


@pytest.mark.parametrize(
    ("head", "shape"),
    [
        (nn.Linear(WIDE, CLASSES), (CLASSES, WIDE)),
        (nn.Sequential(nn.Linear(WIDE, 8), nn.ReLU(), nn.Linear(8, CLASSES)), (CLASSES, 8)),
        (SimpleNamespace(coef_=np.ones((CLASSES, WIDE))), (CLASSES, WIDE)),
        (SimpleNamespace(coef_=np.ones((1, WIDE))), None),
        (SimpleNamespace(), None),
        (nn.Linear(WIDE, CLASSES + 1), None),
        (None, None),
    ],
)
def test_weights_are_those_of_the_last_layer_with_a_row_for_each_class(head, shape):
    found = head_weights(Linear(head), CLASSES)
    assert (None if found is None else found.shape) == shape


def test_a_model_that_cannot_be_taken_apart_loses_nothing_else_and_says_so(tmp_path):
    np.save(tmp_path / "inputs.npy", INPUTS)
    place = {"inputs": str(tmp_path / "inputs.npy"), "items": list(range(N))}
    places = {"test": place["inputs"], "source_tests": [], "last_step_alone": False}
    given = Evaluation(places | {"selection": {"target_train": [place]}})
    notes: list[str] = []
    whole, _ = evaluate(given, Linear(nn.Linear(WIDE, CLASSES)), "cpu", notes)
    assert notes == []
    assert {"0/target_mixed/logits", "0/head/weights"} <= whole.keys()
    broken, _ = evaluate(given, Linear(fault=RuntimeError("glued")), "cpu", notes)
    assert broken.keys() == whole.keys() - {"0/target_mixed/logits", "0/head/weights"}
    assert notes == ["not every validator has what it reads: RuntimeError: glued"]
