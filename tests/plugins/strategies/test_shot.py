"""SHOT: no source example, a frozen classifier, information maximisation, and labels by centroids of the target."""

from __future__ import annotations

import math

import pytest
import torch

from tlbench.plugins.manager import plugin_host
from tlbench.testing import faithful
from tlbench.testing.strategy_trial import StrategyTrial
from tlbench.training.batches import MissingRole
from tlbench_strategies.references import SourceOnly
from tlbench_strategies.self_training.shot import Shot, ShotIM, nearest_centroids

KINDS = [Shot, ShotIM]


@pytest.mark.parametrize("kind", KINDS)
def test_it_starts_as_the_source_model_without_source_examples(kind):
    faithful.identical_at_start(kind, "source-model")
    made = faithful.on_toy_task(kind)
    assert not any(len(source.train) for source in made.task.sources)
    with pytest.raises(MissingRole):
        _ = made.batch.source


@pytest.mark.parametrize("kind", KINDS)
def test_the_classifier_stays_bit_for_bit(kind):
    made = faithful.on_toy_task(kind)
    faithful.unchanged_after(made.update, [made.model.head], changes=[made.model.backbone])


def test_sure_predictions_of_all_classes_have_the_least_loss():
    made = ShotIM(ShotIM.Params())
    totals = [
        sum(float(term) for term in made.information(logits).values())
        for logits in (200 * torch.eye(4), torch.zeros(4, 4), 200 * torch.eye(4)[[0, 0, 0, 0]])
    ]
    assert totals == pytest.approx([-math.log(4), 0, 0], abs=1e-6)


def test_without_weights_nothing_is_left_of_the_loss():
    made = faithful.on_toy_task(Shot, {"weight": 0.0, "pseudo_weight": 0.0})
    assert not faithful.gradient(sum(made.terms().values()), [made.model.backbone]).any()


def test_without_pseudo_labels_it_is_shot_im():
    faithful.limit(Shot, {"pseudo_weight": 0.0}, equals=ShotIM)


def by_definition(features, probabilities):
    points = torch.cat([features, torch.ones(len(features), 1)], 1).double()
    points = points / points.norm(dim=1, keepdim=True)
    members = probabilities.double()
    for _ in range(2):
        labels = []
        for point in points:
            best, nearest = -2.0, -1
            for k in range(members.shape[1]):
                if members[:, k].sum() == 0:
                    continue
                centroid = sum(m * p for m, p in zip(members[:, k], points, strict=True)) / members[:, k].sum()
                cosine = float(point @ centroid / centroid.norm())
                if cosine > best:
                    best, nearest = cosine, k
            labels.append(nearest)
        members = torch.nn.functional.one_hot(torch.tensor(labels), members.shape[1]).double()
    return torch.tensor(labels)


def test_labels_are_the_nearest_centroids_in_two_rounds():
    generator = torch.Generator().manual_seed(3)
    features = torch.randn(60, 2, generator=generator)
    probabilities = torch.randn(60, 4, generator=generator).softmax(1)
    found = nearest_centroids(features, probabilities)
    assert torch.equal(found, by_definition(features, probabilities))


def test_a_class_that_nobody_is_has_no_centroid():
    features = torch.tensor([[-5.0, 0.0], [-5.1, 0.0], [0.0, -5.0]])
    probabilities = torch.eye(4)[[1, 1, 2]]
    assert nearest_centroids(features, probabilities).tolist() == [1, 1, 2]


def test_labels_are_made_of_all_target_inputs_and_used_at_their_places():
    made = faithful.on_toy_task(Shot)
    toolkit = made.trial.toolkit(made.case)
    made.strategy.refresh(made.model, made.task, toolkit)
    found = toolkit.outputs(made.model, made.task.target.inputs)
    expected = nearest_centroids(found.features, found.logits.softmax(1))
    assert len(expected) == len(made.task.target.inputs)
    assert len(set(expected.tolist())) > 1
    assert torch.equal(made.model.pseudo.labels, expected)
    chosen = expected[made.batch.target.index]
    with torch.no_grad():
        logits = made.model(made.batch.target.inputs)
    loss = 0.3 * torch.nn.functional.cross_entropy(logits, chosen)
    assert made.values()["pseudo"] == pytest.approx(float(loss), rel=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_on_a_backbone_without_parameters_the_source_model_predicts(kind):
    made = StrategyTrial(kind, plugin_host())
    source = StrategyTrial(SourceOnly, plugin_host())
    found, expected = (trial.fit(trial.case("text", "transductive")).logits() for trial in (made, source))
    assert (found == expected).all()
