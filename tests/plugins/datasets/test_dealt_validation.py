"""Validation is a tenth of each class of train, by the seed, and shares nothing with what stays."""

from __future__ import annotations

import numpy as np
import pytest

from tlbench.core.domain import Split
from tlbench.core.inputs import Texts
from tlbench.errors import Faults
from tlbench_datasets.named.validation_split import with_dealt_validation

NAMES = ("even", "odd")


def texts(numbers):
    return Split(Texts.of([f"text {number}" for number in numbers]), np.array(numbers) % 2)


def numbers(split):
    return [int(text.split()[1]) for text in split.inputs.tolist()]


def test_class_too_small_is_named():
    with pytest.raises(
        Faults, match=r"made: cannot be split[\s\S]*class 'odd' has, copies counted once, fewer than two"
    ):
        with_dealt_validation("made", texts([0, 2, 4, 6, 1, 1]), NAMES, 0)


@pytest.mark.parametrize("seed", range(5))
def test_a_tenth_of_each_class_is_held_with_copies_together(seed):
    train = texts([*range(0, 160, 2), *range(1, 80, 2), *[1] * 9])
    stays, held = with_dealt_validation("made", train, NAMES, seed)
    assert len(set(numbers(held)) & set(range(0, 160, 2))) == 8
    assert len(set(numbers(held)) & set(range(1, 80, 2))) == 4
    assert set(numbers(stays)).isdisjoint(numbers(held))
    assert sorted(numbers(stays) + numbers(held)) == sorted(numbers(train))
    assert [number % 2 for number in numbers(held)] == held.labels.tolist()


def test_the_seed_alone_decides():
    train = texts(list(range(100)))
    first, again, other = (numbers(with_dealt_validation("made", train, NAMES, seed)[1]) for seed in (0, 0, 1))
    assert first == again != other
