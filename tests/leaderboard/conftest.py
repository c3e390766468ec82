"""Fixtures of published figures."""

from __future__ import annotations

import json

import pytest

from tlbench.leaderboard.analysis.result_set import load_result_set


def cell_of(table, row, column):
    """The cell in the row of a variant."""
    names = [column.name for column in table.columns]
    return next(cells for cells in table.rows if cells[0].text == row)[names.index(column)]


@pytest.fixture
def at():
    """`at(table, row, column)` is a cell."""
    return cell_of


@pytest.fixture
def claim():
    """`claim(**changes)` is a published figure of source-only on syn:uci, as a plan holds it."""
    figure = {
        "dataset": "digits",
        "source": "syn",
        "target": "uci",
        "setting": "transductive",
        "strategy": "source-only",
        "backbone": "small-cnn",
        "protocol": "",
        "metric": "accuracy",
        "value": 0.6,
        "plus_minus": None,
        "citation": "Someone et al. 2016",
        "note": "",
        "differs": "",
        "decimals": 3,
    }
    return lambda **changes: {**figure, **changes}


@pytest.fixture
def with_claims(results):
    """`with_claims(*claims, **more)` is the result set of what was put into `results`, its plan with more in it."""

    def with_claims(*claims, **more):
        results.result_set()
        path = results.folder / "plan.json"
        plan = {**json.loads(path.read_text()), "claims": claims, "test_examples": {"uci": 1000}, **more}
        path.write_text(json.dumps(plan))
        return load_result_set(results.folder)

    return with_claims
