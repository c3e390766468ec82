"""The result set on disk and in memory."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tlbench.errors import TlbenchError
from tlbench.leaderboard.analysis.result_set import as_number, load_result_set

HEAVY = ["torch", "sklearn", "timm", "transformers", "datasets"]


def test_a_row_per_cell_and_protocol(results):
    results.transductive({"dann": {"syn:uci": [{"last": 0.6, "source-val": 0.5}]}}, [0], {"syn:uci": [0.4]})
    frame = results.result_set().frame
    dann = frame[frame.variant == "dann"].set_index("selection")
    assert list(dann.index) == ["last", "source-val"]
    assert dann.loc["source-val", "accuracy"] == 0.5
    assert dann.loc["last", ["pair", "source", "target", "seed"]].tolist() == ["syn:uci", "syn", "uci", 0]
    assert dann.loc["last", ["own_seconds", "shared_seconds", "checkpoint"]].tolist() == [4.2, 1.5, 600]
    assert dann.loc["last", "by_steps"]


def test_identity_is_the_cells_and_numbers_are_the_records(results):
    """The oracle is one record without a source, which every pair of its target shares."""
    results.transductive({}, [0], {"syn:uci": [0.4], "uci_m:uci": [0.3]}, oracle=0.97)
    frame = results.result_set().frame
    oracle = frame[frame.variant == "oracle"]
    assert oracle["pair"].tolist() == ["syn:uci", "uci_m:uci"]
    assert oracle["setting"].unique().tolist() == ["transductive"]
    assert oracle["run_key"].nunique() == 1
    assert oracle["accuracy"].tolist() == [0.97, 0.97]


@pytest.mark.parametrize("damage", ["{", "{}", '{"schema_version": 99}', "[]", ""])
def test_a_damaged_record_is_missing_and_named(results, damage):
    results.transductive({"dann": {"syn:uci": [0.6]}}, [0], {"syn:uci": [0.4]})
    key = next(cell["run_key"] for cell in results.cells if cell["variant"] == "dann")
    (results.folder / f"{key}.json").write_text(damage)
    row = results.result_set().frame.query("variant == 'dann'").iloc[0]
    assert (row.status, row.reason) == ("missing", f"damaged record: {key}.json")
    assert row.isna().accuracy


def test_missing_and_failed_runs_have_their_reason(results):
    scores = {"dann": {"syn:uci": [None]}, "slow": {"syn:uci": [("timeout", "ran past 5s")]}}
    results.transductive(scores, [0], {"syn:uci": [0.4]})
    frame = results.result_set().frame.set_index("variant")
    assert frame.loc["dann", ["status", "reason"]].tolist() == ["missing", "not run"]
    assert frame.loc["slow", ["status", "reason"]].tolist() == ["timeout", "ran past 5s"]


def test_references_without_a_cell_are_read(results):
    results.inductive("dann", "syn:uci", [0], [0.7], [0.6], [0.5])
    result_set = results.result_set()
    alone = next(cell for cell in result_set.cells if cell.variant == "dann").references["without-source"]
    assert result_set.score(alone, "last", "accuracy") == 0.6
    assert alone not in set(result_set.frame.run_key)


def test_no_plan(tmp_path):
    with pytest.raises(TlbenchError, match="run `tlbench run digits` first"):
        load_result_set(tmp_path / "digits")


@pytest.mark.parametrize("text", ["{", json.dumps({"suite": "digits"})])
def test_a_damaged_plan_is_named(results, text):
    (results.folder / "plan.json").write_text(text)
    with pytest.raises(TlbenchError, match=r"damaged plan .*plan.json"):
        load_result_set(results.folder)


@pytest.mark.parametrize(
    ("value", "number"), [(1, 1.0), (0.5, 0.5), (float("nan"), None), (float("inf"), None), ([0.1], None), (None, None)]
)
def test_only_finite_numbers_are_numbers(value, number):
    assert as_number(value) == number


def test_nothing_heavy_is_imported(results):
    """Everything at work, in a process of its own."""
    results.transductive({"dann": {"syn:uci": [0.6, 0.7, 0.8]}}, [0, 1, 2], {"syn:uci": [0.4, 0.5, 0.5]})
    results.result_set()
    code = f"""
import sys
from pathlib import Path
from tlbench.leaderboard.tables.run_card import card
from tlbench.leaderboard.tables.comparison import compare
from tlbench.leaderboard.analysis.result_set import load_result_set
from tlbench.leaderboard.renderers import formats, render
from tlbench.leaderboard.leaderboard import leaderboard
found = load_result_set(Path({str(results.folder)!r}))
tables = leaderboard(found) + leaderboard(found, by="pair") + leaderboard(found, selection="all")
tables += compare(found.frame.query("variant == 'dann'"), found.frame.query("variant == 'oracle'"), "accuracy")
for form in formats():
    assert render(tables, form)
assert all(card(record, found.records) for record in found.records.values())
print([name for name in {HEAVY} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
