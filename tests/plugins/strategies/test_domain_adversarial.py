from __future__ import annotations

import math

import pytest
import torch
from pydantic import ValidationError
from torch import nn
from toy_suite import SUITE

from tlbench import losses
from tlbench.core.backbone import Backbone
from tlbench_strategies.adversarial.domain_adversarial import DomainAdversarial
from tlbench_strategies.shared.adaptation import outputs_of


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


@pytest.mark.parametrize("progress", [0.0, 0.6])
def test_without_a_ramp_lambda_is_the_same_throughout_and_its_health_expects_so(kit, progress):
    task = kit.make_task("transductive", None)
    dann = strategy(adversarial_weight=0.5, ramp=False)
    terms = dann.loss(kit.model(dann, task), kit.one_batch(task), progress)
    assert float(terms["lambda"]) == 0.5
    toolkit = kit.make_toolkit(steps=20)
    dann.fit(task, toolkit)
    assert not any("off its schedule" in item.text for item in dann.health(toolkit.report.curve, dann.params))
    assert any("off its schedule" in item.text for item in dann.health(toolkit.report.curve, strategy().params))


def test_without_a_hidden_layer_the_domain_head_is_a_logistic_regression(kit):
    task = kit.make_task("transductive", None)
    model = kit.model(strategy(hidden=0), task)
    assert [tuple(p.shape) for p in model.domain_head.parameters()] == [(1, model.feature_dim), (1,)]


@pytest.mark.parametrize(
    ("params", "place"),
    [
        ({"hidden": []}, "hidden"),
        ({"hidden": [64, 0]}, "hidden"),
        ({"hidden": "wide"}, "hidden"),
        ({"hidden": 0, "head_norm": True}, "head_norm"),
        ({"slope": 0.0}, "slope"),
        ({"domain_weight": 0.0}, "domain_weight"),
        ({"batch_norm": "both"}, "batch_norm"),
    ],
)
def test_what_cannot_be_meant_is_refused_where_it_stands(params, place):
    with pytest.raises(ValidationError) as caught:
        strategy(**params)
    assert {error["loc"][0] for error in caught.value.errors()} == {place}


def test_a_head_norm_without_a_hidden_layer_is_a_fault_of_the_suite_file(project):
    faulty = SUITE + '[strategies.dann]\nuse = "dann"\nhidden = 0\nhead_norm = true\n'
    outcome = project.tlbench("run", project.suite(faulty))
    assert outcome.code == 2
    assert "[strategies.dann]: head_norm: needs a hidden layer to normalise, and hidden is 0; give it" in outcome.err


def test_a_list_gives_the_widths_of_several_hidden_layers_with_batch_norm_where_it_is_asked_for(kit):
    task = kit.make_task("transductive", None)
    plain, normed = (kit.model(strategy(hidden=[6, 3], head_norm=norm), task).domain_head for norm in (False, True))
    assert [type(part) for part in plain] == [nn.Linear, nn.ReLU, nn.Linear, nn.ReLU, nn.Linear]
    assert [tuple(part.weight.shape) for part in plain[::2]] == [(6, 4), (3, 6), (1, 3)]
    each = [nn.Linear, nn.BatchNorm1d, nn.ReLU]
    assert [type(part) for part in normed] == [*each, *each, nn.Linear]


def test_a_list_of_one_is_the_number_bit_for_bit(kit):
    task = kit.make_task("transductive", None)
    number, one = (kit.model(strategy(hidden=hidden), task).domain_head.state_dict() for hidden in (100, [100]))
    assert number.keys() == one.keys()
    assert all(torch.equal(number[name], one[name]) for name in number)


@pytest.mark.parametrize("progress", [0.0, 0.25, 1.0])
def test_the_slope_is_that_of_the_ramp_and_its_health_expects_it(kit, progress):
    task = kit.make_task("transductive", None)
    dann = strategy(slope=4)
    terms = dann.loss(kit.model(dann, task), kit.one_batch(task), progress)
    assert float(terms["lambda"]) == pytest.approx(2 / (1 + math.exp(-4 * progress)) - 1, abs=1e-7)
    toolkit = kit.make_toolkit(steps=20)
    dann.fit(task, toolkit)
    assert not any("off its schedule" in item.text for item in dann.health(toolkit.report.curve, dann.params))
    assert any("off its schedule" in item.text for item in dann.health(toolkit.report.curve, strategy().params))


def test_the_domain_weight_scales_what_backbone_and_domain_head_learn_and_health_reads_the_loss_without_it(kit):
    task = kit.make_task("transductive", None)
    once, twice = strategy(), strategy(domain_weight=2)
    model, batch = kit.model(once, task), kit.one_batch(task)
    parts, doubled = (domain_gradients(model, batch, 0.5, dann) for dann in (once, twice))
    for part, double in zip(parts, doubled, strict=True):
        for ours, other in zip(part, double, strict=True):
            torch.testing.assert_close(2 * ours, other)
    found = curve((0.98, 0.5), (0.1, 0.7))
    weighted = [{**point, "domain": 2 * point["domain"]} if "domain" in point else point for point in found]
    assert DomainAdversarial.health(weighted, twice.params) == DomainAdversarial.health(found, once.params)


