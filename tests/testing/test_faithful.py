"""The kit of faithfulness tests: each property is shown to fail, and to refuse what shows nothing."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import tlbench
from tlbench import losses
from tlbench.testing import faithful
from tlbench.testing.faithful import Unfaithful, Vacuous


class Weighted(tlbench.GradientStrategy):
    """Source labels, and the distance of the domains' means."""

    settings = {"transductive"}
    paper = "none: a strategy of a test"

    class Params(tlbench.Params):
        weight: float = 1.0

    def build(self, task, features):
        return {"other": nn.Linear(features, 2)}

    def loss(self, model, batch, progress):
        of_source, of_target = model.features_of(batch.source.inputs, batch.target.inputs)
        return {
            "source": losses.cross_entropy(model.head(of_source), batch.source.labels),
            "means": self.params.weight * (of_source.mean(0) - of_target.mean(0)).square().sum(),
            "first": of_target[0].sum().detach(),
            "constant": 0 * of_target.sum() + 1,
            "of other": model.other(of_source.detach()).sum(),
        }


class Alternating(Weighted):
    """The backbone, then the head."""

    def substeps(self, model):
        return [
            tlbench.Substep("backbone", self.loss, [model.backbone]),
            tlbench.Substep("head", self.loss, [model.head]),
        ]


class Adapted(Weighted):
    """The start model, whose head is replaced by one in front of which a layer stands."""

    class Params(tlbench.Params):
        identity: bool = True

    uses_source_model = True
    start = "source-model"

    def prepare(self, model):
        layer = nn.Linear(16, 16)
        if self.params.identity:
            nn.init.eye_(layer.weight)
            nn.init.zeros_(layer.bias)
        model.head = nn.Sequential(layer, model.head)

    def loss(self, model, batch, progress):
        return losses.cross_entropy(model(batch.source.inputs), batch.source.labels)


def test_a_module_that_changed_and_one_that_did_not_are_told_apart():
    subject = faithful.on_toy_task(Alternating)
    backbone, head = [subject.model.backbone], [subject.model.head]
    faithful.unchanged_after(lambda: subject.update("head"), backbone, changes=head)
    faithful.unchanged_after(lambda: subject.update("backbone"), head, changes=backbone)
    with pytest.raises(Unfaithful, match=r"have changed, of the shapes \(16, 6\), \(16,\)"):
        faithful.unchanged_after(subject.update, backbone, changes=head)
    with pytest.raises(Vacuous, match="nothing has changed"):
        faithful.unchanged_after(lambda: None, backbone, changes=head)
    with pytest.raises(Vacuous, match="neither parameters nor buffers"):
        faithful.unchanged_after(subject.update, [nn.ReLU()], changes=head)
    with pytest.raises(Vacuous, match=r"tail not all are there; there are backbone, head"):
        subject.update("tail")


def test_the_terms_of_several_substeps_have_their_names():
    assert "head.means" in faithful.on_toy_task(Alternating).terms()


def test_a_term_that_is_not_its_formula_is_found_in_value_or_gradient():
    subject = faithful.on_toy_task(Weighted)
    model, batch, term = subject.model, subject.batch, subject.terms()["means"]
    source, target = (model.features(each.inputs).mean(0) for each in (batch.source, batch.target))
    distance = (source - target).square().sum()
    faithful.same(term, distance, [model.backbone])
    reversed_ = tlbench.layers.reverse_gradient(source - target, 0.3).square().sum()
    faithful.same(reversed_, distance, [model.backbone], factor=-0.3)
    with pytest.raises(Unfaithful, match="value"):
        faithful.same(2 * term, distance, [model.backbone])
    with pytest.raises(Unfaithful, match="gradient is not 1 times"):
        faithful.same((source - target.detach()).square().sum(), distance, [model.backbone])
    with pytest.raises(Vacuous, match="does not reach"):
        faithful.same(term, distance, [model.head])


