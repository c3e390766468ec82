from __future__ import annotations

import numpy as np
import pytest

from tlbench.data.folds import FOLDS, draw_folds, identical
from tlbench.errors import DataError

LABELS = np.repeat([0, 1, 2], [40, 17, 6])
NAMES = ("a", "b", "c")


def draw(labels=LABELS, seed=0):
    return draw_folds(labels, NAMES, seed, "domain", "r")


def test_a_class_with_fewer_examples_than_folds_is_named():
    with pytest.raises(DataError, match="'domain': class 'c' has 4 examples, fewer than the 5 folds"):
        draw(LABELS[:-2])


def test_folds_are_of_equal_size_and_share_every_class_evenly():
    folds = draw()
    assert np.ptp(np.bincount(folds)) <= 1
    for index in range(3):
        assert np.ptp(np.bincount(folds[index == LABELS], minlength=FOLDS)) <= 1


def test_they_depend_on_the_seed_alone():
    np.testing.assert_array_equal(draw(), draw())
    assert not np.array_equal(draw(), draw(seed=1))


def test_exact_copies_share_a_fold():
    inputs = np.repeat(np.arange(len(LABELS) // 3), 3)[:, None].astype(np.float32)  # every input three times
    labels = np.arange(len(inputs)) // 3 % 3
    folds = draw_folds(labels, NAMES, 0, "domain", "r", identical(inputs))
    assert (folds.reshape(-1, 3) == folds.reshape(-1, 3)[:, :1]).all()
    assert np.ptp(np.bincount(folds)) <= 3


def test_copies_do_not_count_as_examples_of_a_class():
    inputs = np.zeros((30, 1))
    with pytest.raises(DataError, match="has 1 examples"):
        draw_folds(np.zeros(30, int), NAMES[:1], 0, "domain", "r", identical(inputs))
