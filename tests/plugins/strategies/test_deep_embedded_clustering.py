from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from sklearn.cluster import KMeans as ScikitKMeans
from torch import nn

from tlbench import Backbone, DataError
from tlbench.training.batches import Batch, Batches
from tlbench_metrics.classification import clustering_accuracy
from tlbench_strategies.clustering.deep_embedded_clustering import (
    ClusterHead,
    DeepEmbeddedClustering,
    target_distribution,
)

#: The classes that `kit.make_task` does not tell.
LABELS = np.arange(60) % 3


def strategy(**params):
    return DeepEmbeddedClustering(DeepEmbeddedClustering.Params(**{"hidden": 16, "n_init": 3, **params}))


def plain():
    """A backbone without batch norm, whose features are the same in training and in evaluation."""
    return Backbone([nn.Sequential(nn.Linear(5, 16), nn.ReLU())], 16)


def fitted(kit, task, steps=30, make_backbone=plain, **params):
    toolkit = kit.make_toolkit(steps=steps, make_backbone=make_backbone)
    return strategy(**params).fit(task, toolkit), toolkit


def watched(kit, task, **params):
    """The model's weights before and after each phase, by phase."""
    toolkit = kit.make_toolkit(make_backbone=plain)
    train, seen = toolkit.train, {}

    def copy(model):
        return {name: value.clone() for name, value in model.state_dict().items()}

    def watch(model, *arguments, phase, **named):
        before = copy(model)
        predictor = train(model, *arguments, phase=phase, **named)
        seen[phase] = before, copy(model)
        return predictor

    toolkit.train = watch
    strategy(**params).fit(task, toolkit)
    return seen


def before_clustering(kit, task):
    """A strategy and a model with a cluster head, as the second phase starts."""
    dec, toolkit = strategy(), kit.make_toolkit(make_backbone=plain)
    model = toolkit.new_model(task)
    features = toolkit.features(model.backbone.eval(), task.target.inputs, labelled=False)
    model.head = dec.cluster_head(features, task)
    return dec, model.train(), features


def features_and_centroids():
    rng = np.random.default_rng(0)
    return rng.normal(size=(7, 4)), rng.normal(size=(3, 4))


def soft_assignments(z, mu):
    """Equation 1 with α = 1, one entry at a time."""
    q = np.empty((len(z), len(mu)))
    for i in range(len(z)):
        kernel = [1 / (1 + np.sum((z[i] - mu[j]) ** 2)) for j in range(len(mu))]
        q[i] = [value / sum(kernel) for value in kernel]
    return q


def sharpened(q, f):
    """Equation 3, one entry at a time."""
    p = np.empty_like(q)
    for i in range(len(q)):
        weights = [q[i, j] ** 2 / f[j] for j in range(len(f))]
        p[i] = [weight / sum(weights) for weight in weights]
    return p


# ---- errors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [{"momentum": 0.0}, {"momentum": 1.5}, {"clustering_lr": 0.0}, {"hidden": 0}])
def test_a_wrong_parameter_is_refused(wrong):
    with pytest.raises(ValidationError):
        DeepEmbeddedClustering.Params(**wrong)


@pytest.mark.parametrize(("size", "message"), [(0, "no training inputs"), (2, "2 training inputs cannot form 3")])
def test_too_few_target_inputs_are_named_whatever_the_source_has(kit, size, message):
    task = kit.make_task("unsupervised", None)
    few = replace(task, target=replace(task.target, inputs=task.target.inputs[:size]))
    with pytest.raises(DataError, match=message):
        fitted(kit, few)


# ---- the formulas ------------------------------------------------------------------------------------------------


def test_the_head_gives_the_logarithm_of_the_papers_soft_assignments(kit):
    z, mu = features_and_centroids()
    log_q = ClusterHead(torch.from_numpy(mu))(torch.from_numpy(z))
    np.testing.assert_allclose(log_q.detach().exp().numpy(), soft_assignments(z, mu), rtol=1e-10)


def test_the_target_distribution_is_the_papers(kit):
    q = soft_assignments(*features_and_centroids())
    f = q.sum(axis=0)
    ours = target_distribution(torch.from_numpy(q), torch.from_numpy(f / len(q)))  # a factor on f cancels
    np.testing.assert_allclose(ours.numpy(), sharpened(q, f), rtol=1e-10)


