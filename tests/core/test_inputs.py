from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array, random_array

from tlbench.core import inputs
from tlbench.core.domain import Domain, Split
from tlbench.core.inputs import Gathered, SparseRows, Texts, digests, join, rows_of, take

WORDS = ["", "ab", "naïve", "数\u2028", "ab", "end "]


@pytest.fixture
def matrix():
    return random_array((12, 7), density=0.3, random_state=0, dtype=np.float32).tocsr()


@pytest.mark.parametrize(
    "index", [slice(2, 9), slice(0), np.array([5, 0, 5]), np.arange(12) % 3 == 0, np.array([], np.int64)]
)
def test_rows_of_a_sparse_matrix_are_those_of_the_dense_one(matrix, index):
    rows = SparseRows.of(matrix)
    assert np.array_equal(np.asarray(rows[index]), matrix.toarray()[index])
    assert np.array_equal(rows[index].matrix.toarray(), matrix.toarray()[index])
    assert rows[index].shape == matrix.toarray()[index].shape


def test_indices_of_the_matrix_have_32_bits_which_scikit_learn_asks_for(matrix):
    found = SparseRows.of(matrix).matrix
    assert (found.indices.dtype, found.indptr.dtype) == (np.int32, np.int32)


def test_a_sparse_matrix_that_is_written_in_another_way_is_the_same():
    tidy = csr_array(np.array([[0, 2, 3], [0, 0, 0]], np.float32))
    untidy = csr_array((np.array([3, 1, 1, 0], np.float64), np.array([2, 1, 1, 0]), np.array([0, 3, 4])), shape=(2, 3))
    assert list(digests(SparseRows.of(tidy))) == list(digests(SparseRows.of(untidy)))
    split = [Split(SparseRows.of(matrix), np.zeros(2, np.int64)) for matrix in (tidy, untidy)]
    one, other = (Domain("d", "vector", ("a",), part, part, part).revision for part in split)
    assert one == other


@pytest.mark.parametrize("index", [slice(1, 4), np.array([3, 3, 0]), np.array([True, False, True, False, False, True])])
def test_texts_are_given_back_as_they_were(index):
    texts = Texts.of(WORDS)
    assert texts.tolist() == WORDS
    assert texts[index].tolist() == np.array(WORDS, object)[index].tolist()


def test_half_a_pair_of_surrogates_is_a_question_mark():
    assert Texts.of(["a\ud800b"]).tolist() == ["a?b"]


def test_texts_with_other_boundaries_are_others():
    split = [Split(Texts.of(words), np.zeros(2, np.int64)) for words in (["ab", "c"], ["a", "bc"])]
    one, other = (Domain("d", "text", ("a",), part, part, part).revision for part in split)
    assert one != other


def test_many_rows_are_read_when_they_are_asked_for(monkeypatch):
    monkeypatch.setattr(inputs, "COPIED_BYTES", 10)
    array = np.arange(24, dtype=np.int32).reshape(8, 3)
    rows = np.array([7, 0, 3, 3])
    taken = take(array, rows)
    assert isinstance(taken, Gathered)
    assert np.array_equal(np.asarray(taken), array[rows])
    assert np.array_equal(taken[1:3], array[[0, 3]])
    joined = join([taken, array])
    assert isinstance(joined, Gathered)
    assert joined.shape == (12, 3)
    assert np.array_equal(joined[np.array([11, 0, 4])], [array[7], array[7], array[0]])


def test_joined_inputs_keep_their_kind(matrix):
    rows = join([SparseRows.of(matrix), SparseRows.of(matrix[:2])])
    assert isinstance(rows, SparseRows)
    assert np.array_equal(np.asarray(rows), np.concatenate([matrix.toarray(), matrix[:2].toarray()]))
    assert join([Texts.of(["a"]), Texts.of(["b", "c"])]).tolist() == ["a", "b", "c"]
    assert np.array_equal(join([np.zeros((1, 2)), np.ones((1, 2))]), [[0, 0], [1, 1]])


def test_equal_rows_have_equal_digests_and_others_do_not():
    assert len(set(digests(Texts.of(WORDS)))) == len(set(WORDS))
    assert len(set(digests(np.array([[1, 2], [2, 1], [1, 2]])))) == 2
    assert len(set(digests(SparseRows.of(csr_array([[1, 0], [0, 1], [0, 0], [1, 0]]))))) == 3


def test_a_revision_does_not_depend_on_how_many_rows_are_read_at_a_time(monkeypatch):
    split = Split(np.arange(60, dtype=np.uint8).reshape(10, 1, 2, 3), np.zeros(10, np.int64))
    before = Domain("d", "image", ("a",), split, split, split).revision
    monkeypatch.setattr(inputs, "CHUNK_BYTES", 13)
    assert Domain("d", "image", ("a",), split, split, split).revision == before


def test_rows_become_another_kind_of_number_when_they_are_read(monkeypatch):
    monkeypatch.setattr(inputs, "COPIED_BYTES", 10)
    array = np.arange(12, dtype=np.float64).reshape(4, 3) / 3
    rows = Gathered([array], np.arange(4), np.float32)
    assert rows.dtype == rows[1:3].dtype == take(rows, np.array([3, 1])).dtype == np.float32
    assert np.array_equal(np.asarray(rows), array.astype(np.float32))
    assert rows.nbytes == 48


def test_a_view_of_rows_copies_nothing_until_it_is_read(matrix):
    array = np.zeros((3, 2))
    rows = rows_of(array, np.array([2, 0]))
    array[2] = 7
    assert np.array_equal(np.asarray(rows), [[7, 7], [0, 0]])
    assert np.array_equal(np.asarray(rows_of(SparseRows.of(matrix), np.array([3, 1]))), matrix.toarray()[[3, 1]])
    assert rows_of(Texts.of(WORDS), np.array([2])).tolist() == ["naïve"]
