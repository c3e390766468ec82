"""`tlbench predictions RUN`: by the names that users know their items by, beside source-only's."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from own_files import image_folder, suite
from safetensors.numpy import load_file, save_file
from toy_suite import SUITE


def refused(project, *arguments):
    outcome = project.tlbench("predictions", *arguments, plugin=False)
    assert outcome.code == 2
    assert "Traceback" not in outcome.err
    return outcome.err


def csv_of(project, *arguments):
    outcome = project.tlbench("predictions", *arguments, "--format", "csv", plugin=False)
    assert outcome.code == 0, outcome.err
    return list(csv.DictReader(io.StringIO(outcome.out)))


@pytest.fixture
def toy(project):
    assert project.tlbench("run", project.suite(), "-q").code == 0
    return project.record("feature-extraction")


# ---- what is refused ----------------------------------------------------------------------------------------------


def test_a_run_that_is_not_there_and_one_that_is_not_told_apart(project, toy):
    assert "begins with 'zzz'" in refused(project, "zzz")
    assert "records begin with ''" in refused(project, "")


def test_a_run_without_predictions(project, toy):
    file = project.folder / "results" / "toy" / f"{toy.run_key}.safetensors"
    file.write_bytes(b"damaged")
    assert "--reuse never" in refused(project, toy.run_key)
    file.unlink()
    assert "no predictions of the run" in refused(project, toy.run_key)


def test_a_run_that_failed(project):
    text = SUITE.replace("feature-extraction", "raises") + '\n[strategies.raises]\nuse = "broken"\nhow = "raise"\n'
    project.tlbench("run", project.suite(text), "-q")
    assert "ended as failed" in refused(project, project.record("raises").run_key)


def test_an_unknown_format_protocol_and_end_of_a_file(project, toy):
    assert "unknown format 'xlsx'" in refused(project, toy.run_key, "--format", "xlsx")
    assert "unknown selection protocol" in refused(project, toy.run_key, "--selection", "best")
    assert "its end says no format" in refused(project, toy.run_key, "--out", "a.xlsx")


@pytest.fixture
def table(project):
    rng = np.random.default_rng(0)
    lines = ["patient,hospital,class,a,b"]
    for number in range(80):
        kind = number // 2 % 2
        a, b = rng.normal(4 * kind, 1, 2)
        lines.append(f"P{number:03d},{('north', 'south')[number % 2]},{('ill', 'well')[kind]},{a:.3f},{b:.3f}")
    path = project.write("patients.csv", "\n".join(lines) + "\n")
    file = project.suite(suite("csv:patients.csv", 'label = "class"\ndomain = "hospital"\nid = "patient"'))
    assert project.tlbench("run", file, "-q", plugin=False).code == 0
    return path, {line.split(",")[0]: line.split(",")[1:3] for line in lines[1:]}


def south(project):
    (found,) = [one for one in project.records("own") if (one.variant, one.target) == ("feature-extraction", "south")]
    return found


def test_data_that_have_changed_or_are_gone(project, table):
    path, _ = table
    key = south(project).run_key
    text = path.read_text()
    path.write_text(text.replace("south,ill", "south,well", 1))
    assert "have changed since the run" in refused(project, key)
    path.unlink()
    assert "cannot be read now" in refused(project, key)
    path.write_text(text)
    assert csv_of(project, key)


# ---- what is shown ------------------------------------------------------------------------------------------------


def test_rows_of_a_table_by_their_id_with_label_probabilities_and_source_only(project, table):
    record, rows = south(project), csv_of(project, south(project).run_key)
    for row in rows:
        assert table[1][row["item"]] == ["south", row["label"]]
        chances = {name: float(row[f"p({name})"]) for name in ("ill", "well")}
        assert sum(chances.values()) == pytest.approx(1, abs=1e-6)
        assert max(chances, key=chances.get) == row["prediction"]
        assert row["correct"] == str(row["label"] == row["prediction"])
        assert row["source_only"] in ("ill", "well")
    right = sum(row["correct"] == "True" for row in rows) / len(rows)
    assert right == pytest.approx(record.metrics["last"]["accuracy"])
    assert [row["item"] for row in rows] == sorted(row["item"] for row in rows)
    assert "patient" not in json.dumps(project.plan("own")["cells"])


def test_the_id_is_no_feature(project, table):
    assert south(project).model is not None
    assert south(project).spec.revisions
    doctored = project.tlbench("doctor", "patients.csv", plugin=False)
    assert doctored.code in (0, 1)


def test_without_an_id_rows_have_the_numbers_that_messages_give_them(project, table):
    path, _ = table
    file = project.suite(suite("csv:patients.csv", 'label = "class"\ndomain = "hospital"'))
    project.tlbench("run", file, "-q", "--results", "other", plugin=False)
    (key,) = [
        json.loads(file.read_text())["run_key"]
        for file in (project.folder / "other" / "own").glob("*.json")
        if file.name != "plan.json" and '"target": "south"' in file.read_text() and "feature-ex" in file.read_text()
    ]
    lines = path.read_text().splitlines()
    for row in csv_of(project, key, "--results", "other"):
        number = int(row["item"].removeprefix("row "))
        assert lines[number].split(",")[1:3] == ["south", row["label"]]


def test_images_by_their_files(project):
    image_folder(project.folder / "photos")
    project.tlbench("run", project.suite(suite("folder:photos", "size = 10", pairs='["one:two"]')), "-q", plugin=False)
    rows = csv_of(project, project.record("feature-extraction", "own").run_key)
    for row in rows:
        assert (project.folder / "photos" / row["item"]).is_file()
        assert row["item"].split("/")[:2] == ["two", row["label"]]


def test_arrays_by_their_place_and_by_ids(project):
    (project.folder / "arrays").mkdir()
    labels = np.arange(60) % 2
    for name, given in {"one": {}, "two": {"ids": np.array([f"scan {n}" for n in range(60)])}}.items():
        inputs = np.random.default_rng(len(name)).standard_normal((60, 3)) + 3 * labels[:, None]
        np.savez(f"arrays/{name}.npz", inputs=inputs + len(given), labels=labels, **given)
    project.tlbench("run", project.suite(suite("npz:arrays")), "-q", plugin=False)
    for record in project.records("own"):
        if record.variant == "feature-extraction":
            begin, end = ("scan ", "") if record.target == "two" else ("inputs[", "]")
            for row in csv_of(project, record.run_key):
                place = int(row["item"].removeprefix(begin).removesuffix(end))
                assert row["label"] == str(labels[place])


def test_ids_that_do_not_fit_are_refused(project):
    (project.folder / "arrays").mkdir()
    labels = np.arange(60) % 2
    for name in ("one", "two"):
        inputs = np.random.default_rng(0).standard_normal((60, 3))
        np.savez(f"arrays/{name}.npz", inputs=inputs, labels=labels, ids=np.arange(59))
    outcome = project.tlbench("run", project.suite(suite("npz:arrays")), "-q", plugin=False)
    assert outcome.code == 2
    assert "ids is int64 (59,)" in outcome.err


def test_named_data_by_their_split_and_place(project, toy):
    rows = csv_of(project, toy.run_key)
    from toy_plugin import Toy

    test = Toy().load("b").test
    assert len(rows) == 400
    for place, row in enumerate(rows):
        assert row["item"] == f"test {place}"
        assert row["label"] == f"class {test.labels[place]}"


def test_the_table_counts_what_the_run_and_its_reference_have_right(project, toy):
    out = project.tlbench("predictions", toy.run_key[:8], plugin=False).out
    assert "400 test items of 'b'" in out
    assert "source-only has" in out
    rows = csv_of(project, toy.run_key)
    hurt = [row["item"] for row in rows if row["correct"] == "False" and row["source_only"] == row["label"]]
    helped = [row["item"] for row in rows if row["correct"] == "True" and row["source_only"] != row["label"]]
    assert f"{len(helped)} are right here alone, {len(hurt)} are right there alone" in out
    assert [row["item"] for row in csv_of(project, toy.run_key, "--only", "hurt")] == hurt
    assert [row["item"] for row in csv_of(project, toy.run_key, "--only", "helped")] == helped


def test_json_and_files(project, toy):
    outcome = project.tlbench("predictions", toy.run_key, "-o", "found.json", plugin=False)
    assert "400 of 400 items written to found.json" in outcome.out
    found = json.loads((project.folder / "found.json").read_text())
    assert found["run_key"] == toy.run_key
    assert found["beside"] == "source-only"
    assert sum(found["items"][0]["probabilities"].values()) == pytest.approx(1, abs=1e-6)
    assert project.tlbench("predictions", toy.run_key, "--format", "markdown", plugin=False).out.startswith("#")


def test_results_of_before_have_classes_and_a_note_on_probabilities(project, toy):
    file = project.folder / "results" / "toy" / f"{toy.run_key}.safetensors"
    save_file({name: array for name, array in load_file(file).items() if "probabilities" not in name}, file)
    outcome = project.tlbench("predictions", toy.run_key, "--format", "csv", plugin=False)
    assert outcome.out.startswith("item,label,prediction,correct,source_only\n")
    assert "no probabilities are stored" in outcome.err


def test_names_are_found_again_where_a_cache_of_before_lacks_them(project, toy):
    for file in (project.folder / "cache" / "datasets").glob("*.items.json"):
        file.unlink()
    assert len(csv_of(project, toy.run_key)) == 400


def test_the_checkpoint_of_another_protocol(project):
    text = SUITE.replace("seeds = [0]", 'seeds = [0]\nselection = "entropy"').replace("feature-extraction", "dann")
    project.tlbench("run", project.suite(text), "-q")
    record = project.record("dann")
    step = record.metrics["entropy"]["checkpoint"]
    assert f"step {step}" in project.tlbench("predictions", record.run_key, plugin=False).out
    rows = csv_of(project, record.run_key)
    assert "p(class 0)" in rows[0]
    right = np.mean([row["correct"] == "True" for row in rows])
    assert right == pytest.approx(record.metrics["entropy"]["accuracy"])


def test_clusters_are_neither_right_nor_wrong(project):
    text = SUITE.replace("transductive", "unsupervised").replace("feature-extraction", "k-means")
    project.tlbench("run", project.suite(text), "-q")
    key = next(one.run_key for one in project.records() if one.variant == "k-means" and one.source)
    rows = csv_of(project, key)
    assert rows[0]["prediction"].startswith("cluster ")
    assert "correct" not in rows[0]
    assert "clusters have no names" in refused(project, key, "--only", "wrong")


def test_under_transductive_test_items_are_of_all_splits(project):
    whole = SUITE.replace("seeds = [0]", 'seeds = [0]\nevaluation = "transductive-test"')
    project.tlbench("run", project.suite(whole), "-q")
    rows = csv_of(project, project.record("feature-extraction").run_key)
    from toy_plugin import Toy

    domain = Toy().load("b")
    assert len(rows) == 900
    for row in rows:
        split, place = row["item"].split()
        assert row["label"] == f"class {domain.split(split).labels[int(place)]}"


def test_published_runs_have_classes_and_say_so(project, toy):
    assert project.tlbench("publish", project.folder / "suite.toml", "--out", "board", plugin=False).code == 0
    outcome = project.tlbench(
        "predictions", f"board/toy/{toy.run_key[:8]}", "--suite", project.folder / "suite.toml", "--format", "csv"
    )
    assert outcome.code == 0, outcome.err
    assert "no probabilities" in outcome.err
    stored = csv_of(project, toy.run_key)
    published = list(csv.DictReader(io.StringIO(outcome.out)))
    names = ("item", "label", "prediction", "source_only")
    assert [[row[n] for n in names] for row in published] == [[row[n] for n in names] for row in stored]
    assert "name its file: --suite FILE.toml" in refused(project, f"board/toy/{toy.run_key[:8]}")
