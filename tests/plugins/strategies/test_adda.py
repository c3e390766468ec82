"""ADDA: source encoder and classifier stay; the encoder learns by inverted labels, not by a reversed gradient."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from tlbench import losses
from tlbench.testing import faithful
from tlbench_strategies.adversarial.adda import AdversarialDiscriminative, encoded


@pytest.fixture
def subject():
    return faithful.on_toy_task(AdversarialDiscriminative)


def test_it_starts_as_the_source_model():
    faithful.identical_at_start(AdversarialDiscriminative, "source-model")


def test_the_source_encoder_and_the_classifier_stay_bit_for_bit(subject):
    model = subject.model
    still = [model.reference.backbone, model.head]
    faithful.unchanged_after(subject.update, still, changes=[model.backbone, model.domain_head])


def test_each_part_of_a_step_moves_its_own_module(subject):
    model = subject.model
    faithful.unchanged_after(lambda: subject.update("domain_head"), [model.backbone], changes=[model.domain_head])
    faithful.unchanged_after(lambda: subject.update("encoder"), [model.domain_head], changes=[model.backbone])


def test_the_encoder_learns_by_inverted_labels(subject):
    model, target = subject.model, subject.batch.target.inputs
    logits = model.domain_head(model.features(target))
    as_source = functional.binary_cross_entropy_with_logits(logits, torch.zeros_like(logits))
    faithful.same(subject.terms()["encoder.inverted"], as_source, [model.backbone])


def test_where_the_domain_head_is_sure_the_encoder_still_learns_as_by_a_reversal_it_would_not(subject):
    model, target = subject.model, subject.batch.target.inputs
    nn.init.constant_(model.domain_head[-1].bias, 30.0)
    inverted = faithful.gradient(subject.terms()["encoder.inverted"], [model.backbone])
    of_target = model.domain_head(model.features(target))
    reversed_ = faithful.gradient(-losses.domain_cross_entropy(of_target.detach(), of_target), [model.backbone])
    assert inverted.abs().max() > 1e-3
    assert reversed_.abs().max() < 1e-9


def test_source_features_are_the_original_encoder_s(subject):
    """Once the copy has moved, the domain head still sees the source as the original encodes it."""
    for _ in range(3):
        subject.update("encoder")
    model, batch = subject.model, subject.batch
    of_source = model.domain_head(model.reference.features(batch.source.inputs))
    of_target = model.domain_head(model.features(batch.target.inputs))
    expected = losses.domain_cross_entropy(of_source, of_target)
    faithful.same(subject.terms()["domain_head.domain"], expected, [model.domain_head])
    moved = model.domain_head(model.features(batch.source.inputs))
    assert (moved - of_source).abs().max() > 1e-3


def test_both_encoders_are_in_one_mode():
    """With batch norm in training mode for one of them alone, the domain head would tell domains by that."""
    images = {"kind": "image", "backbone": "lenet:16"}
    subject = faithful.on_toy_task(AdversarialDiscriminative, **images)
    model, batch = subject.model, subject.batch
    norms = [module for module in model.backbone.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    assert norms
    before = [value.clone() for norm in norms for value in norm.buffers()]
    subject.update()
    assert all(torch.equal(a, b) for a, b in zip(before, (v for n in norms for v in n.buffers()), strict=True))
    start = faithful.on_toy_task(AdversarialDiscriminative, **images).model
    start.train()
    torch.testing.assert_close(encoded(start, batch.source.inputs), start.reference.features(batch.source.inputs))
