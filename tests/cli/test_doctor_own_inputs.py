"""`tlbench doctor PATH` on sparse vectors, folders of arrays, and tables of texts."""

from __future__ import annotations

import tomllib

import numpy as np
import pandas as pd
import pytest
from own_files import vectors

from tlbench.plugins.manager import PluginHost
from tlbench.suites.suite_file import read_suite


def doctor(project, path):
    return project.tlbench("doctor", path, plugin=False)


def suggested(outcome):
    return tomllib.loads("name = " + outcome.out.partition("\n\nname = ")[2])


def sparse_lines(seed, features=20, count=30):
    rng = np.random.default_rng(seed)
    return [f"{number % 2} 1:{rng.random():.6f} {features}:{1 + number % 2}" for number in range(count)]


def sparse_folder(folder, ending, **options):
    folder.mkdir()
    for seed, name in enumerate(("books", "films")):
        (folder / f"{name}{ending}").write_text("\n".join(["# words", *sparse_lines(seed, **options)]))
    return folder


def reviews(count=24):
    rows = [
        {
            "class": ("good", "bad")[number % 2],
            "site": site,
            "stars": number % 5,
            "id": f"https://example.org/{site}/r{number}",
            "words": words,
        }
        for site in ("shop", "forum")
        for number in range(count)
        for words in [f"Number {number} in the {site}; it is a longer sentence."]
    ]
    return pd.DataFrame(rows)


# What is wrong -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.svmlight", "a.libsvm", "inputs.npy"])
def test_a_part_is_answered_with_the_whole(project, name):
    project.write(name, "")
    outcome = doctor(project, name)
    assert outcome.code == 2
    assert "give its folder" in outcome.err or "give the folder of all domains" in outcome.err


def test_folder_of_one_domain(project):
    (project.folder / "arrays" / "one").mkdir(parents=True)
    np.save(project.folder / "arrays" / "one" / "inputs.npy", vectors(0)[0])
    assert "is one domain; give its folder: tlbench doctor " in doctor(project, "arrays/one").err


def test_line_that_is_wrong_is_a_fault(project):
    folder = sparse_folder(project.folder / "bags", ".libsvm")
    with (folder / "films.libsvm").open("a") as file:
        file.write("\n1 2:x")
    outcome = doctor(project, "bags")
    assert outcome.code == 1
    assert "fault: " in outcome.out
    assert "films.libsvm:32: '2:x' is no 'index:value'" in outcome.out


def test_missing_texts_are_a_fault_and_the_suite_takes_them_as_empty(project):
    table = reviews()
    table.loc[3, "words"] = None
    table.to_csv(project.folder / "reviews.csv", index=False)
    outcome = doctor(project, "reviews.csv")
    assert outcome.code == 1
    assert "1 rows have no text in column 'words', the first is row 4" in outcome.out
    assert suggested(outcome)["data"]["missing"] == "empty"


# What is right -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".svmlight", ".txt"])
def test_sparse_vectors_and_the_suite_for_them(project, ending):
    sparse_folder(project.folder / "bags", ending)
    outcome = doctor(project, "bags")
    assert outcome.code == 0, outcome.out
    assert "20 features, sparse" in outcome.out
    assert "sparse, 2 of 20 values a row" in outcome.out
    assert suggested(outcome)["dataset"] == "svmlight:bags"
    assert suggested(outcome)["backbones"] == ["linear"]
    project.write("it.toml", "name = " + outcome.out.partition("\n\nname = ")[2])
    assert read_suite("it.toml", PluginHost()).name == "bags"


def test_vectors_that_are_too_wide_to_be_dense_get_a_layer(project):
    sparse_folder(project.folder / "bags", ".svmlight", features=10**7)
    assert suggested(doctor(project, "bags"))["backbones"] == ["mlp:100"]


def test_image_lists_are_no_sparse_vectors(project):
    project.write("shop.txt", "shop/mug/1.jpg 0\n")
    assert "folder:." in doctor(project, ".").out


def test_folders_of_arrays(project):
    for seed, name in enumerate(("one", "two")):
        (project.folder / "arrays" / name).mkdir(parents=True)
        inputs, labels = vectors(seed)
        np.save(project.folder / "arrays" / name / "inputs.npy", inputs)
        np.save(project.folder / "arrays" / name / "labels.npy", labels)
    outcome = doctor(project, "arrays")
    assert outcome.code == 0, outcome.out
    assert suggested(outcome)["dataset"] == "npz:arrays"
    assert suggested(outcome)["backbones"] == ["mlp:64"]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_column_of_long_and_different_strings_is_text(project, ending):
    pytest.importorskip("pyarrow")
    write = {"csv": lambda path: reviews().to_csv(path, index=False), "parquet": reviews().to_parquet}[ending]
    write(project.folder / f"reviews.{ending}")
    outcome = doctor(project, f"reviews.{ending}")
    assert outcome.code == 0, outcome.out
    assert "table of texts" in outcome.out
    assert " characters, " in outcome.out
    assert "in place of FOLDER put a folder with a model" in outcome.out
    assert "on a CPU write frozen:transformers:FOLDER" in outcome.out
    suite = suggested(outcome)
    assert suite["data"] == {"label": "class", "domain": "site", "text": "words"}
    assert suite["backbones"] == ["transformers:FOLDER"]


def test_short_strings_are_text_where_the_column_says_so(project):
    reviews().assign(Title=lambda t: t.id.str[-3:], words="the same long sentence for all").to_csv(
        project.folder / "reviews.csv", index=False
    )
    assert suggested(doctor(project, "reviews.csv"))["data"]["text"] == "Title"


def test_several_columns_of_text(project):
    reviews().assign(body=lambda t: t.words + "!").to_csv(project.folder / "reviews.csv", index=False)
    assert suggested(doctor(project, "reviews.csv"))["data"]["text"] == ["words", "body"]
