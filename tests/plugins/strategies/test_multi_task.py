from __future__ import annotations

from dataclasses import replace

import torch

from tlbench_strategies.multi_task.uncertainty_weighting import MultiTask


def strategy(**params):
    return MultiTask(MultiTask.Params(**params))


def gradient(model, loss, module):
    model.zero_grad()
    loss.backward(retain_graph=True)
    return [None if p.grad is None else p.grad.clone() for p in module.parameters()]


def is_zero(gradients):
    return all(g is None or not g.any() for g in gradients)


def test_each_head_receives_only_its_own_domains_gradient(kit):
    task = kit.make_task()
    multi_task = strategy()
    model = kit.model(multi_task, task)
    terms = multi_task.loss(model, kit.one_batch(task), 0.5)
    assert is_zero(gradient(model, terms["source"], model.head))
    assert is_zero(gradient(model, terms["target"], model.source_heads))
    assert not is_zero(gradient(model, terms["source"], model.source_heads))
    assert not is_zero(gradient(model, terms["target"], model.head))
    assert not is_zero(gradient(model, terms["source"], model.backbone))
    assert not is_zero(gradient(model, terms["target"], model.backbone))


def test_the_source_weight_scales_the_source_term_alone(kit):
    task = kit.make_task()
    once, twice = strategy(), strategy(source_weight=2.0)
    model, batch = kit.model(once, task), kit.one_batch(task)
    model.eval()
    a, b = once.loss(model, batch, 0.5), twice.loss(model, batch, 0.5)
    torch.testing.assert_close(2 * a["source"], b["source"])
    torch.testing.assert_close(a["target"], b["target"])


def test_uncertainty_is_the_papers_formula_and_its_weights_move(kit):
    task = kit.make_task()
    fixed, uncertain = strategy(), strategy(weighting="uncertainty")
    model, batch = kit.model(uncertain, task), kit.one_batch(task)
    model.eval()
    with torch.no_grad():
        model.log_variances.values.copy_(torch.tensor([0.3, -0.2]))
    plain = fixed.loss(model, batch, 0.5)
    s = model.log_variances.values
    expected = torch.exp(-s[0]) * plain["source"] + torch.exp(-s[1]) * plain["target"] + 0.5 * (s[0] + s[1])
    torch.testing.assert_close(uncertain.loss(model, batch, 0.5)["weighted"], expected)

    trained = uncertain.fit(task, kit.make_toolkit()).model
    assert (trained.log_variances.values.abs() > 1e-3).all()


def test_the_targets_head_predicts_and_the_sources_head_scores_the_source(kit):
    task = kit.make_task(classes=("left", "right", "up"))
    predictor = strategy().fit(task, kit.make_toolkit())
    inputs = torch.from_numpy(task.target.inputs)
    target, source = predictor.predict(inputs, "target").logits, predictor.predict(inputs, "source").logits
    torch.testing.assert_close(target, predictor.model(inputs))
    torch.testing.assert_close(source, predictor.model.source_heads[0](predictor.model.features(inputs)))
    assert not torch.equal(source, target)


def test_each_of_several_sources_is_scored_by_its_own_head(kit):
    task = kit.make_task()
    task = replace(task, sources=(task.sources[0], replace(task.sources[0], name="second")))
    predictor = strategy().fit(task, kit.make_toolkit())
    inputs = torch.from_numpy(task.sources[0].train.inputs)
    found = []
    for index in (0, 1):
        predictor.select_source(index)
        found.append(predictor.predict(inputs, "source").logits)
        expected = predictor.model.source_heads[index](predictor.model.features(inputs))
        torch.testing.assert_close(found[-1], expected)
    assert not torch.equal(*found)
