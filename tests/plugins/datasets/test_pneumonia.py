"""Chest X-rays: official splits, copies across them told, two names for two files."""

from __future__ import annotations

import numpy as np
import pytest
from public_files import images, labels

from tlbench.core.domain import SPLITS
from tlbench.data.domain_checks import check_domain
from tlbench.errors import DataError
from tlbench_datasets.named.pneumonia import Pneumonia, PneumoniaRebuilt, read_splits

COUNTS = {"train": 40, "val": 10, "test": 12}


def arrays(inputs, classes, flat=True):
    made = {}
    for seed, (split, count) in enumerate(COUNTS.items()):
        made[f"{split}_{inputs}"] = images(seed, count, 28, 28)
        made[f"{split}_{classes}"] = labels(count, 2) if flat else labels(count, 2)[:, None]
    return made


def rebuilt(folder, **changed):
    (folder / "pneumoniamnist").mkdir(exist_ok=True)
    np.savez(folder / "pneumoniamnist" / "pneumoniamnist.npz", **{**arrays("x", "y"), **changed})


def test_published_file_is_downloaded_and_the_rebuilt_one_is_not(cache):
    assert "downloaded when first used (https://zenodo.org/records/10519652/" in Pneumonia().whereabouts()[0].words
    with pytest.raises(DataError, match="The dataset pneumonia has the published file"):
        PneumoniaRebuilt().load("pneumonia")


def test_another_file_is_not_taken_for_the_published_one(data):
    (data / "medmnist").mkdir()
    np.savez(data / "medmnist" / "pneumoniamnist.npz", **arrays("images", "labels", flat=False))
    with pytest.raises(DataError, match=r"pneumoniamnist\.npz has another checksum than is expected"):
        Pneumonia().load("pneumonia")


def test_layout_of_the_published_file_is_read(tmp_path):
    made = arrays("images", "labels", flat=False)
    np.savez(tmp_path / "file.npz", **made)
    train, val, test = read_splits(tmp_path / "file.npz", "images", "labels")
    assert train.inputs.shape == (40, 1, 28, 28)
    assert np.array_equal(test.inputs[:, 0], made["test_images"])
    assert val.labels.tolist() == made["val_labels"][:, 0].tolist()


def test_rebuilt_file_has_its_splits_and_says_what_it_is(data):
    rebuilt(data)
    domain = PneumoniaRebuilt().load("pneumonia")
    check_domain("pneumonia-rebuilt", domain)
    assert [len(domain.split(name)) for name in SPLITS] == list(COUNTS.values())
    assert domain.class_names == ("normal", "pneumonia")
    assert domain.notes == ("put together from two incomplete copies of PneumoniaMNIST",)


def test_image_of_test_is_not_trained_on(data):
    given = arrays("x", "y")
    given["train_x"][:5] = given["test_x"][:5]
    rebuilt(data, **given)
    domain = PneumoniaRebuilt().load("pneumonia")
    check_domain("pneumonia-rebuilt", domain)
    assert [len(domain.split(name)) for name in SPLITS] == [35, 10, 12]
    assert domain.notes[1].startswith("5 of 40 examples of train are left out")


def test_real_file_has_the_official_counts_but_for_what_stands_twice(mirror):
    domain = PneumoniaRebuilt().load("pneumonia")
    check_domain("pneumonia-rebuilt", domain)
    assert [len(domain.split(name)) for name in SPLITS] == [4698, 524, 624]
    assert np.bincount(domain.test.labels).tolist() == [234, 390]
