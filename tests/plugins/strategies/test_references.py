"""The references `pooling` and `majority`, beside what scikit-learn and arithmetic say."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.dummy import DummyClassifier

from tlbench.core.run_spec import Budget
from tlbench.plugins.manager import plugin_host
from tlbench.testing.strategy_trial import StrategyTrial, with_another_source
from tlbench_strategies.references import Majority, Oracle, Pooling, TargetOnly, TargetShare


@pytest.fixture
def trial():
    return lambda strategy: StrategyTrial(strategy, plugin_host())


def test_majority_predicts_what_scikit_learns_prior_does(trial):
    bench = trial(Majority)
    fitted = bench.fit(bench.case("vector", "inductive", target_classes=3))
    labels = fitted.case.task.target.labels
    dummy = DummyClassifier(strategy="prior").fit(np.zeros((len(labels), 1)), labels)
    expected = dummy.predict_proba(np.zeros((len(fitted.case.test.labels), 1)))
    assert np.allclose(np.exp(fitted.logits()), expected, atol=1e-6)
    assert (fitted.logits().argmax(axis=1) == dummy.predict(np.zeros((len(expected), 1)))).all()


def test_a_class_without_examples_has_a_finite_logit():
    from tlbench_strategies.references import ClassShares

    found = ClassShares(np.array([0.75, 0.0, 0.25])).predict(torch.zeros(2, 5))
    assert torch.isfinite(found.logits).all()
    assert found.logits.argmax(dim=1).tolist() == [0, 0]
    assert found.features.shape == (2, 1)


def test_pooling_weights_both_sides_by_their_numbers_of_labels(trial):
    bench = trial(Pooling)
    task = bench.case("vector", "inductive").task
    share = Pooling(Pooling.Params()).build(task, 16)["pool"]
    assert isinstance(share, TargetShare)
    assert float(share.share) == pytest.approx(8 / (96 + 8))


def test_pooling_uses_the_source_and_target_only_and_oracle_do_not(trial):
    for strategy, same in ((Pooling, False), (TargetOnly, True), (Oracle, True)):
        bench = trial(strategy)
        case = bench.case("vector", "inductive")
        budget = Budget(steps=4, batch_size=8, checkpoints=1)
        first, second = (bench.fit(one, budget).logits() for one in (case, with_another_source(case)))
        assert np.array_equal(first, second) == same
