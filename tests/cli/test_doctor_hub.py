"""`tlbench doctor` of a folder in the hub's layout, or of `hub:…`: a suite for it, or what it does not tell."""

from __future__ import annotations

import pytest
from hub_files import by_column, by_configuration, images, readme, texts, write
from own_files import image_folder

from tlbench.plugins.manager import PluginHost
from tlbench.suites.suite_file import read_suite

pytestmark = pytest.mark.usefixtures("hub_cache")


def doctor(project, path):
    return project.tlbench("doctor", path, plugin=False)


def read(project, outcome):
    """The suite that is suggested."""
    project.write("it.toml", outcome.out.partition("\nname = ")[1].strip() + outcome.out.partition("\nname = ")[2])
    return read_suite("it.toml", PluginHost())


def test_a_set_that_cannot_be_reached(project):
    outcome = doctor(project, "hub:owner/name")
    assert outcome.code == 2
    assert "hub:owner/name: the hub cannot be reached" in outcome.err


def test_columns_that_do_not_tell_what_they_are(project):
    texts(project.folder / "set" / "data" / "train.parquet")
    outcome = doctor(project, "set")
    assert outcome.code == 1
    assert "fault: no column is called like a label (label, labels" in outcome.out
    assert "fault: there is one configuration alone, and no column is called like a domain (domain," in outcome.out
    assert "there are title, text, stars: write domain = in [data]" in outcome.out
    assert 'label = "LABEL"\ndomain = "DOMAIN"\ninputs = ["title", "text"]' in outcome.out
    write(project.folder / "none" / "data" / "train.parquet", {"label": [1, 2], "site": [1, 2]}, None)
    assert "fault: no column holds images or text" in doctor(project, "none").out


def test_a_folder_of_images_is_no_layout_of_the_hub_without_a_sign_of_it(project):
    image_folder(project.folder / "photos")
    (project.folder / "photos" / "README.md").write_text("---\ntitle: by me\n---\nconfigs: none\n")
    assert 'dataset = "folder:photos"' in doctor(project, "photos").out


@pytest.mark.parametrize("path", ["set", "hub:./set"])
def test_parquet_files_below_a_folder_and_a_column_of_domains(project, path):
    by_column(project.folder / "set")
    outcome = doctor(project, path)
    assert outcome.code == 0, outcome.out
    assert "data in the hub's layout (configurations: default; splits: train)" in outcome.out
    assert "configuration default; site = a" in outcome.out
    suite = read(project, outcome)
    assert (suite.name, suite.dataset, suite.backbones) == ("set", "hub:./set", ["small-cnn"])
    assert suite.data == {"label": "label", "domain": "site"}


def test_configurations_of_texts_that_a_readme_names(project):
    by_configuration(project.folder / "my set", make=texts)
    outcome = doctor(project, "my set")
    assert "no column is called like a label" in outcome.out
    for name in ("red", "blue"):
        for split, start in (("train", 0), ("test", 50)):
            rows = {"text": [f"{name} {start + row}" for row in range(20)], "label": ["good", "bad"] * 10}
            write(project.folder / "my set" / name / f"{split}.parquet", rows, None)
    outcome = doctor(project, "my set")
    assert outcome.code == 0, outcome.out
    assert "texts" in outcome.out
    assert 'backbones = ["transformers:FOLDER"]' in outcome.out
    assert '[data]\nlabel = "label"\ndomains = "configurations"\n' in outcome.out


def test_splits_that_are_no_roles_are_domains_and_validation_data_are_tested_on_where_nothing_else_is(project):
    for place, name in enumerate(("photo", "sketch")):
        images(project.folder / "set" / f"{name}.parquet", 100 * place)
    readme(project.folder / "set", {"all": {name: f"{name}.parquet" for name in ("photo", "sketch")}})
    assert read(project, doctor(project, "set")).data == {"label": "label", "domains": "splits"}
    for place, name in enumerate(("red", "blue")):
        for number, split in enumerate(("train", "validation")):
            images(project.folder / "two" / name / f"{split}.parquet", 1000 * place + 100 * number)
    files = {name: {split: f"{name}/{split}.parquet" for split in ("train", "validation")} for name in ("red", "blue")}
    outcome = doctor(project, readme(project.folder / "two", files))
    assert outcome.code == 0, outcome.out
    assert 'roles = { train = "train", test = "validation" }' in outcome.out
    assert read(project, outcome).data["roles"] == {"train": "train", "test": "validation"}


def test_the_help_shows_how_domains_are_written(project):
    shown = project.tlbench("list", "--help", plugin=False).out
    assert 'configurations = ["books", "dvd"]' in shown
    assert 'domain = "category"' in shown
    assert "hub:OWNER/NAME" in project.tlbench("doctor", "--help", plugin=False).out
