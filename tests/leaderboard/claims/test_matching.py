"""Which rows a published figure is about."""

from __future__ import annotations

import json

import pytest

from tlbench.leaderboard.analysis.result_set import load_result_set
from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.leaderboard.claims.matching import matches
from tlbench.leaderboard.leaderboard import cells_by_place
from tlbench.suites.claims import Claim

SEEDS = [0, 1, 2]
SCORES = [0.5, 0.6, 0.7]


@pytest.fixture
def found(results, claim):
    """What a figure matches on the result set of what was put into `results`."""

    def found(selection="last", **changes):
        result_set = results.result_set()
        metric = changes.get("metric", "accuracy")
        places = [TableGroup(result_set, cells, selection, metric) for cells in cells_by_place(result_set.cells)]
        return matches(Claim(**claim(**changes)), places)

    return found


def transductive(results, **uses):
    """A result set with these variants, each of which uses a strategy."""
    results.transductive({name: {"syn:uci": SCORES} for name in uses}, SEEDS, {"syn:uci": SCORES})
    for cell in results.cells:
        cell["strategy"] = uses.get(cell["variant"], cell["strategy"])


def test_a_variant_that_bears_the_name_goes_before_those_that_use_the_strategy(results, found):
    transductive(results, **{"dann-weak": "dann", "dann": "dann", "dann-strong": "dann"})
    assert [match.variant for match in found(strategy="dann")] == ["dann"]


def test_of_variants_of_a_strategy_every_row_is_meant(results, found):
    transductive(results, **{"dann-weak": "dann", "mdd": "mdd", "dann-strong": "dann"})
    assert [match.variant for match in found(strategy="dann")] == ["dann-weak", "dann-strong"]


def test_a_grid_has_a_row_where_a_protocol_chooses_among_its_members(results, found):
    both = [{"last": score, "source-val": score} for score in SCORES]
    results.transductive({f"grid[{n}]": {"syn:uci": both} for n in "ab"}, SEEDS, {"syn:uci": both})
    for cell in results.cells:
        if cell["role"] == "strategy":
            cell.update(strategy="dann", family="grid")
    (none,) = found(strategy="grid")
    assert (none.variant, none.lacks.partition(";")[0]) == ("", "'grid' is a grid, of which last chooses no member")
    assert [match.variant for match in found(strategy="dann")] == ["grid[a]", "grid[b]"]
    for name in ("grid", "dann"):
        assert [match.variant for match in found("source-val", strategy=name)] == ["grid"]


def test_references_that_use_a_strategy_are_not_its_variants(results, found):
    transductive(results, **{"km": "k-means"})
    results.cells += [{**cell, "role": "reference", "variant": "km (alone)"} for cell in results.cells[-1:]]
    assert [match.variant for match in found(strategy="k-means")] == ["km"]


def test_sources_are_a_set(results, found):
    results.transductive({}, SEEDS, {"syn+uci_m:uci": SCORES})
    assert [match.pair for match in found(source="uci_m+syn")] == ["syn+uci_m:uci"]
    assert found(source="syn")[0].lacks == "this table has no pair syn:uci"


def test_a_label_budget_is_that_named_in_the_protocol(results, found):
    for shots in (5, 20):
        results.inductive("fine-tune", "syn:uci", SEEDS, SCORES, SCORES, SCORES, shots=shots)
    figure = {"setting": "inductive", "strategy": "fine-tune"}
    assert found(**figure, protocol="held-out; 20 shots")[0].place.cells[0].shots == 20
    assert found(**figure, protocol="10 shots")[0].apart == (
        "it is for 10 shots, and the suite has 5 shots and 20 shots",
    )
    (match,) = found(**figure)
    assert match.place is None
    assert match.apart[0].startswith("no label budget is named, and the suite has 5 shots and 20 shots")


def test_one_label_budget_need_not_be_named(results, found):
    results.inductive("fine-tune", "syn:uci", SEEDS, SCORES, SCORES, SCORES)
    assert found(setting="inductive", strategy="fine-tune")[0].variant == "fine-tune"


def test_source_only_and_oracle_are_found_where_the_same_run_stands(results, found):
    transductive(results)
    for cell in results.cells:
        cell.update(setting="inductive", shots=5)
    assert found()[0].variant == "source-only"
    assert found(strategy="oracle", setting="unsupervised")[0].variant == "oracle"
    assert found(strategy="dann")[0].apart == ("the suite has no runs in the setting 'transductive'",)


def test_clusters_are_not_scored_by_accuracy(results, found):
    transductive(results, dec="dec")
    for cell in results.cells:
        cell["setting"] = "unsupervised"
    assert found(setting="unsupervised", strategy="dec")[0].apart == (
        "runs of the setting 'unsupervised' are not scored by accuracy",
    )


def test_plans_without_claims_or_test_sizes_are_read(results):
    transductive(results)
    results.result_set()
    plan = json.loads((results.folder / "plan.json").read_text())
    assert not {"claims", "claims_elsewhere", "test_examples"} & plan.keys()
    header = load_result_set(results.folder).plan
    assert (header.claims, header.claims_elsewhere, header.test_examples) == ([], {}, {})
