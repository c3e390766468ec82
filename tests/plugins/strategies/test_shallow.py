"""Shallow adaptation: what each method does to features, for new inputs too, and that nothing depends on company."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tlbench.core.task import TaskOutline
from tlbench.plugins.manager import plugin_host
from tlbench.testing.strategy_trial import StrategyTrial
from tlbench_strategies.shallow import alignment as alignments
from tlbench_strategies.shallow.coral import Coral
from tlbench_strategies.shallow.jdot import JointTransport
from tlbench_strategies.shallow.optimal_transport import EntropicTransport, ExactTransport, LinearTransport
from tlbench_strategies.shallow.reweighting import (
    DensityReweighting,
    KernelMeanMatching,
    into_limits,
    matched_means,
)
from tlbench_strategies.shallow.subspace_alignment import SubspaceAlignment
from tlbench_strategies.shallow.transfer_components import (
    JointDistributions,
    TransferComponents,
    joint,
    marginal,
    projection,
)

KINDS = [
    Coral,
    SubspaceAlignment,
    TransferComponents,
    JointDistributions,
    ExactTransport,
    EntropicTransport,
    LinearTransport,
    JointTransport,
    KernelMeanMatching,
    DensityReweighting,
]
BY_LIBRARY = [kind for kind in KINDS if kind.modules]
OUTLINE = TaskOutline("transductive", None, ("s",), "t", same_label_space=True)


def features(seed, count=80, dimensions=5, shift=0.0, stretch=1.0):
    """A domain of two classes, whose first feature tells them apart."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    found = rng.standard_normal((count, dimensions))
    found[:, 0] += 4 * labels
    return (stretch * found + shift).astype(np.float32), labels


def aligned(kind, source, labels, target, **params):
    return kind(kind.Params(**params)).align(source, labels, target)


# ---- all -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_target_input_is_treated_alone_and_as_in_training(kind):
    trial = StrategyTrial(kind, plugin_host())
    fitted = trial.fit(trial.case("vector", "transductive"))
    together, alone = fitted.logits(), fitted.logits(batch=1)
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-4)
    assert len(set(together.argmax(1))) == 2


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_source_is_predicted_by_features_that_are_moved_as_for_training(kind):
    trial = StrategyTrial(kind, plugin_host())
    fitted = trial.fit(trial.case("vector", "transductive"))
    train = fitted.case.task.sources[0].train
    found = fitted.predictor.predict(torch.from_numpy(train.inputs), "source").logits.numpy().argmax(1)
    assert (found == train.labels).mean() > 0.9


@pytest.mark.parametrize("kind", [Coral, SubspaceAlignment, LinearTransport], ids=lambda kind: kind.__name__)
def test_features_of_each_side_are_mapped_as_that_side_s(kind):
    trial = StrategyTrial(kind, plugin_host())
    fitted = trial.fit(trial.case("vector", "transductive"))
    seen, inputs = fitted.predictor, torch.from_numpy(fitted.case.task.sources[0].train.inputs)
    plain = seen._backbone(inputs).detach().numpy()
    for side in ("source", "target"):
        expected = getattr(seen._alignment, side)(seen._scalers[side].of_array(plain))
        np.testing.assert_allclose(seen.predict(inputs, side).features.numpy(), expected, rtol=1e-4, atol=1e-5)
    assert (seen.predict(inputs, "source").features - seen.predict(inputs, "target").features).abs().max() > 0.05


@pytest.mark.parametrize("kind", BY_LIBRARY, ids=lambda kind: kind.__name__)
def test_without_its_library_it_says_what_to_install(kind, monkeypatch):
    assert kind.not_applicable(OUTLINE) is None
    monkeypatch.setattr(alignments.importlib.util, "find_spec", lambda name: None)
    reason = kind.not_applicable(OUTLINE)
    assert reason == f"it needs {' and '.join(kind.modules)}, not installed: pip install 'tlbench[shallow]'"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_without_adapting_it_is_a_strategy_that_is_there(kind):
    assert plugin_host().find("strategies", kind.without_adaptation)[0].load() is kind.twin
    assert kind.twin.Params.model_fields.keys() <= kind.Params.model_fields.keys()


