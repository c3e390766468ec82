from __future__ import annotations

import numpy as np
import pytest

from tlbench.core.run_spec import of_examples
from tlbench.data.label_budget import draw_shots
from tlbench.errors import DataError

LABELS = np.arange(60) % 3
NAMES = ("a", "b", "c")


def draw(shots, seed=0, labels=LABELS, revision="r"):
    return draw_shots(labels, NAMES, shots, seed, "domain", revision)


def test_a_class_with_too_few_examples_is_named_with_domain_and_split():
    with pytest.raises(DataError, match=r"'domain', train: class 'c' has 2 examples"):
        draw(3, labels=np.array([0, 0, 0, 1, 1, 1, 2, 2]))


@pytest.mark.parametrize(
    ("count", "message"),
    [
        (61, "60 examples, fewer than examples = 61"),
        (2, "examples = 2 is fewer than the 3 classes, and each needs one"),
    ],
)
def test_examples_that_cannot_be_had_are_told(count, message):
    with pytest.raises(DataError, match=f"'domain', train: {message}"):
        draw(of_examples(count))


def test_examples_in_all_need_every_class():
    with pytest.raises(DataError, match=r"class 'c' has no example"):
        draw("3 examples", labels=np.array([0, 0, 0, 1, 1, 1]))


def test_examples_in_all_are_so_many_in_the_shares_of_the_classes_with_one_of_each_at_least():
    labels = np.repeat([0, 1, 2], [80, 18, 2])
    for count in (3, 10, 50, 100):
        drawn = np.bincount(labels[draw(of_examples(count), labels=labels)])
        assert drawn.sum() == count
        assert drawn.min() >= 1
        np.testing.assert_allclose(drawn, count * np.array([0.8, 0.18, 0.02]), atol=2.1)


def test_fewer_examples_are_a_subset_of_more_and_a_seed_draws_its_own():
    labels = np.repeat([0, 1, 2], [80, 18, 2])
    small, large = (set(draw(of_examples(count), labels=labels)) for count in (10, 50))
    assert small < large
    assert small != set(draw("10 examples", seed=1, labels=labels))


def test_every_class_gets_as_many():
    assert np.bincount(LABELS[draw(5)]).tolist() == [5, 5, 5]


def test_fewer_shots_are_a_subset_of_more():
    assert set(draw(2)) < set(draw(5)) < set(draw(20))


def test_they_depend_on_seed_and_revision_alone():
    np.testing.assert_array_equal(draw(5), draw(5))
    assert set(draw(5)) != set(draw(5, seed=1))
    assert set(draw(5)) != set(draw(5, revision="other"))


def test_all_means_all():
    assert draw("all").tolist() == list(range(60))


def test_a_share_is_taken_of_each_class_and_nests_with_numbers():
    labels = np.repeat([0, 1, 2], [100, 50, 3])
    tenth = draw(0.1, labels=labels)
    assert np.bincount(labels[tenth]).tolist() == [10, 5, 1]  # at least one
    assert set(tenth) < set(draw(0.2, labels=labels))
    assert set(draw(1, labels=labels)) < set(tenth)


def test_a_share_of_a_class_without_examples_is_an_error():
    with pytest.raises(DataError, match="class 'c' has 0 examples"):
        draw(0.5, labels=np.array([0, 0, 1]))
