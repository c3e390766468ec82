"""What a strategy may do within and around a step: substeps, hooks, phases, views, a reference, its own prediction."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

import tlbench
from tlbench.core.backbone import Backbone
from tlbench.core.predictor import Prediction
from tlbench.core.run_spec import Budget, Training
from tlbench.core.task import Examples, SourceView, TargetView, TransferTask
from tlbench.training import losses
from tlbench.training.batches import Batch, Batches, MissingRole
from tlbench.training.toolkit import Toolkit
from tlbench.training.views import view

SEED = 3


def examples(seed, size=30):
    labels = np.arange(size) % 2
    inputs = np.random.default_rng(seed).standard_normal((size, 3)) + labels[:, None]
    return Examples(inputs.astype(np.float32), labels)


def task(sources=1, **given):
    made = tuple(SourceView(f"s{i}", ("a", "b"), examples(i), examples(i, 6)) for i in range(sources))
    target = TargetView("t", ("a", "b"), examples(9).inputs, np.empty(0, np.int64), np.empty(0, np.int64))
    return TransferTask("transductive", None, made, target, (3,), SEED, **given)


def backbone(*layers):
    return lambda: Backbone([nn.Linear(3, 4), nn.ReLU(), *layers], 4)


def toolkit(steps=12, checkpoints=3, make=None, **recipe):
    return Toolkit(
        make or backbone(),
        Budget(steps=steps, batch_size=6, checkpoints=checkpoints),
        Training(lr=0.01, schedule="constant", **recipe),
        "cpu",
        None,
        lambda *_: None,
    )


def label_loss(model, batch, progress):
    return losses.cross_entropy(model(batch.source.inputs), batch.source.labels)


class Plain(tlbench.GradientStrategy):
    settings = {"transductive"}

    def loss(self, model, batch, progress):
        return label_loss(model, batch, progress)


def fit(kind, kit=None, **given):
    kit = kit or toolkit()
    strategy = kind(kind.Params())
    return strategy, kit, strategy.fit(given.pop("task", task()), kit)


def state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


# ---- common random numbers ---------------------------------------------------------------------------------------


def test_a_phase_of_another_name_sees_the_same_inputs_in_the_same_order():
    first, second = toolkit(), toolkit()
    one = first.train(first.new_model(task()), label_loss, task(), phase="source")
    other = second.train(second.new_model(task()), label_loss, task(), phase="adaptation")
    assert same(one.model.state_dict(), other.model.state_dict())


def test_a_second_phase_sees_another_order():
    first, second = (Batch(Batches(task(), 6, "cpu", phase=number), 1).source.index for number in (0, 1))
    assert not torch.equal(first, second)


def test_dropout_draws_the_same_for_the_source_whatever_else_passes_the_network():
    class Both(Plain):
        def loss(self, model, batch, progress):
            of_source, of_target = model.features_of(batch.source.inputs, batch.target.inputs)
            return {
                "source": losses.cross_entropy(model.head(of_source), batch.source.labels),
                "nothing": 0.0 * of_target.sum(),
            }

    _, _, plain = fit(Plain, toolkit(make=backbone(nn.Dropout(0.5))))
    _, _, both = fit(Both, toolkit(make=backbone(nn.Dropout(0.5))))
    assert same(plain.model.state_dict(), both.model.state_dict())


# ---- substeps ----------------------------------------------------------------------------------------------------


class Alternating(Plain):
    """The backbone once, then the head twice."""

    def build(self, task, features):
        return {"other": nn.Linear(features, 2)}

    def substeps(self, model):
        return [
            tlbench.Substep("backbone", self.loss, [model.backbone]),
            tlbench.Substep("head", self.loss, [model.head], times=2),
        ]


def test_a_substep_without_a_parameter_that_learns_is_refused():
    class Empty(Plain):
        def substeps(self, model):
            return [tlbench.Substep("none", self.loss, [nn.ReLU()])]

    with pytest.raises(ValueError, match=r"substep 'none' have no parameter"):
        fit(Empty)


def test_a_substep_of_a_backbone_without_parameters_is_left_out():
    kit = toolkit(make=lambda: Backbone([nn.Flatten()], 3))
    fit(Alternating, kit)
    assert kit.report.seen[0].updates == 12 * 2
    assert "backbone.objective" not in kit.report.curve[0]


def test_every_update_of_a_substep_counts():
    _, kit, _ = fit(Alternating)
    assert kit.report.seen[0].updates == 12 * 3
    assert kit.report.curve[0].keys() >= {"backbone.objective", "head.objective", "loss"}


def test_a_substep_changes_nothing_but_its_own_modules():
    before, between, after = [], [], []

    class Watching(Alternating):
        def substeps(self, model):
            def of_backbone(m, batch, progress):
                before.append(state(m))
                return self.loss(m, batch, progress)

            def of_head(m, batch, progress):
                between.append(state(m))
                return self.loss(m, batch, progress)

            return [
                tlbench.Substep("backbone", of_backbone, [model.backbone]),
                tlbench.Substep("head", of_head, [model.head]),
            ]

        def after_step(self, model, batch, progress):
            after.append(state(model))

    fit(Watching, toolkit(steps=1))
    changed = {name for name in before[0] if not torch.equal(before[0][name], between[0][name])}
    assert changed
    assert all(name.startswith("backbone.") for name in changed)
    changed = {name for name in before[0] if not torch.equal(between[0][name], after[0][name])}
    assert changed == {"head.weight", "head.bias", "source_head.weight", "source_head.bias"}


def test_one_substep_over_everything_is_the_plain_loss():
    class Whole(Plain):
        def substeps(self, model):
            return [tlbench.Substep("all", self.loss, [model])]

    assert same(fit(Plain)[2].model.state_dict(), fit(Whole)[2].model.state_dict())


# ---- hooks -------------------------------------------------------------------------------------------------------


class Averaged(Plain):
    """A moving average of all weights is kept and predicts."""

    keeps_reference = True

    def __init__(self, params):
        super().__init__(params)
        self.batches = []

    def build(self, task, features):
        return {"average": nn.Linear(features, 2)}

    def after_step(self, model, batch, progress):
        assert not torch.is_grad_enabled()
        self.batches.append((batch.source.inputs, progress))
        model.average.weight.lerp_(model.head.weight, 0.5)

    def kept_weights(self, model):
        return {"head.weight": model.average.weight}


def test_what_follows_a_step_sees_its_batch():
    strategy, kit, _ = fit(Averaged)
    assert len(strategy.batches) == 12
    assert kit.report.seen[0].labelled == 12 * 6


def test_a_checkpoint_keeps_what_the_strategy_says_and_predicts_with_it():
    _, _, predictor = fit(Averaged)
    assert [list(weights) for weights in predictor.checkpoints.values()] == [["head.weight"]] * 3
    predictor.load(12)
    assert torch.equal(predictor.model.head.weight, predictor.model.average.weight)
    predictor.checkpoints[4] = {"tail.weight": torch.zeros(1)}
    with pytest.raises(RuntimeError, match=r"lacks: tail\.weight"):
        predictor.load(4)


def test_a_pass_over_all_inputs_comes_as_often_as_it_is_asked_for_and_leaves_the_mode():
    seen = []

    class Refreshing(Plain):
        refreshes = 3

        def refresh(self, model, task, toolkit):
            outputs = toolkit.outputs(model, task.target.inputs)
            seen.append((model.training, tuple(outputs.logits.shape), outputs.features.requires_grad))

        def loss(self, model, batch, progress):
            assert model.training
            return label_loss(model, batch, progress)

    fit(Refreshing)
    assert seen == [(False, (30, 2), False)] * 3


def test_indices_lead_from_a_batch_back_to_all_inputs():
    made = task(sources=2)
    batch = Batch(Batches(made, 6, "cpu"), 1)
    assert torch.equal(batch.target.inputs, torch.from_numpy(made.target.inputs)[batch.target.index])
    for number, source in enumerate(made.sources):
        mine = batch.source.domains == number
        expected = torch.from_numpy(source.train.inputs)[batch.source.index[mine]]
        assert torch.equal(batch.source.inputs[mine], expected)


def test_the_reference_is_the_start_and_in_no_checkpoint():
    _, kit, predictor = fit(Averaged)
    start = toolkit().new_model(task())
    assert torch.equal(predictor.model.reference.head.weight, start.head.weight)
    assert not any("reference" in name for name in predictor.model.state_dict())
    assert kit.report.model.total == sum(p.numel() for p in predictor.model.parameters())
    with pytest.raises(ValueError, match="keeps_reference"):
        _ = fit(Plain)[2].model.reference


def test_a_strategy_predicts_in_a_way_of_its_own():
    class Negated(Plain):
        def predict(self, model, inputs, side):
            features = model.features(inputs)
            return Prediction(-model.head(features), features)

    inputs = torch.from_numpy(task().target.inputs)
    negated, plain = fit(Negated)[2], fit(Plain)[2]
    assert torch.equal(negated.predict(inputs).logits, -plain.predict(inputs).logits)
    assert negated.parts() is None


def test_modules_are_changed_before_the_optimiser_is_made():
    class Wider(Plain):
        def prepare(self, model):
            model.head = model.source_head = nn.Linear(4, 2)

    _, _, predictor = fit(Wider)
    assert not torch.equal(predictor.model.head.weight, fit(Plain)[2].model.head.weight)


# ---- phases ------------------------------------------------------------------------------------------------------


def phases(*shares):
    class Phases(Plain):
        def fit(self, task, toolkit):
            model = self.started(task, toolkit)
            for number, share in enumerate(shares):
                found = self.train(model, task, toolkit, f"phase {number}", share=share)
            return found

    _, kit, predictor = fit(Phases)
    kit.check_budget("phases")
    return kit, predictor


def test_shares_that_do_not_add_up_are_refused():
    with pytest.raises(ValueError, match="add up to 1"):
        phases(0.5, 0.6)
    with pytest.raises(ValueError, match=r"'phases' use 0\.8 of the budget"):
        phases(0.5, 0.3)
    with pytest.raises(ValueError, match="no step at all"):
        phases(0.01, 0.99)


def test_phases_share_the_budget_and_its_checkpoints():
    kit, predictor = phases(0.25, 0.75)
    assert [(seen.phase, seen.updates) for seen in kit.report.seen] == [("phase 0", 3), ("phase 1", 9)]
    assert predictor.steps == [4, 8, 12]
    assert [point["step"] for point in kit.report.curve] == list(range(1, 13))


def test_what_one_phase_freezes_learns_in_the_next():
    kit = toolkit()
    model = kit.new_model(task())
    start = copy.deepcopy(model.backbone.state_dict())
    kit.train(model, label_loss, task(), frozen=[model.backbone], share=0.5)
    assert same(start, model.backbone.state_dict())
    given = task()
    kit.train(model, label_loss, given, share=0.5)
    assert not same(start, model.backbone.state_dict())


def test_weight_decay_is_by_group():
    class Decayed(Plain):
        def parameter_groups(self, model):
            return [
                tlbench.ParameterGroup([model.head.weight], lr=1.0, weight_decay=100.0),
                (model.backbone.parameters(), 1.0),
            ]

    _, _, predictor = fit(Decayed, toolkit(optimizer="adamw"))
    assert predictor.model.head.weight.abs().max() < 0.05
    assert predictor.model.backbone.stages[0].weight.abs().max() > 0.1


# ---- views -------------------------------------------------------------------------------------------------------


def generator():
    return torch.Generator().manual_seed(0)


INPUTS = {
    "images": torch.randint(0, 256, (5, 3, 16, 16), generator=torch.Generator().manual_seed(1), dtype=torch.uint8),
    "tokens": torch.tensor([[101, *range(5, 45), 102, -1, -1]] * 3 + [[101, *range(50, 92), 102]] * 3),
    "vectors": torch.randn(6, 40, generator=torch.Generator().manual_seed(2)),
}


VIEWS = ("weak", "strong")


def half_white():
    images = torch.zeros(64, 1, 16, 16, dtype=torch.uint8)
    images[..., :4] = 255
    return images


def test_inputs_without_views_are_named():
    with pytest.raises(TypeError, match=r"float32 of shape \(2, 3, 4\) have no views"):
        view(torch.zeros(2, 3, 4), "weak", generator())


@pytest.mark.parametrize("kind", ["weak", "strong"])
@pytest.mark.parametrize("name", INPUTS)
def test_a_view_has_the_form_of_its_inputs_and_comes_from_the_generator(name, kind):
    inputs = INPUTS[name]
    made = view(inputs, kind, generator())
    assert (made.shape, made.dtype) == (inputs.shape, inputs.dtype)
    assert torch.equal(made, view(inputs, kind, generator()))
    assert not torch.equal(made, inputs)


@pytest.mark.parametrize("name", INPUTS)
def test_a_strong_view_is_further_away_than_a_weak_one(name):
    inputs = torch.stack([half_white()[0]] * 6) if name == "images" else INPUTS[name]
    weak, strong = ((view(inputs, kind, generator(), mirror=False) - inputs.float()).abs().mean() for kind in VIEWS)
    assert strong > weak


def test_padding_and_the_marks_of_a_text_stay():
    tokens = INPUTS["tokens"]
    made = view(tokens, "strong", generator())
    assert torch.equal(made[:, 0], tokens[:, 0])
    assert torch.equal(made < 0, tokens < 0)
    assert (made[:3, 41] == 102).all()


def test_images_are_mirrored_only_where_they_may_be():
    half = half_white()
    mirrored = view(half, "weak", generator())[..., -2:].float().mean((1, 2, 3)) > 100
    assert 16 < int(mirrored.sum()) < 48
    assert not (view(half, "weak", generator(), mirror=False)[..., -2:] > 100).any()


def test_augmentation_is_for_every_role_and_does_not_depend_on_what_else_is_drawn():
    recipe = Training(augment="weak")
    alone = Batch(Batches(task(), 6, "cpu", recipe), 1).target
    beside = Batch(Batches(task(), 6, "cpu", recipe), 1)
    _ = beside.source
    assert torch.equal(beside.target.inputs, alone.inputs)
    assert not torch.equal(alone.inputs, alone.raw)
    assert not torch.equal(beside.source.inputs, beside.source.raw)
    assert not torch.equal(alone.view("strong"), alone.view("strong"))


# ---- source-free -------------------------------------------------------------------------------------------------


def test_a_source_without_examples_is_named_by_the_batch():
    nothing = Examples(np.empty((0, 3), np.float32), np.empty(0, np.int64))
    given = task()
    given = TransferTask("transductive", None, (SourceView("s", ("a", "b"), nothing, nothing),), given.target, (3,), 0)
    batch = Batch(Batches(given, 6, "cpu"), 1)
    assert not batch.has_source
    with pytest.raises(MissingRole, match="source_free"):
        _ = batch.source