def test_a_classifier_on_target_features_as_they_are_can_be_kept_and_another_not():
    for kind, kept in ((Coral, True), (TransferComponents, False)):
        trial = StrategyTrial(kind, plugin_host())
        fitted = trial.fit(trial.case("vector", "transductive"))
        parts = fitted.predictor.parts()
        assert (parts is not None) == kept
        if parts is not None:
            inputs = torch.from_numpy(fitted.case.test.inputs)
            with torch.no_grad():
                again = parts.head(parts.backbone(inputs)).numpy()
            np.testing.assert_allclose(again, fitted.logits(), rtol=1e-4, atol=1e-5)


def test_of_many_examples_some_are_taken_and_it_says_so():
    trial = StrategyTrial(ExactTransport, plugin_host(), {"most_examples": 30})
    fitted = trial.fit(trial.case("vector", "transductive"))
    notes = fitted.toolkit.report.notes
    assert "30 of 96 source examples are used (most_examples)" in notes
    assert "30 of 96 target examples are used (most_examples)" in notes


# ---- CORAL -----------------------------------------------------------------------------------------------------------


def test_coral_gives_the_source_the_target_s_covariance():
    (source, labels), (target, _) = features(0), features(1, stretch=3.0)
    moved = aligned(Coral, source, labels, target, ridge=1e-9).source(source)
    np.testing.assert_allclose(np.cov(moved.T), np.cov(target.T), rtol=1e-3, atol=1e-3)


def test_coral_changes_nothing_between_domains_that_are_alike():
    source, labels = features(0)
    moved = aligned(Coral, source, labels, source + 7).source(source)
    np.testing.assert_allclose(moved, source, rtol=1e-3, atol=1e-3)


def test_coral_adds_its_ridge_to_the_variances():
    (source, labels), (target, _) = features(0), features(1, stretch=3.0)
    moved = aligned(Coral, source, labels, target).source(source)
    ridged = [np.cov(each.T) + np.eye(5) for each in (source, target)]
    values, vectors = np.linalg.eigh(ridged[0])
    whiten = vectors / np.sqrt(values) @ vectors.T
    values, vectors = np.linalg.eigh(ridged[1])
    np.testing.assert_allclose(moved, source @ whiten @ (vectors * np.sqrt(values) @ vectors.T), rtol=1e-4, atol=1e-4)


# ---- subspace alignment ----------------------------------------------------------------------------------------------


def test_subspaces_of_domains_that_are_alike_are_plain_principal_components():
    source, labels = features(0)
    found = aligned(SubspaceAlignment, source, labels, source, components=2)
    np.testing.assert_allclose(found.source(source), found.target(source), atol=1e-5)


def test_the_source_s_subspace_is_turned_onto_the_target_s():
    (source, labels), (target, _) = features(0), features(1, stretch=np.array([1, 5, 1, 1, 1.0]))
    found = aligned(SubspaceAlignment, source, labels, target, components=2)
    bases = [np.linalg.svd(each - each.mean(0), full_matrices=False)[2][:2] for each in (source, target)]
    expected = (source - source.mean(0)) @ bases[0].T @ bases[0] @ bases[1].T
    np.testing.assert_allclose(np.abs(found.source(source)), np.abs(expected), rtol=1e-3, atol=1e-3)


# ---- TCA and JDA -----------------------------------------------------------------------------------------------------


def gap(project, source, target):
    return np.linalg.norm(project(source).mean(0) - project(target).mean(0))


def test_a_weak_regularisation_leaves_no_difference_of_means():
    source, target = features(0, shift=1.0)[0], features(1, shift=np.array([0, 3, 0, 0, 0.0]))[0]
    both = np.concatenate([source, target]).astype(np.float64)
    by_strength = []
    for strength in (1e-6, 1e6):
        found = projection(both, [marginal(source, target)], 2, strength)
        by_strength.append(np.linalg.norm(source.mean(0) @ found - target.mean(0) @ found))
    assert by_strength[0] < 1e-3 * by_strength[1]


