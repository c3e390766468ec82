"""`npz:PATH` with a folder of `.npy` files for a domain, and sparse matrices in either."""

from __future__ import annotations

import numpy as np
import pytest
from own_files import suite, vectors
from scipy.sparse import csc_array, csr_array

from tlbench.core import inputs as core
from tlbench.core.domain import SPLITS
from tlbench.core.inputs import Gathered, SparseRows
from tlbench.data.domain_checks import check_domain
from tlbench.errors import TlbenchError
from tlbench_datasets.arrays.dataset import Npz
from tlbench_datasets.shared import scaling

INPUTS, LABELS = vectors(0)
IMAGES = np.random.default_rng(0).integers(0, 256, (60, 9, 8, 3), dtype=np.uint8)


def sparse(matrix, prefix=""):
    parts = {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr, "shape": np.array(matrix.shape)}
    return {f"{prefix}{name}": array for name, array in parts.items()}


MATRIX = csr_array(np.where(INPUTS > 2, INPUTS, 0) + np.arange(60)[:, None] * (np.arange(4) == 0))


def written(folder, domain="one", **arrays):
    (folder / domain).mkdir(parents=True)
    for name, array in arrays.items():
        np.save(folder / domain / f"{name}.npy", array)
    return folder


def error_of(folder, domain="one"):
    with pytest.raises(TlbenchError) as caught:
        Npz(str(folder)).load(domain)
    return str(caught.value)


# What is wrong -------------------------------------------------------------------------------------------------------


def test_a_folder_that_lacks_an_array_or_holds_what_is_none(tmp_path):
    assert "has no array 'labels'; there are: inputs" in error_of(written(tmp_path, inputs=INPUTS))
    (tmp_path / "one" / "labels.npy").write_bytes(b"no array")
    assert "labels.npy cannot be mapped: " in error_of(tmp_path)
    np.save(tmp_path / "one" / "labels.npy", np.array([{}] * 60, dtype=object), allow_pickle=True)
    message = error_of(tmp_path)
    assert "pickles are never loaded, for loading one can run any code" in message
    assert "names of classes become strings by labels.astype(str)" in message
    whole = (tmp_path / "one" / "inputs.npy").read_bytes()
    np.save(tmp_path / "one" / "labels.npy", LABELS)
    (tmp_path / "one" / "inputs.npy").write_bytes(whole[:-9])
    assert "inputs.npy cannot be mapped: " in error_of(tmp_path)


def test_a_domain_that_is_there_twice(tmp_path):
    written(tmp_path, inputs=INPUTS, labels=LABELS)
    np.savez(tmp_path / "one.npz", inputs=INPUTS, labels=LABELS)
    assert "'one' is there as a folder and as one.npz; remove one of them" in error_of(tmp_path)


BROKEN = {**sparse(MATRIX), "labels": LABELS}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"indices": MATRIX.indices + 3}, "are no sparse matrix of rows (CSR)"),
        ({"indptr": MATRIX.indptr[:-1]}, "are no sparse matrix of rows (CSR)"),
        ({"shape": np.array([60])}, "are no sparse matrix of rows (CSR)"),
        ({"data": np.full(MATRIX.nnz, "a")}, "data is <U1; values are numbers"),
        ({"format": np.array(b"csc")}, "has the format b'csc'; write matrix.tocsr()"),
        ({"labels": LABELS[1:]}, "the sparse matrix of data has the shape (60, 4) and 'labels' (59,)"),
        (sparse(csc_array(MATRIX)), "are no sparse matrix of rows (CSR)"),
    ],
)
def test_sparse_matrix_that_is_none(tmp_path, changes, fault):
    np.savez(tmp_path / "one.npz", **{**BROKEN, **changes})
    assert fault in error_of(tmp_path)


def test_part_of_a_sparse_matrix(tmp_path):
    np.savez(tmp_path / "one.npz", **{name: array for name, array in BROKEN.items() if name != "shape"})
    assert "has no array 'shape'" in error_of(tmp_path)


