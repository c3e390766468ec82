"""New rows become what the same rows are in the domain that a model was trained on."""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd
import pytest

from tlbench_datasets.arrays.dataset import Npz
from tlbench_datasets.tables.formats import Csv

#: 0.1 is the same in all rows, and its mean over them is not.
CONSTANT = 0.1


def vectors():
    inputs = np.random.default_rng(0).normal(5.0, 3.0, (40, 3))
    inputs[:, 2] = CONSTANT
    return inputs, np.arange(40) % 2


def row_of(item):
    """The number of a row, counted from 0, by its name: `row 3` below a header, `inputs[2]` of an array."""
    digits = int("".join(filter(str.isdigit, item)))
    return digits - 1 if item.startswith("row") else digits


def in_order(split, inputs):
    return inputs[[row_of(item) for item in split.items]]


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64])
def test_arrays_are_scaled_as_those_of_the_domain(tmp_path, kind):
    inputs, labels = vectors()
    inputs = (1000 * inputs).astype(kind)
    for name in ("a", "b"):
        np.savez(tmp_path / f"{name}.npz", inputs=inputs, labels=labels)
    data = Npz(str(tmp_path), Npz.Params(scale="standardise"))
    domain = data.load("a")
    new = data.from_raw(in_order(domain.test, inputs), domain.reading)
    np.testing.assert_allclose(new, np.asarray(domain.test.inputs), atol=1e-5)


def test_arrays_that_are_not_scaled_are_taken_as_they_are(tmp_path):
    inputs, labels = vectors()
    np.savez(tmp_path / "a.npz", inputs=inputs, labels=labels)
    domain = Npz(str(tmp_path)).load("a")
    assert domain.reading == {}
    assert np.array_equal(Npz.from_raw(inputs, {}), inputs)


def table(folder, **columns):
    inputs, labels = vectors()
    frame = pd.DataFrame(inputs, columns=["dose", "age", "always"]).assign(kind=labels, site="a", **columns)
    frame.to_csv(folder / "t.csv", index=False)
    return frame


def test_a_column_that_is_constant_is_only_shifted_in_rows_that_come_later_too(tmp_path):
    frame = table(tmp_path)
    params = Csv.Params(label="kind", domain="site", scale="standardise")
    domain = Csv(str(tmp_path / "t.csv"), params).load("a")
    new = Csv.from_raw(frame.iloc[[row_of(item) for item in domain.test.items]], domain.reading)
    np.testing.assert_allclose(new, np.asarray(domain.test.inputs), atol=1e-5)


def test_columns_of_groups_and_of_names_are_found_in_either_form_of_unicode(tmp_path):
    joined, apart = (unicodedata.normalize(form, "é") for form in ("NFC", "NFD"))
    people = [f"p{row // 2}" for row in range(40)]
    table(tmp_path, **{f"{joined}g": people, f"{joined}i": [f"n{row}" for row in range(40)]})
    params = Csv.Params(label="kind", domain="site", group=f"{apart}g", id=f"{apart}i")
    domain = Csv(str(tmp_path / "t.csv"), params).load("a")
    assert domain.test.items[0].startswith("n")