def test_directions_solve_the_eigenproblem_of_all_pairs_of_examples():
    """By the matrices as the papers write them, n × n."""
    (source, labels), (target, _) = features(0, 12), features(1, 10, shift=0.5)
    pseudo = np.arange(10) % 2
    differences = joint(source, labels, target, pseudo)
    both = np.concatenate([source, target]).astype(np.float64)
    found = projection(both, differences, 3, 0.1)

    def outer(one, other):
        e = np.concatenate([one / one.sum(), -other / other.sum()])
        return np.outer(e, e)

    mmd = 2 * outer(np.ones(12), np.ones(10))
    mmd += sum(outer((labels == c).astype(float), (pseudo == c).astype(float)) for c in (0, 1))
    mmd /= np.linalg.norm(mmd)
    centring = np.eye(22) - 1 / 22
    left, right = both.T @ centring @ both, both.T @ mmd @ both + 0.1 * np.eye(5)
    ratios = np.linalg.eigvals(np.linalg.solve(right, left)).real
    for direction, ratio in zip(found.T, sorted(ratios, reverse=True), strict=False):  # the largest first
        np.testing.assert_allclose(left @ direction, ratio * right @ direction, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(found, axis=0), 1)


def test_few_directions_of_many_features_are_those_that_a_whole_decomposition_gives(monkeypatch):
    (source, labels), (target, _) = features(0, dimensions=60), features(1, dimensions=60, shift=1.0)
    few = aligned(TransferComponents, source, labels, target, components=3).target(target)
    monkeypatch.setattr("tlbench_strategies.shallow.transfer_components.FEW", 1000)
    whole = aligned(TransferComponents, source, labels, target, components=3).target(target)
    np.testing.assert_allclose(np.abs(few), np.abs(whole), rtol=1e-4, atol=1e-6)


def test_one_iteration_of_jda_is_tca_and_more_are_not():
    (source, labels), (target, _) = features(0), features(1, shift=np.array([1.5, 2, 0, 0, 0]))
    tca = aligned(TransferComponents, source, labels, target, components=2)
    once, often = (aligned(JointDistributions, source, labels, target, components=2, iterations=n) for n in (1, 10))
    np.testing.assert_allclose(once.target(target), tca.target(target))
    assert np.abs(np.abs(often.target(target)) - np.abs(tca.target(target))).max() > 1e-3


def test_jda_brings_the_means_of_classes_together():
    (source, labels), (target, truth) = features(0), features(1)
    target = target + np.where(truth[:, None] == 1, 1.0, -1.0) * np.array([0, 2, 0, 0, 0.0])
    gaps = [
        sum(gap(found.source, source[labels == c], target[truth == c]) for c in (0, 1))
        for found in (
            aligned(kind, source, labels, target.astype(np.float32), components=2, regularisation=1e-3)
            for kind in (TransferComponents, JointDistributions)
        )
    ]
    assert gaps[1] < 0.7 * gaps[0]


# ---- optimal transport -----------------------------------------------------------------------------------------------


def test_exact_transport_between_as_many_examples_is_the_best_matching():
    from scipy.optimize import linear_sum_assignment

    (source, labels), (target, _) = features(0, 30), features(1, 30, shift=1.0)
    found = aligned(ExactTransport, source, labels, target).source(source)
    costs = ((source[:, None] - target[None]) ** 2).sum(2)
    np.testing.assert_allclose(found, target[linear_sum_assignment(costs)[1]], rtol=1e-4, atol=1e-4)


def test_a_new_source_example_moves_with_its_nearest():
    (source, labels), (target, _) = features(0, 30), features(1, 30, shift=1.0)
    found = aligned(ExactTransport, source, labels, target)
    new = source[3] + np.float32(1e-3)
    np.testing.assert_allclose(found.source(new[None])[0], found.source(source)[3] + 1e-3, rtol=1e-3, atol=1e-3)


def test_much_entropy_moves_all_to_the_target_s_mean_and_little_is_the_exact_plan():
    (source, labels), (target, _) = features(0, 30), features(1, 30, shift=1.0)
    much = aligned(EntropicTransport, source, labels, target, entropy=1e3).source(source)
    np.testing.assert_allclose(much, np.broadcast_to(target.mean(0), much.shape), atol=0.05)
    default = aligned(EntropicTransport, source, labels, target).source(source)
    exact = aligned(ExactTransport, source, labels, target).source(source)
    assert np.abs(default - exact).mean() < np.abs(much - exact).mean()


