from __future__ import annotations

import numpy as np
import pytest
from run_descriptions import BASE
from safetensors.numpy import load_file

from tlbench.core.run_spec import RunSpec
from tlbench.errors import TlbenchError
from tlbench.records.record import new_record
from tlbench.records.result_folder import ResultFolder


@pytest.fixture
def folder(tmp_path):
    made = ResultFolder(tmp_path, "suite")
    made.create()
    return made


def record(**rest):
    return new_record(RunSpec(**BASE), "dann", rest.pop("status", "ok"), {}, **rest)


def test_a_damaged_or_foreign_file_is_an_error_that_names_it(folder):
    path = folder.record_file("k")
    for text in ("", "{", '{"run_key": 3}', "[]"):
        path.write_text(text)
        with pytest.raises(TlbenchError, match=path.name):
            folder.read("k")


def test_a_damaged_file_is_set_aside_and_not_lost(folder):
    path = folder.record_file("k")
    path.write_text("{")
    found, aside = folder.read_or_set_aside("k")
    assert found is None
    assert aside.read_text() == "{"
    assert not path.exists()


def test_a_record_comes_back_as_it_was_written(folder):
    written = record(metrics={"last": {"checkpoint": 3, "accuracy": 1 / 3}})
    folder.write(written, {"3/test": np.array([1, 2], np.uint8)})
    assert folder.read(written.run_key) == written
    stored = load_file(folder.folder / f"{written.run_key}.safetensors")
    assert stored["3/test"].tolist() == [1, 2]


def test_predictions_are_read_back_and_none_where_there_is_nothing_to_read(folder):
    written = record()
    assert folder.predictions(written.run_key) is None
    folder.write(written, {"3/correct": np.array([1, 0], np.uint8)})
    assert folder.predictions(written.run_key)["3/correct"].tolist() == [1, 0]
    for damaged in (b"", b"half a fi"):
        folder.predictions_file(written.run_key).write_bytes(damaged)
        assert folder.predictions(written.run_key) is None


def test_a_failed_write_leaves_the_old_record_and_no_half_file(folder, monkeypatch):
    folder.write(record(reason="old"))
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(TlbenchError, match="No space left"):
        folder.write(record(reason="new"))
    assert folder.read(record().run_key).reason == "old"
    assert not list(folder.folder.glob(".*.tmp"))


def test_one_lock_at_a_time(folder):
    with (
        folder.locked(),
        pytest.raises(TlbenchError, match="another tlbench run"),
        ResultFolder(folder.folder.parent, "suite").locked(),
    ):
        pass
    with folder.locked():
        assert True


def test_the_plan_is_no_record(folder):
    folder.write_plan({"cells": []})
    folder.write(record())
    assert [found.run_key for found in folder.records()] == [record().run_key]
