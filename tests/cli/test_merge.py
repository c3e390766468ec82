"""`tlbench merge`: folders of one suite become one; what does not compare is refused, nothing is left out unsaid."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tlbench.core.run_spec import PROTOCOL_VERSION
from tlbench.leaderboard.analysis.result_set import load_result_set, read_plan
from tlbench.records.plan_file import PLAN_FILE
from tlbench.records.record_file import parse_record
from tlbench.records.result_folder import ResultFolder, probabilities_name


@pytest.fixture
def folder(make_results):
    """A function that makes results of some seeds."""

    def make(name, seeds, score=0.7):
        results = make_results(name)
        results.transductive({"dann": {"a:b": [score] * len(seeds)}}, seeds, {"a:b": [0.5] * len(seeds)})
        results.result_set()
        return results.folder

    return make


def rewritten(path, change):
    """Store a record of the same run with something changed in its description."""
    record = parse_record(path.read_bytes(), "there", "")
    path.write_text(change(record).model_dump_json())


def test_seeds_of_two_folders_come_together(project, folder):
    outcome = project.tlbench("merge", folder("one", [0, 1]), folder("two", [2, 3]), "--out", "all", plugin=False)
    assert outcome.code == 0, outcome.err
    merged = load_result_set(project.folder / "all" / "digits")
    assert merged.plan.seeds == [0, 1, 2, 3]
    assert len(merged.records) == 12
    out = project.tlbench("leaderboard", "digits", "--results", "all", plugin=False).out
    assert "4 seeds" in out
    assert "70.0" in out


def test_a_published_folder_is_one_of_them(project, folder):
    folder("one", [0, 1])
    assert project.tlbench("publish", "one/digits", "--out", "out", plugin=False).code == 0
    outcome = project.tlbench("merge", "out/digits", folder("two", [2]), "--out", "all", plugin=False)
    assert outcome.code == 0, outcome.err
    assert len(load_result_set(project.folder / "all" / "digits").records) == 9


def test_probabilities_and_what_the_data_of_either_were_come_along(project, folder):
    merged_from = [folder("one", [0]), folder("two", [1])]
    for number, one in enumerate(merged_from):
        plan, text = one / PLAN_FILE, {"text": f"splits of {number}", "domains": [], "pairs": []}
        plan.write_text(json.dumps({**json.loads(plan.read_text()), "notes": [text]}))
        results = ResultFolder(one.parent, one.name)
        for record in results.records():
            results.write(record, {probabilities_name(1): np.full((2, 2), 0.5, np.float32)})
    outcome = project.tlbench("merge", *merged_from, "--out", "all", plugin=False)
    assert outcome.code == 0, outcome.err
    merged = ResultFolder(project.folder / "all", "digits")
    assert [merged.probabilities(key, 1).tolist() for key in merged.run_keys()] == [[[0.5, 0.5]] * 2] * 6
    assert [note.text for note in read_plan(merged.folder).notes] == ["splits of 0", "splits of 1"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"revisions": {"b": "newer"}}, "the revision of digits b is r in one/digits and newer in two/digits"),
        (
            {"protocol": PROTOCOL_VERSION + 1},
            f"the protocol version is {PROTOCOL_VERSION} in one/digits and {PROTOCOL_VERSION + 1} in two/digits",
        ),
    ],
)
def test_other_revisions_and_protocols_are_refused_and_nothing_is_written(project, folder, changes, said):
    folder("one", [0])
    for path in folder("two", [1]).glob("*.json"):
        if path.name != "plan.json":
            rewritten(path, lambda one: one.model_copy(update={"spec": one.spec.model_copy(update=changes)}))
    outcome = project.tlbench("merge", "one/digits", "two/digits", "--out", "all", plugin=False)
    assert outcome.code == 2
    assert said in outcome.err
    assert not (project.folder / "all").exists()


def test_folders_of_two_suites_are_refused_with_what_differs(project, folder):
    folder("one", [0])
    plan = folder("two", [1]) / "plan.json"
    plan.write_text(json.dumps({**json.loads(plan.read_text()), "selection": "source-val"}))
    outcome = project.tlbench("merge", "one/digits", "two/digits", "--out", "all", plugin=False)
    assert outcome.code == 2
    assert "selection is 'source-val' in two/digits, and 'last' in one/digits" in outcome.err


def test_other_numbers_of_one_run_are_said_and_the_first_are_kept(project, folder):
    folder("one", [0], 0.7)
    folder("two", [0], 0.9)
    outcome = project.tlbench("merge", "one/digits", "two/digits", "--out", "all", plugin=False)
    assert outcome.code == 0
    assert outcome.err.count("has other numbers in two/digits; those of one/digits are kept") == 1
    records = load_result_set(project.folder / "all" / "digits").records.values()
    assert [one.metrics["last"]["accuracy"] for one in records if one.variant == "dann"] == [0.7]


def test_a_run_that_is_ok_somewhere_is_taken_from_there(project, folder):
    for path in folder("one", [0], 0.7).glob("*.json"):
        if path.name != "plan.json":
            rewritten(path, lambda one: one.model_copy(update={"status": "crashed", "metrics": {}}))
    folder("two", [0], 0.9)
    assert project.tlbench("merge", "one/digits", "two/digits", "--out", "all", plugin=False).code == 0
    assert {one.status for one in load_result_set(project.folder / "all" / "digits").records.values()} == {"ok"}


def test_what_is_damaged_is_named_and_what_is_there_is_not_overwritten(project, folder):
    damaged = next(path for path in sorted(folder("one", [0]).glob("*.json")) if path.name != "plan.json")
    damaged.write_text("{")
    folder("two", [1])
    outcome = project.tlbench("merge", "one/digits", "two/digits", "--out", "all", plugin=False)
    assert outcome.code == 1
    assert f"left out: one/digits: damaged record: {damaged.name}" in outcome.err
    again = project.tlbench("merge", "one/digits", "two/digits", "--out", "all", plugin=False)
    assert again.code == 2
    assert "all/digits holds records already; name another --out" in again.err
    assert project.tlbench("merge", "one/digits", "one/digits/", "--out", "b", plugin=False).code == 2
