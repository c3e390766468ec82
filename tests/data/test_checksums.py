"""What was changed in the cache is found before it is used, set aside, and made again."""

from __future__ import annotations

import os

import numpy as np
import pytest
from toy_suite import TOY

from tlbench.data import cache_use, checksums
from tlbench.data.checksums import CHECKSUMS, faults, sound_names, write_checksums
from tlbench.data.domain_store import DomainStore
from tlbench.errors import DataError
from tlbench.plugins.manager import PluginHost


@pytest.fixture
def store(tmp_path):
    """Opens a store as a new session would."""

    def opened():
        checksums._read.clear()
        return DomainStore(tmp_path, "toy", PluginHost([TOY]))

    return opened


def flip(path, at=-5):
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    before = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # as it would be after a fault of the disk


def shorten(path):
    path.write_bytes(path.read_bytes()[:-100])


def empty(path):
    path.write_bytes(b"")


def poison(path):
    np.save(path, np.zeros_like(np.load(path)))


DAMAGE = [flip, shorten, empty, poison, os.unlink]


@pytest.mark.parametrize("evaluation", ["held-out", "transductive-test"])
@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("what", ["train.inputs.npy", "test.npy"])
def test_inputs_and_labels_that_were_changed_are_set_aside_and_made_again(
    store, tmp_path, capsys, what, damage, evaluation
):
    ready = store().get("b", evaluation)
    path = (ready.folder if "inputs" in what else ready.label_folder) / what
    good = path.read_bytes()
    damage(path)
    again = store().get("b", evaluation)
    assert path.read_bytes() == good
    assert again.revision == ready.revision
    if damage is not os.unlink:
        assert f"{path} has " in capsys.readouterr().err
        assert list(path.parent.glob(f"{what}.damaged-*"))
    assert not faults(path.parent)


@pytest.mark.parametrize("damage", [flip, shorten, empty, os.unlink])
@pytest.mark.parametrize("name", [CHECKSUMS, "meta.json"])
def test_what_is_known_of_a_domain_is_made_again_too(store, name, damage):
    ready = store().get("a")
    damage(ready.folder / name)
    assert store().get("a") == ready
    assert not faults(ready.folder)


def test_an_index_that_names_another_domains_data_is_not_believed(store, tmp_path):
    a, b = (store().get(name) for name in ("a", "b"))
    for index in (tmp_path / "datasets").glob("*.json"):
        index.write_text(index.read_text().replace(a.revision, b.revision))
    assert store().get("a").revision == a.revision


def test_labels_that_change_while_they_are_used_are_not_scored_with(store):
    ready = store().get("b")
    ready.labels("test")
    poison(ready.label_folder / "test.npy")
    with pytest.raises(DataError, match="no longer what was written"):
        ready.labels("test")


def test_inputs_that_change_between_two_runs_are_made_again(store):
    one = store()
    ready = one.get("b")
    good = ready.inputs("train").read_bytes()
    poison(ready.inputs("train"))
    assert one.get("b").inputs("train").read_bytes() == good


def test_a_file_is_read_once_a_session_and_a_large_one_only_when_its_times_have_changed(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"content")
    write_checksums(tmp_path, ["file"])
    read = []
    digest = checksums._digest
    monkeypatch.setattr(checksums, "_digest", lambda path: read.append(path.name) or digest(path))
    assert faults(tmp_path) == {}
    assert read == []  # it has just been written
    checksums._read.clear()
    for _ in range(2):
        assert faults(tmp_path) == {}
    assert read == ["file"]
    checksums._read.clear()
    monkeypatch.setattr(checksums, "LARGE", 1)
    assert faults(tmp_path) == {}
    assert read == ["file"]
    assert faults(tmp_path, thorough=True) == {}
    assert read == ["file", "file"]
    os.utime(tmp_path / "file")
    assert faults(tmp_path) == {}
    assert read == ["file"] * 3
    checksums._read.clear()
    assert faults(tmp_path) == {}  # the new times have been noted
    assert read == ["file"] * 3


def test_folders_count_with_all_their_files(tmp_path):
    (tmp_path / "rows").mkdir()
    for name in ("data", "indptr"):
        (tmp_path / "rows" / f"{name}.npy").write_bytes(b"content")
    write_checksums(tmp_path, ["rows"])
    assert sound_names(tmp_path) == {"rows"}
    checksums._read.clear()
    flip(tmp_path / "rows" / "data.npy")
    assert list(faults(tmp_path)) == ["rows/data.npy"]
    assert sound_names(tmp_path) == set()


def test_what_is_in_use_is_not_removed(tmp_path):
    folder = tmp_path / "entry"
    folder.mkdir()
    assert not cache_use.in_use(folder)
    assert not (folder / cache_use.MARK).exists()  # asking leaves no trace
    cache_use.use(folder)
    assert cache_use.in_use(folder)
    assert not cache_use.remove_unused(folder)
    os.close(cache_use._held.pop(folder))
    assert cache_use.remove_unused(folder)
    assert not folder.exists()
