"""What is no record, or is another one than was written, is set aside; whatever stands in its place."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest
from known_results import spec_of

from tlbench.errors import TlbenchError
from tlbench.files import UnfitFile, read_file
from tlbench.records import record_file
from tlbench.records.record import new_record
from tlbench.records.record_file import DamagedRecord, parse_record, record_content
from tlbench.records.result_folder import ResultFolder
from tlbench.records.sealed_json import BrokenSeal, sealed, unsealed


@pytest.fixture
def folder(tmp_path):
    made = ResultFolder(tmp_path, "suite")
    made.create()
    return made


@pytest.fixture
def record():
    return new_record(spec_of(), "dann", "ok", {}, metrics={"last": {"checkpoint": 3, "accuracy": 0.75}})


def test_a_number_that_was_changed_on_disk_is_not_believed(folder, record):
    folder.write(record)
    path = folder.record_file(record.run_key)
    path.write_text(path.read_text().replace("0.75", "0.95"))
    with pytest.raises(DamagedRecord, match="its content is not what was written"):
        folder.read(record.run_key)


def test_a_record_without_a_digest_is_read_as_it_is(folder, record):
    folder.record_file(record.run_key).write_text(record.model_dump_json(indent=1))
    assert folder.read(record.run_key) == record


def test_what_is_published_of_a_record_has_no_digest(folder, record):
    folder.write(record)
    assert b"digest" in folder.record_file(record.run_key).read_bytes()
    assert folder.body(record.run_key) == f"{record.model_dump_json(indent=1)}\n".encode()


def test_a_seal_is_of_tables_alone_and_of_their_bytes():
    assert unsealed(sealed('{\n "a": 1\n}\n').encode()) == b'{\n "a": 1\n}\n'
    with pytest.raises(ValueError, match="a table of JSON"):
        sealed("[]\n")
    with pytest.raises(BrokenSeal):
        unsealed(sealed('{\n "a": 1\n}\n').replace("1", "2", 1).encode())


def _make_fifo(path):
    os.mkfifo(path)


def _make_socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(path.parent)  # the name of a socket is short
        try:
            made.bind(path.name)
        finally:
            os.chdir(here)


PLACES = {
    "a folder": lambda path: (path / "inner").mkdir(parents=True),
    "a pipe": _make_fifo,
    "a socket": _make_socket,
    "a loop of links": lambda path: path.symlink_to(path),
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "deeply nested": lambda path: path.write_text('{"a":' * 100_000),
    "deeply nested lists": lambda path: path.write_text("[" * 200_000 + "]" * 200_000),
    "an infinite version": lambda path: path.write_text('{"schema_version": Infinity}'),
    "a huge version": lambda path: path.write_text(f'{{"schema_version": 1{"0" * 5000}}}'),
    "a version of zero": lambda path: path.write_text('{"schema_version": 0, "run_key": "k"}'),
    "a list": lambda path: path.write_text("[]"),
    "null": lambda path: path.write_text("null"),
    "no UTF-8": lambda path: path.write_bytes(b'{"run_key": "\xff"}'),
    "empty": lambda path: path.write_text(""),
}


@pytest.mark.parametrize("make", PLACES.values(), ids=PLACES.keys())
def test_what_is_no_record_is_set_aside_and_the_run_can_be_written(folder, record, make):
    path = folder.record_file(record.run_key)
    make(path)
    assert list(folder.records()) == []
    found, aside = folder.read_or_set_aside(record.run_key)
    assert found is None
    assert os.path.lexists(aside)
    assert aside.name.startswith(f"{path.name}.damaged")
    folder.write(record)
    assert folder.read(record.run_key) == record


def test_a_record_larger_than_any_is_not_read(folder, record, monkeypatch):
    path = folder.record_file(record.run_key)
    with path.open("wb") as file:
        file.truncate(300 * 2**20)
    with pytest.raises(DamagedRecord, match="has 314,572,800 bytes; at most"):
        folder.read(record.run_key)


def test_a_second_damaged_file_does_not_take_the_place_of_the_first(folder):
    for text in ("{", "["):
        folder.record_file("k").write_text(text)
        folder.read_or_set_aside("k")
    assert sorted(path.read_text() for path in folder.folder.glob("*.damaged*")) == ["[", "{"]


def test_a_folder_in_the_place_of_a_record_is_kept_when_the_record_is_written(folder, record):
    (folder.record_file(record.run_key) / "mine").mkdir(parents=True)
    folder.write(record)
    assert [path.name for path in folder.folder.glob("*.damaged/*")] == ["mine"]


def test_a_newer_version_is_told_from_a_damaged_one(record):
    newer = record.model_dump_json().replace('"schema_version":1', '"schema_version":9')
    with pytest.raises(TlbenchError, match="was written by a newer tlbench; upgrade") as caught:
        parse_record(newer.encode(), "there", "upgrade")
    assert not isinstance(caught.value, DamagedRecord)
    changed = record_content(record).replace('"schema_version": 1', '"schema_version": 3')
    with pytest.raises(DamagedRecord):
        parse_record(changed.encode(), "there", "upgrade")


def test_an_older_version_goes_through_its_upgrade(record, monkeypatch):
    plain = json.loads(record.model_dump_json())
    old = {("strategy_name" if name == "strategy" else name): value for name, value in plain.items()}
    old["schema_version"] = 0
    with pytest.raises(DamagedRecord, match=r"strategy|schema_version 0"):
        parse_record(json.dumps(old).encode(), "there", "")
    monkeypatch.setattr(
        "tlbench.records.schema_upgrades.UPGRADES",
        {0: lambda one: {("strategy" if name == "strategy_name" else name): value for name, value in one.items()}},
    )
    assert parse_record(json.dumps(old).encode(), "there", "") == record


def test_an_upgrade_that_fails_on_a_damaged_record_names_it(monkeypatch):
    monkeypatch.setattr("tlbench.records.schema_upgrades.UPGRADES", {0: lambda one: one["missing"]})
    with pytest.raises(DamagedRecord, match="there"):
        parse_record(b'{"schema_version": 0}', "there", "")


def _name(descriptor):
    return str(Path(f"/proc/self/fd/{descriptor}").readlink())


def test_record_and_predictions_are_synced_before_they_are_named(folder, record, monkeypatch):
    import numpy as np

    seen = []
    fsync, replace = os.fsync, type(folder.folder).replace
    monkeypatch.setattr(
        os, "fsync", lambda fd: (seen.append(str(Path(f"/proc/self/fd/{fd}").readlink())), fsync(fd))[1]
    )
    monkeypatch.setattr(
        type(folder.folder), "replace", lambda self, to: (seen.append(f"renamed to {to.name}"), replace(self, to))[1]
    )
    folder.write(record, {"3/test": np.array([1], np.uint8)})
    kinds = ["tmp" if one.endswith(".tmp") else one.rpartition("/")[2] for one in seen]
    key = record.run_key
    assert kinds == ["tmp", f"renamed to {key}.safetensors", "suite", "tmp", f"renamed to {key}.json", "suite"]


def test_predictions_that_were_changed_or_are_of_another_run_are_none(folder, record):
    import numpy as np

    folder.write(record, {"3/test": np.arange(50, dtype=np.uint8)})
    path = folder.predictions_file(record.run_key)
    assert folder.predictions(record.run_key)["3/test"][7] == 7
    folder.predictions_file("other").write_bytes(path.read_bytes())
    assert folder.predictions("other") is None
    content = bytearray(path.read_bytes())
    content[-1] ^= 4
    path.write_bytes(content)
    assert folder.predictions(record.run_key) is None
    path.unlink()
    os.mkfifo(path)
    assert folder.predictions(record.run_key) is None


def test_a_lock_that_is_a_link_or_a_pipe_empties_nothing_and_waits_for_nothing(folder, tmp_path):
    (tmp_path / "precious").write_text("mine")
    (folder.folder / ".lock").symlink_to(tmp_path / "precious")
    with folder.locked():
        assert (tmp_path / "precious").read_text() == "mine"
    (folder.folder / ".lock").unlink()
    os.mkfifo(folder.folder / ".lock")
    with folder.locked():
        pass


@pytest.mark.parametrize("content", ["[]", "null", "3", '{"a":' * 50_000, "Infinity", "{", "\0"])
def test_a_plan_of_any_content_is_none_and_no_traceback(folder, content):
    (folder.folder / "plan.json").write_text(content)
    assert folder.plan_content() is None


def test_a_plan_that_was_changed_is_none(folder):
    folder.write_plan({"suite": "suite", "seeds": [1]})
    assert folder.plan_content()["seeds"] == [1]
    path = folder.folder / "plan.json"
    path.write_text(path.read_text().replace("1\n", "2\n", 1))
    assert folder.plan_content() is None


def test_a_regular_file_is_read_up_to_a_size_and_nothing_else_is(tmp_path):
    (tmp_path / "a").write_text("abc")
    assert read_file(tmp_path / "a", 3) == b"abc"
    with pytest.raises(UnfitFile, match="has 3 bytes; at most 2 are read"):
        read_file(tmp_path / "a", 2)
    with pytest.raises(UnfitFile, match="is a device"):
        read_file(Path("/dev/zero"), 10)
    with pytest.raises(UnfitFile):
        read_file(tmp_path / "a\0b", 10)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none", 10)
    assert record_file.LARGEST_RECORD < 300 * 2**20
