from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tlbench.core.domain import Domain, Split
from tlbench.data.domain_checks import check_domain
from tlbench.errors import Faults


def split(size, seed):
    rng = np.random.default_rng(seed)
    return Split(rng.standard_normal((size, 3)).astype(np.float32), np.arange(size) % 2)


@pytest.fixture
def domain():
    return Domain("d", "vector", ("even", "odd"), split(8, 0), split(4, 1), split(6, 2))


def faults(domain):
    with pytest.raises(Faults) as raised:
        check_domain("set", domain)
    assert "'set'" in str(raised.value)
    assert "'d'" in str(raised.value)
    return "\n".join(raised.value.faults)


def test_a_sound_domain_passes(domain):
    assert check_domain("set", domain) is None


def test_an_input_that_is_not_a_number_is_named_with_split_and_class(domain):
    inputs = domain.train.inputs.copy()
    inputs[3, 1] = np.nan
    message = faults(replace(domain, train=Split(inputs, domain.train.labels)))
    assert "train" in message
    assert "'odd'" in message


def test_an_exact_duplicate_across_splits_is_named_with_both_and_the_class(domain):
    inputs = domain.test.inputs.copy()
    inputs[2] = domain.train.inputs[0]
    message = faults(replace(domain, test=Split(inputs, domain.test.labels)))
    assert "test: 1 example of class 'even' stands in train too (example 2 equals example 0 of train)" in message
    named = Split(inputs, domain.test.labels, [f"{number}.png" for number in range(len(inputs))])
    assert "(2.png equals example 0 of train)" in faults(replace(domain, test=named))
    many = faults(replace(domain, test=Split(domain.train.inputs[:5], domain.train.labels[:5])))
    assert "test: 3 examples of class 'even' stand in train too" in many


def test_an_absent_class_a_label_out_of_range_and_unequal_lengths_are_all_named(domain):
    assert "'odd'" in faults(replace(domain, train=Split(domain.train.inputs, np.zeros(8, np.int64))))
    assert "label 7" in faults(replace(domain, val=Split(domain.val.inputs, np.array([0, 1, 0, 7]))))
    assert "8 inputs but 7 labels" in faults(replace(domain, train=Split(domain.train.inputs, np.arange(7) % 2)))


def test_several_faults_are_reported_together(domain):
    broken = replace(
        domain,
        train=Split(domain.train.inputs, np.zeros(8, np.int64)),
        val=Split(domain.val.inputs, np.array([0, 1, 0, 7])),
    )
    message = faults(broken)
    assert "train" in message
    assert "val" in message
