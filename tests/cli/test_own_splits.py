"""Splits that seeds draw, classes in common and validation data, each from a suite file to its table."""

from __future__ import annotations

import json

import numpy as np
import pytest
from own_files import suite, vectors
from toy_suite import SUITE

WHOLE = SUITE.replace("seeds = [0]", 'seeds = [0]\nevaluation = "transductive-test"')
OTHER = SUITE.replace("a:b", "a:other")


def own(project, data="", seeds="[0, 1, 2]"):
    for seed, name in enumerate(("north", "south")):
        inputs, labels = vectors(seed)
        np.savez(project.folder / f"{name}.npz", inputs=inputs, labels=labels)
    return project.suite(suite("npz:.", data).replace("seeds = [0]", f"seeds = {seeds}"))


def records(project, name):
    found = [json.loads(path.read_text()) for path in (project.folder / "results" / name).glob("*.json")]
    return [record for record in found if "run_key" in record]


def refused(project, file):
    outcome = project.tlbench("plan", file)
    assert outcome.code == 2
    assert "Traceback" not in outcome.err
    return outcome.err


# ---- what does not go together --------------------------------------------------------------------------------------


def test_seeds_beyond_the_folds_are_refused_before_anything_is_read(project):
    assert "a seed names a fold, from 0 to 1, and seeds holds 2" in refused(project, own(project, "folds = 2"))


def test_classes_in_common_must_be_two(project):
    for name, offset in (("north", 0), ("south", 1)):
        inputs, labels = vectors(offset)
        np.savez(project.folder / f"{name}.npz", inputs=inputs, labels=labels + offset)
    text = suite("npz:.").replace('pairs = "all"', 'pairs = "all"\nclasses = "shared"')
    message = refused(project, project.suite(text))
    assert "classes = 'shared' takes two classes that all domains of a pair have; 'north' has '0', '1'" in message


def test_parts_that_fill_the_same_cells_have_the_same_classes(project):
    part = OTHER[OTHER.index("[[part]]") :]
    text = OTHER + part.replace("[[part]]", '[[part]]\nclasses = "shared"').replace("feature-extraction", "dann")
    assert "[[part]] 2: classes: 'shared' is not that of [[part]] 1" in refused(project, project.suite(text))


