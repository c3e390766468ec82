"""Downloads: what is wrong is said, nothing half-written is taken for whole, and what broke off goes on."""

from __future__ import annotations

import fcntl
import hashlib
import threading

import pytest

from tlbench.errors import DataError
from tlbench_datasets.named import downloads
from tlbench_datasets.named.downloads import CHUNK, download

CONTENT = bytes(range(256)) * 1000
MD5 = "md5:" + hashlib.md5(CONTENT).hexdigest()


@pytest.fixture
def target(tmp_path):
    return tmp_path / "downloads" / "file.bin"


def part_of(target):
    return target.with_name(".file.bin.part")


def error_of(url, target, checksum=MD5):
    with pytest.raises(DataError) as caught:
        download(url, checksum, target)
    assert not target.exists()
    return str(caught.value)


# What is wrong -------------------------------------------------------------------------------------------------------


def test_no_server(server, target):
    server.http.server_close()
    assert error_of(server.url("file.bin"), target) == f"{server.url('file.bin')}: no connection"


def test_file_that_the_server_does_not_have(server, target):
    assert error_of(server.url("file.bin"), target).endswith("the server answers 404 Not Found")


def test_wrong_file_is_named_and_leaves_nothing(server, target):
    server.files["file.bin"] = CONTENT[:-1]
    message = error_of(server.url("file.bin"), target)
    assert message.startswith(f"what {server.url('file.bin')} gave has another checksum than the file that is expected")
    assert not part_of(target).exists()
    assert len(server.asked) == 1


def test_folder_that_cannot_be_written(server, tmp_path):
    server.files["file.bin"] = CONTENT
    (tmp_path / "downloads").write_text("in the way")
    assert "cannot write" in error_of(server.url("file.bin"), tmp_path / "downloads" / "in" / "file.bin")


def test_connection_that_breaks_before_anything_arrives_is_tried_once(server, target):
    server.files["file.bin"] = CONTENT
    server.dies_after = 0
    assert "the connection broke after 0.0 KiB of 250.0 KiB" in error_of(server.url("file.bin"), target)
    assert server.asked == [None]


# Resuming ------------------------------------------------------------------------------------------------------------


def test_whole_download_is_there_and_asked_for_once(server, target):
    server.files["file.bin"] = CONTENT
    for _ in range(2):
        download(server.url("file.bin"), MD5, target)
    assert target.read_bytes() == CONTENT
    assert server.asked == [None]
    assert not part_of(target).exists()


def test_download_that_breaks_off_goes_on_by_itself(server, target):
    server.files["file.bin"] = CONTENT
    server.dies_after = CHUNK
    download(server.url("file.bin"), MD5, target)
    assert target.read_bytes() == CONTENT
    assert server.asked == [None, "bytes=65536-", "bytes=131072-", "bytes=196608-"]


def test_interrupted_download_leaves_a_part_that_the_next_goes_on_from(server, target, monkeypatch, capsys):
    server.files["file.bin"] = CONTENT
    server.dies_after = CHUNK
    monkeypatch.setattr(downloads, "ATTEMPTS", 1)
    message = error_of(server.url("file.bin"), target)
    assert "the connection broke after 64.0 KiB of 250.0 KiB; what has arrived is kept" in message
    assert part_of(target).read_bytes() == CONTENT[:CHUNK]
    server.dies_after = None
    download(server.url("file.bin"), MD5, target)
    assert target.read_bytes() == CONTENT
    assert server.asked == [None, "bytes=65536-"]
    assert "(250.0 KiB, of which 64.0 KiB are there)" in capsys.readouterr().err


def test_server_without_ranges_sends_all_again(server, target):
    server.files["file.bin"] = CONTENT
    server.ranges = False
    target.parent.mkdir()
    part_of(target).write_bytes(CONTENT[:1000])
    download(server.url("file.bin"), MD5, target)
    assert target.read_bytes() == CONTENT
    assert server.asked == ["bytes=1000-"]


def test_part_of_another_file_is_thrown_away(server, target):
    server.files["file.bin"] = CONTENT
    target.parent.mkdir()
    part_of(target).write_bytes(b"x" * 1000)
    download(server.url("file.bin"), MD5, target)
    assert target.read_bytes() == CONTENT
    assert server.asked == ["bytes=1000-", None]


@pytest.mark.parametrize(("part", "asked"), [(CONTENT, 1), (CONTENT + b"more", 2)])
def test_part_that_is_whole_or_longer_than_the_file(server, target, part, asked):
    server.files["file.bin"] = CONTENT
    target.parent.mkdir()
    part_of(target).write_bytes(part)
    download(server.url("file.bin"), MD5, target)
    assert target.read_bytes() == CONTENT
    assert len(server.asked) == asked


def test_file_that_is_there_but_wrong_is_replaced(server, target):
    server.files["file.bin"] = CONTENT
    target.parent.mkdir()
    target.write_bytes(CONTENT[:500])
    download(server.url("file.bin"), MD5, target)
    assert target.read_bytes() == CONTENT


def test_sha256_is_a_checksum_too(server, target):
    server.files["file.bin"] = CONTENT
    download(server.url("file.bin"), "sha256:" + hashlib.sha256(CONTENT).hexdigest(), target)
    assert target.read_bytes() == CONTENT


def test_second_process_waits_for_the_first_and_takes_its_file(server, target, capsys):
    target.parent.mkdir()
    lock = target.with_name(".file.bin.lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    second = threading.Thread(target=download, args=(server.url("file.bin"), MD5, target))
    second.start()
    target.write_bytes(CONTENT)  # what the first has fetched
    lock.close()
    second.join()
    assert target.read_bytes() == CONTENT
    assert server.asked == []


def test_long_download_says_how_far_it_is(server, target, monkeypatch, capsys):
    server.files["file.bin"] = CONTENT * 10
    monkeypatch.setattr(downloads, "LINE_SECONDS", 0.0)
    download(server.url("file.bin"), "md5:" + hashlib.md5(CONTENT * 10).hexdigest(), target)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"downloading {server.url('file.bin')} (2.4 MiB)"
    assert lines[-1] == "  2.4 MiB of 2.4 MiB"