def seen_by_the_backbone(kit, **params):
    """How many examples each of its passes has, with how many each pass of the domain head has."""
    task = kit.make_task("transductive", None)
    dann = strategy(**params)
    model, batch = kit.model(dann, task), kit.one_batch(task)
    passes = {"backbone": [], "domain_head": []}
    for name, counts in passes.items():
        getattr(model, name).register_forward_hook(lambda _, given, __, counts=counts: counts.append(len(given[0])))
    dann.loss(model, batch, 0.5)
    return passes


def test_by_default_both_domains_pass_the_backbone_as_one_batch_and_may_pass_one_after_the_other(kit):
    assert seen_by_the_backbone(kit)["backbone"] == [24]
    assert seen_by_the_backbone(kit, batch_norm="separate")["backbone"] == [12, 12]


@pytest.mark.parametrize("batch_norm", ["mixed", "separate"])
def test_a_domain_head_with_batch_norm_always_has_both_domains_in_one_batch(kit, batch_norm):
    passes = seen_by_the_backbone(kit, head_norm=True, batch_norm=batch_norm)
    assert passes["domain_head"] == [24]


def test_separate_batches_have_statistics_of_their_own_where_there_is_batch_norm(kit):
    """In training a batch leaves batch norm with the mean 0; of a joined batch only both domains together do."""
    task = kit.make_task("transductive", None)
    normed = Backbone([nn.BatchNorm1d(5, affine=False)], 5)
    model = kit.make_toolkit(make_backbone=lambda: normed).new_model(task)
    batch = kit.one_batch(task)
    apart, mixed = (
        [outputs.features for outputs in outputs_of(model, batch, batch_norm)] for batch_norm in ("separate", "mixed")
    )
    for of_domain, of_both in zip(apart, mixed, strict=True):
        torch.testing.assert_close(of_domain.mean(dim=0), torch.zeros(5), atol=1e-5, rtol=0)
        assert of_both.mean(dim=0).abs().max() > 0.1
    torch.testing.assert_close(torch.cat(mixed).mean(dim=0), torch.zeros(5), atol=1e-5, rtol=0)


def test_without_batch_norm_separate_batches_give_the_same_losses(kit):
    task = kit.make_task("transductive", None)
    model = kit.make_toolkit(make_backbone=lambda: Backbone([nn.Linear(5, 4)], 4)).new_model(task)
    dann, apart = strategy(), strategy(batch_norm="separate")
    model.add_module("domain_head", dann.build(task, 4)["domain_head"])
    batch = kit.one_batch(task)
    for name, term in dann.loss(model, batch, 0.5).items():
        torch.testing.assert_close(apart.loss(model, batch, 0.5)[name], term)


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


# Health: what the curve says of the game between features and domain head -------------------------------------------


def curve(accuracy, domain=0.69, source=(2.3, 0.1), weight=1.0, points=20, steps=300):
    """A curve as a record holds it; each of the terms goes straight from its first value to its last."""

    def at(ends, index):
        first, last = ends if isinstance(ends, tuple) else (ends, ends)
        return first + (last - first) * index / (points - 1)

    found = [{"phase": "source", "step": 1, "objective": 2.3}]
    for index in range(points):
        step = round(1 + (steps - 1) * index / (points - 1))
        weight_there = weight * (2 / (1 + math.exp(-10 * (step - 1) / steps)) - 1)
        terms = {"source": at(source, index), "domain": at(domain, index), "domain_accuracy": at(accuracy, index)}
        found.append({"phase": "adaptation", "step": step, "loss": 1.0, **terms, "lambda": weight_there})
    return [*found, {"step": 300, "source_val": 0.9}]


def health(found, weight=1.0):
    return DomainAdversarial.health(found, DomainAdversarial.Params(adversarial_weight=weight))


@pytest.mark.parametrize(
    ("accuracy", "domain", "reading", "ok"),
    [
        ((0.98, 0.52), (0.1, 0.69), "domains are hidden", True),
        ((0.98, 0.45), (0.1, 0.75), "domains are hidden", True),
        ((0.98, 0.75), (0.1, 0.5), "domains are partly told apart", True),
        ((0.6, 0.85), (0.6, 0.4), "domains are partly told apart", True),
        ((0.5, 0.5), (0.69, 0.55), "domains are partly told apart", True),
        ((0.9, 0.5), (0.69, 0.69), "domains are hidden", True),
        ((0.68, 0.5), (0.69, 0.69), "domains are hidden", True),
        ((0.5, 0.5), (0.3, 0.69), "domains are hidden", True),
        ((0.97, 0.97), (0.1, 0.1), "domains are still told apart", False),
        ((0.5, 0.95), (0.69, 0.2), "domains are still told apart", False),
        ((0.52, 0.5), (0.69, 0.69), "domains were never told apart, perhaps nothing to adapt", True),
        ((0.9, 0.4), (0.3, 1.3), "features diverge or swing", False),
        ((0.9, 0.7), (0.3, 5.0), "features diverge or swing", False),
        ((0.5, 0.5), (0.7, 40.0), "features diverge or swing", False),
    ],
)
def test_health_reads_the_course_of_the_domain_head(accuracy, domain, reading, ok):
    first, second = health(curve(accuracy, domain))
    assert first.text.startswith(f"{reading}: domain accuracy ")
    assert first.ok is ok
    assert second.ok


