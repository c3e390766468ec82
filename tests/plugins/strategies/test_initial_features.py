"""What the classifiers on a backbone's own features share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import nn

from tlbench.core.backbone import Backbone
from tlbench_strategies.frozen_features.linear_probe import LinearProbe
from tlbench_strategies.frozen_features.linear_svm import LinearSVM
from tlbench_strategies.frozen_features.nearest_neighbour import NearestNeighbour

ALL = [LinearProbe, LinearSVM, NearestNeighbour]
each = pytest.mark.parametrize("kind", ALL)


def identity():
    """Features are the inputs."""
    return Backbone([nn.Identity()], 5)


def fitted(kit, kind, task, folder=None, make_backbone=identity, **params):
    """The predictor, and what the classifier was fitted on."""
    seen = []

    class Watched(kind):
        def fit_features(self, features, labels, seed):
            seen.append((features, labels))
            return super().fit_features(features, labels, seed)

    toolkit = kit.make_toolkit(folder, make_backbone=make_backbone)
    predictor = Watched(kind.Params(**params)).fit(task, toolkit)
    return predictor, toolkit, *seen[0]


def logits_of(predictor, inputs):
    with torch.inference_mode():
        return predictor.predict(torch.from_numpy(inputs)).logits.numpy()


@each
@pytest.mark.parametrize("wrong", [{"scale": "l1"}, {"unknown": 1}])
def test_a_wrong_parameter_is_refused(kind, wrong):
    with pytest.raises(ValidationError):
        kind.Params(**wrong)


@each
def test_the_backbone_is_as_initialised_even_where_a_source_model_lies_ready(kit, source_model, kind):
    task = kit.make_task("transductive", None)
    predictor, toolkit, features, _ = fitted(kit, kind, task, source_model, kit.backbone)
    new = toolkit.new_model(task).backbone.eval()
    ours = predictor._backbone.state_dict()
    assert all(torch.equal(ours[name], weights) for name, weights in new.state_dict().items())
    with torch.inference_mode():
        expected = new(torch.from_numpy(task.sources[0].train.inputs)).numpy()
    np.testing.assert_array_equal(features, expected)


@each
def test_transductive_fits_on_the_source_alone(kit, kind):
    task = kit.make_task("transductive", None)
    _, toolkit, features, labels = fitted(kit, kind, task)
    np.testing.assert_array_equal(features, task.sources[0].train.inputs)
    np.testing.assert_array_equal(labels, task.sources[0].train.labels)
    assert [(part.updates, part.labelled, part.unlabelled) for part in toolkit.report.seen] == [(0, 60, 0)]


@each
def test_several_sources_are_joined(kit, kind):
    task = kit.make_task("transductive", None)
    two = replace(task, sources=(task.sources[0], replace(task.sources[0], train=task.sources[0].val)))
    features = fitted(kit, kind, two)[2]
    np.testing.assert_array_equal(features, np.concatenate([part.train.inputs for part in two.sources]))


@each
@pytest.mark.parametrize("with_source", [True, False])
def test_inductive_fits_on_the_labelled_target_alone_with_or_without_a_source(kit, kind, with_source):
    task = kit.make_task("inductive", 3, with_source=with_source)
    predictor, _, features, labels = fitted(kit, kind, task)
    np.testing.assert_array_equal(features, task.target.inputs[:9])
    np.testing.assert_array_equal(labels, task.target.labels)
    assert predictor.has_side("source") == with_source


@each
@pytest.mark.parametrize("scale", ["standardise", "l2"])
def test_features_are_scaled_by_those_that_the_classifier_is_trained_on(kit, kind, scale):
    task = kit.make_task("transductive", None)
    predictor, *_ = fitted(kit, kind, task, scale=scale)
    train, test = (inputs.astype(np.float64) for inputs in (task.sources[0].train.inputs, task.target.inputs))
    if scale == "standardise":
        scaled = (test - train.mean(axis=0)) / train.std(axis=0)
    else:
        scaled = test / np.linalg.norm(test, axis=1, keepdims=True)
    transformer = predictor._classifier[0]
    np.testing.assert_allclose(transformer.transform(task.target.inputs), scaled, rtol=1e-4, atol=1e-5)
    alone = logits_of(predictor, task.target.inputs[:1])
    np.testing.assert_allclose(alone, logits_of(predictor, task.target.inputs)[:1], rtol=1e-5)


@each
def test_the_seed_decides_nothing_where_the_backbone_has_nothing_to_draw(kit, kind):
    task = kit.make_task("transductive", None)
    first, second = (logits_of(fitted(kit, kind, replace(task, seed=seed))[0], task.target.inputs) for seed in (0, 1))
    np.testing.assert_array_equal(first, second)
    assert kind.deterministic


@each
def test_classes_that_separate_are_found_on_the_target(kit, kind):
    task = kit.make_task("transductive", None)
    predictor, *_ = fitted(kit, kind, task)
    logits = logits_of(predictor, task.target.inputs)
    assert logits.shape == (60, 3)
    assert (logits.argmax(axis=1) == np.arange(60) % 3).mean() > 0.9


@each
def test_classes_that_were_never_seen_are_never_predicted(kit, kind):
    task = kit.make_task("inductive", 3, classes=("a", "b", "c", "d"))
    logits = logits_of(fitted(kit, kind, task)[0], task.target.inputs)
    assert logits.shape == (60, 4)
    assert np.isfinite(logits).all()
    assert not (logits.argmax(axis=1) == 3).any()
