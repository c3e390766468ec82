"""Given splits: a tenth of train becomes val, and test is never touched."""

from __future__ import annotations

import numpy as np
from public_files import images, labels

from tlbench.core.domain import Split
from tlbench.data.domain_checks import check_domain
from tlbench_datasets.named.official_splits import official_domain, with_validation

CLASSES = tuple("0123456789")


def split(seed, count):
    return Split(images(seed, count, 1, 8, 8), labels(count).astype(np.int64))


def joined(first, second):
    return Split(np.concatenate([first.inputs, second.inputs]), np.concatenate([first.labels, second.labels]))


def test_copies_are_left_out_of_the_earlier_split_and_counted():
    train, val, test = split(0, 60), split(1, 30), split(2, 30)
    few = Split(test.inputs[:4], test.labels[:4])
    some = Split(val.inputs[:3], val.labels[:3])
    domain = official_domain(
        "one", "image", CLASSES, joined(joined(train, some), few), joined(val, few), joined(test, few), ("first",)
    )
    check_domain("own", domain)
    assert [len(part) for part in (domain.train, domain.val, domain.test)] == [60, 30, 34]
    assert domain.notes == (
        "first",
        "4 of 34 examples of val are left out, for copies of them are in test",
        "7 of 67 examples of train are left out, for copies of them are in val or test",
    )


def test_nothing_is_said_where_nothing_is_left_out():
    assert official_domain("one", "image", CLASSES, split(0, 20), split(1, 10), split(2, 10)).notes == ()


def test_a_tenth_of_train_is_val_by_its_purpose_alone():
    whole = split(0, 200)
    train, val = with_validation(whole, "one")
    assert (len(train), len(val)) == (180, 20)
    both = joined(train, val)
    assert {row.tobytes() for row in both.inputs} == {row.tobytes() for row in whole.inputs}
    assert np.array_equal(with_validation(whole, "one")[1].inputs, val.inputs)
    assert not np.array_equal(with_validation(whole, "other")[1].inputs, val.inputs)
