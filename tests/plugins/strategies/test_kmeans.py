from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from sklearn.cluster import KMeans as ScikitKMeans
from torch import nn

from tlbench import Backbone, DataError
from tlbench_metrics.classification import clustering_accuracy
from tlbench_strategies.clustering.kmeans import KMeans

#: The classes that `kit.make_task` does not tell.
LABELS = np.arange(60) % 3


def strategy(**params):
    return KMeans(KMeans.Params(**params))


def identity():
    """Features are the inputs, and a unit that is dead."""
    return Backbone([nn.ZeroPad1d((0, 1))], 6)


def fitted(kit, task, folder=None, make_backbone=identity, **params):
    toolkit = kit.make_toolkit(folder, make_backbone=make_backbone)
    return strategy(**params).fit(task, toolkit), toolkit


def logits_of(predictor, inputs):
    with torch.inference_mode():
        return predictor.predict(torch.from_numpy(inputs)).logits.numpy()


def all_inputs(task):
    return np.concatenate([*(source.train.inputs for source in task.sources), task.target.inputs])


@pytest.mark.parametrize("wrong", [{"n_init": 0}, {"scale": "l1"}])
def test_a_wrong_parameter_is_refused(wrong):
    with pytest.raises(ValidationError):
        KMeans.Params(**wrong)


def test_fewer_inputs_than_clusters_are_named(kit):
    task = kit.make_task("unsupervised", None, with_source=False)
    few = replace(task, target=replace(task.target, inputs=task.target.inputs[:2]))
    with pytest.raises(DataError, match="2 training inputs cannot form 3 clusters"):
        fitted(kit, few)


@pytest.mark.parametrize("scale", ["none", "standardise", "l2"])
@pytest.mark.parametrize("with_source", [True, False])
def test_well_separated_classes_are_found_without_a_label(kit, with_source, scale):
    task = kit.make_task("unsupervised", None, with_source=with_source)
    predictor, _ = fitted(kit, task, scale=scale)
    assert clustering_accuracy(LABELS, logits_of(predictor, task.target.inputs)) > 0.95


@pytest.mark.parametrize("with_source", [True, False])
def test_centroids_are_scikit_learns_on_source_and_target_together(kit, with_source):
    task = kit.make_task("unsupervised", None, with_source=with_source)
    predictor, toolkit = fitted(kit, task, make_backbone=kit.backbone, n_init=3)
    backbone = toolkit.new_model(task).backbone.eval()
    with torch.inference_mode():
        features = backbone(torch.from_numpy(all_inputs(task))).numpy()
    expected = ScikitKMeans(3, n_init=3, random_state=task.seed).fit(features).cluster_centers_
    np.testing.assert_allclose(predictor.centroids.numpy(), expected, rtol=1e-5)


def test_the_backbone_is_as_initialised_even_where_a_source_model_lies_ready(kit, source_model):
    task = kit.make_task("unsupervised", None)
    predictor, toolkit = fitted(kit, task, source_model, kit.backbone)
    ours, new = predictor._backbone.state_dict(), toolkit.new_model(task).backbone.state_dict()
    assert all(torch.equal(ours[name], new[name]) for name in new)
    assert toolkit.report.model.total == sum(p.numel() for p in predictor._backbone.parameters())


@pytest.mark.parametrize("scale", ["none", "standardise", "l2"])
def test_logits_are_minus_the_squared_distances_of_scaled_features(kit, scale):
    task = kit.make_task("unsupervised", None)
    predictor, _ = fitted(kit, task, scale=scale)

    def scaled(inputs):
        features = np.pad(inputs.astype(np.float64), ((0, 0), (0, 1)))
        if scale == "standardise":
            deviation = all_inputs(task).std(axis=0)
            features[:, :5] = (inputs - all_inputs(task).mean(axis=0)) / deviation
        if scale == "l2":
            features /= np.linalg.norm(inputs, axis=1, keepdims=True)
        return features

    difference = scaled(task.target.inputs)[:, None] - predictor.centroids.numpy()[None]
    logits = logits_of(predictor, task.target.inputs)
    np.testing.assert_allclose(logits, -(difference**2).sum(axis=2), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("size", [1, 7, 60])
def test_there_is_one_logit_for_each_target_class_and_none_for_the_sources(kit, size):
    task = kit.make_task("unsupervised", None, classes=("a", "b", "c", "d"))
    predictor, _ = fitted(kit, task)
    logits = logits_of(predictor, task.target.inputs[:size])
    assert logits.shape == (size, 4)
    assert not predictor.has_side("source")
    np.testing.assert_allclose(logits, logits_of(predictor, task.target.inputs)[:size], atol=1e-5)


@pytest.mark.parametrize(("with_source", "counts"), [(True, [60, 60]), (False, [60])])
def test_everything_seen_counts_as_unlabelled(kit, with_source, counts):
    _, toolkit = fitted(kit, kit.make_task("unsupervised", None, with_source=with_source))
    assert [(part.updates, part.labelled, part.unlabelled) for part in toolkit.report.seen] == [
        (0, 0, count) for count in counts
    ]


def test_the_seed_decides(kit):
    task = kit.make_task("unsupervised", None)
    first, second = (fitted(kit, task, make_backbone=kit.backbone, n_init=1)[0].centroids for _ in range(2))
    assert torch.equal(first, second)
