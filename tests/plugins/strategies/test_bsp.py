"""BSP: DANN from the source model on, with the largest singular value of each domain's features squared."""

from __future__ import annotations

import torch

from tlbench.testing import faithful
from tlbench_strategies.adversarial.bsp import BatchSpectralPenalization
from tlbench_strategies.adversarial.domain_adversarial import DomainAdversarial
from tlbench_strategies.shared.adaptation import outputs_of


class DannFromTheSourceModel(DomainAdversarial):
    """What BSP is without its penalty."""

    uses_source_model = True
    start = "source-model"


def test_without_the_penalty_it_is_dann_from_the_source_model_on():
    faithful.limit(BatchSpectralPenalization, {"spectral_weight": 0.0}, equals=DannFromTheSourceModel)


def test_it_starts_as_the_source_model():
    faithful.identical_at_start(BatchSpectralPenalization, "source-model")


def test_the_penalty_is_the_squared_spectral_norm_of_each_domain_by_itself_not_centred():
    subject = faithful.on_toy_task(BatchSpectralPenalization, {"spectral_weight": 0.3})
    pair = outputs_of(subject.model, subject.batch, "mixed")
    expected = 0.3 * sum(torch.linalg.matrix_norm(each.features, ord=2).square() for each in pair)
    faithful.same(subject.terms()["spectral"], expected, [subject.model.backbone])


def test_scaling_the_features_scales_it_by_the_square():
    subject = faithful.on_toy_task(BatchSpectralPenalization)
    before = subject.terms()["spectral"].detach()
    linear = next(module for module in subject.model.backbone.modules() if isinstance(module, torch.nn.Linear))
    with torch.no_grad():
        linear.weight.mul_(3)
        linear.bias.mul_(3)
    torch.testing.assert_close(subject.terms()["spectral"].detach(), 9 * before)


def points(start, end):
    game = {"domain": 0.69, "domain_accuracy": 0.5, "lambda": 1.0}
    return [{"step": n, "source": start + (end - start) * n / 20, **game} for n in range(1, 21)]


def test_classes_that_the_source_model_knows_are_to_be_kept_not_learnt():
    params = BatchSpectralPenalization.Params(ramp=False)
    kept, forgotten = (BatchSpectralPenalization.health(points(0.1, end), params)[1] for end in (0.12, 2.3))
    assert (kept.ok, kept.text) == (True, "source classes are kept: source loss 0.10 → 0.12")
    assert (forgotten.ok, forgotten.text) == (False, "source classes are forgotten: source loss 0.21 → 2.08")
    assert not DomainAdversarial.health(points(0.1, 0.12), params)[1].ok


def test_it_reaches_the_backbone_and_not_the_classifier():
    subject = faithful.on_toy_task(BatchSpectralPenalization)
    model = subject.model
    faithful.no_gradient_from(subject.terms()["spectral"], [model.head, model.domain_head], reaches=[model.backbone])
