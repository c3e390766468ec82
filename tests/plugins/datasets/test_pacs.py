"""PACS: the shrunk copy and the originals are told apart, split alike, and say what to do where they are not there."""

from __future__ import annotations

import numpy as np
import pytest
from own_files import image_folder
from public_files import images, jpeg_archive, labels

from tlbench.core.domain import SPLITS
from tlbench.data.domain_checks import check_domain
from tlbench.errors import DataError, TlbenchError
from tlbench_datasets.named.pacs import CLASS_NAMES, DOMAINS, Pacs, Pacs96


def shrunk(folder, domain="sketch", count=70, side=96):
    names = np.array([f"{CLASS_NAMES[number % 7]}/{number}.jpg" for number in range(count)])
    archive = folder / "pacs96" / f"{domain}.npz"
    return jpeg_archive(archive, images(0, count, side, side, 3), y=labels(count, 7), name=names, classes=CLASS_NAMES)


def test_copy_that_is_missing_says_how_it_is_made(data):
    with pytest.raises(DataError, match=r"needs pacs96/photo\.npz in .*docs/datasets\.md says how it is made"):
        Pacs96().load("photo")


def test_originals_that_are_missing_say_where_they_belong(cache):
    with pytest.raises(DataError, match=r"needs pacs in a folder that .* so that there are pacs/photo/dog/\*\.jpg"):
        Pacs().load("photo")
    assert Pacs().fingerprint() == ""


def test_originals_without_a_domain(data):
    image_folder(data / "pacs", ("photo", "sketch"), CLASS_NAMES, 3)
    with pytest.raises(TlbenchError, match="unknown domain 'cartoon'"):
        Pacs().load("cartoon")


def test_copy_is_split_by_class_and_seed(data):
    shrunk(data)
    domain = Pacs96().load("sketch")
    check_domain("pacs-96", domain)
    assert domain.class_names == CLASS_NAMES
    for name, count in zip(SPLITS, (8, 1, 1), strict=True):
        assert np.bincount(domain.split(name).labels).tolist() == [count] * 7
        assert domain.split(name).inputs.shape[1:] == (3, 96, 96)
    assert domain.notes == ("a copy of PACS that is reduced to 96 pixels, as JPEG",)
    other = Pacs96(Pacs96.Params(seed=1)).load("sketch")
    assert other.revision != domain.revision


def test_images_of_another_size_are_refused(data):
    shrunk(data, side=64)
    with pytest.raises(DataError, match=r"sketch\.npz is damaged or another file than is expected .*\(3,64,64\)"):
        Pacs96().load("sketch")


def test_images_of_other_classes_are_refused(data):
    path = shrunk(data)
    np.savez(path, **{**np.load(path), "classes": np.array(["cat", "dog"])})
    with pytest.raises(DataError, match=r"classes \['cat', 'dog'\]"):
        Pacs96().load("sketch")


def test_originals_are_read_in_the_size_that_is_asked_for(data):
    image_folder(data / "pacs", DOMAINS, CLASS_NAMES, 10)
    dataset = Pacs(Pacs.Params(size=20))
    assert all(found.there for found in dataset.whereabouts())
    before = dataset.fingerprint()
    domain = dataset.load("art_painting")
    check_domain("pacs", domain)
    assert domain.class_names == CLASS_NAMES
    assert [len(domain.split(name)) for name in SPLITS] == [56, 7, 7]
    assert domain.train.inputs.shape[1:] == (3, 20, 20)
    (data / "pacs" / "photo" / "dog" / "0.png").unlink()
    assert Pacs(Pacs.Params(size=20)).fingerprint() != before


def test_real_copy_has_the_official_count_of_photographs(mirror):
    domain = Pacs96().load("photo")
    check_domain("pacs-96", domain)
    assert [len(domain.split(name)) for name in SPLITS] == [1336, 167, 167]
