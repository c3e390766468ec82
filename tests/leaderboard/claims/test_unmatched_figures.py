"""Figures that no table of the suite can hold are told by the names that the suite has not."""

from __future__ import annotations

import pytest

from tlbench.leaderboard.claims.unmatched_figures import nearest, without_a_row

SEEDS = [0]


@pytest.fixture
def told(results, with_claims):
    """What is told of figures beside a suite of DANN on two pairs."""

    def told(*claims, **more):
        pairs = {"syn:uci": [0.6], "uci_m:uci": [0.6]}
        results.transductive({"dann": pairs}, SEEDS, pairs)
        return without_a_row(with_claims(*claims, **more).plan)

    return told


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            {"strategy": "dan"},
            "strategy 'dan' (did you mean 'dann'?) (1 figure); the suite has source-only, o",
        ),
        ({"strategy": "DANN"}, "strategy 'DANN' (did you mean 'dann'?) (1 figure)"),
        ({"strategy": "qqq"}, "strategy 'qqq' (1 figure)"),
        ({"backbone": "small-cn"}, "backbone 'small-cn' (did you mean 'small-cnn'?)"),
        ({"strategy": "dann", "setting": "inductive"}, "setting 'inductive' (did you mean 'transductive'?)"),
        ({"metric": "macro_f"}, "metric 'macro_f' (did you mean 'macro_f1'?)"),
        ({"source": "uci"}, "pair 'uci:uci' (did you mean 'uci_m:uci'?)"),
        ({"source": "mean", "target": "syn:uci; syn:mnist"}, "pair 'mean of syn:uci; syn:mnist'"),
    ],
)
def test_each_kind_of_name_is_told_with_the_nearest(told, claim, change, line):
    head, found = told(claim(), claim(**change))
    assert head == "1 of 2 published figures have no row in this suite:"
    assert line in found


def test_figures_of_another_dataset_alone(told):
    head, line = told(claims_elsewhere={"digit": 2, "visda": 1})
    assert head == "none of the suite's published figures has a row in this suite:"
    assert line == "  dataset 'digit' (did you mean 'digits'?), 'visda' (3 figures); the suite has digits"


def test_a_name_that_holds_the_other_goes_before_one_that_is_more_similar():
    assert nearest("CORAL", ["oracle", "coral-svm"]) == "coral-svm"
    assert nearest("patients", ["csv:data/the-patients-of-2020.csv"]) == "csv:data/the-patients-of-2020.csv"
    assert nearest("qqq", ["oracle"]) is None


def test_many_names_are_counted(told, claim):
    (_, line) = told(claim(), *(claim(strategy=f"method {n}") for n in range(7)))
    assert "'method 4' and 2 more (7 figures)" in line


def test_nothing_is_told_where_every_figure_has_a_row(told, claim):
    figures = [claim(), claim(strategy="dann"), claim(source="mean", target="*:*")]
    assert told(*figures, claim(strategy="oracle", setting="inductive")) == []
