from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file
from statsmodels.stats.contingency_tables import mcnemar
from test_start import loaded_after
from toy_suite import SUITE, TOY

from tlbench.records.result_folder import ResultFolder

#: A learning rate with which the oracle is better than source-only after so few steps.
TWO = (
    SUITE.replace("seeds = [0]", "seeds = [0, 1]")
    .replace("[[part]]", "[training]\nlr = 0.005\n\n[[part]]")
    .replace('"feature-extraction"', '"feature-extraction", "twin"')
)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The results of a suite of two variants and two seeds, run once."""
    folder = tmp_path_factory.mktemp("compared")
    (folder / "suite.toml").write_text(TWO)
    command = [sys.executable, "-m", "tlbench", "run", "suite.toml", "--plugin", str(TOY)]
    environment = {**os.environ, "TLBENCH_CACHE": str(folder / "cache")}
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return folder / "results"


@pytest.fixture
def ran(project, results):
    """A project with a copy of these results."""
    project.suite(TWO)
    shutil.copytree(results, project.folder / "results")
    return project


def refused(project, *arguments):
    """What is said of bad input, which is never a traceback."""
    outcome = project.tlbench("compare", *arguments, plugin=False)
    assert (outcome.code, outcome.out) == (2, "")
    assert "Traceback" not in outcome.err
    return outcome.err


# --- bad input


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("twim", "oracle"), "unknown variant 'twim'; did you mean 'twin'? Known: feature-extraction, oracle, source-"),
        (("twin", "twin"), "A and B are both 'twin'; compare it with another of toy: feature-extraction, oracle,"),
        (("toy/twin", "toy/twin"), "A and B are both 'twin'"),
        (("twin", "oracle", "--metric", "acuracy"), "unknown metric 'acuracy'; did you mean 'accuracy'?"),
        (("twin", "oracle", "--selection", "lost"), "unknown selection protocol 'lost'; did you mean 'last'?"),
        (("twin", "oracle", "--selection", "all"), "one protocol at a time; recorded: last, source-val"),
        (("twin", "oracle", "--pair", "x:*"), "--pair 'x:*': unknown pair 'x:*'. Known: a:b"),
        (("twin", "oracle", "--suite", "toi"), "unknown suite 'toi'; did you mean 'toy'?"),
        (("toi/twin", "toi/oracle"), "unknown suite 'toi'; did you mean 'toy'?"),
        (("toy/twin", "other/oracle"), "two suites are compared as folders: tlbench compare results/toy results/other"),
        (("twin", "oracle", "--results", "nowhere"), "no records in nowhere; run a suite first"),
        (("results/toy", "twin"), "results/toy is a folder of records, and twin is none"),
        (("results/toy", "results/toy/"), "are the same folder"),
        (("results", "folder"), "results and folder are folders without plan.json"),
        (("results", "twin"), "The folder results has no plan.json"),
        (("twin",), "Missing argument 'B'"),
        (("twin", "oracle", "--format", "xml"), "xml"),
    ],
)
def test_bad_input_is_one_message(ran, arguments, message):
    (ran.folder / "folder").mkdir()
    assert message in refused(ran, *arguments)


def test_several_suites_are_listed(ran):
    shutil.copytree(ran.folder / "results" / "toy", ran.folder / "results" / "other")
    assert "--suite is missing; results holds other, toy" in refused(ran, "twin", "oracle")
    assert ran.tlbench("compare", "toy/twin", "oracle", plugin=False).code == 0


def test_no_records_is_a_message_with_the_reason(ran):
    for record in ran.records():
        if record.variant == "twin":
            (ran.folder / "results" / "toy" / f"{record.run_key}.json").unlink()
    message = refused(ran, "twin", "oracle")
    assert "twin and oracle have no run with accuracy under 'last' in common: twin: not run" in message


def test_damaged_files_are_missing_ones(ran):
    damaged = ran.folder / "results" / "toy" / f"{ran.record('source-only', seed=0).run_key}"
    damaged.with_suffix(".safetensors").write_bytes(b"no tensors")
    shown = compared(ran, "source-only", "oracle")[0]
    assert shown["rows"][0]["mcnemar"]["text"].endswith("of 1")
    damaged.with_suffix(".json").write_text("{")
    shown = compared(ran, "source-only", "oracle")[0]
    assert shown["rows"][0]["seeds"]["text"] == "1 of 2"
    assert shown["footnotes"] == [f"A: damaged record: {damaged.name}.json"]
    (ran.folder / "results" / "toy" / "plan.json").write_text("{")
    assert "damaged plan" in refused(ran, "twin", "oracle")


# --- two variants


def compared(project, *arguments):
    outcome = project.tlbench("compare", *arguments, "--format", "json", plugin=False)
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def test_two_variants_are_paired_by_seed(ran):
    (table,) = compared(ran, "feature-extraction", "twin")
    scores = {
        variant: [ran.record(variant, seed=seed).metrics["last"]["accuracy"] for seed in (0, 1)]
        for variant in ("feature-extraction", "twin")
    }
    assert table["title"].startswith("toy · A: feature-extraction, B: twin · transductive · mlp:16 · held-out")
    (row,) = table["rows"]
    assert row["pair"]["text"] == "a:b"
    assert row["a"]["value"] == pytest.approx(np.mean(scores["feature-extraction"]))
    assert row["difference"]["value"] == pytest.approx(
        np.mean(scores["feature-extraction"]) - np.mean(scores["twin"]), abs=1e-12
    )
    assert table["notes"][0] == "fewer than 3 seeds: no intervals, no verdicts"


def test_a_suite_is_named_in_several_ways(ran):
    wanted = compared(ran, "twin", "oracle")
    shutil.copytree(ran.folder / "results" / "toy", ran.folder / "results" / "other")
    assert compared(ran, "twin", "oracle", "--suite", "toy") == wanted
    assert compared(ran, "twin", "oracle", "--suite", "suite.toml") == wanted
    assert compared(ran, "toy/twin", "toy/oracle") == wanted
    assert compared(ran, "toy/twin", "oracle", "--setting", "trans*", "--backbone", "mlp*") == wanted


def test_references_can_be_compared(ran):
    (table,) = compared(ran, "source-only", "oracle", "--selection", "source-val")
    assert table["rows"][0]["b"]["value"] > table["rows"][0]["a"]["value"]
    assert any("shown at the last step" in note for note in table["notes"])


def test_mcnemar_equals_statsmodels_on_the_stored_predictions(ran):
    called = [0, 0]
    for seed in (0, 1):
        right = []
        for variant in ("source-only", "oracle"):
            record = ran.record(variant, seed=seed)
            step = record.metrics["last"]["checkpoint"]
            stored = load_file(ran.folder / "results" / "toy" / f"{record.run_key}.safetensors")
            right.append(stored[f"{step}/correct"].astype(bool))
            assert right[-1].mean() == pytest.approx(record.metrics["last"]["accuracy"])
        ours, theirs = right
        only_a, only_b = int((ours & ~theirs).sum()), int((~ours & theirs).sum())
        table = [[int((ours & theirs).sum()), only_a], [only_b, int((~ours & ~theirs).sum())]]
        if mcnemar(table, exact=only_a + only_b < 25).pvalue <= 0.05:
            called[only_b > only_a] += 1
    (table,) = compared(ran, "source-only", "oracle")
    assert table["rows"][0]["mcnemar"]["text"] == f"A {called[0]}, B {called[1]} of 2"
    assert sum(called)


@pytest.mark.parametrize("form", ["table", "markdown", "csv", "latex", "html", "json"])
def test_every_format_is_written(ran, form):
    outcome = ran.tlbench("compare", "twin", "oracle", "--format", form, plugin=False)
    assert outcome.code == 0
    assert "a:b" in outcome.out


def test_no_heavy_library_is_imported(ran):
    assert loaded_after(["compare", "twin", "oracle"], ran.folder) == [0, []]


# --- two folders


def test_two_folders_are_compared_variant_by_variant(ran):
    shutil.copytree(ran.folder / "results", ran.folder / "before")
    changed = TWO.replace("steps = 40", "steps = 20").replace(', "twin"', "")
    assert ran.tlbench("run", ran.suite(changed)).code == 0
    (table,) = compared(ran, "results/toy", "before/toy")
    rows = [row["pair"]["text"] for row in table["rows"]]
    assert rows == ["source-only · a:b", "oracle · a:b", "feature-extraction · a:b"]
    assert table["title"].startswith("A: results/toy, B: before/toy · ")
    assert table["notes"][-2:] == [
        "not compared, because only B has it: twin on 1 pair (transductive · mlp:16 · held-out)",
        "made differently: budget.steps is 20 in A, 40 in B",
    ]


def test_a_folder_of_other_data_is_refused(ran):
    shutil.copytree(ran.folder / "results", ran.folder / "before")
    folder = ResultFolder(ran.folder / "before", "toy")
    for record in list(folder.records()):
        spec = record.spec.model_copy(update={"revisions": {"b": "another"}})
        folder.write(record.model_copy(update={"spec": spec}))
    assert "different data as b of 'toy'" in refused(ran, "results/toy", "before/toy")
