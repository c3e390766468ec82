"""`hub:`: what is wrong is named; domains, splits, classes and inputs are as they are described."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hub_files import by_column, by_configuration, images, png, readme, texts, write
from own_files import CLASSES, image_folder, suite

from tlbench.core.domain import SPLITS
from tlbench.core.inputs import Texts
from tlbench.data.domain_checks import check_domain
from tlbench.errors import TlbenchError
from tlbench_datasets.hub.dataset import Hub
from tlbench_datasets.images.folder import Folder
from tlbench_datasets.shared import scratch_arrays

pytestmark = pytest.mark.usefixtures("hub_cache")


def opened(folder, **params):
    return Hub(str(folder), Hub.Params(**params))


def error_of(folder, **params):
    with pytest.raises(TlbenchError) as caught:
        dataset = opened(folder, **params)
        dataset.load(dataset.domains[0])
    return str(caught.value)


def counts(domain):
    check_domain("hub", domain)
    return [len(domain.split(name)) for name in SPLITS]


def refused(**params):
    with pytest.raises(ValueError) as caught:
        Hub.Params(**params)
    return str(caught.value)


# What is wrong -------------------------------------------------------------------------------------------------------


def test_options_that_contradict_each_other():
    assert "leave out domains" in refused(domain="site", domains="splits")
    assert "leave out hub_splits" in refused(roles={"train": "a", "test": "b"}, hub_splits=["a"])
    assert "none has a role" in refused(roles={"train": "a", "test": "b"}, domains="splits")
    assert "unknown role 'tset'; did you mean 'test'?" in refused(roles={"train": "a", "tset": "b"})
    assert "must name train and test" in refused(roles={"train": "a"})


def test_unknown_names_are_answered_with_the_nearest(tmp_path):
    folder = by_configuration(tmp_path / "set")
    assert "unknown configuration 'rad'; did you mean 'red'?" in error_of(folder, configurations=["rad"])
    assert "hub_splits: unknown split 'tran'; did you mean 'train'?" in error_of(folder, hub_splits=["tran"])
    assert "roles: unknown split 'x'" in error_of(folder, roles={"train": "train", "test": "x"})
    assert "label: unknown column 'lable'; did you mean 'label'?" in error_of(folder, label="lable")
    assert "inputs: unknown column 'imag'; did you mean 'image'?" in error_of(folder, inputs=["imag"])
    message = error_of(folder, configurations=["red"], domain="sight")
    assert "domain: unknown column 'sight'; did you mean 'site'? Known: image, label, site" in message
    with pytest.raises(TlbenchError, match="unknown domain 'blu'; did you mean 'blue'"):
        opened(folder).load("blu")


def test_domains_by_a_column_or_by_splits_are_of_one_configuration(tmp_path):
    folder = by_configuration(tmp_path / "set")
    assert 'name it, as in configurations = ["red"]' in error_of(folder, domain="site")
    assert "There are: red, blue" in error_of(folder, domains="splits")


def test_columns_of_the_wrong_kind(tmp_path):
    folder = by_column(tmp_path / "set")
    assert "the column 'image' holds images; a label is a class label, a whole number or text" in error_of(
        folder, label="image", inputs=["site"]
    )
    assert "inputs: 'image' holds images, 'site' holds text; inputs are one column of images" in error_of(
        folder, inputs=["image", "site"]
    )
    assert "'label' says the label or the domain itself" in error_of(folder, inputs=["label"])
    texts(tmp_path / "texts" / "train.parquet")
    assert "several columns of text ('title', 'text'): write inputs =" in error_of(tmp_path / "texts", label="stars")
    write(tmp_path / "x" / "t.parquet", {"a": [0.5, 1.0], "b": [1, 2]}, None)
    assert "has no column of images or text" in error_of(tmp_path / "x", label="b")
    texts(tmp_path / "y" / "t.parquet")
    assert "holds 0.5; a label is a class label, a whole number or text; turn measurements" in error_of(
        tmp_path / "x", label="a", inputs=["b"]
    )


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        (
            {"label": [-1, None, *[0, 1] * 19]},
            "2 rows of split 'train' have no label in column 'label', the first is row 0",
        ),
        ({"site": ["a", " ", *"ab" * 19]}, "1 rows have no domain in column 'site', the first is row 1"),
        ({"site": ["a:b", *"a" * 39]}, "the domain 'a:b' has an empty name, ':' or '+'"),
    ],
)
def test_rows_that_do_not_say_what_they_are(tmp_path, columns, fault):
    assert fault in error_of(by_column(tmp_path / "set", **columns), domain="site")


def test_splits_that_do_not_say_what_to_test_on(tmp_path):
    for split in ("train", "validation"):
        images(tmp_path / "set" / f"{split}.parquet", 100 * (split == "train"))
    message = error_of(tmp_path / "set")
    assert 'write roles = { train = "train", test = "validation" } in [data]' in message
    assert 'hub_splits = ["train"] to have that one dealt by the seed' in message


def damaged(folder):
    content = [png(number, number % 2) for number in range(40)]
    content[3], content[7] = b"no image", content[7][:60]
    pictures = [{"bytes": held, "path": f"{number}.png"} for number, held in enumerate(content)]
    return by_column(folder, image=[*pictures[:-1], None])


def test_corrupt_images_are_all_named_and_counted(tmp_path):
    message = error_of(damaged(tmp_path / "set"), domains="splits")
    assert "domain 'train': 3 images that cannot be read; set on_error = \"skip\"" in message
    assert "split 'train', row 3 (3.png): is no image" in message
    assert "split 'train', row 7 (7.png): " in message
    assert "split 'train', row 39: does not exist" in message


def test_texts_without_a_word_are_named(tmp_path):
    texts(tmp_path / "train.parquet", title=["", *["t"] * 19], text=[None, *map(str, range(19))])
    message = error_of(tmp_path, label="stars", inputs=["title", "text"])
    assert "1 text that cannot be read" in message
    assert "split 'train', row 0: has no text" in message


# Domains and splits --------------------------------------------------------------------------------------------------


def test_one_configuration_for_each_domain_with_the_hubs_own_splits(tmp_path):
    dataset = opened(by_configuration(tmp_path / "set"))
    assert dataset.domains == ("blue", "red")
    domain = dataset.load("red")
    assert counts(domain) == [20, 0, 8]
    assert domain.class_names == ("cat", "dog")
    assert domain.notes == ()
    assert opened(tmp_path / "set", configurations=["red"]).domains == ("red",)


def test_labels_are_the_names_of_classes_whatever_their_order_in_the_set(tmp_path):
    domain = opened(by_column(tmp_path / "set"), domain="site").load("a")
    bright = domain.train.inputs.mean(axis=(1, 2, 3)) > 125  # cats are bright, and in the set they are class 1
    assert (bright == (domain.train.labels == 0)).all()


def test_a_column_says_the_domain_and_one_split_is_dealt_by_the_seed(tmp_path):
    dataset = opened(by_column(tmp_path / "set"), domain="site")
    assert dataset.domains == ("a", "b")
    assert counts(dataset.load("a")) == [14, 2, 4]
    assert dataset.about("a") == ["configuration default", "site = a"]
    assert opened(tmp_path / "set", domain="site", seed=1).load("a").revision != dataset.load("a").revision
    means = [dataset.load(name).train.inputs.mean() for name in dataset.domains]
    assert means[0] != means[1]


def test_splits_as_domains(tmp_path):
    for place, name in enumerate(("photo", "sketch", "clip")):
        images(tmp_path / "set" / f"{name}.parquet", 100 * place)
    readme(tmp_path / "set", {"all": {name: f"{name}.parquet" for name in ("photo", "sketch", "clip")}})
    dataset = opened(tmp_path / "set", domains="splits")
    assert dataset.domains == ("clip", "photo", "sketch")
    assert counts(dataset.load("sketch")) == [14, 2, 4]
    chosen = opened(tmp_path / "set", domains="splits", hub_splits=["sketch", "photo"])
    assert chosen.domains == ("photo", "sketch")
    assert chosen.load("sketch").revision == dataset.load("sketch").revision


def test_roles_say_which_split_is_which_and_others_do_not_count(tmp_path):
    for place, name in enumerate(("train", "validation", "extra")):
        images(tmp_path / "set" / f"{name}.parquet", 100 * place, 20 + 4 * place)
    readme(tmp_path / "set", {"all": {name: f"{name}.parquet" for name in ("train", "validation", "extra")}})
    domain = opened(tmp_path / "set", roles={"train": "validation", "val": "extra", "test": "train"}).load("all")
    assert counts(domain) == [24, 28, 20]
    domain = opened(tmp_path / "set", hub_splits=["validation"]).load("all")
    assert counts(domain) == [18, 2, 4]
    assert domain.notes == ("splits of the hub that do not count: 'train', 'extra'",)


def test_what_is_tested_on_is_not_trained_on(tmp_path):
    images(tmp_path / "set" / "train.parquet", 0, 20)
    images(tmp_path / "set" / "test.parquet", 16, 8)
    domain = opened(tmp_path / "set").load("default")
    assert counts(domain) == [16, 0, 8]
    (note,) = domain.notes
    assert note.endswith("are left out: 4 of train")


def test_a_sample_is_drawn_by_the_seed_of_each_class_in_each_split(tmp_path):
    folder = by_configuration(tmp_path / "set")
    domain = opened(folder, max_per_class=3).load("red")
    assert counts(domain) == [6, 0, 6]
    assert domain.notes == ("a sample: at most 3 of each class in each of the hub's splits, 12 of 28 rows",)
    assert opened(folder, max_per_class=3).load("red").revision == domain.revision
    assert opened(folder, max_per_class=3, seed=1).load("red").revision != domain.revision
    assert counts(opened(folder, max_per_class=9999).load("red")) == [20, 0, 8]


# Inputs --------------------------------------------------------------------------------------------------------------


def test_images_are_those_of_a_folder_and_the_layout_of_a_folder_of_classes_is_read(tmp_path):
    image_folder(tmp_path / "set", ("train", "test"))
    domain = opened(tmp_path / "set", size=10).load("default")
    assert counts(domain) == [20, 0, 20]
    assert domain.class_names == CLASSES
    assert domain.train.inputs.shape == (20, 3, 10, 10)
    images(tmp_path / "one" / "train.parquet")
    first = opened(tmp_path / "one", size=10, splits=(0.5, 0.0, 0.5)).load("default")
    rows = {row.tobytes() for split in (first.train, first.test) for row in split.inputs}
    pixels = np.random.default_rng([0, 0]).integers(0, 100, (10, 10, 3)).astype(np.uint8)
    assert pixels.transpose(2, 0, 1).tobytes() in rows


def test_bare_bytes_are_images_too(tmp_path):
    rows = {"picture": [png(number, number % 2) for number in range(20)], "label": ["x", "y"] * 10}
    write(tmp_path / "set" / "train.parquet", rows, None)
    domain = opened(tmp_path / "set").load("default")
    assert (domain.modality, counts(domain), domain.class_names) == ("image", [14, 2, 4], ("x", "y"))


def test_what_cannot_be_read_is_left_out_where_that_is_asked_for(tmp_path):
    domain = opened(damaged(tmp_path / "set"), on_error="skip").load("default")
    assert sum(counts(domain)) == 37
    assert domain.notes[0].startswith("3 images that cannot be read left out: split 'train', row 3 (3.png)")
    whole = opened(by_column(tmp_path / "whole")).load("default")
    cats = {row.tobytes() for split in map(whole.split, SPLITS) for row in split.inputs[split.labels == 0]}
    assert all(row.tobytes() in cats for row in domain.train.inputs[domain.train.labels == 0])  # labels did not slip


def test_texts_of_several_columns_are_joined_and_whole_numbers_are_classes(tmp_path):
    texts(tmp_path / "train.parquet", title=[None, *["t"] * 19])
    domain = opened(tmp_path, label="stars", inputs=["title", "text"]).load("default")
    assert isinstance(domain.train.inputs, Texts)
    assert (domain.modality, domain.class_names, counts(domain)) == ("text", ("1", "5"), [14, 2, 4])
    every = {text for split in map(domain.split, SPLITS) for text in split.inputs.tolist()}
    assert every == {"wörds 0", *(f"t\nwörds {number}" for number in range(1, 20))}


def test_texts_that_cannot_be_read_leave_the_labels_of_others_in_place(tmp_path, monkeypatch):
    monkeypatch.setattr("tlbench_datasets.hub.rows.TEXTS_AT_ONCE", 7)
    texts(tmp_path / "train.parquet", text=[f"{number % 2} {number}" if number % 5 else " " for number in range(20)])
    domain = opened(tmp_path, label="stars", inputs="text", on_error="skip").load("default")
    assert sum(counts(domain)) == 16
    for split in map(domain.split, SPLITS):
        assert [text[0] == "1" for text in split.inputs.tolist()] == split.labels.astype(bool).tolist()


@pytest.mark.parametrize("kind", ["hub", "folder"])
def test_images_that_memory_does_not_hold_are_the_same(tmp_path, monkeypatch, kind):
    monkeypatch.setenv("TLBENCH_CACHE", str(tmp_path / "cache"))
    folder = by_column(tmp_path / "set") if kind == "hub" else image_folder(tmp_path / "set")
    make = {"hub": lambda: opened(folder).load("default"), "folder": lambda: Folder(str(folder)).load("one")}[kind]
    small = make()
    monkeypatch.setattr(scratch_arrays, "IN_MEMORY_BYTES", 1000)
    monkeypatch.setattr("tlbench.core.inputs.COPIED_BYTES", 1000)
    monkeypatch.setattr("tlbench.core.inputs.CHUNK_BYTES", 7000)
    large = make()
    assert not isinstance(large.train.inputs, np.ndarray)  # rows that are read when they are asked for
    assert counts(large) == counts(small)
    assert large.revision == small.revision


# As a user has it ----------------------------------------------------------------------------------------------------


def test_a_suite_on_a_folder_in_the_hubs_layout_runs_to_a_leaderboard(project):
    damaged(project.folder / "set")
    text = suite("hub:./set", "size = 8\ndomain = 'site'\non_error = 'skip'\ninputs = 'image'", "small-cnn")
    outcome = project.tlbench("run", project.suite(text), "-q")
    assert outcome.code == 0, outcome.err
    assert "note: dataset 'hub:./set', domain 'a': 2 images that cannot be read left out" in outcome.err
    assert {record.status for record in project.records("own")} == {"ok"}
    assert "a:b" in {f"{record.source[0]}:{record.target}" for record in project.records("own") if record.source}


def test_options_that_are_wrong_end_in_one_message(project):
    by_configuration(project.folder / "set")
    text = suite("hub:./set", "roles = { train = 'train', tst = 'test' }\nsize = 'large'", "small-cnn")
    outcome = project.tlbench("run", project.suite(text))
    assert outcome.code == 2
    assert "[data]: roles: unknown role 'tst'; did you mean 'test'?" in outcome.err
    assert "[data]: size: " in outcome.err
    outcome = project.tlbench("run", project.suite(suite("hub:./set", "configurations = ['rd']", "small-cnn")))
    assert "unknown configuration 'rd'; did you mean 'red'?" in outcome.err
    assert not (project.folder / "cache" / "domains").exists()


def test_the_library_is_not_imported_before_a_set_is_opened():
    code = "import sys; from tlbench_datasets.hub.dataset import Hub; Hub.Params(); sys.exit('datasets' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
