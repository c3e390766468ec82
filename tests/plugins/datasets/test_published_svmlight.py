"""Sparse rows as text: what is wrong is named by its line, and numbers come back as they were written."""

from __future__ import annotations

import numpy as np
import pytest

from tlbench_datasets.published_svmlight import read_svmlight


def read(folder, text, features=5):
    path = folder / "rows.svmlight"
    path.write_text(text)
    return read_svmlight(path, features)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("2 0:1", "'2 0:1' is no label, -1 or 1, with index:value pairs"),
        ("1 0:1 3", "'1 0:1 3' is no label"),
        ("1 0:1 3:", "'1 0:1 3:' is no label"),
        ("", "'' is no label"),
        ("1 5:1", "indices must rise, from 0 to 4"),
        ("1 3:1 1:2", "indices must rise"),
        ("1 3:1 3:2", "indices must rise"),
    ],
)
def test_malformed_line_is_named(tmp_path, line, fault):
    with pytest.raises(ValueError, match=r"rows\.svmlight, line 2: ") as caught:
        read(tmp_path, f"1 0:1\n{line}\n-1 1:1\n")
    assert fault in str(caught.value)


def test_rows_and_labels_come_back_and_a_row_may_be_empty(tmp_path):
    rows = read(tmp_path, "1 0:1 4:61\n-1 \n-1 2:2.5\n")
    assert np.asarray(rows.inputs).tolist() == [[1, 0, 0, 0, 61], [0] * 5, [0, 0, 2.5, 0, 0]]
    assert rows.inputs.dtype == np.float32
    assert rows.labels.tolist() == [1, 0, 0]
