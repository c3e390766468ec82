"""Data are taken from the folder of data, from earlier downloads, or from their origin, in this order."""

from __future__ import annotations

import hashlib

import pytest

from tlbench.errors import DataError
from tlbench_datasets.named.public_data import DataFile, Form, PublicData

MD5 = "md5:" + hashlib.md5(b"public").hexdigest()


def public(server, checksum=MD5):
    """Letters, in a form of the mirror's and in one with an origin."""
    return PublicData(
        "letters",
        Form(lambda path: ("mirror", path.read_bytes()), DataFile("letters/mirror.bin")),
        Form(lambda path: ("public", path.read_bytes()), DataFile("public.bin", server.url("public.bin"), checksum)),
    )


def local(read=lambda path: path.read_bytes()):
    return PublicData("letters", Form(read, DataFile("letters.bin")), advice="Write it yourself.")


def error_of(data):
    with pytest.raises(DataError) as caught:
        data.load()
    return str(caught.value)


# What is wrong -------------------------------------------------------------------------------------------------------


def test_no_folder_is_named_and_there_is_no_origin(cache):
    expected = "letters: needs letters.bin in a folder that --data DIR or TLBENCH_DATA names. Write it yourself."
    assert error_of(local()) == expected
    assert not local().whereabouts().there
    assert local().whereabouts().words == expected


def test_folder_that_lacks_the_file_is_named(data):
    assert f"needs letters.bin in {data}, which has none. Write it yourself." in error_of(local())


def test_folder_that_is_none(data):
    data.rmdir()
    assert error_of(local()) == f"TLBENCH_DATA names {data}, which is no folder; name one that is, or unset it"


def test_no_network_says_address_option_and_place_by_hand(cache, server):
    server.http.server_close()
    message = error_of(public(server))
    assert f"letters cannot be downloaded: {server.url('public.bin')}: no connection." in message
    assert "a folder of data that holds letters/mirror.bin or public.bin with --data DIR or TLBENCH_DATA" in message
    assert message.endswith(f"or put {cache / 'downloads' / 'public.bin'} there by hand")


def test_file_in_the_folder_of_data_that_is_cut_short_is_not_touched(data, server):
    (data / "public.bin").write_bytes(b"pub")
    message = error_of(public(server))
    assert f"{data / 'public.bin'} has another checksum than is expected: it may be cut short" in message
    assert message.endswith("replace it, or remove it and it is downloaded")
    assert (data / "public.bin").read_bytes() == b"pub"
    assert server.asked == []


def test_file_that_cannot_be_read_is_named(data):
    def read(path):
        raise ValueError("three letters")

    (data / "letters.bin").write_bytes(b"")
    message = error_of(local(read))
    assert message.startswith(f"{data / 'letters.bin'} is damaged or another file than is expected (ValueError: three")


# Where it is ---------------------------------------------------------------------------------------------------------


def test_folder_of_data_comes_first(data, server):
    (data / "letters").mkdir()
    (data / "letters" / "mirror.bin").write_bytes(b"copy")
    letters = public(server)
    assert letters.load() == ("mirror", b"copy")
    assert letters.whereabouts().there
    assert letters.whereabouts().words == f"letters: {data / 'letters' / 'mirror.bin'}"
    assert server.asked == []


def test_what_the_folder_lacks_is_downloaded_once_which_is_said(data, server, capsys):
    server.files["public.bin"] = b"public"
    letters = public(server)
    assert letters.whereabouts().words == f"letters: downloaded when first used ({server.url('public.bin')})"
    assert letters.load() == ("public", b"public")
    err = capsys.readouterr().err
    assert f"note: letters: letters/mirror.bin or public.bin is not in {data}, so it is downloaded" in err
    assert letters.load() == ("public", b"public")
    assert server.asked == [None]
    assert letters.whereabouts().there


def test_file_put_into_the_cache_by_hand_is_taken(cache, server):
    (cache / "downloads").mkdir(parents=True)
    (cache / "downloads" / "public.bin").write_bytes(b"public")
    assert public(server).load() == ("public", b"public")
    assert server.asked == []


def test_download_that_was_damaged_since_is_fetched_anew(cache, server, capsys):
    server.files["public.bin"] = b"public"
    public(server).load()
    (cache / "downloads" / "public.bin").write_bytes(b"pub")
    assert public(server).load() == ("public", b"public")
    assert "it is downloaded anew" in capsys.readouterr().err


# Fingerprints --------------------------------------------------------------------------------------------------------


def test_fingerprint_is_the_same_before_and_after_a_download_and_in_the_folder_of_data(cache, server, monkeypatch):
    server.files["public.bin"] = b"public"
    before = public(server).fingerprint()
    public(server).load()
    assert public(server).fingerprint() == before
    (cache / "elsewhere").mkdir()
    (cache / "downloads" / "public.bin").rename(cache / "elsewhere" / "public.bin")
    monkeypatch.setenv("TLBENCH_DATA", str(cache / "elsewhere"))
    assert public(server).fingerprint() == before
    assert public(server, "md5:0").fingerprint() != before


def test_fingerprint_changes_with_form_and_file(data):
    none = local().fingerprint()
    (data / "letters.bin").write_bytes(b"a")
    first = local().fingerprint()
    (data / "letters.bin").write_bytes(b"ab")
    assert len({none, first, local().fingerprint()}) == 3
