"""Mean Teacher: the average of the weights teaches and predicts, and learns by nothing else."""

from __future__ import annotations

import math

import pytest
import torch

from tlbench.testing import faithful
from tlbench_strategies.self_training.mean_teacher import MeanTeacher, imbalance, teach


def subject(**params):
    return faithful.on_toy_task(MeanTeacher, params)


def test_without_a_weight_and_a_memory_it_is_training_on_the_source():
    faithful.limit(MeanTeacher, {"weight": 0.0, "decay": 0.0}, equals="source-only")


def test_the_teacher_starts_as_the_student():
    faithful.identical_at_start(MeanTeacher, "backbone")


def test_after_steps_the_teacher_is_the_mean_of_the_students():
    made = subject()
    weights = []
    keep = made.strategy.after_step

    def keeping(model, batch, progress):
        weights.append(model.head.weight.detach().clone())
        keep(model, batch, progress)

    made.strategy.after_step = keeping
    fitted = made.trial.fit(made.case, alter=lambda strategy: setattr(strategy, "after_step", keeping))
    assert len(weights) == 6
    torch.testing.assert_close(fitted.predictor.model.teacher["head"].weight, torch.stack(weights).mean(0))


def test_no_term_reaches_the_teacher_and_the_student_learns():
    made = subject(threshold=0.0)
    term = made.terms()["consistency"]
    assert not any(parameter.requires_grad for parameter in made.model.teacher.parameters())
    assert faithful.gradient(term, [made.model.backbone]).any()


def test_consistency_is_the_squared_difference_of_what_both_say_over_examples_and_classes():
    made = subject(threshold=0.0)
    with torch.no_grad():
        made.model.teacher["head"].weight[0].add_(0.5)
    inputs = made.batch.target.inputs
    object.__setattr__(made.batch.target, "view", lambda kind: inputs)
    student, taught = made.model(inputs).softmax(1), teach(made.model, inputs).logits.softmax(1)
    expected = 3 * float((student - taught).detach().square().mean())
    assert expected > 1e-3
    assert made.values()["consistency"] == pytest.approx(expected, rel=1e-4)


def test_an_example_of_which_the_teacher_is_not_sure_is_left_out():
    inputs = subject().batch.target.inputs
    probability = teach(subject().model, inputs).logits.softmax(1).amax(1)
    threshold = float(probability.median())
    made = subject(threshold=threshold)
    object.__setattr__(made.batch.target, "view", lambda kind: inputs if kind == "weak" else None)
    assert made.values()["used"] == pytest.approx(float((probability > threshold).float().mean()))
    none = subject(threshold=1.1)
    assert none.values()["consistency"] == none.values()["balance"] == none.values()["used"] == 0


def test_the_two_see_views_of_their_own():
    made = subject(threshold=0.0)
    assert made.values()["consistency"] > 0  # the weights are the same, the views are not


def test_classes_that_are_equally_frequent_have_the_least_imbalance():
    even = 3 * (-(1 / 3) * math.log(1 / 3) - (2 / 3) * math.log(2 / 3))
    assert float(imbalance(torch.eye(3))) == pytest.approx(even, rel=1e-5)
    assert float(imbalance(torch.tensor([[0.5, 0.3, 0.2]]))) > even


def test_the_teacher_predicts():
    fitted = subject(decay=0.9).trial.fit(subject().case)
    model, inputs = fitted.predictor.model, torch.from_numpy(fitted.case.test.inputs)
    with torch.no_grad():
        model.eval()
        taught, student = teach(model, inputs).logits.numpy(), model(inputs).numpy()
    assert (fitted.logits() == taught).all()
    assert abs(taught - student).max() > 1e-3


def test_the_teacher_s_batch_norm_statistics_are_of_the_target_alone_and_not_the_student_s(kit):
    made = kit.with_batch_norm(subject())
    teacher, student = (backbone.stages[0][1] for backbone in (made.model.teacher["backbone"], made.model.backbone))
    made.update()
    assert int(teacher.num_batches_tracked) == 1
    assert int(student.num_batches_tracked) == 2  # the source's batch, then the target's
    assert teacher.running_mean.abs().max() > 0
    assert not torch.equal(teacher.running_mean, student.running_mean)
