"""`folder:PATH`: what is wrong is named; layouts, splits and images are as they are described."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest
from own_files import image, image_folder, suite
from PIL import Image

from tlbench.core.domain import SPLITS
from tlbench.data.domain_checks import check_domain
from tlbench.errors import TlbenchError
from tlbench_datasets.images.decoding import decode
from tlbench_datasets.images.folder import Folder


def opened(path, **params):
    return Folder(str(path), Folder.Params(**params))


def error_of(path, domain=None, **params):
    with pytest.raises(TlbenchError) as caught:
        dataset = opened(path, **params)
        dataset.load(domain or dataset.domains[0])
    return str(caught.value)


# What is wrong -------------------------------------------------------------------------------------------------------


def test_folder_that_is_not_there_or_is_a_file(tmp_path):
    assert f"'{tmp_path / 'no'}' does not exist (looked for in" in error_of(tmp_path / "no")
    (tmp_path / "file").write_text("")
    assert "is a file; images belong in PATH/domain/class/" in error_of(tmp_path / "file")


def test_empty_folder_and_folders_that_are_too_high_or_too_low(tmp_path):
    (tmp_path / "empty").mkdir()
    assert "holds no domains: it is empty; images belong in" in error_of(tmp_path / "empty")
    root = image_folder(tmp_path / "photos")
    assert f"it looks like one domain; name its parent, '{root}'" in error_of(root / "one")
    assert "images lie in it directly" in error_of(root / "one" / "cat")
    assert "holds no images (.jpg, .jpeg" in error_of(tmp_path, "photos")
    assert f"is '{root}' itself what to name?" in error_of(tmp_path, "photos")


def test_unknown_domain_is_answered_with_the_nearest(tmp_path):
    assert "unknown domain 'tow'; did you mean 'two'?" in error_of(image_folder(tmp_path), "tow")


@pytest.mark.parametrize("name", ["a:b", "a+b"])
def test_domain_that_no_pair_could_name(tmp_path, name):
    assert f"the domain '{name}' has an empty name, ':' or '+'" in error_of(image_folder(tmp_path, ("one", name)))


def broken(root):
    (root / "one" / "cat" / "5.png").write_bytes(b"no image")
    whole = (root / "one" / "dog" / "6.png").read_bytes()
    (root / "one" / "dog" / "6.png").write_bytes(whole[: len(whole) // 2])
    return root


def test_corrupt_images_are_all_named_and_counted(tmp_path):
    message = error_of(broken(image_folder(tmp_path)))
    assert "domain 'one': 2 images cannot be read; mend or remove them, or set on_error = \"skip\"" in message
    assert f"{tmp_path / 'one' / 'cat' / '5.png'}: is no image" in message
    assert f"{tmp_path / 'one' / 'dog' / '6.png'}: " in message


def test_corrupt_images_are_left_out_where_that_is_asked_for(tmp_path):
    domain = opened(broken(image_folder(tmp_path)), on_error="skip").load("one")
    check_domain("own", domain)
    assert sum(len(domain.split(name)) for name in SPLITS) == 18
    (note,) = domain.notes
    assert note.startswith("2 images that cannot be read left out: ")
    assert "5.png: is no image" in note


def test_no_image_is_left(tmp_path):
    for path in image_folder(tmp_path, count=2).rglob("*.png"):
        path.write_bytes(b"")
    assert "4 images cannot be read; none is left" in error_of(tmp_path, on_error="skip")


def test_class_of_one_image_and_its_copies_cannot_be_split(tmp_path):
    first = image(image_folder(tmp_path) / "one" / "owl" / "1.png", 77)
    shutil.copy(first, first.with_name("2.png"))
    message = error_of(tmp_path)
    assert "class 'owl' has, copies counted once, fewer than two examples" in message


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("one/cat/1.png", "one.txt:2: 'one/cat/1.png' has no label"),
        ("one/cat/1.png cat", "one.txt:2: the label 'cat' stands among whole numbers"),
        ("one/cat/no.png 0", "no.png: does not exist"),
    ],
)
def test_line_of_a_list_that_is_wrong(tmp_path, line, fault):
    image_folder(tmp_path)
    (tmp_path / "one.txt").write_text(f"one/cat/0.png 0\n{line}\n")
    assert fault in error_of(tmp_path)


# Layouts -------------------------------------------------------------------------------------------------------------


def test_domains_and_classes_are_the_names_of_folders_whatever_they_hold(tmp_path):
    classes = ("it's a cat", 'a "dog"', "🦉 owl")
    dataset = opened(image_folder(tmp_path, ("Real World", "Clip 'Art' 🎨", ".hidden"), classes))
    assert dataset.domains == ("Clip 'Art' 🎨", "Real World")
    assert dataset.load("Real World").class_names == tuple(sorted(classes))


def test_label_spaces_may_differ_and_numbers_are_sorted_as_numbers(tmp_path):
    image_folder(tmp_path, ("one",), ("10", "9"))
    image_folder(tmp_path, ("two",), ("cat", "9"))
    dataset = opened(tmp_path)
    assert [dataset.load(name).class_names for name in dataset.domains] == [("9", "10"), ("9", "cat")]


def test_office_31_has_a_folder_images_between_domain_and_class(tmp_path):
    image_folder(tmp_path / "amazon", ("images",))
    assert opened(tmp_path).load("amazon").class_names == ("cat", "dog")


def test_splits_that_are_folders_are_kept(tmp_path):
    for place, split in enumerate(("train", "valid", "test")):
        image_folder(tmp_path / "one", (split,), count=3 + place)
    for number, path in enumerate((tmp_path / "one").rglob("*.png")):  # all different
        image(path, number)
    domain = opened(tmp_path).load("one")
    assert [len(domain.split(name)) for name in SPLITS] == [6, 8, 10]


def test_given_splits_need_a_test_split(tmp_path):
    image_folder(tmp_path / "one", ("train", "val"))
    assert "splits are given (train, val), but none of them is 'test'" in error_of(tmp_path)


def test_image_lists_in_the_manner_of_the_transfer_learning_library(tmp_path):
    image_folder(tmp_path, ("a b", "two"))
    (tmp_path / "README.txt").write_text("photographs by me\n")
    (tmp_path / "image_list").mkdir()
    for domain in ("a b", "two"):
        lines = [f"{domain}/{name}/{n}.png\t{k}" for k, name in enumerate(("cat", "dog")) for n in range(10)]
        (tmp_path / "image_list" / f"{domain}.txt").write_text("\n".join(lines))
    dataset = opened(tmp_path)
    assert dataset.domains == ("a b", "two")
    domain = dataset.load("a b")
    assert domain.class_names == ("0", "1")
    assert len(domain.train) == 14


def test_lists_of_splits_make_one_domain(tmp_path):
    image_folder(tmp_path, ("one",))
    for split, numbers in (("train", range(6)), ("test", range(6, 10))):
        lines = [f"one/{name}/{n}.png {name}" for name in ("cat", "dog") for n in numbers]
        (tmp_path / f"one_{split}.txt").write_text("\n".join(lines))
    domain = opened(tmp_path).load("one")
    assert [len(domain.split(name)) for name in SPLITS] == [12, 0, 8]


def test_names_that_are_not_utf_8(tmp_path):
    image_folder(tmp_path)
    cat = tmp_path / "one" / "cat"
    for name in ("1", "2"):
        (cat / f"{name}.png").rename(cat / os.fsdecode(b"caf\xe9 " + name.encode() + b".png"))
    (cat / os.fsdecode(b"\xff.png")).write_bytes(b"no image")
    assert "?.png: is no image" in error_of(tmp_path)
    assert len(opened(tmp_path, on_error="skip").load("one").train) == 14


# Splits --------------------------------------------------------------------------------------------------------------


def test_splits_hold_every_class_in_its_share_and_the_seed_decides_them(tmp_path):
    image_folder(tmp_path, count=20)
    domain = opened(tmp_path).load("one")
    for name, count in zip(SPLITS, (14, 2, 4), strict=True):
        assert np.bincount(domain.split(name).labels).tolist() == [count, count]
    assert opened(tmp_path).load("one").revision == domain.revision
    assert opened(tmp_path, seed=1).load("one").revision != domain.revision
    assert len(opened(tmp_path, splits=(0.5, 0.0, 0.5)).load("one").val) == 0


def test_copies_are_in_one_split(tmp_path):
    image_folder(tmp_path)
    for number in range(9):
        shutil.copy(tmp_path / "one" / "cat" / "3.png", tmp_path / "one" / "cat" / f"copy {number}.png")
    domain = opened(tmp_path).load("one")
    check_domain("own", domain)
    copied = decode(tmp_path / "one" / "cat" / "3.png", 32).tobytes()
    counts = [sum(row.tobytes() == copied for row in domain.split(name).inputs) for name in SPLITS]
    assert sorted(counts) == [0, 0, 10]


def test_the_same_names_are_in_the_same_split_of_every_domain(tmp_path):
    image_folder(tmp_path, ("one", "edited"))
    dataset = opened(tmp_path)
    held = {}
    for place, domain in enumerate(("one", "edited")):
        rows = {decode(tmp_path / domain / "cat" / f"{n}.png", 32).tobytes(): n for n in range(10)}
        test = dataset.load(domain).test
        held[place] = {rows[row.tobytes()] for row in test.inputs[test.labels == 0]}
    assert held[0] == held[1]
    assert len(held[0]) == 2


@pytest.mark.parametrize("splits", [(0.5, 0.5, 0.5), (1.0, 0.0, 0.0), (1.2, -0.4, 0.2)])
def test_shares_that_are_none(splits):
    with pytest.raises(ValueError, match="must be the shares of train, val and test"):
        Folder.Params(splits=splits)


# Images --------------------------------------------------------------------------------------------------------------


def test_images_of_every_kind_become_square_and_rgb(tmp_path):
    Image.new("L", (30, 10), 200).save(tmp_path / "grey.png")
    Image.new("RGBA", (9, 40), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    Image.fromarray(np.full((8, 8), 257 * 100, dtype=np.uint16)).save(tmp_path / "deep.png")
    Image.new("P", (8, 8)).save(tmp_path / "palette.bmp")
    Image.new("RGB", (8, 8), "red").save(tmp_path / "lossy.webp")
    means = {path.name: decode(path, 16).mean(axis=(1, 2)).round().tolist() for path in tmp_path.iterdir()}
    assert means["grey.png"] == [200, 200, 200]
    assert means["clear.png"] == [255, 255, 255]
    assert means["deep.png"] == [100, 100, 100]
    assert decode(tmp_path / "palette.bmp", 8).shape == (3, 8, 8)
    assert means["lossy.webp"][0] > 200


def test_fingerprint_changes_with_files(tmp_path):
    before = opened(image_folder(tmp_path)).fingerprint()
    assert opened(tmp_path).fingerprint() == before
    image(tmp_path / "two" / "cat" / "new.png", 5)
    assert opened(tmp_path).fingerprint() != before


# As a user has it ----------------------------------------------------------------------------------------------------


def test_a_suite_on_a_folder_runs_to_a_leaderboard_and_again_from_what_is_there(project):
    broken(image_folder(project.folder / "my photos"))
    text = suite("folder:my photos", 'size = 8\non_error = "skip"', "small-cnn")
    first = project.tlbench("run", project.suite(text), "-q")
    assert first.code == 0, first.err
    assert "feature-extraction" in first.out
    assert "note: dataset 'folder:my photos', domain 'one': 2 images that cannot be read left out" in first.err
    assert {record.status for record in project.records("own")} == {"ok"}
    count = len(project.records("own"))
    again = project.tlbench("run", project.suite(text.replace("size = 8", "size = 9")), "-q")
    assert again.code == 0
    assert len(project.records("own")) == 2 * count  # other pixels, other runs


def test_a_corrupt_image_ends_in_one_message(project):
    broken(image_folder(project.folder / "photos"))
    outcome = project.tlbench("run", project.suite(suite("folder:photos", "", "small-cnn")))
    assert outcome.code == 2
    assert outcome.err.count("error:") == 1
    assert "2 images cannot be read" in outcome.err
    assert not (project.folder / "cache" / "domains").exists()


def test_one_domain_alone_gives_no_pair(project):
    image_folder(project.folder / "photos", ("only",))
    outcome = project.tlbench("run", project.suite(suite("folder:photos", "", "small-cnn")))
    assert (outcome.code, "'all' gives no pair" in outcome.err) == (2, True)


def test_classes_that_have_nothing_in_common_are_refused_where_no_target_label_joins_them(project):
    image_folder(project.folder / "photos", ("one",))
    image_folder(project.folder / "photos", ("two",), ("car", "bus"))
    text = suite("folder:photos", "", "small-cnn", '["one:two"]')
    outcome = project.tlbench("run", project.suite(text))
    assert outcome.code == 2
    assert "'transductive' needs the same classes" in outcome.err


def test_a_domain_that_no_pair_names_may_be_broken(project):
    image_folder(project.folder / "photos", ("one", "two", "x"))
    shutil.rmtree(project.folder / "photos" / "x" / "cat")
    (project.folder / "photos" / "x" / "dog" / "1.png").write_bytes(b"")
    outcome = project.tlbench(
        "run", project.suite(suite("folder:photos", "size = 8", "small-cnn", '["one:two"]')), "-q"
    )
    assert outcome.code == 0, outcome.err


# Kinds of files ------------------------------------------------------------------------------------------------------


def photos(folder, suffixes, count=6):
    rng = np.random.default_rng(0)
    for domain in ("one", "two"):
        for label in ("cat", "dog"):
            (folder / domain / label).mkdir(parents=True)
            for number in range(count):
                image = Image.fromarray(rng.integers(0, 255, (12, 12, 3), dtype=np.uint8))
                suffix = suffixes[number % len(suffixes)]
                image.save(folder / domain / label / f"{number}{suffix}", format="JPEG" if suffix == ".jfif" else None)


@pytest.mark.parametrize("suffix", [".tif", ".TIFF", ".gif", ".jfif", ".ppm", ".png"])
def test_images_of_every_kind_are_read_beside_others(tmp_path, suffix):
    photos(tmp_path, [suffix, ".jpg"])
    domain = Folder(str(tmp_path)).load("one")
    assert len(domain.train.labels) + len(domain.val.labels) + len(domain.test.labels) == 12
    assert domain.notes == ()


def test_files_that_are_no_images_are_counted_by_suffix(tmp_path):
    photos(tmp_path, [".jpg"])
    for name in ("a.svg", "b.SVG", "c.txt", "d", ".hidden", "Thumbs.db"):
        (tmp_path / "one" / "cat" / name).write_text("no image")
    assert Folder(str(tmp_path)).load("one").notes == (
        "files that are no images left out: 2 .svg, 1 .txt, 1 no suffix",
    )


@pytest.mark.parametrize("name", ["@eaDir", "__MACOSX", "#recycle", ".thumbnails"])
def test_folders_of_systems_are_no_classes(tmp_path, name):
    photos(tmp_path, [".jpg"])
    (tmp_path / "one" / name).mkdir()
    (tmp_path / "one" / name / "x.jpg").write_bytes((tmp_path / "one" / "cat" / "0.jpg").read_bytes())
    assert Folder(str(tmp_path)).load("one").class_names == ("cat", "dog")


@pytest.mark.parametrize(("kind", "top"), [(np.uint16, 65535), (np.int32, 65535), (np.float32, 1.0)])
def test_grey_of_more_bits_is_scaled_and_not_cut_off(tmp_path, kind, top):
    image = Image.fromarray(np.array([[0, top / 2], [top, top]], dtype=kind))
    image.save(tmp_path / "x.tif")
    pixels = decode(tmp_path / "x.tif", 2)[0]
    np.testing.assert_allclose(pixels, [[0, 127], [255, 255]], atol=1)


def test_values_of_another_range_are_told(tmp_path):
    Image.fromarray(np.array([[0.0, 900.0]], dtype=np.float32)).save(tmp_path / "x.tif")
    with pytest.raises(ValueError, match="not from 0 to 1; save it with 8 or 16 bits"):
        decode(tmp_path / "x.tif", 2)
