from __future__ import annotations

import numpy as np
import pytest

from tlbench.data.folds import FOLDS, draw_folds
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
