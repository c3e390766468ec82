from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from tlbench.core import inputs
from tlbench.core.inputs import Gathered, SparseRows, Texts
from tlbench.data.array_storage import open_inputs, place_of, storage_of, write_inputs
from tlbench.errors import TlbenchError

ORDER = np.array([4, 0, 3, 1, 2])
DENSE = np.arange(30, dtype=np.uint8).reshape(5, 2, 3)


def stored(tmp_path, *parts, order=ORDER):
    path = place_of(tmp_path, "train.inputs", storage_of(parts[0]))
    write_inputs(path, parts, order)
    return open_inputs(path)


def test_a_folder_that_cannot_be_written_is_named_and_nothing_is_left(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TlbenchError, match="cannot write"):
        stored(tmp_path / "file", Texts.of("abcde"))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_interrupted_write_leaves_nothing_behind(tmp_path):
    class Broken(Exception):
        pass

    class Rows(Gathered):
        def __getitem__(self, index):
            raise Broken

    with pytest.raises(Broken):
        stored(tmp_path, Rows([DENSE], np.arange(5)))
    assert not list(tmp_path.iterdir())


def test_arrays_come_back_in_the_new_order(tmp_path, monkeypatch):
    monkeypatch.setattr(inputs, "CHUNK_BYTES", 13)
    assert np.array_equal(stored(tmp_path, DENSE), DENSE[ORDER])
    both = stored(tmp_path, DENSE, DENSE[:2], order=np.array([6, 5, 0]))
    assert np.array_equal(both, [DENSE[1], DENSE[0], DENSE[0]])


def test_no_rows_at_all_can_be_stored(tmp_path):
    assert stored(tmp_path, DENSE[:0], order=ORDER[:0]).shape == (0, 2, 3)
    assert len(stored(tmp_path, Texts.of([]), order=ORDER[:0])) == 0


def test_sparse_rows_stay_sparse(tmp_path):
    matrix = csr_array(np.eye(5, 9, dtype=np.float32))
    found = stored(tmp_path, SparseRows.of(matrix))
    assert isinstance(found, SparseRows)
    assert isinstance(found.data, np.memmap)
    assert np.array_equal(np.asarray(found), matrix.toarray()[ORDER])


def test_texts_come_back_in_the_new_order_and_replace_what_was_there(tmp_path):
    assert stored(tmp_path, Texts.of("vwxyz")).tolist() == ["z", "v", "y", "w", "x"]
    assert stored(tmp_path, Texts.of(["é", "b"]), Texts.of(["c", "d", "e"])).tolist() == ["e", "é", "d", "b", "c"]