def test_the_gradients_are_the_papers_closed_form(kit):
    """Equations 4 and 5 for the mean over examples, with f from the running mean and P held fixed."""
    task = kit.make_task("unsupervised", None)
    dec, model, _ = before_clustering(kit, task)
    model.double()
    z_numpy, mu = features_and_centroids()
    z = torch.from_numpy(z_numpy).requires_grad_()
    model.head = ClusterHead(torch.from_numpy(mu)).double()
    f_before = np.array([0.5, 0.3, 0.2])
    model.head.frequencies.copy_(torch.from_numpy(f_before))
    model.backbone = Backbone([nn.Identity()], 4)
    model.backbone.preprocess = lambda inputs: inputs  # doubles stay doubles

    class Given:
        class target:
            inputs = z

    dec.clustering(model, Given, 0.5)["kl"].backward()
    q = soft_assignments(z_numpy, mu)
    p = sharpened(q, 0.5 * f_before + 0.5 * q.mean(axis=0))
    difference = z_numpy[:, None] - mu[None]
    pull = 2 * (p - q) / (1 + (difference**2).sum(axis=2)) / len(q)
    np.testing.assert_allclose(z.grad.numpy(), (pull[:, :, None] * difference).sum(axis=1), rtol=1e-6, atol=1e-12)
    expected = -(pull[:, :, None] * difference).sum(axis=0)
    np.testing.assert_allclose(model.head.centroids.grad.numpy(), expected, rtol=1e-6, atol=1e-12)


def test_the_value_is_the_divergence_of_p_from_q_in_the_mean(kit):
    task = kit.make_task("unsupervised", None)
    dec, model, _ = before_clustering(kit, task)
    batch = kit.one_batch(task)
    f_before = model.head.frequencies.numpy().copy()
    ours = float(dec.clustering(model, batch, 0.5)["kl"].detach())
    z, mu = (part.detach().numpy() for part in (model.features(batch.target.inputs), model.head.centroids))
    q = soft_assignments(z, mu)
    p = sharpened(q, 0.5 * f_before + 0.5 * q.mean(axis=0))
    assert ours == pytest.approx(np.mean(np.sum(p * np.log(p / q), axis=1)), rel=1e-3)
    assert ours > 1e-3


def test_encoder_and_centroids_get_a_gradient(kit):
    task = kit.make_task("unsupervised", None)
    dec, model, _ = before_clustering(kit, task)
    dec.clustering(model, kit.one_batch(task), 0.5)["kl"].backward()
    assert all(p.grad.abs().max() > 0 for p in [*model.backbone.parameters(), model.head.centroids])


def test_the_frequencies_start_as_the_mean_over_all_target_inputs_and_follow_the_batches(kit):
    task = kit.make_task("unsupervised", None)
    dec, model, features = before_clustering(kit, task)
    q = soft_assignments(features, model.head.centroids.detach().numpy())
    start = model.head.frequencies.numpy().copy()
    np.testing.assert_allclose(start, q.mean(axis=0), rtol=1e-4)
    batch = kit.one_batch(task)
    dec.clustering(model, batch, 0.5)
    of_batch = soft_assignments(
        *(p.detach().numpy() for p in (model.features(batch.target.inputs), model.head.centroids))
    ).mean(axis=0)
    np.testing.assert_allclose(model.head.frequencies.numpy(), 0.5 * start + 0.5 * of_batch, rtol=1e-4)
    assert not model.head.frequencies.requires_grad


def test_monitors_are_detached_and_show_a_collapse(kit):
    task = kit.make_task("unsupervised", None)
    dec, model, _ = before_clustering(kit, task)
    terms = dec.clustering(model, kit.one_batch(task), 0.5)
    assert [name for name, term in terms.items() if term.requires_grad] == ["kl"]
    assert 1 / 3 <= float(terms["largest_cluster"]) < 1
    assert 1 / 3 < float(terms["confidence"]) < 1
    with torch.no_grad():
        model.head.centroids[1:] += 100.0
    assert float(dec.clustering(model, kit.one_batch(task), 0.5)["largest_cluster"]) == 1.0


# ---- the phases --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_source", [True, False])
def test_the_autoencoder_learns_to_give_inputs_back(kit, with_source):
    _, toolkit = fitted(kit, kit.make_task("unsupervised", None, with_source=with_source), steps=100)
    errors = [point["reconstruction"] for point in toolkit.report.curve if point["phase"] == "autoencoder"]
    assert errors[-1] < 0.3 * errors[0]


def test_the_reconstruction_error_is_the_mean_over_source_and_target_values(kit):
    task = kit.make_task("unsupervised", None)
    dec, toolkit = strategy(), kit.make_toolkit(make_backbone=plain)
    model = toolkit.new_model(task)
    batch = kit.one_batch(task)
    toolkit.extend(model, task.seed, lambda: {"decoder": dec.decoder(model.backbone, batch.target.inputs[:1])})
    ours = dec.reconstruction(model, batch, 0.0)["reconstruction"]
    errors = [
        ((model.decoder(model.features(role.inputs)) - role.inputs) ** 2).mean()
        for role in (batch.source_inputs, batch.target)
    ]
    torch.testing.assert_close(ours, torch.stack(errors).mean())


