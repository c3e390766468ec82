"""Image lists: what they leave out is counted by suffix, in `run` and `doctor` as of folders of images."""

from __future__ import annotations

import numpy as np
import pytest
from own_files import image_folder, suite
from PIL import Image

from tlbench_datasets.images.folder import Folder


def listed(root, domain="one", folder="one", suffix=".png", count=10, header=""):
    """A list of images of two classes."""
    lines = [f"{folder}/{name}/{n}{suffix} {name}" for name in ("cat", "dog") for n in range(count)]
    (root / f"{domain}.txt").write_text("\n".join([*filter(None, [header]), *lines]))


def files(folder, **counts):
    """So many files that no list names, by suffix."""
    for suffix, count in counts.items():
        for number in range(count):
            (folder / f"more{number}.{suffix}").write_bytes(b"something")


def notes(root, domain="one", **params):
    return Folder(str(root), Folder.Params(**params)).load(domain).notes


@pytest.fixture
def photos(tmp_path):
    """Two domains of ten images in each of two classes, with a list for each."""
    image_folder(tmp_path, ("one", "two"))
    for domain in ("one", "two"):
        listed(tmp_path, domain, domain)
    return tmp_path


def test_lists_that_name_everything_leave_nothing_out(photos):
    assert notes(photos) == notes(photos, "two") == ()


def test_files_beside_those_of_a_list_are_counted_by_suffix(photos):
    files(photos / "one" / "cat", tif=20, gif=3)
    files(photos / "one" / "dog", tif=4, raw=1)
    assert notes(photos) == ("files that are on no list left out: 3 .gif, 1 .raw, 24 .tif",)
    assert notes(photos, "two") == ()


def test_a_class_that_a_list_does_not_name_too(photos):
    (photos / "one" / "pig").mkdir()
    files(photos / "one" / "pig", jpg=5)
    assert notes(photos) == ("files that are on no list left out: 5 .jpg",)


def test_a_folder_that_no_list_names_is_told_with_every_domain(photos):
    image_folder(photos, ("three",))
    for domain in ("one", "two"):
        assert notes(photos, domain) == ("files that are on no list left out: 20 .png",)


def test_what_another_list_names_is_not_left_out(tmp_path):
    image_folder(tmp_path, ("all",), ("cat", "dog"))
    for domain, numbers in (("one", range(4)), ("two", range(4, 9))):
        lines = [f"all/{name}/{n}.png {name}" for name in ("cat", "dog") for n in numbers]
        (tmp_path / f"{domain}.txt").write_text("\n".join(lines))
    assert notes(tmp_path) == notes(tmp_path, "two") == ("files that are on no list left out: 2 .png",)


def test_files_of_systems_and_hidden_ones_are_no_data(photos):
    (photos / "one" / "cat" / ".hidden.png").write_bytes(b"x")
    (photos / "one" / "cat" / "Thumbs.db").write_bytes(b"x")
    (photos / "one" / "@eaDir").mkdir()
    files(photos / "one" / "@eaDir", jpg=3)
    assert notes(photos) == ()


def test_images_that_cannot_be_read_are_counted_by_suffix(photos):
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    for number in range(8):
        Image.fromarray((pixels + number).astype(np.uint8)).save(photos / "one" / "cat" / f"x{number}.tif")
    for number in range(3):
        (photos / "one" / "cat" / f"x{number}.tif").write_bytes(b"none")
    (photos / "one" / "cat" / "0.png").write_bytes(b"none")
    with (photos / "one.txt").open("a") as file:
        file.writelines(f"\none/cat/x{number}.tif cat" for number in range(8))
    (note,) = notes(photos, on_error="skip")
    assert note.startswith("4 images that cannot be read left out: 1 .png, 3 .tif: ")


def test_of_folders_they_are_counted_by_suffix_too(tmp_path):
    image_folder(tmp_path, ("one",))
    (tmp_path / "one" / "cat" / "broken.webp").write_bytes(b"none")
    (note,) = notes(tmp_path, on_error="skip")
    assert note.startswith("1 image that cannot be read left out: 1 .webp: ")


@pytest.mark.parametrize("header", ["path label", "# path label", "image,class"])
def test_a_list_with_a_header_is_a_list_and_the_header_is_named(photos, header):
    listed(photos, header=header)
    data = Folder(str(photos))
    assert data.domains == ("one", "two")
    with pytest.raises(Exception, match=r"cannot be read|has no label"):
        data.load("one")


def test_a_list_of_files_of_another_suffix_is_a_list(photos):
    for name in ("cat", "dog"):
        for number in range(10):
            (photos / "one" / name / f"{number}.png").rename(photos / "one" / name / f"{number}.img")
    listed(photos, suffix=".img")
    assert Folder(str(photos)).domains == ("one", "two")
    assert len(Folder(str(photos)).load("one").train) == 14


def test_texts_that_are_no_lists_are_named_and_those_for_people_are_not(photos):
    (photos / "three.txt").write_text("these were taken in spring\n")
    (photos / "README.txt").write_text("one/cat/0.png cat\n")
    assert notes(photos) == ("text files that are no lists of images left out: three.txt",)
    assert Folder(str(photos)).domains == ("one", "two")


def test_run_and_doctor_say_it(project):
    photos = project.folder / "photos"
    image_folder(photos, ("one", "two"))
    for domain in ("one", "two"):
        listed(photos, domain, domain)
    files(photos / "one" / "cat", tif=2, gif=1)
    told = "files that are on no list left out: 1 .gif, 2 .tif"
    assert f"note: domain 'one': {told}" in project.tlbench("doctor", "photos").out
    outcome = project.tlbench("run", project.suite(suite("folder:photos", "size = 8", "small-cnn")), "-q")
    assert f"note: dataset 'folder:photos', domain 'one': {told}" in outcome.err
