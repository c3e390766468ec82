"""CSV files of `hub:`: words that pandas takes for missing values are names, and an empty cell alone is missing."""

from __future__ import annotations

import csv
import io

import pytest
from hub_files import png

from tlbench.core.domain import SPLITS
from tlbench.errors import TlbenchError
from tlbench_datasets.hub.dataset import Hub

pytestmark = pytest.mark.usefixtures("hub_cache")

WORDS = ["None", "NA", "null", "n/a", "nan", "NULL", "<NA>", "-nan"]


def table(folder, labels, sites=("a", "b"), name="data.csv", separator=","):
    """A CSV of texts: ten of each label at each site."""
    file = io.StringIO()
    rows = csv.writer(file, delimiter=separator)
    rows.writerow(["text", "label", "site"])
    rows.writerows(
        [f"words {site} {label} {number}", label, site] for number in range(10) for label in labels for site in sites
    )
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(file.getvalue())
    return folder


def opened(folder, **params):
    return Hub(str(folder), Hub.Params(**params))


def classes(folder, **params):
    hub = opened(folder, **{"domain": "site", **params})
    return hub.load(hub.domains[0]).class_names


@pytest.mark.parametrize("word", WORDS)
def test_a_label_is_as_it_is_written(tmp_path, word):
    assert classes(table(tmp_path / "set", [word, "ill"])) == tuple(sorted([word, "ill"]))


def test_of_a_table_with_tabs_too(tmp_path):
    assert classes(table(tmp_path / "set", ["NA", "ill"], name="data.tsv", separator="\t")) == ("NA", "ill")


def test_a_domain_is_as_it_is_written(tmp_path):
    hub = opened(table(tmp_path / "set", ["well", "ill"], ["NA", "None", "x"]), domain="site")
    assert hub.domains == ("NA", "None", "x")
    assert sum(len(hub.load("NA").split(split)) for split in SPLITS) == 20


def test_names_of_splits_are_those_of_the_files(tmp_path):
    for name in ("train", "test"):
        table(tmp_path / "set", ["null", "n/a"], [name], f"{name}.csv")
    domain = opened(tmp_path / "set", inputs=["text"]).load("default")
    assert domain.class_names == ("n/a", "null")
    assert [len(domain.split(split)) for split in SPLITS] == [20, 0, 20]


def test_a_text_of_such_a_word_is_a_text(tmp_path):
    folder = table(tmp_path / "set", ["well", "ill"])
    with (folder / "data.csv").open("a") as file:
        file.write("NA,ill,a\n")
    domain = opened(folder, domain="site").load("a")
    assert sum(text == "NA" for split in SPLITS for text in domain.split(split).inputs.tolist()) == 1


def test_an_empty_label_is_missing_and_its_row_is_named(tmp_path):
    with pytest.raises(TlbenchError, match="10 rows of split 'train' have no label in column 'label', the first is"):
        classes(table(tmp_path / "set", ["NA", "", "ill"], ["a"]))


def test_an_empty_domain_is_missing_and_its_row_is_named(tmp_path):
    with pytest.raises(TlbenchError, match="20 rows have no domain in column 'site', the first is row 1"):
        classes(table(tmp_path / "set", ["well", "ill"], ["NA", ""]))


@pytest.mark.parametrize("labels", [("01", "1"), ("True", "False"), ("007", "7")])
def test_labels_that_pandas_would_turn_into_others_stay(tmp_path, labels):
    assert set(classes(table(tmp_path / "set", labels))) == set(labels)


def test_whole_numbers_are_classes_and_measurements_are_not(tmp_path):
    assert classes(table(tmp_path / "set", ["2.0", "10.0"])) == ("2", "10")
    with pytest.raises(TlbenchError, match=r"holds 0\.5; a label is a class label, a whole number or text"):
        classes(table(tmp_path / "other", ["0.5", "2"]))


# The library leaves the file of the metadata open where it reads its first rows.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_metadata_of_a_folder_of_images(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    rows = [(f"{n}.png", ["None", "ill"][n % 2], ["NA", "b"][n // 20]) for n in range(40)]
    for number, (name, _, _) in enumerate(rows):
        (folder / name).write_bytes(png(number, number % 2))
    (folder / "metadata.csv").write_text(
        "file_name,label,site\n" + "".join(f"{name},{label},{site}\n" for name, label, site in rows)
    )
    hub = opened(folder, domain="site")
    assert hub.domains == ("NA", "b")
    assert hub.load("NA").class_names == ("None", "ill")
