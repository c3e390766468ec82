"""MME: prototypes by cosines raise the entropy on the target that the backbone lowers."""

from __future__ import annotations

import pytest
import torch

from tlbench.testing import faithful
from tlbench_strategies.self_training.mme import MinimaxEntropy, Prototypes
from tlbench_strategies.shared.entropy import entropy


@pytest.fixture
def subject():
    return faithful.on_toy_task(MinimaxEntropy, setting="inductive")


def test_logits_are_cosines_by_the_temperature_up_to_the_size_of_a_prototype():
    torch.manual_seed(0)
    head, features = Prototypes(4, 3, 0.05), torch.randn(5, 4)
    expected = (features / features.norm(dim=1, keepdim=True)) @ head.weight.T / 0.05
    torch.testing.assert_close(head(features), expected)
    torch.testing.assert_close(head(7 * features), head(features))


def test_what_is_kept_of_the_classifier_says_the_same():
    torch.manual_seed(0)
    head, features = Prototypes(4, 3, 0.05), torch.randn(5, 4)
    torch.testing.assert_close(head.as_saved()(features), head(features).detach())


def test_the_classifier_raises_the_entropy_that_the_backbone_lowers(subject):
    model = subject.model
    plain = entropy(model(subject.batch.target.inputs)).mean()
    term = subject.terms()["entropy.negative"]
    for module, factor in ((model.head, -0.1), (model.backbone, 0.1)):
        found, expected = (faithful.gradient(each, [module]) for each in (term, plain))
        assert expected.abs().max() > 1e-5
        torch.testing.assert_close(found, factor * expected, rtol=1e-4, atol=1e-7)


def test_a_step_has_two_updates(subject):
    assert subject.trial.fit(subject.case).toolkit.report.seen[-1].updates == 6 * 2


def test_labels_of_both_domains_count_alike(subject):
    batch, model = subject.batch, subject.model
    both = torch.cat([batch.source.inputs, batch.labelled_target.inputs])
    labels = torch.cat([batch.source.labels, batch.labelled_target.labels])
    values = subject.values()
    expected = torch.nn.functional.cross_entropy(model(both), labels).detach()
    assert values["labels.source"] + values["labels.target"] == pytest.approx(float(expected), rel=1e-5)


def test_one_classifier_serves_both_sides_and_no_other_is_left(subject):
    assert subject.model.head is subject.model.source_head
    assert isinstance(subject.model.head, Prototypes)
    assert not hasattr(subject.model, "prototypes")
