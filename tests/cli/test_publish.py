"""`tlbench publish`: a folder from results, the same folder from itself, and nothing where the input is wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from toy_suite import SUITE, TOY

from tlbench.records.sealed_json import unsealed

MORE = 'summary = "is it so?"\nclaims = "c.csv"\nabout = "a.md"\nviews = ["pair", "selection"]'
PAGE = SUITE.replace("seeds = [0]", f"seeds = [0]\n{MORE}")
CLAIMS = (
    "dataset,source,target,setting,strategy,backbone,protocol,metric,value,plus_minus,citation,note,differs\n"
    "toy,a,b,transductive,source-only,mlp:16,the same,accuracy,0.05,,Someone 2016,,\n"
)
ABOUT = "A toy, [linked](https://example.org/a/b).\n\n## Protocol\n\nNone.\n"


@pytest.fixture(scope="module")
def ran_once(tmp_path_factory):
    """A suite with everything that a page can have, run once, by a command that names paths of this machine."""
    folder = tmp_path_factory.mktemp("published")
    for name, text in (("suite.toml", PAGE), ("c.csv", CLAIMS), ("a.md", ABOUT)):
        (folder / name).write_text(text)
    command = [sys.executable, "-m", "tlbench", "run", str(folder / "suite.toml"), "--plugin", str(TOY)]
    environment = {**os.environ, "TLBENCH_CACHE": str(folder / "cache")}
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return folder / "results"


@pytest.fixture
def ran(project, ran_once):
    """A project with a copy of these results."""
    shutil.copytree(ran_once, project.folder / "results")
    return project


@pytest.fixture
def published(ran):
    """The same, published."""
    assert publish(ran, "toy").code == 0
    return ran


def publish(project, *arguments):
    return project.tlbench("publish", *arguments, plugin=False)


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- bad input: one message, and everything as it was


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("toi",), "unknown suite 'toi'; did you mean 'toy'?"),
        (("nowhere/toy",), "no records in results/nowhere/toy"),
        (("empty",), "empty is no folder of records: it has no plan.json"),
        (("toy", "--out", "file"), "--out 'file' is a file; name a folder"),
        (("toy", "--out", "results"), "--out 'results' is where the records are; name another folder"),
        (("toy", "--results", "none"), "run it first"),
        (("leaderboards/toy", "--out", "elsewhere"), "is published already, and is made again where it is"),
    ],
)
def test_bad_arguments_are_told_and_nothing_is_written(published, arguments, message):
    (published.folder / "empty").mkdir()
    published.write("file", "mine")
    before = contents(published.folder)
    outcome = publish(published, *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err
    assert "Traceback" not in outcome.err
    assert contents(published.folder) == before


def _without_records(folder):
    for path in folder.glob("*.json"):
        if path.name != "plan.json":
            path.unlink()


def _view(folder):
    path = folder / "plan.json"
    path.write_bytes(unsealed(path.read_bytes()).replace(b'"selection"\n', b'"sideways"\n'))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_without_records, "no records of 'toy' in results/toy; run the suite first"),
        (_view, "unknown view 'sideways'"),
        (lambda folder: (folder / "plan.json").write_text("{"), "damaged plan results/toy/plan.json"),
        (lambda folder: shutil.copytree(folder, folder.parent / "toys"), None),
    ],
)
def test_results_that_cannot_be_published_leave_what_is_there(published, damage, message):
    damage(published.folder / "results" / "toy")
    before = contents(published.folder / "leaderboards")
    outcome = publish(published, "toy") if message else publish(published, "toys")
    assert outcome.code == 2
    assert (message or "results/toys holds the suite 'toy'; give the folder that name") in outcome.err
    assert contents(published.folder / "leaderboards") == before


def test_damage_in_a_published_folder_and_in_notes_is_named(published):
    folder = published.folder / "leaderboards"
    notes = folder / "toy" / "notes.md"
    notes.write_bytes(b"fine\n\xff")
    assert "leaderboards/toy/notes.md:2: a byte that is not UTF-8" in publish(published, "leaderboards/toy").err
    notes.unlink()
    records = folder / "toy" / "records.jsonl"
    records.write_text(records.read_text().replace("{", "", 1))
    before = contents(folder)
    for arguments in (("leaderboards/toy",), ("leaderboards/toy", "--check")):
        outcome = publish(published, *arguments)
        assert outcome.code == 2
        assert "damaged record leaderboards/toy/records.jsonl:1" in outcome.err
    assert contents(folder) == before


@pytest.mark.parametrize(
    ("key", "content", "message"),
    [
        ('about = "none.md"', None, "none.md: does not exist"),
        ('about = "a.md"', b"one\n\xe9", "a.md:2: a byte that is not UTF-8 (0xe9)"),
        ('about = "a.md"', b"x" * 64_001, "a.md: has 64,001 bytes; at most 64,000 are allowed"),
        ('about = "a.md"', b"\n \n", "a.md: is empty"),
        ("about = 3", None, "about: 3 must be a valid string"),
        ('views = ["pear"]', None, "views item 1: unknown view 'pear'; did you mean 'pair'?"),
        ('views = ["strategy"]', None, "views item 1: unknown view 'strategy'"),
        ('views = ["pair", "pair"]', None, "views: 'pair' is there more than once"),
    ],
)
def test_faults_of_a_pages_text_and_shapes_are_told_before_anything_runs(project, key, content, message):
    if content is not None:
        (project.folder / "a.md").write_bytes(content)
    outcome = project.tlbench("run", project.suite(SUITE.replace("seeds = [0]", f"seeds = [0]\n{key}")))
    assert outcome.code == 2
    assert message in outcome.err
    assert "Traceback" not in outcome.err
    assert not (project.folder / "results").exists()


def test_a_disk_that_fails_half_way_leaves_what_is_there(published, monkeypatch):
    def write_bytes(path, content):
        if path.name == "README.md":
            raise OSError(28, "No space left on device")
        with path.open("wb") as file:
            return file.write(content)

    (published.folder / "leaderboards" / "toy" / "notes.md").write_text("It is so.\n")
    before = contents(published.folder)
    monkeypatch.setattr("pathlib.Path.write_bytes", write_bytes)
    outcome = publish(published, "toy")
    assert outcome.code == 2
    assert "No space left on device" in outcome.err
    assert contents(published.folder) == before


# --- what is written


def test_the_page_has_its_parts_in_order_and_no_path_of_the_machine(published):
    folder = published.folder / "leaderboards" / "toy"
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "correct.safetensors",
        "figures",
        "index.html",
        "plan.json",
        "predictions.safetensors",
        "records.jsonl",
        "table.csv",
        "table.tex",
    ]
    page = (folder / "README.md").read_text()
    headings = [line for line in page.splitlines() if line.startswith(("# ", "## "))]
    assert headings == [
        "# toy",
        "## Protocol",
        "## Where and how it ran",
        "## Published figures beside ours",
        "## The tables",
        "## By pair",
        "## What choosing is worth",
        "## Figures",
        "## How to check it",
    ]
    assert page.startswith("# toy\n\nA toy, [linked](https://example.org/a/b).\n")
    assert "- runs: 3 (3 ok), 1 seed\n" in page
    assert "- command: tlbench run suite.toml --plugin toy\\_plugin.py\n" in page
    assert "| source-only · a:b | " in page
    everything = b"".join(contents(folder).values())
    assert str(published.folder.parent).encode() not in everything
    assert str(TOY.parent).encode() not in everything
    assert b"pytest-of" not in everything


def test_a_drawing_of_other_bytes_that_shows_the_same_is_left_as_it_is_and_one_of_no_table_goes(published):
    """As those of another version of what draws them."""
    figures = published.folder / "leaderboards" / "toy" / "figures"
    drawing = next(figures.glob("frontier-*.svg"))
    drawing.write_text("<svg/>" + re.search("<!-- what it shows.*-->", drawing.read_text())[0])
    assert publish(published, "toy", "--check").code == 0
    (figures / "old.svg").write_text("<svg/>")
    (published.folder / "leaderboards" / "toy" / "README.md").unlink()
    assert publish(published, "toy").code == 0
    assert drawing.read_text().startswith("<svg/>")
    assert not (figures / "old.svg").exists()


def test_predictions_are_the_classes_that_each_run_gave_the_test_items(published):
    from safetensors.numpy import load_file

    found = load_file(published.folder / "leaderboards" / "toy" / "predictions.safetensors")
    ok = {record.run_key: record for record in published.records() if record.status == "ok"}
    assert set(found) == set(ok)
    for key, predicted in found.items():
        stored = load_file(published.folder / "results" / "toy" / f"{key}.safetensors")
        assert (predicted == stored[f"{ok[key].checkpoints[-1]}/test"]).all()


def test_damaged_predictions_of_a_published_folder_are_named(published):
    path = published.folder / "leaderboards" / "toy" / "predictions.safetensors"
    path.write_bytes(b"damaged")
    outcome = publish(published, "leaderboards/toy")
    assert outcome.code == 2
    assert "damaged predictions leaderboards/toy/predictions.safetensors" in outcome.err
    assert path.read_bytes() == b"damaged"


def test_records_are_one_a_line_in_the_order_of_their_keys(published):
    lines = (published.folder / "leaderboards" / "toy" / "records.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    stored = {record.run_key: record for record in published.records()}
    assert [record["run_key"] for record in found] == sorted(stored)
    assert all(record["metrics"] == stored[record["run_key"]].metrics for record in found)


def test_the_folder_alone_makes_itself_again_without_the_suite_or_its_results(published):
    folder = published.folder / "leaderboards"
    before = contents(folder)
    shutil.rmtree(published.folder / "results")
    assert publish(published, "leaderboards/toy", "--check").code == 0
    (folder / "toy" / "README.md").unlink()
    (folder / "README.md").unlink()
    outcome = publish(published, "leaderboards/toy")
    assert (outcome.code, outcome.out) == (0, "leaderboards/toy: 3 records, written\n")
    assert contents(folder) == before
    assert publish(published, "leaderboards/toy").out == "leaderboards/toy: 3 records, nothing has changed\n"


def test_check_says_which_file_and_what_differs_and_writes_nothing(published):
    folder = published.folder / "leaderboards"
    page = folder / "toy" / "README.md"
    page.write_text(page.read_text().replace("- runs: 3", "- runs: 4"))
    (folder / "README.md").unlink()
    drawing = folder / "toy" / "figures" / "frontier-transductive-mlp-16-held-out.svg"
    drawing.write_text(re.sub("sha256 ....", "sha256 0000", drawing.read_text()))
    (drawing.parent / "old.svg").write_text("<svg/>")
    before = contents(folder)
    for suite in ("toy", "leaderboards/toy"):
        outcome = publish(published, suite, "--check")
        assert outcome.code == 1
        first, *others = outcome.out.splitlines()
        assert first.startswith("leaderboards/toy/README.md:13: '- runs: 4 (3 ok), 1 seed' should be '- runs: 3 (3 ok)")
        assert others == [
            "leaderboards/toy/figures/frontier-transductive-mlp-16-held-out.svg: shows something else",
            "leaderboards/toy/figures/old.svg: is a drawing of no table",
            "leaderboards/README.md: is not there",
        ]
    assert contents(folder) == before


def test_hand_written_text_is_shown_and_kept(published):
    folder = published.folder / "leaderboards"
    (folder / "toy" / "notes.md").write_text("It is so.\n")
    (folder / "toy" / "drawing.svg").write_text("<svg/>")
    (folder / "notes.md").write_text("All of it.\n")
    assert publish(published, "toy", "--check").code == 1
    assert publish(published, "toy").code == 0
    assert "\n\n## What came out\n\nIt is so.\n\n## Where" in (folder / "toy" / "README.md").read_text()
    assert "# Published tables\n\nAll of it.\n\n## Suites\n" in (folder / "README.md").read_text()
    kept = contents(folder)
    assert (kept["toy/notes.md"], kept["toy/drawing.svg"]) == (b"It is so.\n", b"<svg/>")
    assert "| [toy](toy/README.md) | is it so?  |" in (folder / "README.md").read_text()


def test_what_ran_but_is_no_part_of_the_plan_is_not_published(ran):
    project_records = ran.folder / "results" / "toy"
    kept = ran.record("source-only")
    changed = kept.model_copy(update={"run_key": "0" * 20})
    (project_records / f"{'0' * 20}.json").write_text(changed.model_dump_json())
    assert publish(ran, "toy").out == "leaderboards/toy: 3 records, written\n"


def test_a_folder_elsewhere_and_a_suite_file_are_taken_too(ran):
    ran.suite(PAGE)
    assert publish(ran, "suite.toml", "--out", "site/tables").code == 0
    assert (ran.folder / "site" / "tables" / "toy" / "README.md").is_file()
    assert (ran.folder / "site" / "tables" / "README.md").is_file()


def test_other_commands_read_a_published_folder(published):
    tlbench = published.tlbench
    for options in ([], ["--claims"], ["--by", "pair"], ["--selection", "all"]):
        ours = tlbench("leaderboard", "toy", *options, plugin=False)
        theirs = tlbench("leaderboard", "leaderboards/toy", *options, plugin=False)
        assert (theirs.code, theirs.out) == (0, ours.out)
    key = published.record("feature-extraction").run_key
    card = tlbench("show", f"leaderboards/toy/{key[:8]}", plugin=False)
    assert card.code == 0
    assert key in card.out
    assert tlbench("show", key[:8], "--results", "leaderboards", plugin=False).out == card.out
    assert "begins with 'zzz'" in tlbench("show", "leaderboards/toy/zzz", plugin=False).err
    both = tlbench("compare", "leaderboards/toy", "results/toy", plugin=False)
    assert (both.code, both.err) == (0, "")
    assert "feature-extraction · a:b" in both.out


def test_a_change_of_the_pages_text_makes_a_new_plan_without_running_anything(ran):
    suite = ran.suite(PAGE)
    ran.write("c.csv", CLAIMS)
    ran.write("a.md", "After.\r\n")
    assert "3 runs are there" in ran.tlbench("run", suite).err
    assert ran.plan()["about"] == "After."
    assert publish(ran, "toy").code == 0
    assert "# toy\n\nAfter.\n\n" in (ran.folder / "leaderboards" / "toy" / "README.md").read_text()


def test_several_folders_are_made_again_by_one_command_and_checked_by_one(published):
    again = published.folder / "leaderboards"
    shutil.copytree(again / "toy", published.folder / "other" / "toy")
    folders = ["leaderboards/toy", "other/toy"]
    outcome = published.tlbench("publish", *folders, plugin=False)
    assert outcome.code == 0, outcome.err
    assert [line.partition(":")[0] for line in outcome.out.splitlines()] == folders
    assert published.tlbench("publish", *folders, "--check", plugin=False).code == 0
    (published.folder / "other" / "toy" / "table.csv").unlink()
    outcome = published.tlbench("publish", *folders, "--check", plugin=False)
    assert outcome.code == 1
    assert "other/toy/table.csv" in outcome.out
