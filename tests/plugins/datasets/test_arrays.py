"""`npz:PATH`: arrays and nothing but arrays."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from own_files import suite, vectors

from tlbench.core.domain import SPLITS
from tlbench.data.domain_checks import check_domain
from tlbench.errors import TlbenchError
from tlbench_datasets.arrays.dataset import Npz

INPUTS, LABELS = vectors(0)
IMAGES = np.random.default_rng(0).integers(0, 256, (20, 3, 9, 8), dtype=np.uint8)


def written(folder, domain="one", **arrays):
    np.savez(folder / f"{domain}.npz", **arrays)
    return folder


def error_of(folder, domain="one"):
    with pytest.raises(TlbenchError) as caught:
        Npz(str(folder)).load(domain)
    return str(caught.value)


# What is wrong -------------------------------------------------------------------------------------------------------


def test_path_that_is_no_folder_of_arrays(tmp_path):
    assert "does not exist" in error_of(tmp_path / "no")
    assert "holds no .npz files, and no folders of .npy files; a domain.npz, or a folder" in error_of(tmp_path)
    written(tmp_path, inputs=INPUTS, labels=LABELS)
    assert "is a file; name the folder" in error_of(tmp_path / "one.npz")
    assert "unknown domain 'oen'; did you mean 'one'?" in error_of(tmp_path, "oen")


def test_what_is_no_npz_is_never_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("sprung").write_text, ("",))

    (tmp_path / "one.npz").write_bytes(pickle.dumps(Trap()))
    assert "one.npz is no npz archive" in error_of(tmp_path)
    written(tmp_path, inputs=INPUTS, labels=np.array([Trap()] * len(INPUTS), dtype=object))
    message = error_of(tmp_path)
    assert "the array 'labels' cannot be read" in message
    assert "pickles are never loaded, for loading one can run any code" in message
    assert not (tmp_path / "sprung").exists()


def test_archive_that_is_cut_short_or_damaged(tmp_path):
    whole = (written(tmp_path, inputs=INPUTS, labels=LABELS) / "one.npz").read_bytes()
    (tmp_path / "one.npz").write_bytes(whole[:300])
    assert "or it is cut short" in error_of(tmp_path)
    (tmp_path / "one.npz").write_bytes(whole[:200] + b"x" * 40 + whole[240:])
    assert "is damaged: " in error_of(tmp_path)


FAULTS = [
    ({"x": INPUTS}, "has no array 'inputs'; there are: x; a domain.npz, or"),
    ({"inputs": INPUTS}, "has no array 'labels'"),
    ({"train_inputs": INPUTS, "train_labels": LABELS}, "splits are given (train), but none of them is 'test'"),
    ({"inputs": INPUTS, "labels": LABELS[1:]}, "'inputs' has the shape (60, 4) and 'labels' (59,)"),
    ({"inputs": INPUTS, "labels": LABELS + 0.5}, "labels are float64; they must be whole numbers, or names"),
    ({"inputs": IMAGES / 255, "labels": LABELS[:20]}, "inputs are float64 (20, 3, 9, 8); images are uint8"),
    ({"inputs": np.full((60, 2), "a"), "labels": LABELS}, "inputs are <U1 (60, 2)"),
    ({"inputs": INPUTS, "labels": LABELS, "class_names": np.arange(2)}, "class_names is int64 (2,)"),
    ({"inputs": INPUTS[:2], "labels": LABELS[:2]}, "class '0' has, copies counted once, fewer than two examples"),
]


@pytest.mark.parametrize(("arrays", "fault"), FAULTS)
def test_arrays_that_do_not_fit(tmp_path, arrays, fault):
    assert fault in error_of(written(tmp_path, **arrays))


def test_label_beyond_the_names_of_the_classes(tmp_path):
    labels = np.where(LABELS == 1, 7, 0)
    written(tmp_path, inputs=INPUTS, labels=labels, class_names=np.array(["a", "b"]))
    assert "label 7 is beyond the 2 class_names" in error_of(tmp_path)


# What is right -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inputs", "shape"),
    [(IMAGES, (3, 9, 8)), (IMAGES.transpose(0, 2, 3, 1), (3, 9, 8)), (IMAGES[:, 0], (1, 9, 8)), (INPUTS[:20], (4,))],
)
def test_images_and_vectors_in_their_canonical_form(tmp_path, inputs, shape):
    domain = Npz(str(written(tmp_path, inputs=inputs, labels=LABELS[:20]))).load("one")
    check_domain("own", domain)
    assert domain.train.inputs.shape[1:] == shape
    assert domain.train.inputs.dtype == (np.float32 if len(shape) == 1 else np.uint8)


def test_labels_are_names_or_indices_of_names_or_their_own_numbers(tmp_path):
    names = np.array(["dog", "cat"])
    written(tmp_path, "a", inputs=INPUTS, labels=names[LABELS])
    written(tmp_path, "b", inputs=INPUTS, labels=LABELS, class_names=names)
    written(tmp_path, "c", inputs=INPUTS, labels=LABELS * 5 + 5)
    dataset = Npz(str(tmp_path))
    assert dataset.domains == ("a", "b", "c")
    assert [dataset.load(name).class_names for name in "abc"] == [("cat", "dog"), ("dog", "cat"), ("5", "10")]


def test_given_splits_are_kept(tmp_path):
    parts = {"train": slice(0, 30), "val": slice(30, 40), "test": slice(40, 60)}
    arrays = {f"{name}_inputs": INPUTS[part] for name, part in parts.items()}
    arrays |= {f"{name}_labels": LABELS[part] for name, part in parts.items()}
    domain = Npz(str(written(tmp_path, **arrays))).load("one")
    assert [len(domain.split(name)) for name in SPLITS] == [30, 10, 20]
    assert (domain.val.inputs == INPUTS[30:40]).all()


def test_a_suite_on_arrays_runs_to_a_leaderboard(project):
    for seed, name in enumerate(("one", "two")):
        inputs, labels = vectors(seed)
        written(project.folder, name, inputs=inputs, labels=labels)
    outcome = project.tlbench("run", project.suite(suite("npz:.", "seed = 3")), "-q")
    assert outcome.code == 0, outcome.err
    assert {record.status for record in project.records("own")} == {"ok"}


def test_domains_whose_inputs_differ_in_shape_are_refused_before_anything_runs(project):
    written(project.folder, "one", inputs=INPUTS, labels=LABELS)
    written(project.folder, "two", inputs=INPUTS[:, :3], labels=LABELS)
    outcome = project.tlbench("run", project.suite(suite("npz:.")))
    assert outcome.code == 2
    assert "pair one:two: inputs have the shapes (4,) in 'one' and (3,) in 'two'" in outcome.err