def test_what_a_term_reaches_is_known():
    subject = faithful.on_toy_task(Weighted)
    terms, model = subject.terms(), subject.model
    faithful.no_gradient_from(terms["means"], [model.head], reaches=[model.backbone])
    faithful.no_gradient_from(terms["of other"], [model.backbone], reaches=[model.other])
    with pytest.raises(Unfaithful, match="detached"):
        faithful.no_gradient_from(terms["source"], [model.head], reaches=[model.backbone])
    with pytest.raises(Vacuous, match="reaches nothing"):
        faithful.no_gradient_from(terms["constant"], [model.head], reaches=[model.backbone])
    with pytest.raises(Vacuous, match="no gradient at all"):
        faithful.no_gradient_from(terms["first"], [model.head], reaches=[model.backbone])
    with pytest.raises(Vacuous, match="no parameters"):
        faithful.no_gradient_from(terms["means"], [nn.ReLU()], reaches=[model.backbone])


def test_what_a_refresh_leaves_in_buffers_is_there_for_the_loss():
    class Refreshing(Weighted):
        refreshes = 2

        def build(self, task, features):
            known = nn.Module()
            known.register_buffer("labels", torch.full((len(task.target.inputs),), -1))
            return {**super().build(task, features), "known": known}

        def refresh(self, model, task, toolkit):
            assert not model.training
            model.known.labels.copy_(toolkit.outputs(model, task.target.inputs).logits.argmax(1))

        def loss(self, model, batch, progress):
            labels = model.known.labels[batch.target.index]
            return {"pseudo": losses.cross_entropy(model(batch.target.inputs), labels)}

    subject = faithful.on_toy_task(Refreshing)
    assert subject.values()["pseudo"] > 0
    assert subject.fit().toolkit.report.seen[-1].updates == 6


def test_a_start_that_is_another_is_found():
    faithful.identical_at_start(Adapted, "source-model")
    with pytest.raises(Unfaithful, match="not those of the source-model"):
        faithful.identical_at_start(Adapted, "source-model", {"identity": False})
    with pytest.raises(Unfaithful, match="not those of the backbone"):
        faithful.identical_at_start(Adapted, "backbone")

    class Idle(Adapted):
        def frozen(self, model):
            return [model.backbone, model.head]

        def loss(self, model, batch, progress):
            return model.other(torch.ones(1, 16)).sum()

    with pytest.raises(Vacuous, match="changes no prediction"):
        faithful.identical_at_start(Idle, "source-model")


def test_a_limit_is_bit_for_bit_and_not_that_of_the_defaults():
    faithful.limit(Weighted, {"weight": 0.0}, equals="source-only")
    with pytest.raises(
        Unfaithful, match=r"with {'weight': 1e-05} its logits differ by up to .* from those of source-only"
    ):
        faithful.limit(Weighted, {"weight": 1e-5}, equals="source-only")
    with pytest.raises(Vacuous, match="default parameters"):
        faithful.limit(Weighted, {"weight": 1.0}, equals=Weighted)


def test_weights_that_are_no_constants_are_found():
    def weighted(x, weights):
        return (weights * x.square()).mean()

    def detached(x):
        return weighted(x, x.softmax(0).detach())

    def attached(x):
        return weighted(x, x.softmax(0))

    at = torch.tensor([0.5, -1.0, 2.0])
    faithful.detached(detached, at, weights=lambda x: x.softmax(0), weighted=weighted)
    with pytest.raises(Unfaithful, match="constant weights"):
        faithful.detached(attached, at, weights=lambda x: x.softmax(0), weighted=weighted)
    with pytest.raises(Unfaithful, match="its value"):
        faithful.detached(lambda x: 2 * detached(x), at, weights=lambda x: x.softmax(0), weighted=weighted)
    with pytest.raises(Vacuous, match="constants or not"):
        faithful.detached(attached, at, weights=lambda x: 0 * x + 1, weighted=lambda x, w: w.mean() * attached(x))


def test_a_term_that_depends_on_the_order_is_found():
    subject = faithful.on_toy_task(Weighted)
    faithful.permutation_invariant(subject, "means", "target")
    faithful.permutation_invariant(subject, "source", "source")
    with pytest.raises(Unfaithful, match="order of target"):
        faithful.permutation_invariant(subject, "first", "target")
    with pytest.raises(Vacuous, match="other examples of target"):
        faithful.permutation_invariant(subject, "constant", "target")
