"""What a run is tested on, as open files, when it asks."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest
from scipy.sparse import random as random_rows

from tlbench.core.inputs import SparseRows, Texts
from tlbench.data.array_storage import files_of, open_inputs, write_inputs
from tlbench.execution.evaluation_inputs import Desk, ask, evaluation_file, from_file


@pytest.fixture
def job(tmp_path):
    """A job's folder, and beside it where an array, sparse rows, texts and nothing at all are."""
    kinds = {
        "array.npy": np.arange(24, dtype=np.float32).reshape(6, 4),
        "sparse": SparseRows.of(random_rows(6, 9, 0.3, rng=np.random.default_rng(0))),
        "texts": Texts.of(["one", "two ü", "", "three"]),
        "empty.npy": np.empty((0, 3), np.float32),
    }
    for name, inputs in kinds.items():
        write_inputs(tmp_path / name, [inputs], np.arange(len(inputs)))
    paths = {name: str(tmp_path / name) for name in kinds}
    places = {
        "test": paths["array.npy"],
        "source_tests": [paths["sparse"]],
        "selection": {"source_val": [{"inputs": paths["texts"]}], "target_val": [{"inputs": paths["empty.npy"]}]},
    }
    folder = tmp_path / "job"
    evaluation_file(folder).write_text(json.dumps(places))
    return folder, paths


def asked(folder):
    """What a run gets from the template."""
    desk = Desk()
    theirs, ours = desk.open(str(evaluation_file(folder)))
    answering = threading.Thread(target=lambda: (wait_for(ours), desk.answer(ours)))
    answering.start()
    try:
        return ask(theirs)
    finally:
        answering.join()


def wait_for(number):
    import select

    select.select([number], [], [], 60)


def test_inputs_of_every_kind_are_the_same_by_descriptor_and_by_path(job):
    folder, paths = job
    given = asked(folder)
    for path in [*paths.values()]:
        files_of(path)[0].rename(f"{files_of(path)[0]}.moved")  # nothing is opened by name any more
    inputs = {name: given.inputs(path) for name, path in paths.items() if not name.startswith(("sparse", "texts"))}
    np.testing.assert_array_equal(inputs["array.npy"], np.arange(24).reshape(6, 4))
    assert inputs["empty.npy"].shape == (0, 3)
    assert not inputs["array.npy"].flags.writeable


def test_sparse_rows_and_texts_arrive_whole(job):
    folder, paths = job
    given, here = asked(folder), from_file(folder)
    assert given.places == here.places
    np.testing.assert_array_equal(np.asarray(given.inputs(paths["sparse"])), np.asarray(open_inputs(paths["sparse"])))
    assert given.inputs(paths["texts"]).tolist() == ["one", "two ü", "", "three"]


@pytest.mark.parametrize("text", [None, "no JSON", "[]", '{"selection": {}, "test": "/nowhere.npy"}'])
def test_a_run_that_cannot_be_given_anything_is_told(tmp_path, text):
    folder = tmp_path / "job"
    if text is not None:
        evaluation_file(folder).write_text(text)
    with pytest.raises((OSError, ValueError, TypeError, AttributeError, KeyError)):
        asked(folder)


def test_it_is_given_once_and_to_nobody_who_asks_for_something_else(job):
    folder, _ = job
    desk = Desk()
    theirs, ours = desk.open(str(evaluation_file(folder)))
    theirs.sendall(b"x")
    desk.answer(ours)
    assert theirs.recv(1) == b""
    theirs.close()
    with pytest.raises(KeyError):
        desk.answer(ours)


def test_hundreds_of_files_arrive_in_order(tmp_path):
    places = {"selection": {"source_val": []}}
    for number in range(450):
        path = tmp_path / f"{number}.npy"
        np.save(path, np.array([number, 0]))
        places["selection"]["source_val"].append({"inputs": str(path)})
    folder = tmp_path / "job"
    evaluation_file(folder).write_text(json.dumps(places))
    given = asked(folder)
    for number in (0, 199, 200, 449):
        assert given.inputs(str(tmp_path / f"{number}.npy"))[0] == number
