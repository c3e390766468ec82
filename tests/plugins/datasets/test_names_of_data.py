"""Names of classes, domains and splits in every kind of file: one form of Unicode, and what only looks alike told."""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd
import pytest
from own_files import image_folder, vectors
from PIL import Image

from tlbench.core.domain import SPLITS
from tlbench.errors import TlbenchError
from tlbench_datasets.arrays.dataset import Npz
from tlbench_datasets.arrays.svmlight import Svmlight
from tlbench_datasets.images.folder import Folder
from tlbench_datasets.tables.formats import Csv, Parquet

#: Names that one system writes with signs and accents apart, and another joined.
NAMES = ["café", "Größe", "한글"]
SHORT = {"label": "class", "domain": "site"}


def joined(name):
    return unicodedata.normalize("NFC", name)


def apart(name):
    return unicodedata.normalize("NFD", name)


def total(domain):
    return sum(len(domain.split(name)) for name in SPLITS)


def picture(path, number):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)
    Image.fromarray(pixels).save(path)


def frame(name):
    """Two sites that write class and site in their own ways; the first writes its own site in both."""
    rows = [
        (joined(name), joined(name)),
        (apart(name), apart(name)),
        (apart(name), "b"),
        ("x", joined(name)),
        ("x", "b"),
    ]
    records = [(label, site, i + 100 * j) for j, (label, site) in enumerate(rows) for i in range(10)]
    return pd.DataFrame(records, columns=["class", "site", "dose"])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", [Csv, Parquet])
def test_tables(tmp_path, name, kind):
    path = tmp_path / "t.x"
    frame(name).to_csv(path, index=False) if kind is Csv else frame(name).to_parquet(path)
    data = kind(str(path), kind.Params(**SHORT))
    assert set(data.domains) == {joined(name), "b"}
    assert {data.load(domain).class_names for domain in data.domains} == {tuple(sorted([joined(name), "x"]))}
    assert total(data.load(joined(name))) == 30


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", [Csv, Parquet])
def test_columns_of_tables(tmp_path, name, kind):
    table = frame("x").rename(columns={"class": apart(name), "dose": apart(f"{name} 2")}).iloc[10:]
    table.to_csv(tmp_path / "t.x", index=False) if kind is Csv else table.to_parquet(tmp_path / "t.x")
    params = kind.Params(label=joined(name), domain="site", features=[joined(f"{name} 2")])
    assert kind(str(tmp_path / "t.x"), params).load("b").train.inputs.shape[1] == 1


@pytest.mark.parametrize("name", NAMES)
def test_folders(tmp_path, name):
    for domain, form in (("a", joined), ("b", apart), (apart(name), joined)):
        for number in range(20):
            picture(tmp_path / domain / [form(name), "x"][number % 2] / f"{number}.png", number)
    data = Folder(str(tmp_path))
    assert set(data.domains) == {"a", "b", joined(name)}
    assert {data.load(domain).class_names for domain in data.domains} == {tuple(sorted([joined(name), "x"]))}


def test_two_folders_of_one_name_are_two_domains_and_refused(tmp_path):
    image_folder(tmp_path, (joined("café"), apart("café")))
    with pytest.raises(TlbenchError, match="two domains are called 'café', in two ways of writing it; rename one"):
        Folder(str(tmp_path)).domains  # noqa: B018


@pytest.mark.parametrize("name", NAMES)
def test_image_lists_of_labels_domains_and_paths(tmp_path, name):
    for number in range(20):
        picture(tmp_path / "images" / f"{apart(name)}{number}.png", number)
    for domain, form in (("a", joined), (apart(name), apart)):
        lines = [f"images/{form(name)}{number}.png {[form(name), 'x'][number % 2]}" for number in range(20)]
        (tmp_path / f"{domain}.txt").write_text("\n".join(lines))
    data = Folder(str(tmp_path))
    assert set(data.domains) == {"a", joined(name)}
    assert {data.load(domain).class_names for domain in data.domains} == {tuple(sorted([joined(name), "x"]))}


@pytest.mark.parametrize("name", NAMES)
def test_arrays(tmp_path, name):
    inputs, labels = vectors(0)
    for domain, form in (("a", joined), (apart(name), apart)):
        np.savez(tmp_path / f"{domain}.npz", inputs=inputs, labels=np.array([form(name), "x"])[np.arange(60) % 2])
    folder = tmp_path / "c"
    folder.mkdir()
    arrays = {"inputs": inputs, "labels": np.arange(60) % 3, "class_names": np.array([joined(name), "x", apart(name)])}
    for key, array in arrays.items():
        np.save(folder / f"{key}.npy", array)
    data = Npz(str(tmp_path))
    assert set(data.domains) == {"a", "c", joined(name)}
    assert {frozenset(data.load(domain).class_names) for domain in data.domains} == {frozenset([joined(name), "x"])}
    labels = np.concatenate([data.load("c").split(split).labels for split in SPLITS])
    assert np.bincount(labels).tolist() == [40, 20]


