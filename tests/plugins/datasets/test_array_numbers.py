"""`npz:PATH` with large whole numbers: means and equality come before the 32 bits in which numbers are stored."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tlbench.core import inputs as core
from tlbench.core.domain import SPLITS
from tlbench.data.domain_checks import check_domain
from tlbench.errors import TlbenchError
from tlbench_datasets.arrays.dataset import Npz
from tlbench_datasets.shared import scaling

COUNT = 200
#: Unix seconds, milliseconds, nanoseconds, and identifiers of 18 digits, with the step from one row to the next.
KINDS = {
    "seconds": (1_700_000_000, 1),
    "milliseconds": (1_700_000_000_000, 3),
    "nanoseconds": (1_700_000_000_000_000_000, 7),
    "identifiers": (900_000_000_000_000_000, 1),
}
LABELS = np.array(["early", "late"]).repeat(COUNT // 2)


def rows(kind, dtype=np.int64):
    """One feature that rises from row to row, and one that says nothing."""
    offset, step = KINDS[kind]
    numbers = np.arange(COUNT, dtype=dtype)
    return np.stack([dtype(offset) + dtype(step) * numbers, numbers % 3], axis=1)


def opened(folder, inputs, scale="standardise", labels=LABELS, **arrays):
    given = arrays or {"inputs": inputs, "labels": labels}
    np.savez(folder / "one.npz", **given)
    return Npz(str(folder), Npz.Params(scale=scale))


def accuracy(domain):
    model = LogisticRegression(C=100, max_iter=5000).fit(domain.train.inputs, domain.train.labels)
    return model.score(domain.test.inputs, domain.test.labels)


def together(domain):
    return np.concatenate([np.asarray(domain.split(name).inputs) for name in SPLITS])


# What is wrong -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inputs", [np.zeros((20, 1, 4, 4), np.uint8)])
def test_images_are_not_standardised(tmp_path, inputs):
    with pytest.raises(TlbenchError, match="scale = 'standardise' is for dense vectors; images are scaled by"):
        opened(tmp_path, inputs, labels=LABELS[::10]).load("one")


def test_given_splits_that_rounding_joins_are_refused_with_the_reason(tmp_path):
    whole = rows("seconds")
    arrays = {"train_inputs": whole[::2], "train_labels": LABELS[::2]}
    arrays |= {"test_inputs": whole[1::2], "test_labels": LABELS[1::2]}
    with pytest.raises(TlbenchError, match="of one split become equal to those of another in 32 bits; set scale = "):
        opened(tmp_path, None, "none", **arrays).load("one")
    domain = opened(tmp_path, None, **arrays).load("one")
    check_domain("npz", domain)
    assert len(domain.test) == COUNT // 2


def test_without_scaling_what_becomes_equal_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(TlbenchError, match="examples that differ become equal in 32 bits, and too few are left; set"):
        opened(tmp_path, np.arange(40)[:, None] + 1_700_000_000, "none", LABELS[::5]).load("one")


def test_without_scaling_what_becomes_equal_is_told_and_stays_in_one_split(tmp_path):
    domain = opened(tmp_path, rows("seconds") * [60, 1] - [59 * 1_700_000_000, 0], "none").load("one")
    assert domain.notes[0].startswith("different values become equal in 32 bits in columns 0; set scale = ")
    check_domain("npz", domain)


# What works ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_whole_numbers_give_what_they_give_with_the_offset_subtracted(tmp_path, kind, dtype):
    inputs = rows(kind, dtype)
    domain = opened(tmp_path, inputs).load("one")
    check_domain("npz", domain)
    small = opened(tmp_path, inputs - inputs.min(axis=0)).load("one")
    for split in SPLITS:
        np.testing.assert_allclose(domain.split(split).inputs, small.split(split).inputs, atol=1e-6)
    assert accuracy(domain) == accuracy(small) == 1
    assert len(np.unique(together(domain)[:, 0])) == COUNT
    assert not any("constant" in note or "equal" in note for note in domain.notes)
    assert domain.train.inputs.dtype == np.float32


@pytest.mark.parametrize("kind", ["seconds", "milliseconds"])
def test_times_in_float64_too(tmp_path, kind):
    domain = opened(tmp_path, rows(kind).astype(np.float64)).load("one")
    assert accuracy(domain) == 1
    assert len(np.unique(together(domain)[:, 0])) == COUNT


def test_small_types_of_numbers_do_not_overflow(tmp_path):
    inputs = np.stack([np.linspace(-128, 127, COUNT), np.arange(COUNT) % 5], axis=1).astype(np.int8)
    domain = opened(tmp_path, inputs).load("one")
    train = domain.train.inputs
    np.testing.assert_allclose(train.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(train.std(axis=0), 1, atol=1e-6)
    assert accuracy(domain) > 0.95


@pytest.mark.parametrize("value", [1_700_000_000, 0.1, -3])
def test_a_constant_column_is_shifted_and_said_to_be_one(tmp_path, value):
    domain = opened(tmp_path, np.stack([np.arange(COUNT), np.full(COUNT, value)], axis=1)).load("one")
    assert np.all(together(domain)[:, 1] == 0)
    assert "columns that are constant in the training data: 1" in domain.notes


def test_splits_in_several_types_of_numbers_are_joined_in_one_that_holds_both(tmp_path):
    arrays = {"train_inputs": np.arange(40)[:, None], "train_labels": LABELS[::5]}
    arrays |= {"test_inputs": np.arange(40)[:, None] + 0.5, "test_labels": LABELS[::5]}
    domain = opened(tmp_path, None, "none", **arrays).load("one")
    assert domain.test.inputs[:3, 0].tolist() == [0.5, 1.5, 2.5]


def test_arrays_that_memory_does_not_hold_are_scaled_to_the_same(tmp_path, monkeypatch):
    (tmp_path / "one").mkdir()
    np.save(tmp_path / "one" / "inputs.npy", rows("seconds"))
    np.save(tmp_path / "one" / "labels.npy", LABELS)
    opened_ = Npz(str(tmp_path), Npz.Params(scale="standardise"))
    small = opened_.load("one")
    monkeypatch.setattr(scaling, "COPIED_BYTES", 100)
    monkeypatch.setattr(scaling, "CHUNK_BYTES", 640)
    monkeypatch.setattr(core, "COPIED_BYTES", 100)
    large = opened_.load("one")
    for split in SPLITS:
        np.testing.assert_allclose(np.asarray(large.split(split).inputs), small.split(split).inputs, atol=1e-6)
