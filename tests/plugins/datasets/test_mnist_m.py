"""Digits on photographs: the difference of both, and no photograph behind digits of train and of test."""

from __future__ import annotations

import numpy as np
from public_files import images, jpeg_archive, photographs

from tlbench_datasets.named.mnist_m import blended, photographs_of
from tlbench_datasets.named.npz_files import JpegArchive


def test_pixels_are_the_difference_of_photograph_and_digit(tmp_path):
    archive = JpegArchive(photographs(tmp_path))
    digits = images(0, 30, 28, 28)
    out = blended(digits, archive, "train")
    assert out.shape == (30, 3, 28, 28)
    assert out.dtype == np.uint8
    for digit, image in zip(digits.astype(int), out, strict=True):
        fits = [np.array_equal(abs(20 * grey - digit), image[0]) for grey in range(8)]
        assert sum(fits) == 1
        assert np.array_equal(image[0], image[2])


def test_photographs_of_train_and_test_are_disjoint(tmp_path):
    archive = JpegArchive(photographs(tmp_path))
    dark = np.zeros((200, 28, 28), dtype=np.uint8)
    behind = {part: set(np.unique(blended(dark, archive, part) // 20).tolist()) for part in ("train", "test")}
    assert behind == {"train": set(range(8)), "test": {8, 9}}
    assert len(photographs_of(200, "train")) == 160


def test_places_differ_from_digit_to_digit_and_stay_from_call_to_call(tmp_path):
    noise = images(0, 5, 40, 50, 3)
    archive = JpegArchive(jpeg_archive(tmp_path / "noise.npz", noise))
    dark = np.zeros((50, 28, 28), dtype=np.uint8)
    out = blended(dark, archive, "train")
    assert len({image.tobytes() for image in out}) > 40
    assert np.array_equal(out, blended(dark, archive, "train"))


def test_crop_may_be_the_whole_photograph(tmp_path):
    noise = images(0, 2, 28, 28, 3)
    archive = JpegArchive(jpeg_archive(tmp_path / "noise.npz", noise))
    out = blended(np.zeros((1, 28, 28), dtype=np.uint8), archive, "test")
    assert np.array_equal(out[0], archive[1].transpose(2, 0, 1))
