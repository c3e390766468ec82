"""`tlbench doctor PATH`: says what it sees, what is wrong, and gives a suite that runs."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from own_files import image, image_folder, vectors

from tlbench.plugins.manager import PluginHost
from tlbench.suites.suite_file import read_suite


def doctor(project, path):
    return project.tlbench("doctor", path, plugin=False)


def suggested(outcome):
    return outcome.out.partition("\n\nname = ")[1].strip() + outcome.out.partition("\n\nname = ")[2]


def table(path, separator=",", columns=("class", "site", "height", "weight"), holes=False):
    lines = [separator.join(columns)]
    for seed, site in enumerate(("north", "south")):
        inputs, labels = vectors(seed, 40)
        for number, (row, label) in enumerate(zip(inputs, labels, strict=True)):
            height = "" if holes and number == 5 else f"{row[0]}"
            lines.append(separator.join([f"k{label}", site, height, f"{row[1]}"]))
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize("name", ["no", "file.txt", "one.npz"])
def test_path_that_nothing_takes(project, name):
    if name != "no":
        project.write(name, "")
    outcome = doctor(project, name)
    assert outcome.code == 2
    assert {"no": "does not exist", "file.txt": "nothing that tlbench reads", "one.npz": "give its folder"}[
        name
    ] in outcome.err


def test_folder_of_images_and_the_suite_for_it(project):
    image_folder(project.folder / "my photos", ("one", "two"))
    outcome = doctor(project, "my photos")
    assert outcome.code == 0, outcome.out
    assert 'dataset = "folder:my photos"' in outcome.out
    assert "classes: cat, dog" in outcome.out
    assert "3 x 32 x 32" in outcome.out
    assert "images of 10x10 pixels" in outcome.out
    project.write("it.toml", suggested(outcome))
    assert read_suite("it.toml", PluginHost()).name == "my-photos"


def test_duplicates_within_and_across_domains(project):
    root = image_folder(project.folder / "photos")
    shutil.copy(root / "one" / "cat" / "1.png", root / "one" / "dog" / "copy.png")
    shutil.copy(root / "one" / "cat" / "2.png", root / "two" / "cat" / "copy.png")
    outcome = doctor(project, "photos")
    assert (
        "duplicates within 'one': 1 more than there are different examples; of 1 the copies stand under" in outcome.out
    )
    assert "duplicates across domains: 1 of the examples of 'one' in 'two'" in outcome.out


def test_everything_that_is_wrong_with_images_is_told_and_the_suite_passes_over_what_can_be(project):
    root = image_folder(project.folder / "photos", ("one", "two", "three"))
    (root / "one" / "cat" / "5.png").write_bytes(b"no image")
    image(root / "two" / "owl" / "1.png", 5)
    (root / "two" / "empty").mkdir()
    outcome = doctor(project, "photos")
    assert outcome.code == 1
    assert "fault: folder:photos, domain 'one': 1 image cannot be read" in outcome.out
    assert "class 'owl' has, copies counted once, fewer than two" in outcome.out
    assert 'on_error = "skip"' in outcome.out.partition("\nname = ")[2]


def test_unequal_label_spaces_ask_for_another_setting(project):
    image_folder(project.folder / "photos", ("one",))
    image_folder(project.folder / "photos", ("two",), ("dog", "owl"))
    outcome = doctor(project, "photos")
    assert "classes that all domains have: dog" in outcome.out
    assert "classes of 'two' beside them: owl" in outcome.out
    assert 'setting = "inductive"' in outcome.out
    project.write("it.toml", suggested(outcome))
    assert read_suite("it.toml", PluginHost()).part[0].shots == 5


def test_one_domain_alone(project):
    image_folder(project.folder / "photos", ("only",))
    outcome = doctor(project, "photos")
    assert outcome.code == 1
    assert "there is one domain alone, 'only', and transfer takes two" in outcome.out


def test_arrays_that_are_not_finite(project):
    for seed, name in enumerate(("one", "two")):
        inputs, labels = vectors(seed)
        np.savez(project.folder / f"{name}.npz", inputs=np.where(inputs < -1.5, np.nan, inputs), labels=labels)
    outcome = doctor(project, ".")
    assert outcome.code == 1
    assert "4 features" in outcome.out
    assert "inputs hold NaN or infinity" in outcome.out


def test_arrays_that_differ_in_shape(project):
    for features, name in ((3, "one"), (4, "two")):
        inputs, labels = vectors(0, features=features)
        np.savez(project.folder / f"{name}.npz", inputs=inputs, labels=labels)
    outcome = doctor(project, ".")
    assert outcome.code == 1
    assert "inputs differ in shape between domains (3 features, 4 features)" in outcome.out


def test_table_whose_columns_tell_what_they_are(project):
    outcome = doctor(project, table(project.folder / "patients.csv", ";"))
    assert outcome.code == 0, outcome.out
    for line in ('label = "class"', 'domain = "site"', 'separator = ";"', "2 features", "widest column: "):
        assert line in outcome.out
    project.write("it.toml", suggested(outcome))
    assert read_suite("it.toml", PluginHost()).data == {"label": "class", "domain": "site", "separator": ";"}


def test_table_with_holes(project):
    outcome = doctor(project, table(project.folder / "patients.csv", holes=True))
    assert outcome.code == 1
    assert "values are missing" in outcome.out
    assert 'missing = "mean"' in outcome.out.partition("\nname = ")[2]


def test_table_whose_columns_do_not_tell_what_they_are(project):
    columns = ("result", "where", "height", "weight")
    outcome = doctor(project, table(project.folder / "patients.csv", columns=columns))
    assert outcome.code == 1
    assert "fault: no column is called like a label" in outcome.out
    assert "there are result, where, height, weight: write label = in [data]" in outcome.out
    assert 'label = "LABEL"' in outcome.out


def test_folder_of_tables(project):
    (project.folder / "tables").mkdir()
    table(project.folder / "tables" / "a.csv")
    assert "holds tables; give one of them: tlbench doctor tables/a.csv" in doctor(project, "tables").err


def test_nothing_is_suggested_for_what_cannot_be_read(project):
    (project.folder / "empty").mkdir()
    outcome = doctor(project, "empty")
    assert outcome.code == 1
    assert "fault: 'empty' holds no domains: it is empty" in outcome.out
    assert "[[part]]" not in outcome.out


def test_domain_that_leniency_does_not_save_says_what_is_left(project):
    root = image_folder(project.folder / "photos")
    shutil.rmtree(root / "one" / "dog")
    shutil.copytree(root / "one" / "cat", root / "one" / "dog")
    (root / "one" / "cat" / "5.png").write_bytes(b"no image")
    outcome = doctor(project, "photos")
    assert "domain 'one': 1 image cannot be read" in outcome.out
    assert "class 'dog' has, copies counted once, fewer than two examples" in outcome.out
    assert "on_error =" not in outcome.out.partition("\nname = ")[2]


def test_class_names_that_differ_in_case_alone(project):
    image_folder(project.folder / "photos", ("one",))
    image_folder(project.folder / "photos", ("two",), ("Cat", "Dog"))
    assert "differ in upper and lower case alone" in doctor(project, "photos").out