def test_centroids_start_from_k_means_on_the_target_features_of_the_autoencoder(kit):
    task = kit.make_task("unsupervised", None)
    weights, _ = watched(kit, task)["clustering"]
    backbone = plain()
    backbone.load_state_dict({k.removeprefix("backbone."): w for k, w in weights.items() if k.startswith("backbone.")})
    with torch.inference_mode():
        features = backbone(torch.from_numpy(task.target.inputs)).numpy()
    expected = ScikitKMeans(3, n_init=3, random_state=task.seed).fit(features).cluster_centers_
    np.testing.assert_allclose(weights["head.centroids"].numpy(), expected, rtol=1e-5)


def test_each_phase_trains_its_own_parts_and_the_second_starts_where_the_first_ended(kit):
    phases = watched(kit, kit.make_task("unsupervised", None))
    (start, coded), (given, end) = phases["autoencoder"], phases["clustering"]

    def moved(before, after):
        shared = before.keys() & after.keys()
        return {name.split(".")[0] for name in shared if not torch.equal(before[name], after[name])}

    assert moved(start, coded) == {"backbone", "decoder"}
    assert moved({k: w for k, w in coded.items() if not k.startswith("head.")}, given) == set()
    assert moved(given, end) == {"backbone", "head"}


def test_the_second_phase_learns_at_its_own_rate(kit):
    given, end = watched(kit, kit.make_task("unsupervised", None), clustering_lr=1e-9)["clustering"]
    for name in ("backbone.stages.0.0.weight", "head.centroids"):
        torch.testing.assert_close(given[name], end[name], rtol=0, atol=1e-6)


@pytest.mark.parametrize(("with_source", "coded"), [(True, 2 * 30 * 12), (False, 30 * 12)])
def test_everything_seen_counts_as_unlabelled_and_source_inputs_shape_the_autoencoder_alone(kit, with_source, coded):
    _, toolkit = fitted(kit, kit.make_task("unsupervised", None, with_source=with_source))
    assert [(part.phase, part.updates, part.labelled, part.unlabelled) for part in toolkit.report.seen] == [
        ("autoencoder", 30, 0, coded),
        ("features", 0, 0, 60),
        ("clustering", 30, 0, 30 * 12),
    ]


def test_the_clustering_loss_draws_target_inputs_alone(kit):
    task = kit.make_task("unsupervised", None)
    dec, model, _ = before_clustering(kit, task)
    batches = Batches(task, 12, "cpu")
    dec.clustering(model, Batch(batches, 1), 0.5)
    assert (batches.labelled_seen, batches.unlabelled_seen) == (0, 12)


def test_the_checkpoints_are_the_second_phases_and_carry_the_frequencies(kit):
    task = kit.make_task("unsupervised", None)
    predictor, toolkit = fitted(kit, task)
    assert predictor.steps == [15, 30]
    assert not torch.equal(*(predictor.checkpoints[step]["head.frequencies"] for step in (15, 30)))
    assert [point["step"] for point in toolkit.report.curve if point["phase"] == "clustering"][-1] == 30
    assert toolkit.report.model.trainable == 5 * 16 + 16 + 3 * 16


# ---- what comes out ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_source", [True, False])
def test_well_separated_classes_are_found_without_a_label(kit, with_source):
    task = kit.make_task("unsupervised", None, with_source=with_source)
    predictor, toolkit = fitted(kit, task, steps=100, clustering_lr=1.0)
    logits = predictor.predict(torch.from_numpy(task.target.inputs)).logits
    assert clustering_accuracy(LABELS, logits.detach().numpy()) > 0.95
    confidence = [point["confidence"] for point in toolkit.report.curve if point["phase"] == "clustering"]
    assert confidence[-1] > confidence[0]


@pytest.mark.parametrize("seed", [1, 3])
def test_no_cluster_swallows_another_at_a_rate_that_is_too_large(kit, seed):
    """With a slow running mean (`momentum=0.05`) two of the three clusters become one here."""
    task = replace(kit.make_task("unsupervised", None), seed=seed)
    predictor, _ = fitted(kit, task, steps=100, clustering_lr=10.0)
    found = predictor.predict(torch.from_numpy(task.target.inputs)).logits.argmax(dim=1)
    assert torch.bincount(found, minlength=3).max() < 30


@pytest.mark.parametrize("size", [1, 7, 60])
def test_there_is_one_log_probability_for_each_target_class_and_none_for_the_sources(kit, size):
    task = kit.make_task("unsupervised", None, classes=("a", "b", "c", "d"))
    predictor, _ = fitted(kit, task, make_backbone=kit.backbone)
    logits = predictor.predict(torch.from_numpy(task.target.inputs[:size])).logits
    assert logits.shape == (size, 4)
    torch.testing.assert_close(logits.exp().sum(dim=1), torch.ones(size))
    assert not predictor.has_side("source")


def test_the_seed_decides_every_weight(kit):
    task = kit.make_task("unsupervised", None)
    first, second = (fitted(kit, task)[0].model.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    other = fitted(kit, replace(task, seed=1))[0].model.state_dict()
    assert not torch.equal(first["head.centroids"], other["head.centroids"])
