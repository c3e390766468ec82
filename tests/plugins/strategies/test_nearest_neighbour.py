from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from sklearn.neighbors import KNeighborsClassifier
from torch import nn

from tlbench import DataError
from tlbench.core.backbone import Backbone
from tlbench.core.task import Examples
from tlbench_strategies.frozen_features.nearest_neighbour import NearestNeighbour


def logits_of(kit, task, **params):
    toolkit = kit.make_toolkit(make_backbone=lambda: Backbone([nn.Identity()], task.input_shape[0]))
    predictor = NearestNeighbour(NearestNeighbour.Params(**params)).fit(task, toolkit)
    return predictor.predict(torch.from_numpy(task.target.inputs)).logits.numpy()


def between(kit, source, labels, target):
    """A task whose inputs are written out."""
    task = kit.make_task("transductive", None)
    train = Examples(np.array(source, np.float32), np.array(labels))
    return replace(
        task,
        sources=(replace(task.sources[0], train=train),),
        target=replace(task.target, inputs=np.array(target, np.float32)),
        input_shape=(len(source[0]),),
    )


@pytest.mark.parametrize("wrong", [{"k": 0}, {"k": 1.5}])
def test_a_wrong_parameter_is_refused(wrong):
    with pytest.raises(ValidationError):
        NearestNeighbour.Params(**wrong)


def test_fewer_examples_than_neighbours_are_named(kit):
    with pytest.raises(DataError, match="k = 4 neighbours cannot be found among 3 training examples"):
        logits_of(kit, kit.make_task("inductive", 1), k=4)


@pytest.mark.parametrize("k", [1, 3, 60])
@pytest.mark.parametrize("scale", ["none", "standardise", "l2"])
def test_predictions_are_those_of_every_distance_written_out_and_of_scikit_learn(kit, k, scale):
    task = kit.make_task("transductive", None)
    train = task.sources[0].train
    inputs, others = (part.astype(np.float64) for part in (train.inputs, task.target.inputs))
    if scale == "standardise":
        inputs, others = ((part - inputs.mean(axis=0)) / inputs.std(axis=0) for part in (inputs, others))
    if scale == "l2":
        inputs, others = (part / np.linalg.norm(part, axis=1, keepdims=True) for part in (inputs, others))
    nearest = np.linalg.norm(others[:, None] - inputs[None], axis=2).argsort(axis=1)[:, :k]
    votes = np.stack([(train.labels[nearest] == label).mean(axis=1) for label in range(3)], axis=1)
    logits = logits_of(kit, task, k=k, scale=scale)
    np.testing.assert_allclose(logits, np.log(np.maximum(votes, 1e-12)), rtol=1e-6)
    theirs = KNeighborsClassifier(k).fit(inputs, train.labels).predict(others)
    np.testing.assert_array_equal(logits.argmax(axis=1), theirs)


def test_euclidean_distance_and_cosine_differ_by_hand(kit):
    task = between(kit, [[1.0, 0.0], [10.0, 10.0]], [0, 2], [[2.0, 2.0], [10.0, 2.0]])
    assert logits_of(kit, task).argmax(axis=1).tolist() == [0, 2]
    assert logits_of(kit, task, scale="l2").argmax(axis=1).tolist() == [2, 0]


def test_of_examples_that_lie_equally_far_the_first_decides(kit):
    places = [[0.0], [2.0], [2.0], [0.0]]
    assert logits_of(kit, between(kit, places, [1, 0, 2, 0], [[1.0], [2.0]])).argmax(axis=1).tolist() == [1, 0]
    assert logits_of(kit, between(kit, places, [2, 1, 0, 0], [[1.0], [2.0]])).argmax(axis=1).tolist() == [2, 1]


def test_of_classes_with_as_many_votes_the_first_is_predicted(kit):
    task = between(kit, [[0.0], [1.0], [2.0], [9.0]], [2, 1, 1, 2], [[5.0]])
    (logits,) = logits_of(kit, task, k=4)
    np.testing.assert_allclose(logits, [np.log(1e-12), np.log(0.5), np.log(0.5)])
    assert logits.argmax() == 1
