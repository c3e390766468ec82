"""M³SDA: moments of all pairs of domains, each once, and a game of classifiers for each source."""

from __future__ import annotations

import pytest
import torch

from tlbench.testing import faithful
from tlbench_strategies.several_sources.m3sda import MomentMatching, discrepancy, moment_distance


def subject(**params):
    return faithful.on_toy_task(MomentMatching, params)


def points(seed, count=9, shift=0.0):
    return torch.randn(count, 4, generator=torch.Generator().manual_seed(seed)) + shift


def test_moments_are_those_of_the_formula_for_four_sources():
    sources, target = [points(seed, 5 + seed, seed) for seed in range(4)], points(9)
    expected = 0.0
    for order in (1, 2):
        moments, of_target = [(each**order).mean(0) for each in sources], (target**order).mean(0)
        expected += sum((each - of_target).norm() for each in moments) / 4
        expected += sum((moments[i] - moments[j]).norm() for i in range(4) for j in range(i + 1, 4)) / 6
    torch.testing.assert_close(moment_distance(sources, target), expected)


@pytest.mark.parametrize("moved", range(4))
def test_every_source_counts_and_all_count_alike(moved):
    """As in the authors' code they do not: the fourth is not moved, and pairs with it are counted askew."""
    same = [points(0) for _ in range(4)]
    sources = [each + (1.0 if number == moved else 0.0) for number, each in enumerate(same)]
    first = [each + (1.0 if number == 0 else 0.0) for number, each in enumerate(same)]
    assert float(moment_distance(sources, points(0))) == pytest.approx(float(moment_distance(first, points(0))))
    assert float(moment_distance(sources, points(0))) > 1


def test_domains_that_are_the_same_are_at_no_distance_with_a_finite_gradient():
    features = points(0).requires_grad_()
    distance = moment_distance([features, features], features.detach())
    assert float(distance.detach()) == 0
    distance.backward()
    assert torch.isfinite(features.grad).all()


def test_each_part_of_a_step_moves_its_own_modules():
    made = subject()
    model = made.model
    faithful.unchanged_after(lambda: made.update("classifiers"), [model.backbone], changes=[model.pairs])
    faithful.unchanged_after(lambda: made.update("backbone"), [model.pairs], changes=[model.backbone])


def test_classifiers_raise_the_disagreement_that_the_backbone_lowers():
    made = subject()

    def apart():
        with torch.no_grad():
            return float(discrepancy(made.model, made.model.features(made.batch.target.inputs)))

    terms = made.terms()
    assert float(terms["classifiers.discrepancy"].detach()) == pytest.approx(-apart(), rel=1e-4)
    assert float(terms["backbone.discrepancy"].detach()) == pytest.approx(apart(), rel=1e-4)
    start = apart()
    for _ in range(3):
        made.update("backbone")
    assert apart() < start


@pytest.mark.parametrize("number", [0, 1])
def test_a_source_s_labels_reach_both_of_its_own_pair_and_no_other(number):
    made = subject()
    made.batch.source.domains.fill_(number)
    own, other = made.model.pairs[number], made.model.pairs[1 - number]
    for head in own:
        faithful.no_gradient_from(made.terms()["labels.source"], [other], reaches=[head])


def test_moments_do_not_reach_the_classifiers():
    made = subject()
    faithful.no_gradient_from(made.terms()["labels.moments"], [made.model.pairs], reaches=[made.model.backbone])


def test_every_update_counts_and_the_mean_of_all_classifiers_predicts():
    made = subject(repeats=2)
    fitted = made.trial.fit(made.case)
    assert fitted.toolkit.report.seen[-1].updates == 6 * 4
    model, inputs = fitted.predictor.model.eval(), torch.from_numpy(fitted.case.test.inputs)
    with torch.no_grad():
        heads = [head for pair in model.pairs for head in pair]
        expected = torch.stack([head(model.features(inputs)).softmax(1) for head in heads]).mean(0)
    assert len(heads) == 4
    torch.testing.assert_close(torch.from_numpy(fitted.logits()).softmax(1), expected)