def test_the_cost_s_unit_is_nothing_to_the_plan():
    (source, labels), (target, _) = features(0, 30), features(1, 30, shift=1.0)
    one, hundred = (
        aligned(EntropicTransport, factor * source, labels, factor * target).source(factor * source) / factor
        for factor in (np.float32(1), np.float32(100))
    )
    np.testing.assert_allclose(one, hundred, rtol=1e-2, atol=1e-2)


def test_the_linear_map_gives_the_target_s_mean_and_covariance():
    (source, labels), (target, _) = features(0), features(1, shift=2.0, stretch=3.0)
    moved = aligned(LinearTransport, source, labels, target, ridge=1e-9).source(source)
    np.testing.assert_allclose(moved.mean(0), target.mean(0), rtol=1e-2, atol=1e-2)
    np.testing.assert_allclose(np.cov(moved.T), np.cov(target.T), rtol=0.1, atol=0.1)


def test_target_features_stay_as_they_are():
    (source, labels), (target, _) = features(0), features(1)
    for kind in (Coral, ExactTransport, EntropicTransport, LinearTransport, KernelMeanMatching):
        assert aligned(kind, source, labels, target).target is alignments.unchanged


# ---- JDOT ------------------------------------------------------------------------------------------------------------


def test_jdot_s_classifier_is_of_the_target():
    """The domains are turned against each other, so that the source's own classifier is wrong."""
    (source, labels), (target, truth) = features(0, 200), features(1, 200)
    turn = np.eye(5)
    turn[:2, :2] = [[np.cos(0.6), -np.sin(0.6)], [np.sin(0.6), np.cos(0.6)]]
    target = (target @ turn.T + np.array([-2.0, 0, 0, 0, 0])).astype(np.float32)
    made = JointTransport(JointTransport.Params())
    _, classifier = made.fit_adapted(source, labels, target)
    plain = made.classifier(200).fit(source, labels)
    assert classifier.score(target, truth) > plain.score(target, truth) + 0.05


# ---- weights ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [KernelMeanMatching, DensityReweighting])
def test_domains_that_are_alike_have_weights_of_about_one(kind):
    source, labels = features(0, 200)
    weights = aligned(kind, source, labels, source).weights
    assert weights.mean() == pytest.approx(1, abs=0.05)
    assert np.abs(weights - 1).max() < 0.2


@pytest.mark.parametrize("kind", [KernelMeanMatching, DensityReweighting])
def test_what_the_target_has_more_of_weighs_more(kind):
    source, labels = features(0, 200)
    target = features(1, 200)[0][labels == 1]
    weights = aligned(kind, source, labels, target).weights
    assert weights[labels == 1].mean() > 3 * weights[labels == 0].mean()


def test_kernel_means_are_matched_within_limits():
    rng = np.random.default_rng(0)
    root = rng.standard_normal((40, 6))
    kernel, means = root @ root.T / 6, rng.uniform(0, 1, 40)

    def objective(beta):
        return 0.5 * beta @ kernel @ beta - 40 * means @ beta

    beta = matched_means(kernel, means, bound=3.0)
    assert beta.min() >= 0
    assert beta.max() <= 3 + 1e-9
    assert 40 / np.sqrt(40) - 1e-6 <= beta.sum() <= 80
    for _ in range(200):  # no other weights within the limits are better
        other = into_limits(beta + rng.normal(0, 0.3, 40), 3.0, 40 / np.sqrt(40), 80 - 40 / np.sqrt(40))
        assert objective(beta) <= objective(other) + 1e-3


def test_weights_that_leave_few_examples_are_told():
    some = alignments.Alignment(weights=np.array([1.0] * 2 + [0.0] * 98))
    assert alignments.notes_on(some) == ["weights leave 2 of 100 source examples in effect (Kish's formula)"]
    assert alignments.notes_on(alignments.Alignment(weights=np.ones(100))) == []


def test_weights_are_used():
    """Of two contradictory examples the heavier decides."""

    class Heavy(KernelMeanMatching):
        def align(self, source, labels, target):
            return alignments.Alignment(weights=np.where(labels == 1, 100.0, 0.01))

    made = Heavy(Heavy.Params())
    given = np.zeros((20, 2), np.float32)
    _, classifier = made.fit_adapted(given, np.arange(20) % 2, given)
    assert classifier.predict(given[:1])[0] == 1