def test_groups_are_not_for_transductive_test_whose_oracle_would_divide_them(project):
    for seed, name in enumerate(("north", "south")):
        inputs, labels = vectors(seed)
        np.savez(project.folder / f"{name}.npz", inputs=inputs, labels=labels, person=np.arange(60) // 4)
    text = suite("npz:.", 'group = "person"').replace("seeds = [0]", 'seeds = [0]\nevaluation = "transductive-test"')
    assert "group in [data] does not go with 'transductive-test'" in refused(project, project.suite(text))


def test_selection_by_validation_data_needs_some(project):
    text = WHOLE.replace("seeds", 'selection = "source-val"\nseeds')
    message = refused(project, project.suite(text))
    assert "'transductive-test' keeps none back; write validation = true, or selection = 'last'" in message


# ---- what runs ------------------------------------------------------------------------------------------------------


def test_each_seed_is_tested_on_a_split_of_its_own_and_the_table_says_so(project):
    outcome = project.tlbench("run", own(project))
    assert outcome.code == 0, outcome.err
    assert "splits of north, south: drawn anew by each seed: intervals over seeds cover the split" in outcome.out
    found = [record for record in records(project, "own") if record["variant"] == "feature-extraction"]
    revisions = {(record["seed"], *record["spec"]["revisions"].items()) for record in found}
    assert len(found) == 6
    assert len({revision for _, *pairs in revisions for revision in pairs}) == 6
    again = project.tlbench("run", own(project))
    assert "all 24 runs are there" in again.err


def test_doctor_says_how_splits_are_drawn(project):
    own(project)
    assert "splits of north, south: drawn anew by each seed" in project.tlbench("doctor", ".").out


def test_a_written_seed_is_one_split_and_the_plan_says_that_intervals_do_not_cover_it(project):
    outcome = project.tlbench("plan", own(project, "seed = 1"))
    assert "one split, drawn by seed = 1, for all seeds: intervals do not cover the split" in outcome.out


def test_pairs_of_classes_in_common_are_trained_and_tested_on_these(project):
    outcome = project.tlbench("run", project.suite(OTHER.replace("pairs =", 'classes = "shared"\npairs =')))
    assert outcome.code == 0, outcome.err
    assert "a:other: on the 2 classes that all of it have; left out: 'class 2' of a" in outcome.out
    specs = [record["spec"] for record in records(project, "toy") if record["status"] == "ok"]
    assert len(specs) == 3
    assert all(spec["classes"] == ["class 0", "class 1"] for spec in specs)


def test_classes_in_common_change_no_key_where_all_are(project):
    plans = [
        project.tlbench("run", project.suite(text), "--results", name)
        for text, name in ((SUITE, "one"), (SUITE.replace("pairs =", 'classes = "shared"\npairs ='), "two"))
    ]
    assert [plan.code for plan in plans] == [0, 0]
    keys = [{path.name for path in (project.folder / name / "toy").glob("*.json")} for name in ("one", "two")]
    assert keys[0] == keys[1]


@pytest.mark.parametrize(
    ("written", "labelled", "words"),
    [
        ("", 900, "all of a source is trained on: no validation data are kept back"),
        (
            "validation = true\n",
            800,
            "validation data are kept back from sources, which the published protocols do",
        ),
    ],
)
def test_transductive_test_trains_on_validation_data_unless_asked(project, written, labelled, words):
    text = WHOLE.replace("feature-extraction", "nearest-neighbour").replace("seeds", f"{written}seeds")
    outcome = project.tlbench("run", project.suite(text))
    assert outcome.code == 0, outcome.err
    assert words in " ".join(outcome.out.split())
    (record,) = [record for record in records(project, "toy") if record["variant"] == "nearest-neighbour"]
    assert record["spec"]["validation"] == bool(written)
    assert sum(seen["labelled"] for seen in record["seen"]) == labelled


def test_examples_in_all_are_a_label_budget(project):
    text = SUITE.replace('"transductive"', '"inductive"\nexamples = [9, 30]').replace("feature-extraction", "fine-tune")
    outcome = project.tlbench("run", project.suite(text))
    assert outcome.code == 0, outcome.err
    assert {record["shots"] for record in records(project, "toy") if record["variant"] == "fine-tune"} == {
        "9 examples",
        "30 examples",
    }
    table = project.tlbench("leaderboard", "toy", "--by", "shots")
    assert "examples: labelled target examples in all, in the shares of the classes" in " ".join(table.out.split())


@pytest.mark.parametrize(
    "text",
    [
        "",
        'seeds = [0, 1]\nevaluation = "transductive-test"',
    ],
    ids=["held-out", "transductive-test"],
)
def test_predictions_of_a_seed_stand_beside_the_items_that_it_drew(project, text):
    lines = ["label,site,name,a,b"]
    for row in range(240):
        kind = ("ill", "well", "odd" if row < 120 else "rare")[row % 3]
        lines.append(f"{kind},{'north' if row < 120 else 'south'},{kind}-{row},{row % 3 + row % 7 / 7:.3f},{row % 5}")
    (project.folder / "t.csv").write_text("\n".join(lines))
    file = suite("csv:t.csv", 'label = "label"\ndomain = "site"\nid = "name"\nscale = "standardise"')
    file = file.replace("seeds = [0]", text or "seeds = [0, 1]").replace(
        'pairs = "all"', 'pairs = "all"\nclasses = "shared"'
    )
    outcome = project.tlbench("run", project.suite(file), "--keep-model")
    assert outcome.code == 0, outcome.err
    found = [one for one in records(project, "own") if one["variant"] == "feature-extraction" and one["seed"] == 1]
    assert len(found) == 2
    for record in found:
        shown = project.tlbench("predictions", record["run_key"], "--format", "csv")
        assert shown.code == 0, shown.err
        rows = [line.split(",")[:2] for line in shown.out.splitlines()[1:]]
        assert rows
        assert all(item.startswith(f"{label}-") for item, label in rows)
        assert {label for _, label in rows} == {"ill", "well"}
