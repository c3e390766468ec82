"""Members of a grid that a protocol chooses, on records with known scores."""

from __future__ import annotations

import pytest

from tlbench.leaderboard.leaderboard import leaderboard

LOW = [0.3, 0.31, 0.32]
SEEDS = [0, 1, 2]


@pytest.fixture
def grid(results):
    """`grid({member: (test score, {protocol: score})})` is the result set of a grid `dann` with these members."""

    def grid(members):
        results.selection = "source-val"
        for seed, lower in zip(SEEDS, LOW, strict=True):
            base = results.record("source-only", "syn", "uci", seed, _scored(lower), setting="transductive")
            references = {"source-only": base}
            place = {"setting": "transductive", "references": references}
            results.cell("source-only", "syn:uci", seed, base, role="reference", **place)
            for name, (score, scores) in members.items():
                selection = {protocol: [value] for protocol, value in scores.items()}
                options = {"setting": "transductive", "selection": selection, "checkpoints": [600]}
                key = results.record(name, "syn", "uci", seed, _scored(score + seed / 1000), **options)
                results.cell(name, "syn:uci", seed, key, **place)
                results.cells[-1]["family"] = "dann"
        return results.result_set()

    return grid


def _scored(score):
    return {"last": score, "source-val": score}


def one(tables):
    (table,) = tables
    return table


def test_of_equal_members_a_second_protocol_decides_and_the_line_counts_them(grid, at):
    result_set = grid(
        {
            "dann[a]": (0.5, {"source-val": 0.9, "infomax": 0.1}),
            "dann[b]": (0.6, {"source-val": 0.9, "infomax": 0.2}),
            "dann[c]": (0.9, {"source-val": 0.8, "infomax": 0.9}),
        }
    )
    table = one(leaderboard(result_set))
    assert at(table, "dann", "accuracy").value == pytest.approx(0.601)
    (line,) = [line for line in table.notes if line.startswith("dann: of 3 members")]
    assert line.endswith("[b] 3; in 3 of them several members had the same score, and infomax decided")


def test_what_both_protocols_leave_equal_stays_with_the_first(grid, at):
    result_set = grid({f"dann[{name}]": (0.5 + i / 10, {"source-val": 0.9}) for i, name in enumerate("ab")})
    table = one(leaderboard(result_set))
    assert at(table, "dann", "accuracy").value == pytest.approx(0.501)
    (line,) = [line for line in table.notes if line.startswith("dann: of 2 members")]
    assert line.endswith("and infomax decided, but in 3, where the first stands")


def test_without_ties_nothing_is_said_of_them(grid):
    table = one(leaderboard(grid({"dann[a]": (0.5, {"source-val": 0.9}), "dann[b]": (0.6, {"source-val": 0.8})})))
    assert not any("same score" in line for line in table.notes)
