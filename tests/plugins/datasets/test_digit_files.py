"""The public files of MNIST and USPS: damage is told, and tiny made files give what was put in."""

from __future__ import annotations

import bz2
import gzip
import struct

import numpy as np
import pytest

from tlbench.errors import DataError
from tlbench_datasets.named.digit_files import read_idx, read_mnist, read_usps, read_usps_file
from tlbench_datasets.named.public_data import DataFile, Form, PublicData

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def idx(path, array, kind=8):
    header = bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes()))
    return path


def usps(path, *lines):
    path.write_bytes(bz2.compress("".join(f"{line}\n" for line in lines).encode()))
    return path


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "no IDX file"),
        (b"PK\3\4", "no IDX file"),
        (b"\0\0\x0d\1" + b"\0\0\0\1" + b"\0" * 4, "no IDX file of bytes"),
        (b"\0\0\x08\1" + b"\0\0\0\3" + b"ab", r"2 numbers for the shape \(3,\)"),
    ],
)
def test_idx_file_that_is_none_or_cut_short(tmp_path, content, fault):
    (tmp_path / "file.gz").write_bytes(gzip.compress(content))
    with pytest.raises(ValueError, match=fault):
        read_idx(tmp_path / "file.gz")


def test_gzip_that_is_cut_short_is_a_data_error_that_names_the_file(data):
    whole = idx(data / "file.gz", IMAGES).read_bytes()
    (data / "file.gz").write_bytes(whole[:-10])
    with pytest.raises(DataError, match=r"file\.gz is damaged or another file than is expected"):
        PublicData("digits", Form(read_idx, DataFile("file.gz"))).load()


def test_images_and_labels_that_differ_in_number(tmp_path):
    files = [idx(tmp_path / "images", IMAGES), idx(tmp_path / "labels", np.zeros(3, np.uint8))]
    with pytest.raises(ValueError, match="2 inputs and 3 labels"):
        read_mnist(*files, *files)


def test_idx_files_give_images_and_labels(tmp_path):
    train = [idx(tmp_path / "a", IMAGES), idx(tmp_path / "b", np.array([5, 0], np.uint8))]
    test = [idx(tmp_path / "c", IMAGES + 1), idx(tmp_path / "d", np.array([7, 2], np.uint8))]
    first, second = read_mnist(*train, *test)
    assert np.array_equal(first.inputs, IMAGES)
    assert np.array_equal(second.inputs, IMAGES + 1)
    assert first.labels.tolist() == [5, 0]
    assert first.labels.dtype == np.int64
    assert second.labels.tolist() == [7, 2]


@pytest.mark.parametrize(("line", "fault"), [("1 257:0.5", "pixel 257 of 256"), ("1 0:1", "pixel 0"), ("x 1:1", "x")])
def test_line_of_usps_that_is_none(tmp_path, line, fault):
    with pytest.raises(ValueError, match=fault):
        read_usps_file(usps(tmp_path / "usps.bz2", line))


def test_usps_gives_bytes_and_digits_from_0(tmp_path):
    all_dark = " ".join(f"{index}:-1" for index in range(1, 257))
    lines = ["10 1:-1 2:1.000 3:-0.999 256:0.5", f"1 {all_dark} "]
    train, test = read_usps(usps(tmp_path / "a", *lines), usps(tmp_path / "b", lines[1]))
    assert train.labels.tolist() == [9, 0]
    assert train.inputs.shape == (2, 16, 16)
    assert train.inputs.dtype == np.uint8
    # What a line does not name is 0, the middle: 127.5, which rounds to the even number.
    assert train.inputs[0].reshape(-1)[[0, 1, 2, 3, 255]].tolist() == [0, 255, 0, 128, 191]
    assert test.inputs.max() == 0
