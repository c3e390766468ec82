from __future__ import annotations

import math

import pytest
import torch

from tlbench import losses
from tlbench_strategies.domain_adversarial import DomainAdversarial


def strategy(**params):
    return DomainAdversarial(DomainAdversarial.Params(**params))


def domain_gradients(model, batch, progress, dann):
    """The gradient of the domain term alone, for the backbone and for the domain head."""
    model.zero_grad()
    dann.loss(model, batch, progress)["domain"].backward()
    return [p.grad.clone() for p in model.backbone.parameters()], [
        p.grad.clone() for p in model.domain_head.parameters()
    ]


def unreversed_gradients(model, batch):
    """The same term written without the reversal layer."""
    model.zero_grad()
    source, target = batch.source, batch.target
    features = model.features(torch.cat([source.inputs, target.inputs]))
    of_source, of_target = features.split([len(source.inputs), len(target.inputs)])
    losses.domain_cross_entropy(model.domain_head(of_source), model.domain_head(of_target)).backward()
    return [p.grad.clone() for p in model.backbone.parameters()], [
        p.grad.clone() for p in model.domain_head.parameters()
    ]


@pytest.mark.parametrize("progress", [0.1, 0.5, 1.0])
def test_backbone_gets_minus_lambda_times_the_unreversed_gradient_and_the_head_gets_it_whole(kit, progress):
    task = kit.make_task("transductive", None)
    dann = strategy(adversarial_weight=0.7)
    model, batch = kit.model(dann, task), kit.one_batch(task)
    backbone, head = domain_gradients(model, batch, progress, dann)
    plain_backbone, plain_head = unreversed_gradients(model, batch)
    weight = 0.7 * (2 / (1 + math.exp(-10 * progress)) - 1)
    assert any(g.abs().max() > 1e-4 for g in plain_backbone)
    for ours, plain in zip(backbone, plain_backbone, strict=True):
        torch.testing.assert_close(ours, -weight * plain, rtol=1e-4, atol=1e-7)
    for ours, plain in zip(head, plain_head, strict=True):
        torch.testing.assert_close(ours, plain)


@pytest.mark.parametrize("progress", [0.0, 0.2, 0.6, 1.0])
def test_lambda_follows_its_schedule(kit, progress):
    task = kit.make_task("transductive", None)
    dann = strategy(adversarial_weight=0.5)
    terms = dann.loss(kit.model(dann, task), kit.one_batch(task), progress)
    assert float(terms["lambda"]) == pytest.approx(0.5 * (2 / (1 + math.exp(-10 * progress)) - 1), abs=1e-7)
    assert not terms["lambda"].requires_grad


def test_transductive_uses_no_target_label_and_inductive_uses_the_few(kit):
    dann = strategy()
    without = kit.make_task("transductive", None)
    assert "target" not in dann.loss(kit.model(dann, without), kit.one_batch(without), 0.5)
    few = kit.make_task("inductive", 2)
    assert "target" in dann.loss(kit.model(dann, few), kit.one_batch(few), 0.5)


def test_domain_accuracy_is_a_monitor_between_0_and_1(kit):
    task = kit.make_task("transductive", None)
    dann = strategy()
    value = dann.loss(kit.model(dann, task), kit.one_batch(task), 0.5)["domain_accuracy"]
    assert 0 <= float(value) <= 1
    assert not value.requires_grad