def test_sparse_vectors(tmp_path):
    for domain in (apart("café"), "b"):
        (tmp_path / f"{domain}.svmlight").write_text("".join(f"{n % 2} 1:{n}\n" for n in range(1, 21)))
    assert set(Svmlight(str(tmp_path)).domains) == {"b", joined("café")}


# What only looks like a split ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("written", "known"), [("Train", "train"), ("TEST", "test"), ("val ", "val")])
def test_a_folder_that_looks_like_one_of_a_split_is_told(tmp_path, written, known):
    for number in range(10):
        for label in ("cat", written):
            picture(tmp_path / "a" / label / f"{number}.png", number + 10 * (label == "cat"))
    (note,) = Folder(str(tmp_path)).load("a").notes
    assert note.startswith(f"{min(written, known)!r}" if written < known else f"{written!r}")
    assert note.endswith(f"so {written!r} is no split")


def test_a_list_too(tmp_path):
    for number in range(10):
        picture(tmp_path / "images" / f"{number}.png", number)
    for split in ("Train", "Test"):
        lines = [f"images/{number}.png {number % 2}" for number in range(10)]
        (tmp_path / f"a_{split}.txt").write_text("\n".join(lines))
    data = Folder(str(tmp_path))
    assert data.domains == ("a_Test", "a_Train")
    assert "'Test' and 'test' differ in upper and lower case alone, so 'Test' is no split" in data.load("a_Test").notes


@pytest.mark.parametrize("written", ["Train", "train\u200b", "tr\u00a0ain"])
def test_a_split_of_a_table_is_answered_with_what_it_looks_like(tmp_path, written):
    table = frame("x").iloc[10:].assign(split=["train", "test"] * 20)
    table.loc[table.index[0], "split"] = written
    table.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(TlbenchError) as caught:
        Csv(str(tmp_path / "t.csv"), Csv.Params(**SHORT, split="split")).load("x")
    assert f"unknown split {written!r}; did you mean 'train'?" in str(caught.value)


# The command line ----------------------------------------------------------------------------------------------------

SUITE = """
name = "mine"
dataset = "csv:t.csv"
backbones = ["mlp:8"]
seeds = [0]
data = { label = "class", domain = "site" }
budget = { steps = 5 }

[[part]]
setting = "transductive"
strategies = ["feature-extraction"]
pairs = PAIRS
"""


def look_alike_project(project, pairs, labels=("ill", "Ill")):
    rows = [(labels[site == "south"], site, i) for site in ("north", "south") for i in range(20)]
    rows += [("well", site, 50 + i) for site in ("north", "south") for i in range(20)]
    table = pd.DataFrame(rows, columns=["class", "site", "dose"])
    table.to_csv(project.folder / "t.csv", index=False)
    (project.folder / "mine.toml").write_text(SUITE.replace("PAIRS", pairs))


NOTE = "classes 'Ill' and 'ill' differ in upper and lower case alone and count as 2: rename them if they are one"


@pytest.mark.parametrize("command", ["plan", "run"])
def test_plan_and_run_point_at_names_that_look_alike(project, command):
    look_alike_project(project, '"all"')
    assert f"note: suite 'mine': {NOTE}" in project.tlbench(command, "mine.toml").err


def test_a_pair_that_does_not_fit_names_them(project):
    look_alike_project(project, '["north:south"]')
    outcome = project.tlbench("plan", "mine.toml")
    assert outcome.code == 2
    assert "'Ill' and 'ill' differ in upper and lower case alone" in outcome.err


def test_doctor_points_at_names_that_look_alike(project):
    look_alike_project(project, '"all"', ("ill", "ill\u200b"))
    assert r"classes 'ill' and 'ill\u200b' differ in invisible signs alone" in project.tlbench("doctor", "t.csv").out


def test_a_pair_may_be_written_in_either_way(project):
    look_alike_project(project, f'["{apart("café")}:south"]', ("ill", "ill"))
    table = project.folder / "t.csv"
    table.write_text(table.read_text().replace("north", joined("café")))
    outcome = project.tlbench("plan", "mine.toml", "--pair", f"{apart('café')}:*")
    assert outcome.code == 0, outcome.err