# What is right -------------------------------------------------------------------------------------------------------


def test_a_folder_gives_what_an_archive_gives(tmp_path):
    written(tmp_path / "folders", inputs=IMAGES, labels=LABELS, class_names=np.array(["dog", "cat"]))
    (tmp_path / "archives").mkdir()
    np.savez(tmp_path / "archives" / "one.npz", inputs=IMAGES, labels=LABELS, class_names=np.array(["dog", "cat"]))
    one, other = (Npz(str(tmp_path / kind)).load("one") for kind in ("folders", "archives"))
    check_domain("own", one)
    assert one.class_names == ("dog", "cat")
    assert one.train.inputs.shape[1:] == (3, 9, 8)
    assert one.revision == other.revision


@pytest.mark.parametrize("array", [IMAGES, IMAGES[..., 0], INPUTS, INPUTS.astype(np.float64), INPUTS.astype(np.int16)])
def test_what_is_large_is_read_when_it_is_asked_for_and_is_the_same(tmp_path, monkeypatch, array):
    written(
        tmp_path, inputs=array + np.arange(60, dtype=array.dtype).reshape(-1, *[1] * (array.ndim - 1)), labels=LABELS
    )
    small = Npz(str(tmp_path)).load("one")
    for module in (core, scaling):
        monkeypatch.setattr(module, "COPIED_BYTES", 100)
    large = Npz(str(tmp_path)).load("one")
    assert isinstance(small.train.inputs, np.ndarray)
    assert isinstance(large.train.inputs, Gathered)
    assert large.train.inputs.dtype == small.train.inputs.dtype
    assert large.revision == small.revision


def test_given_splits_of_a_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(core, "COPIED_BYTES", 100)
    parts = {"train": slice(0, 30), "test": slice(40, 60)}
    arrays = {f"{name}_inputs": IMAGES[part] for name, part in parts.items()}
    arrays |= {f"{name}_labels": LABELS[part] for name, part in parts.items()}
    domain = Npz(str(written(tmp_path, **arrays))).load("one")
    assert [len(domain.split(name)) for name in SPLITS] == [30, 0, 20]
    assert np.array_equal(np.asarray(domain.test.inputs), IMAGES[40:60].transpose(0, 3, 1, 2))


def test_sparse_matrices_of_archives_and_folders(tmp_path):
    np.savez(tmp_path / "one.npz", **sparse(MATRIX), labels=LABELS, format=np.array(b"csr"))
    parts = {**sparse(MATRIX[:40], "train_"), **sparse(MATRIX[40:], "test_")}
    written(tmp_path, "two", **parts, train_labels=LABELS[:40], test_labels=LABELS[40:])
    one, two = (Npz(str(tmp_path)).load(name) for name in ("one", "two"))
    assert isinstance(one.train.inputs, SparseRows)
    assert np.array_equal(np.asarray(two.test.inputs), MATRIX[40:].toarray().astype(np.float32))
    assert one.train.inputs.shape[1:] == two.train.inputs.shape[1:] == (4,)


def test_a_changed_file_of_a_folder_changes_the_fingerprint(tmp_path):
    written(tmp_path, inputs=INPUTS, labels=LABELS)
    before = Npz(str(tmp_path)).fingerprint()
    np.save(tmp_path / "one" / "labels.npy", LABELS.astype(np.int8))
    assert Npz(str(tmp_path)).fingerprint() != before


def test_a_suite_on_folders_and_archives_runs_to_a_leaderboard(project):
    written(project.folder / "own", inputs=INPUTS.astype(np.float64), labels=LABELS)
    inputs, labels = vectors(1)
    np.savez(project.folder / "own" / "two.npz", inputs=inputs, labels=labels)
    outcome = project.tlbench("run", project.suite(suite("npz:own", pairs='["one:two"]')), "-q")
    assert outcome.code == 0, outcome.err