def test_health_shows_start_and_end_beside_what_is_expected():
    """Means over five points: 0.98 − 0.48 · 2 / 19 = 0.929 and 0.5 + 0.48 · 2 / 19 = 0.551."""
    first, second = health(curve((0.98, 0.5), (0.1, 0.7)))
    assert first.text == (
        "domains are hidden: domain accuracy 0.93 → 0.55 (expected 1/2), "
        "loss 0.16 → 0.64 (expected ln 2 = 0.69), λ 0.00 → 1.00"
    )
    assert second.text == "source classes are learnt: source loss 2.30 → 0.33"


def test_one_bad_batch_among_many_is_no_verdict_but_a_lasting_swing_is_named():
    found = curve((0.9, 0.5), (0.3, 0.69))
    found[-2]["domain_accuracy"] = 0.7
    assert health(found)[0].text.startswith("domains are hidden")
    for point in found[6:11]:
        point["domain"] = 4.0
    assert "(expected ln 2 = 0.69; 4.00 on the way)" in health(found)[0].text
    assert health(found)[0].ok


def test_a_domain_head_that_ends_with_one_answer_for_all_is_dead_and_has_hidden_nothing():
    found = curve((0.95, 0.9), (0.2, 0.3))
    for point in found[-6:-1]:
        point |= {"domain_accuracy": 0.5, "domain": math.log(2) + 2e-4}
    first, second = health(found)
    assert first.text.startswith("the domain head died, it says the same of every example: domain accuracy ")
    assert (first.ok, second.ok) == (False, True)
    found[-2]["domain_accuracy"] = 0.508
    assert "died" not in health(found)[0].text
    assert "died" not in health(curve((0.5, 0.5), (math.log(2), math.log(2))))[0].text


def test_domains_that_were_told_apart_once_were_not_never_told_apart():
    found = curve((0.5, 0.5))
    assert health(found)[0].text.startswith("domains were never told apart")
    found[5]["domain_accuracy"] = 0.9
    assert health(found)[0].text.startswith("domains are hidden")


def test_source_classes_that_are_not_learnt_are_a_flag_and_no_sign_that_there_was_nothing_to_adapt():
    first, second = health(curve((0.5, 0.5), (0.69, 0.69), source=(2.31, 2.3)))
    assert first.text.startswith("domains were never told apart: ")
    assert (second.text, second.ok) == ("source classes are not learnt: source loss 2.31 → 2.30", False)


def test_lambda_off_its_schedule_is_a_flag():
    found = curve((0.9, 0.5))
    found[10]["lambda"] = 0.5
    off = health(found)[-1]
    assert not off.ok
    assert off.text == "λ is off its schedule: 0.5 at step 143, where 0.9826 is expected"
    assert any(not item.ok for item in health(curve((0.9, 0.5), weight=0.1), weight=0.2))
    assert all(item.ok for item in health(curve((0.9, 0.5), weight=0.1), weight=0.1))


def test_without_an_adversarial_weight_domains_may_be_told_apart():
    first, _ = health(curve((0.97, 0.97), (0.1, 0.1), weight=0.0), weight=0.0)
    assert first.text.startswith("no adaptation was asked for, λ is 0: ")
    assert first.ok


def test_few_points_are_shown_and_not_judged_and_none_say_nothing():
    (shown,) = health(curve((0.97, 0.97), (9.0, 9.0), source=(2.3, 2.3), points=7))
    assert shown.text.startswith("too few points to judge: domain accuracy 0.97 → 0.97")
    assert shown.ok
    assert health([{"phase": "source", "step": 1, "objective": 2.3}, {"step": 1, "source_val": 0.5}]) == []
    assert health([]) == []


def test_health_of_a_real_curve(kit):
    """What training records is what `health` reads."""
    task = kit.make_task("transductive", None)
    toolkit = kit.make_toolkit(steps=60)
    strategy().fit(task, toolkit)
    found = health(toolkit.report.curve)
    assert len(found) == 2
    assert "λ 0.00 → 1.00" in found[0].text
    assert found[1].text.startswith("source classes are learnt")


def test_without_its_weight_it_is_training_on_the_source_alone_bit_for_bit(kit):
    def backbone():
        return Backbone([nn.Linear(5, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 4)], 4)

    task = kit.make_task("transductive", None)
    adapted = strategy(adversarial_weight=0.0).fit(task, kit.make_toolkit(make_backbone=backbone)).model
    toolkit = kit.make_toolkit(make_backbone=backbone)
    plain = toolkit.train(
        toolkit.new_model(task),
        lambda model, batch, progress: losses.cross_entropy(model(batch.source.inputs), batch.source.labels),
        task,
        phase="source",
    ).model
    for name, value in plain.state_dict().items():
        assert torch.equal(value, adapted.state_dict()[name]), name
