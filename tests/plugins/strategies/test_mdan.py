"""MDAN: sources joined by the hardest, through reversed gradients; with one source it is DANN."""

from __future__ import annotations

import pytest
import torch

from tlbench import losses
from tlbench.core.task import TaskOutline
from tlbench.testing import faithful
from tlbench_strategies.adversarial.domain_adversarial import DomainAdversarial
from tlbench_strategies.several_sources.mdan import MultisourceAdversarial


def subject(**params):
    return faithful.on_toy_task(MultisourceAdversarial, params)


def joined(mode, labels, domains, **params):
    made = MultisourceAdversarial(MultisourceAdversarial.Params(mode=mode, **params))
    return float(made.join(torch.tensor(labels), torch.tensor(domains)))


def test_one_source_is_refused():
    outline = TaskOutline("transductive", None, ("a",), "t", same_label_space=True)
    assert "two sources or more" in MultisourceAdversarial.not_applicable(outline)


def test_hard_takes_the_hardest_labels_and_the_best_hidden_domain():
    assert joined("hard", [1.0, 3.0], [0.5, 0.2], adversarial_weight=0.1) == pytest.approx(3.0 + 0.1 * 0.2)


def test_soft_is_the_largest_sum_as_gamma_grows():
    labels, domains = [1.0, 1.2], [5.0, 1.0]
    assert joined("soft", labels, domains, adversarial_weight=0.1, gamma=1e4) == pytest.approx(1.5, abs=1e-3)
    expected = torch.tensor([1.5, 1.3]).mul(10).exp().sum().log() / 10
    assert joined("soft", labels, domains, adversarial_weight=0.1) == pytest.approx(float(expected))


def test_with_one_source_hard_is_dann():
    """Half its domain loss, since that is the mean over both domains, and a constant λ of 1."""
    made = subject(mode="hard", adversarial_weight=0.5)
    with torch.no_grad():
        made.batch.source.domains.zero_()
    other = faithful.on_toy_task(DomainAdversarial, {"hidden": 0, "ramp": False})
    other.model.load_state_dict(made.model.state_dict(), strict=False)
    other.model.domain_head.load_state_dict(made.model.domain_heads[0].state_dict())
    other = type(other)(other.strategy, made.task, other.model, made.batch, other.trial, other.case)
    found, expected = made.terms()["joined"], other.terms()
    total = expected["source"] + expected["domain"]  # μ · 2 = 1
    torch.testing.assert_close(found, total)
    for mine, its in (
        (made.model.backbone, other.model.backbone),
        (made.model.domain_heads[0], other.model.domain_head),
    ):
        torch.testing.assert_close(faithful.gradient(found, [mine]), faithful.gradient(total, [its]))


def test_domain_heads_lower_what_the_backbone_raises():
    made = subject(mode="hard", adversarial_weight=0.5)
    with torch.no_grad():
        made.batch.source.domains.zero_()
    head, model, batch = made.model.domain_heads[0], made.model, made.batch
    plain = losses.domain_cross_entropy(*(head(model.features(each.inputs)) for each in (batch.source, batch.target)))
    labels = losses.cross_entropy(model(batch.source.inputs), batch.source.labels)
    of_domains = made.terms()["joined"] - labels
    for module, factor in ((head, 1.0), (model.backbone, -1.0)):
        found, expected = (faithful.gradient(each, [module]) for each in (of_domains, plain))
        assert expected.abs().max() > 1e-4
        torch.testing.assert_close(found, factor * expected, rtol=1e-3, atol=1e-5)


def test_each_source_has_a_domain_head_of_its_own():
    made = subject()
    before = faithful.gradient(made.terms()["joined"], [made.model.domain_heads[1]])
    assert before.any()
    with torch.no_grad():
        made.batch.source.domains.zero_()  # as if all were of the first
    assert not faithful.gradient(made.terms()["joined"], [made.model.domain_heads[1]]).any()
