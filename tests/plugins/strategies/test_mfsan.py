"""MFSAN: a branch for each source, aligned with the target by MMD, branches that agree, and their mean predicts."""

from __future__ import annotations

import pytest
import torch

from tlbench.testing import faithful
from tlbench_strategies.several_sources.mfsan import MultipleFeatureSpaces, disagreement
from tlbench_strategies.shared.kernels import mmd, multiple_gaussians


def subject(**params):
    return faithful.on_toy_task(MultipleFeatureSpaces, params)


def test_branches_that_are_the_same_do_not_disagree():
    sure, other = torch.eye(3), torch.eye(3)[[1, 2, 0]]
    assert float(disagreement([sure, sure, sure])) == 0
    assert float(disagreement([sure, other])) == pytest.approx(2 / 3)
    assert float(disagreement([sure, sure, other])) == pytest.approx(2 / 3 * 2 / 3)


@pytest.mark.parametrize("number", [0, 1])
def test_a_source_s_labels_and_discrepancy_are_those_of_its_own_branch(number):
    made = subject()
    made.batch.source.domains.fill_(number)
    terms, own, other = made.terms(), made.model.branches[number], made.model.branches[1 - number]
    for name in ("source", "mmd"):
        faithful.no_gradient_from(terms[name], [other], reaches=[own.hidden])
    assert faithful.gradient(terms["agreement"], [other]).any()


def test_the_discrepancy_is_that_of_hidden_features_and_spares_the_classifiers():
    made = subject(mmd_weight=0.5)
    made.batch.source.domains.zero_()
    model, branch = made.model, made.model.branches[0]
    pair = [branch.hidden(model.features(role.inputs)).detach() for role in (made.batch.source, made.batch.target)]
    expected = 0.5 * mmd(multiple_gaussians(torch.cat(pair)), 16)
    ramp = 2 / (1 + torch.tensor(-5.0).exp()) - 1
    assert made.values(0.5)["mmd"] == pytest.approx(float(ramp * expected), rel=1e-4)
    faithful.no_gradient_from(made.terms()["mmd"], [branch.head], reaches=[branch.hidden, model.backbone])


def test_agreement_is_about_the_target_s_predictions_alone():
    made = subject()
    faithful.permutation_invariant(made, "agreement", "target")
    with pytest.raises(faithful.Vacuous, match="is the same for other examples"):
        faithful.permutation_invariant(made, "agreement", "source")
    with torch.no_grad():
        predictions = [
            branch(made.model.features(made.batch.target.inputs)).softmax(1) for branch in made.model.branches
        ]
    ramp = 2 / (1 + torch.tensor(-5.0).exp()) - 1
    assert made.values(0.5)["agreement"] == pytest.approx(float(ramp * (predictions[0] - predictions[1]).abs().mean()))


def test_all_but_the_labels_come_in_slowly():
    values = subject().values(0.0)
    assert values["mmd"] == values["agreement"] == 0
    assert values["source"] > 0


def test_the_mean_of_all_branches_predicts():
    made = subject()
    fitted = made.trial.fit(made.case)
    model, inputs = fitted.predictor.model.eval(), torch.from_numpy(fitted.case.test.inputs)
    with torch.no_grad():
        expected = torch.stack([branch(model.features(inputs)).softmax(1) for branch in model.branches]).mean(0)
    torch.testing.assert_close(torch.from_numpy(fitted.logits()).softmax(1), expected)
    torch.testing.assert_close(torch.from_numpy(fitted.logits()).exp().sum(1), torch.ones(len(inputs)))
