"""`hub:`: what cannot be read is told with what to do about it; what was downloaded is read without the network."""

from __future__ import annotations

import importlib.util
import json
import logging
import shutil
from pathlib import Path

import pytest
from hub_files import by_configuration, datasets, images, readme

from tlbench.errors import DataError
from tlbench_datasets.hub.source import HubSource

COMMIT = "a" * 40

pytestmark = pytest.mark.usefixtures("hub_cache")


def error_of(argument, revision=None, configuration="default"):
    with pytest.raises(DataError) as caught:
        source = HubSource(str(argument), revision)
        assert source.configurations
        source.rows(configuration)
    return str(caught.value)


@pytest.fixture
def downloaded(tmp_path, hub_cache):
    """What the library keeps of `owner/thing`, with two configurations, once it was downloaded."""
    folder = by_configuration(tmp_path / "thing")
    for name in ("red", "blue"):
        builder = datasets.load_dataset_builder(str(folder), name)
        builder.download_and_prepare()
        kept = shutil.copytree(Path(builder.cache_dir), hub_cache / "owner___thing" / name / "0.0.0" / COMMIT)
        info = json.loads((kept / "dataset_info.json").read_text())
        (kept / "dataset_info.json").write_text(json.dumps(info | {"dataset_name": "thing"}))


# What is wrong -------------------------------------------------------------------------------------------------------


def test_the_library_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"hub:a/b needs the datasets library.*pip install 'tlbench\[hub\]'"):
        HubSource("a/b")


def test_names_that_are_neither_an_id_nor_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "hub:imdb is no ID of the hub; write hub:OWNER/NAME" in error_of("imdb")
    assert "'no' does not exist (looked for in" in error_of("./no")
    (tmp_path / "photos").mkdir()
    assert "is a folder here; write hub:./photos" in error_of("photos")
    (tmp_path / "file").write_text("")
    assert "is a file; name the folder" in error_of("./file")
    assert "a folder, which has no revisions; remove revision" in error_of("./photos", "main")


def test_no_network():
    message = error_of("owner/name")
    assert "the hub cannot be reached" in message
    for word in ("HF_HOME", "HF_HUB_OFFLINE=1", "hf download owner/name --repo-type dataset", "hub:./FOLDER"):
        assert word in message


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            "Dataset 'o/n' is a gated dataset on the Hub. You must be authenticated",
            "https://huggingface.co/datasets/o/n",
        ),
        (
            "Revision 'v' doesn't exist for dataset 'o/n' on the Hub.",
            "there is no revision 'v'; a revision is a branch",
        ),
        (
            "Dataset 'o/n' doesn't exist on the Hub or cannot be accessed.",
            "no such data set on the hub, or it is private",
        ),
    ],
)
def test_what_the_hub_refuses(monkeypatch, error, message):
    def refuse(*_, **__):
        raise datasets.exceptions.DatasetNotFoundError(error)

    monkeypatch.setattr(datasets, "get_dataset_config_names", refuse)
    assert message in error_of("o/n", "v")


def test_a_set_that_is_made_by_a_script(tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "old.py").write_text("raise SystemExit")
    assert "runs no scripts any more" in error_of(tmp_path / "old")
    assert "refs/convert/parquet" in error_of(tmp_path / "old")


def test_a_folder_without_data_and_files_that_are_damaged(tmp_path, capsys, caplog):
    monitored = logging.getLogger("datasets")
    monitored.addHandler(caplog.handler)
    (tmp_path / "bad").mkdir()
    assert "holds no files that the datasets library reads (Parquet" in error_of(tmp_path / "bad")
    (tmp_path / "bad" / "train.parquet").write_text("no table")
    assert "cannot read it: Parquet magic bytes not found" in error_of(tmp_path / "bad")
    monitored.removeHandler(caplog.handler)
    assert (capsys.readouterr().err, caplog.records) == ("", [])  # neither bars nor a log beside the message


def test_without_the_network_a_pinned_revision_is_not_taken_for_another(downloaded):
    with pytest.raises(DataError, match=f"the revision {'b' * 40} cannot be reached.* in the cache is {COMMIT}"):
        HubSource("owner/thing", "b" * 40).fingerprint("red")


def test_without_the_network_configurations_are_named_by_the_cache(downloaded):
    assert "Available configs in the cache: ['blue', 'red']" in error_of("owner/thing")


# What is right -------------------------------------------------------------------------------------------------------


def test_what_was_downloaded_is_read_without_the_network(downloaded):
    source = HubSource("owner/thing", COMMIT)
    assert source.fingerprint("red") == COMMIT
    assert source.splits("red") == ("train", "test")
    assert len(source.rows("blue")["train"]) == 20


def test_fingerprint_of_a_folder_changes_with_its_files_alone(tmp_path):
    images(tmp_path / "set" / "train.parquet")
    before = HubSource(str(tmp_path / "set")).fingerprint("default")
    (tmp_path / "set" / ".cache").mkdir()
    (tmp_path / "set" / ".cache" / "book").write_text("x")
    assert HubSource(str(tmp_path / "set")).fingerprint("default") == before
    images(tmp_path / "set" / "test.parquet")
    assert HubSource(str(tmp_path / "set")).fingerprint("default") != before


def test_a_changed_folder_is_read_anew_and_its_old_copy_is_gone(tmp_path):
    for count in (10, 12):
        images(tmp_path / "set" / "part" / "rows.parquet", count=count)
        readme(tmp_path / "set", {"own": {"train": "part/rows.parquet"}})
        assert len(HubSource(str(tmp_path / "set")).rows("own")["train"]) == count
    assert len(list((tmp_path / "cache" / "hub").glob("*/*"))) == 1
