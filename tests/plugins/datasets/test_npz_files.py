"""Archives of a mirror: damage is told, nothing is unpickled, and images come back as they were put in."""

from __future__ import annotations

import numpy as np
import pytest
from public_files import images, jpeg_archive

from tlbench.errors import DataError
from tlbench_datasets.named.npz_files import JpegArchive, read_train_and_test
from tlbench_datasets.named.public_data import DataFile, Form, PublicData


def error_of(read, name="file.npz"):
    with pytest.raises(DataError) as caught:
        PublicData("letters", Form(read, DataFile(name))).load()
    return str(caught.value)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\3\4 cut short"])
def test_file_that_is_no_archive(data, content):
    (data / "file.npz").write_bytes(content)
    assert f"{data / 'file.npz'} is damaged or another file than is expected" in error_of(read_train_and_test)


def test_archive_with_other_arrays_or_with_objects(data):
    np.savez(data / "file.npz", inputs=np.zeros(3))
    assert "KeyError: 'train_x'" in error_of(read_train_and_test)
    np.savez(data / "file.npz", train_x=np.array([{}], dtype=object))
    assert "allow_pickle=False" in error_of(read_train_and_test)


def test_images_that_are_cut_short(data):
    path = jpeg_archive(data / "file.npz", images(0, 2, 8, 8, 3))
    arrays = dict(np.load(path))
    np.savez(path, jpeg=arrays["jpeg"][:-5], offsets=arrays["offsets"])
    assert "the images end at" in error_of(JpegArchive)


def test_images_come_back_one_by_one(tmp_path):
    greys = [np.full((8, 9, 3), grey, dtype=np.uint8) for grey in (10, 200)]
    archive = JpegArchive(jpeg_archive(tmp_path / "file.npz", greys, y=np.array([3, 4])))
    assert [pixels.shape for pixels in archive] == [(8, 9, 3), (8, 9, 3)]
    assert [round(float(pixels.mean())) for pixels in archive] == [10, 200]
    assert archive.arrays["y"].tolist() == [3, 4]
    with pytest.raises(IndexError):
        archive[2]
