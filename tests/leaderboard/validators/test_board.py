"""Tables of validators, and the published records judged a second time by plain loops."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from tlbench.leaderboard.analysis.result_set import load_result_set
from tlbench.leaderboard.validators.board import board

LEADERBOARDS = Path(__file__).parents[3] / "leaderboards"


def cell_of(table, row, column):
    at = [one.name for one in table.columns].index(column)
    return next(cells for cells in table.rows if cells[0].text == row)[at]


def test_nothing_to_choose_makes_no_table(known):
    known.run("dann", [0.5])
    assert board({"known": known.result_set()}) == []


def test_rows_are_ordered_by_what_they_won_chance_among_them_and_the_dishonest_last(known):
    known.run("dann", [0.4, 0.9, 0.5], entropy=[-3.0, -1.0, -2.0], snd=[3.0, 1.0, 2.0])
    (table,) = board({"known": known.result_set()})
    assert [row[0].text for row in table.rows] == ["entropy", "by chance", "last", "snd", "target-test"]
    assert [row[2].text for row in table.rows] == ["100 %", "0 %", "−33 %", "−67 %", "100 %"]
    assert table.rows[-1][0].marks == ("⚠",)
    assert cell_of(table, "snd", "regret").value == pytest.approx(0.5)
    assert cell_of(table, "snd", "correlation").value == pytest.approx(-1.0)


def test_what_old_records_lack_is_named_and_not_judged(known):
    known.run("dann", [0.4, 0.9], snd=[1.0, 2.0])
    (table,) = board({"known": known.result_set()})
    (line,) = [line for line in table.notes if line.startswith("not recorded")]
    assert {"mixval", "devn", "snd-gated"} <= set(line.partition(": ")[2].split(", "))
    assert "snd" not in line.partition(": ")[2].split(", ")


def test_seeds_are_averaged_before_cells(known):
    for seed, scores in enumerate(([0.5, 0.9], [0.5, 0.9], [0.5, 0.9])):
        known.run("dann", scores, seed=seed, snd=[1.0, 0.0])
    known.run("twin", [0.5, 0.5], snd=[1.0, 0.0])
    table = board({"known": known.result_set()})[0]
    assert cell_of(table, "snd", "regret").value == pytest.approx(0.2)
    assert cell_of(table, "snd", "choices").value == 4


def test_a_choice_that_two_suites_share_is_counted_once(known):
    known.run("dann", [0.4, 0.9], snd=[1.0, 2.0])
    once, twice = known.result_set(), known.result_set()
    (table,) = board({"one": once, "two": twice})
    assert cell_of(table, "snd", "choices").value == 1
    assert table.title.startswith("2 suites")


def test_ties_are_counted_by_variant(known):
    known.run("dann", [0.4, 0.9], source_val=[0.5, 0.5])
    known.run("twin", [0.4, 0.9], source_val=[0.4, 0.5])
    table = board({"known": known.result_set()})[0]
    assert cell_of(table, "source-val", "ties").text == "50 %"
    assert any(line.endswith("most often by source-val: 1 of 1 of dann") for line in table.notes)


# --- published records


def members_of(suite):
    """By family, pair and seed the records of a published grid, as plain JSON; all of one place."""
    folder = LEADERBOARDS / suite
    records = {one["run_key"]: one for one in map(json.loads, (folder / "records.jsonl").read_text().splitlines())}
    found = defaultdict(list)
    for cell in json.loads((folder / "plan.json").read_text())["cells"]:
        if cell["family"]:
            where = cell["family"], ",".join(cell["source"]), cell["target"]
            found[(*where, cell["seed"])].append(records[cell["run_key"]])
    return found


def stands(tied, members):
    """The first of equal members; from version 2 of the protocol on the best by infomax, then by source-val."""
    if min(members[at]["spec"].get("protocol", 1) for at in tied) < 2:
        return tied[0]
    return max(tied, key=lambda at: [max(members[at]["selection"][name]) for name in ("infomax", "source-val")])


def judged_by_hand(groups, protocol):
    """Mean regret, gain and share of ties, by loops over the members and checkpoints of each choice."""
    regrets, gains, ties = defaultdict(list), defaultdict(list), []
    for where, members in groups.items():
        tests = [value for record in members for value in record["selection"]["target-test"]]
        tops = []
        for record in members:
            rated = record["selection"][protocol]
            top = max(value for value in rated if value is not None)
            tops.append((top, max(at for at, value in enumerate(rated) if value == top)))
        best = max(top for top, _ in tops)
        first = stands([at for at, (top, _) in enumerate(tops) if top == best], members)
        chosen = members[first]["selection"]["target-test"][tops[first][1]]
        regrets[where[:-1]].append(max(tests) - chosen)
        gains[where[:-1]].append(chosen - np.mean(tests))
        ties.append(sum(v == best for record in members for v in record["selection"][protocol]) > 1)
    return (*(np.mean([np.mean(own) for own in found.values()]) for found in (regrets, gains)), np.mean(ties))


@pytest.mark.skipif(not LEADERBOARDS.is_dir(), reason="needs the folder leaderboards, which the source archive lacks")
@pytest.mark.parametrize("suite", ["amazon-bow", "digits-lambda"])
def test_published_members_are_judged_as_a_second_implementation_judges_them(suite):
    tables = board({suite: load_result_set(LEADERBOARDS / suite)})
    (table,) = [one for one in tables if "a member" in one.title]
    groups = members_of(suite)
    for protocol in ("source-val", "infomax", "snd", "dev", "reverse-validation", "target-test"):
        shown = [cell_of(table, protocol, name).value for name in ("regret", "gain", "ties")]
        assert shown == pytest.approx(judged_by_hand(groups, protocol), abs=1e-12), protocol
