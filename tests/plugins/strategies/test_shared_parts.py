"""Kernels, entropies, singular values, moving averages, pseudo-labels: each against its formula."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from tlbench_strategies.shared import entropy, health, kernels, moving_average, pseudo_labels, spectra


def points(seed, count=12, features=5):
    return torch.randn(count, features, generator=torch.Generator().manual_seed(seed))


def mmd(source, target):
    return kernels.mmd(kernels.multiple_gaussians(torch.cat([source, target])), len(source))


# ---- kernels -----------------------------------------------------------------------------------------------------


def test_squared_distances_are_those_of_their_definition():
    given = points(0) + 100
    expected = (given[:, None] - given[None]).square().sum(2)
    torch.testing.assert_close(kernels.squared_distances(given), expected, rtol=1e-3, atol=1e-3)


def test_the_discrepancy_is_that_of_its_definition_for_unequal_batches():
    source, target = points(0, 7), points(1, 4) + 0.5
    joined = torch.cat([source, target])
    distances = (joined[:, None] - joined[None]).square().sum(2)
    kernel = sum(torch.exp(-distances / (2 * 2.0**power * distances.mean())) for power in range(-3, 2))

    def mean_of(pairs):
        return sum(kernel[i, j] for i, j in pairs) / len(pairs)

    of_source = [(i, j) for i in range(7) for j in range(7) if i != j]
    of_target = [(i, j) for i in range(7, 11) for j in range(7, 11) if i != j]
    between = [(i, j) for i in range(7) for j in range(7, 11)]
    expected = mean_of(of_source) + mean_of(of_target) - 2 * mean_of(between)
    torch.testing.assert_close(mmd(source, target), expected)


def test_a_batch_against_itself_gives_what_an_estimate_without_bias_gives():
    given = points(0)
    kernel = kernels.multiple_gaussians(torch.cat([given, given]))
    expected = -2 * (5 - kernel[:12, :12].mean()) / 11
    torch.testing.assert_close(mmd(given, given), expected)
    assert float(expected) < 0


def test_the_discrepancy_grows_with_a_shift_of_the_mean():
    values = [float(mmd(points(0, 60), points(1, 60) + shift)) for shift in (0.0, 0.5, 1.0, 2.0, 4.0)]
    assert values == sorted(values)
    assert values[-1] > values[0] + 1


def test_bandwidths_carry_no_gradient():
    """With a bandwidth that followed the points, a kernel would not change when all of them are scaled."""
    scale = torch.ones((), requires_grad=True)
    kernels.multiple_gaussians(points(0) * scale).sum().backward()
    assert float(scale.grad) < -1


@pytest.mark.parametrize("given", [torch.zeros(4, 3), torch.ones(2, 1)])
def test_examples_that_are_all_the_same_or_alone_give_finite_values_and_gradients(given):
    half = len(given) // 2
    given = given.clone().requires_grad_()
    value = mmd(given[:half], given[half:])
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(given.grad).all()


# ---- entropy, singular values --------------------------------------------------------------------------------------


def test_entropies_reach_their_bounds():
    even, sure = torch.zeros(6, 3), 100 * torch.eye(3).repeat(2, 1)
    torch.testing.assert_close(entropy.entropy(even), torch.full((6,), math.log(3)))
    torch.testing.assert_close(entropy.entropy(sure), torch.zeros(6))
    assert float(entropy.entropy_of_mean(sure)) == pytest.approx(math.log(3))
    assert float(entropy.entropy_of_mean(sure[:1])) == pytest.approx(0, abs=1e-6)
    torch.testing.assert_close(entropy.sureness(even), torch.full((6,), 4 / 3))
    torch.testing.assert_close(entropy.sureness(sure), torch.full((6,), 2.0))


def test_singular_values_of_predictions_reach_their_bound_where_they_are_sure_and_balanced():
    balanced, one_class, even = torch.eye(3).repeat(4, 1), torch.eye(3)[[0] * 12], torch.full((12, 3), 1 / 3)
    values = [float(spectra.nuclear_norm(each)) for each in (even, one_class, balanced)]
    assert values == sorted(values)
    assert values[-1] == pytest.approx(math.sqrt(12 * 3))


def test_gradients_stay_finite_where_singular_values_meet():
    meeting = torch.eye(3).repeat(2, 1).requires_grad_()
    (spectra.nuclear_norm(meeting) + spectra.spectral_norm(meeting)).backward()
    assert torch.isfinite(meeting.grad).all()


def test_the_spectral_norm_is_the_longest_image_of_a_unit_vector():
    given = points(0)
    expected = torch.linalg.matrix_norm(given, ord=2)
    torch.testing.assert_close(spectra.spectral_norm(given), expected)


# ---- moving averages, pseudo-labels --------------------------------------------------------------------------------


def test_an_average_follows_weights_and_statistics_and_copies_counters():
    teacher, student = (nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)) for _ in range(2))
    before = [value.clone() for value in teacher.state_dict().values()]
    student(torch.randn(4, 2))
    moving_average.follow(teacher, student, 0.9)
    for old, mean, now in zip(before, teacher.state_dict().values(), student.state_dict().values(), strict=True):
        if mean.is_floating_point():
            torch.testing.assert_close(mean, 0.9 * old + 0.1 * now)
        else:
            assert torch.equal(mean, now)


def test_pseudo_labels_below_the_threshold_count_nothing_in_a_mean_over_all():
    sure, unsure = torch.tensor([[9.0, 0.0], [0.0, 9.0]]), torch.tensor([[0.1, 0.0], [0.0, 0.1]])
    pseudo = pseudo_labels.sure_ones(torch.cat([sure, unsure]).requires_grad_(), 0.9)
    assert pseudo.labels.tolist() == [0, 1, 0, 1]
    assert pseudo.mask.tolist() == [1, 1, 0, 0]
    other = points(3, 4, 2)
    expected = nn.functional.cross_entropy(other[:2], torch.tensor([0, 1])) / 2
    torch.testing.assert_close(pseudo_labels.cross_entropy_on(pseudo, other), expected)


# ---- health --------------------------------------------------------------------------------------------------------


def test_the_course_of_a_term_and_of_the_label_loss_is_told():
    curve = [{"step": step, "source": 2.0 - step / 10, "mmd": 1.0 / step} for step in range(1, 17)]
    lines = health.course(curve, "mmd", "MMD²")
    assert [line.text for line in lines] == [
        "MMD²: 0.521 → 0.0694",
        "source classes are learnt: source loss 1.90 → 0.55",
    ]
    assert health.course(curve[:4], "mmd", "MMD²") == []
    unlearnt = [{**point, "source": 2.0} for point in curve]
    assert [line.ok for line in health.course(unlearnt, "mmd", "MMD²")] == [True, False]


def test_an_average_may_keep_its_own_buffers():
    average, module = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    with torch.no_grad():
        module.weight.fill_(3.0)
        module.running_mean.fill_(7.0)
    moving_average.follow(average, module, 0.5, buffers=False)
    assert average.weight.tolist() == [2.0, 2.0]
    assert average.running_mean.tolist() == [0.0, 0.0]


def test_the_first_steps_of_an_average_are_a_plain_mean():
    assert [moving_average.decay_at(step, 0.75) for step in (1, 2, 4, 9)] == [0.0, 0.5, 0.75, 0.75]
