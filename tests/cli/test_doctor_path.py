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


def test_columns_are_named_on_the_command_line(project):
    columns = ("result", "where", "height", "weight")
    path = table(project.folder / "patients.csv", columns=columns)
    told = doctor(project, path)
    assert (
        "columns with few different values, of which one may be it: result (k0, k1), where (north, south)" in told.out
    )
    outcome = project.tlbench("doctor", path, "--label", "result", "--domain", "where", plugin=False)
    assert outcome.code == 0, outcome.out
    project.write("it.toml", suggested(outcome))
    assert read_suite("it.toml", PluginHost()).data == {"label": "result", "domain": "where"}
    swapped = project.tlbench("doctor", path, "--label", "where", "--domain", "result", plugin=False)
    assert "classes: north, south" in swapped.out


def test_a_named_column_is_not_taken_for_another_role(project):
    path = table(project.folder / "patients.csv")
    outcome = project.tlbench("doctor", path, "--label", "site", plugin=False)
    assert "fault: no column is called like a domain" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["patients.csv", "--label", "clas"], "--label 'clas': unknown column 'clas'; did you mean 'class'?"),
        (["photos", "--domain", "site"], "--domain names a column of a table, and 'photos' is images"),
        (["suite.toml", "--label", "class"], "--label is for a table; a suite says it in its table [data]"),
        (["--label", "class"], "--label names a column of a table; give the table too"),
    ],
)
def test_columns_that_nothing_can_be_done_with(project, arguments, message):
    table(project.folder / "patients.csv")
    image_folder(project.folder / "photos", ("one",), count=2)
    project.suite()
    outcome = project.tlbench("doctor", *arguments, plugin=False)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err


def test_one_fault_does_not_hide_the_next(project):
    lines = table(project.folder / "patients.csv", holes=True).read_text().splitlines()
    lines[3] = "," + lines[3].partition(",")[2]  # no label
    lines[50] = ",".join([*lines[50].split(",")[:3], ""])  # no weight, in the other domain
    (project.folder / "patients.csv").write_text("\n".join(lines))
    out = doctor(project, "patients.csv").out
    assert "fault: csv:patients.csv, domain 'north': 1 rows have no label in column 'class', the first is row 3" in out
    assert "fault: csv:patients.csv, domain 'north': values are missing" in out
    assert "fault: csv:patients.csv, domain 'south': values are missing" in out
    lines[60] = lines[60].replace("south", "")  # a row of no domain, so that no domain can be had
    (project.folder / "patients.csv").write_text("\n".join(lines))
    out = doctor(project, "patients.csv").out
    assert "1 rows have no domain in column 'site', the first is row 60" in out
    assert "fault: csv:patients.csv: 1 rows have no label in column 'class'" in out
    assert "2 in column 'height'" in out and "1 in column 'weight'" in out


def test_without_columns_of_label_and_domain_the_others_are_looked_at(project):
    table(project.folder / "patients.csv", columns=("result", "where", "height", "weight"), holes=True)
    out = doctor(project, "patients.csv").out
    assert "fault: no column is called like a label" in out
    assert "fault: csv:patients.csv: values are missing" in out
    assert "unknown column" not in out


def test_a_row_that_stands_in_two_splits_is_named(project):
    lines = table(project.folder / "patients.csv").read_text().splitlines()
    lines = [f"{line},{'test' if number % 3 == 0 else 'train'}" for number, line in enumerate(lines)]
    lines[0] = lines[0].rpartition(",")[0] + ",split"
    lines[46] = lines[48].replace(",test", ",train")
    (project.folder / "patients.csv").write_text("\n".join(lines))
    out = doctor(project, "patients.csv").out
    assert "test: 1 example of class 'k1' stands in train too (row 48 equals row 46 of train)" in out
    project.write("it.toml", suggested(doctor(project, "patients.csv")))
    ran = project.tlbench("run", "it.toml", plugin=False)
    assert ran.code == 2
    assert "(row 48 equals row 46 of train); splits must not overlap" in ran.err


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
