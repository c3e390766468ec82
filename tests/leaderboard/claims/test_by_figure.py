"""The table of published figures beside ours."""

from __future__ import annotations

import math
import re

import pytest

from tlbench.errors import TlbenchError
from tlbench.leaderboard.claims.by_figure import by_figure
from tlbench.leaderboard.claims.sections import verdict_counts
from tlbench.leaderboard.renderers import formats, render

SEEDS = [0, 1, 2]
#: Mean 0.6, sd 0.005, half-width 0.0124.
NARROW = [0.595, 0.600, 0.605]
#: Mean 0.6, sd 0.01, half-width 0.0248.
WIDE = [0.59, 0.60, 0.61]


def one_pair(results, scores=NARROW, **strategies):
    seeds = list(range(len(scores)))
    results.transductive({name: {"syn:uci": s} for name, s in strategies.items()}, seeds, {"syn:uci": scores})


def rows_of(tables):
    """By label of each row the texts behind it, with the reasons of its verdict."""
    found = {}
    for table in tables:
        for label, *cells in table.rows:
            texts = [cell.text for cell in cells]
            found[label.text] = (*texts, *(table.footnotes[number - 1] for number in cells[-1].footnotes))
    return found


def counted(result_set, **options):
    return {name: number for name, number in verdict_counts(result_set, **options).items() if number}


# Errors --------------------------------------------------------------------------------------------------------------


def test_without_figures_the_error_says_how_to_add_some(results):
    one_pair(results)
    with pytest.raises(TlbenchError) as caught:
        by_figure(results.result_set())
    assert "the suite 'digits', as it was last run, names no published figures" in str(caught.value)
    assert "dataset,source,target,setting,strategy,backbone,protocol,metric,value,plus_minus" in str(caught.value)
    assert 'claims = "FILE.csv"' in str(caught.value)
    assert set(verdict_counts(results.result_set()).values()) == {0}


def test_figures_of_other_datasets_alone_are_named(results, with_claims):
    one_pair(results)
    with pytest.raises(TlbenchError, match=r"no published figure of the dataset 'digits': .* 3 figures of other dat"):
        by_figure(with_claims(claims_elsewhere={"office-31": 2, "visda": 1}))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "pair"}, "a row for each published figure, so --by pair does not go with it"),
        ({"selection": "all"}, "--claims takes one --selection, not all; recorded: last"),
        ({"selection": "lost"}, "unknown selection protocol 'lost'"),
        ({"metric": "macro_f1"}, "no published figure of macro_f1; there are figures of accuracy"),
        ({"columns": ["our"]}, "unknown column 'our'; did you mean 'ours'?"),
        ({"filters": {"pair": ["x:*"]}}, "--pair 'x:*': unknown pair"),
        ({"filters": {"strategy": ["dann"]}}, "nothing to show: the filters leave no published figure"),
    ],
)
def test_what_cannot_be_shown_is_one_message(results, claim, with_claims, options, message):
    one_pair(results, dann=NARROW)
    with pytest.raises(TlbenchError, match=re.escape(message)):
        by_figure(with_claims(claim(strategy="mdd")), **options)


# Verdicts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "verdict"), [(0.62, "reproduced"), (0.58, "reproduced"), (0.64, "lower"), (0.56, "higher")]
)
def test_verdict_within_and_beyond_two_combined_standard_errors(results, claim, with_claims, value, verdict):
    one_pair(results)
    (table,) = by_figure(with_claims(claim(value=value)))
    (row,) = table.rows
    assert row[-1].text == verdict
    theirs = 0.005**2 + value * (1 - value) / 1000 + 0.0005**2
    assert row[3].value == pytest.approx(0.6 - value)
    assert row[3].half_width == pytest.approx(2 * math.sqrt(theirs + 0.005**2 / 3))
    assert table.notes[0].startswith("reproduced 1" if verdict == "reproduced" else "reproduced 0")


def test_texts_show_the_printed_digits_and_what_is_printed_beside_them(results, claim, with_claims):
    one_pair(results)
    printed = claim(value=0.61, plus_minus=0.01, decimals=2)
    # √(0.01² + 0.005² + 0.005²/3) · 2 = 0.0231
    assert rows_of(by_figure(with_claims(printed))) == {
        "source-only · syn:uci": ("61 ± 1", "60.0 ± 1.2", "−1.0 ± 2.3", "reproduced")
    }


def test_a_wide_interval_and_few_seeds_are_inconclusive_and_say_why(results, claim, with_claims):
    one_pair(results, WIDE)
    (row,) = rows_of(by_figure(with_claims(claim()))).values()
    assert row[3:] == ("inconclusive", "within two standard errors, but our half-width is over 1.5 points")


def test_few_seeds_have_no_interval_and_no_verdict(results, claim, with_claims):
    one_pair(results, [0.60, 0.62])
    (row,) = rows_of(by_figure(with_claims(claim(value=0.9)))).values()
    assert row == ("90.0", "61.0", "−29.0", "inconclusive", "fewer than 3 seeds")


def test_seeds_that_all_give_the_same_are_true_and_no_care(results, claim, with_claims):
    one_pair(results, [0.60, 0.60])
    (table,) = by_figure(with_claims(claim(value=0.61)))
    assert [cell.text for cell in table.rows[0][2:]] == ["60.0 ± 0.0", "−1.0 ± 3.1", "reproduced"]
    (note,) = [note for note in table.notes if "source-only: every seed gives the same to the last bit" in note]
    assert note.endswith("so that ± 0.0 is true of the seeds, and no sign of care.")


def test_a_single_seed_is_not_taken_for_a_deterministic_strategy(results, claim, with_claims):
    one_pair(results, [0.60])
    (table,) = by_figure(with_claims(claim()))
    assert table.rows[0][-1].text == "inconclusive"
    assert not any("last bit" in note for note in table.notes)


def test_another_protocol_is_not_comparable_and_said_how(results, claim, with_claims):
    one_pair(results)
    stated, named = claim(differs="ten times the steps"), claim(protocol="transductive-test, target-test")
    found = rows_of(by_figure(with_claims(stated, {**named, "citation": "Another 2019"})))
    assert found["source-only · syn:uci · Someone et al. 2016"] == (
        *("60.0", "60.0 ± 1.2", "0.0", "not comparable"),
        "ten times the steps",
    )
    assert found["source-only · syn:uci · Another 2019"][3:] == (
        "not comparable",
        "published with the evaluation transductive-test, ours is held-out",
        "published with the selection target-test, ours is last",
    )


def test_figures_that_are_not_comparable_show_how_far_they_are(results, claim, with_claims):
    results.transductive({}, [0, 1, 2], {"syn:uci": [0.6, 0.61, 0.59]})
    result_set = with_claims(claim(value=0.5, differs="x"), claim(value=0.65, differs="y", citation="Other"))
    (table,) = by_figure(result_set)
    (line,) = [line for line in table.notes if line.startswith("not comparable: ")]
    assert line.startswith("not comparable: the differences of 2 figures are from −5.0 to +10.0 points;")


def test_cross_checks_are_no_published_figures(results, claim, with_claims):
    one_pair(results)
    (table,) = by_figure(with_claims(claim(), claim(kind="cross-check", citation="Other")))
    assert [row[0].text.endswith("cross-check") for row in table.rows] == [False, True]
    assert table.notes[0].startswith("published: reproduced 1, ")
    assert "; cross-checks: reproduced 1, " in table.notes[0]
    assert any(line.startswith("cross-check: nobody published") for line in table.notes)


def test_selection_asked_for_is_compared(results, claim, with_claims):
    one_pair(results, [{"last": 0.5, "target-test": score} for score in NARROW])
    result_set = with_claims(claim(protocol="target-test"))
    assert counted(result_set) == {"not comparable": 1}
    assert counted(result_set, selection="target-test") == {"reproduced": 1}
    (table,) = by_figure(result_set, selection="target-test")
    assert any(note.startswith("⚠ chosen by the target test score") for note in table.notes)


def test_a_plan_of_an_older_version_leaves_terms_out_and_says_so(results, claim, with_claims):
    one_pair(results)
    result_set = with_claims(claim(decimals=None), test_examples={})
    (table,) = by_figure(result_set)
    assert table.rows[0][3].half_width == pytest.approx(2 * math.sqrt(0.005**2 + 0.005**2 / 3))
    assert any(note.startswith("p(1 − p)/n is left out for uci, since n is not known") for note in table.notes)
    assert any(note.startswith("half a unit of the last digit is left out") for note in table.notes)


def test_what_is_no_share_of_examples_has_no_binomial_error_and_no_points(results, claim, with_claims):
    results.metrics = ["nll"]
    one_pair(results, [1.99, 2.0, 2.01])
    (table,) = by_figure(with_claims(claim(metric="nll", value=2.01)))
    assert [cell.text for cell in table.rows[0][1:]] == ["2.010", "2.000 ± 0.025", "−0.010 ± 0.023", "reproduced"]
    assert "NLL is no share of examples, so p(1 − p)/n is left out." in table.notes
    assert "at most 1.5 % of the figure" in table.notes[1]


# What has no number of ours ------------------------------------------------------------------------------------------


def test_a_figure_without_a_run_of_ours_is_missing_with_its_reason(results, claim, with_claims):
    one_pair(results, dann=[None, 0.5, 0.5])
    figures = [claim(strategy=name) for name in ("dann", "mdd")] + [claim(source="uci_m")]
    found = rows_of(by_figure(with_claims(*figures)))
    assert {label: row[1:] for label, row in found.items()} == {
        "dann · syn:uci": ("—", "—", "missing", "dann: not run (1 of 3 runs: syn:uci; seed 0)"),
        "mdd · syn:uci": ("—", "—", "missing", "this table has no row of 'mdd'"),
        "source-only · uci_m:uci": ("—", "—", "missing", "this table has no pair uci_m:uci"),
    }


def test_a_figure_that_no_table_can_hold_stands_in_one_of_its_own(results, claim, with_claims):
    one_pair(results)
    figures = [claim(), claim(backbone="lenet"), claim(setting="inductive"), claim(metric="auroc")]
    first, second = by_figure(with_claims(*figures, claims_elsewhere={"office-31": 2}))
    assert [row[0].text for row in first.rows] == ["source-only · syn:uci"]
    assert {label: row[3:] for label, row in rows_of([second]).items()} == {
        "source-only · syn:uci · transductive · lenet · accuracy": (
            "missing",
            "the suite has no runs of the backbone 'lenet' in this setting",
        ),
        "source-only · syn:uci · inductive · small-cnn · accuracy": (
            "not comparable",
            "the suite has no runs in the setting 'inductive'",
        ),
        "source-only · syn:uci · transductive · small-cnn · AUROC": (
            "not comparable",
            "the suite does not measure auroc",
        ),
    }
    assert second.notes == [
        "reproduced 0, higher 0, lower 0, inconclusive 0, not comparable 2, missing 1",
        "all tables: reproduced 1, higher 0, lower 0, inconclusive 0, not comparable 2, missing 1",
        "not shown: the suite's file holds 2 figures of other datasets (2 of office-31)",
    ]


# Means over pairs ----------------------------------------------------------------------------------------------------

TWO_PAIRS = {"syn:uci": [0.55, 0.61, 0.64], "uci_m:uci": [0.65, 0.59, 0.56]}


def test_figures_of_every_pair_are_followed_by_their_mean_which_is_not_counted(results, claim, with_claims):
    results.transductive({}, SEEDS, TWO_PAIRS)
    result_set = with_claims(claim(plus_minus=0.03, value=0.6), claim(source="uci_m", plus_minus=0.04, value=0.65))
    (table,) = by_figure(result_set)
    assert [row[0].text for row in table.rows[2:]] == ["source-only · mean of 2 pairs"]
    published, ours, difference, verdict = table.rows[2][1:]
    assert published.value == pytest.approx(0.625)
    assert ours.text == "60.0 ± 0.0"
    # se = √(0.03² + 0.04² + 2 · 0.0005²) / 2
    assert difference.half_width == pytest.approx(2 * math.sqrt(0.0025 + 2 * 0.0005**2) / 2)
    assert verdict.text == "reproduced"
    assert sum(verdict_counts(result_set).values()) == 2
    assert not any("last bit" in note for note in table.notes)


@pytest.mark.parametrize(
    "change", [{"citation": "Another 2019"}, {"protocol": "another"}, {"source": "syn"}, {"strategy": "oracle"}]
)
def test_there_is_no_mean_of_figures_that_do_not_cover_the_pairs_alike(results, claim, with_claims, change):
    results.transductive({}, SEEDS, TWO_PAIRS)
    (table,) = by_figure(with_claims(claim(), claim(**{"source": "uci_m", **change})))
    assert len(table.rows) == 2


def test_the_mean_of_figures_by_another_protocol_is_not_comparable_either(results, claim, with_claims):
    results.transductive({}, SEEDS, TWO_PAIRS)
    (table,) = by_figure(with_claims(claim(), claim(source="uci_m", differs="more steps")))
    assert [row[-1].text for row in table.rows][1:] == ["not comparable", "not comparable"]


def test_a_mean_with_a_missing_run_is_missing_even_where_missing_runs_are_dropped(results, claim, with_claims):
    results.transductive({"dann": {**TWO_PAIRS, "uci_m:uci": [None, 0.6, 0.6]}}, SEEDS, TWO_PAIRS)
    result_set = with_claims(claim(strategy="dann"), claim(strategy="dann", source="uci_m"))
    for missing, second in (("show", "missing"), ("drop", "reproduced")):
        (table,) = by_figure(result_set, missing=missing)
        assert [row[-1].text for row in table.rows][1:] == [second, "missing"]


# Figures that are means themselves -----------------------------------------------------------------------------------


def mean_of(claim, target="*:*", **changes):
    return claim(**{"source": "mean", "target": target, **changes})


def test_a_published_mean_is_compared_with_ours_over_its_pairs_and_counted(results, claim, with_claims):
    results.transductive({}, SEEDS, {**TWO_PAIRS, "uci:syn": [0.1, 0.2, 0.3]})
    result_set = with_claims(
        mean_of(claim, "syn:uci; uci_m:uci", value=0.61, plus_minus=0.02), mean_of(claim, value=0.5)
    )
    (table,) = by_figure(result_set)
    two, three = table.rows
    assert [row[0].text for row in table.rows] == ["source-only · mean of 2 pairs", "source-only · mean of 3 pairs"]
    assert (two[2].text, two[4].text) == ("60.0 ± 0.0", "reproduced")
    assert two[3].half_width == pytest.approx(2 * math.hypot(0.02, 0.0005))
    assert three[2].value == pytest.approx((0.6 + 0.6 + 0.2) / 3)
    assert sum(verdict_counts(result_set).values()) == 2
    assert any("compared with the mean of ours over the same pairs" in note for note in table.notes)
    assert not any("not counted as a figure" in note for note in table.notes)


def test_a_published_mean_without_an_error_has_that_of_one_run_on_its_test_sets(results, claim, with_claims):
    results.transductive({}, SEEDS, TWO_PAIRS)
    (table,) = by_figure(with_claims(mean_of(claim, "*:uci", value=0.6)))
    # Ours by seed are 0.6 each; p is 0.6 on both pairs, n = 1000.
    theirs = (0.6 * 0.4 / 1000 + 0.6 * 0.4 / 1000) / 4 + 0.0005**2
    assert table.rows[0][3].half_width == pytest.approx(2 * math.sqrt(theirs))
    (table,) = by_figure(with_claims(mean_of(claim), test_examples={}))
    assert any(note.startswith("p(1 − p)/n is left out for mean of *:*") for note in table.notes)


def test_a_published_mean_over_pairs_that_are_not_all_there_has_no_number(results, claim, with_claims):
    results.transductive({"dann": {**TWO_PAIRS, "syn:uci": [None, 0.6, 0.6]}}, SEEDS, TWO_PAIRS)
    figures = [mean_of(claim, strategy="dann"), mean_of(claim, "syn:uci; uci:syn"), mean_of(claim, strategy="mdd")]
    found = rows_of(by_figure(with_claims(*figures)))
    assert {label: row[3:] for label, row in found.items()} == {
        "dann · mean of 2 pairs": ("missing", "dann: not run (1 of 6 runs: syn:uci; seed 0)"),
        "source-only · mean of syn:uci; uci:syn": ("missing", "this table has no pair uci:syn"),
        "mdd · mean of *:*": ("missing", "this table has no row of 'mdd'"),
    }


def test_filters_of_pairs_leave_no_mean_for_it_would_be_another(results, claim, with_claims):
    results.transductive({"dann": TWO_PAIRS}, SEEDS, TWO_PAIRS)
    result_set = with_claims(mean_of(claim, strategy="dann"), claim())
    (table,) = by_figure(result_set, filters={"pair": ["syn:*"]})
    assert [row[0].text for row in table.rows] == ["source-only · syn:uci"]
    (table,) = by_figure(result_set, filters={"strategy": ["dann"]})
    assert "dann · mean of 2 pairs" in [row[0].text for row in table.rows]


# Options and formats -------------------------------------------------------------------------------------------------


def test_metrics_have_tables_of_their_own_with_titles_of_their_own(results, claim, with_claims):
    one_pair(results)
    result_set = with_claims(claim(metric="macro_f1"), claim())
    tables = by_figure(result_set)
    assert [table.title.rpartition(" · ")[2] for table in tables] == ["published macro F1", "published accuracy"]
    assert [table.title for table in by_figure(result_set, metric="accuracy")] == [tables[1].title]


def test_figures_of_the_same_row_are_told_apart_by_source_and_by_protocol(results, claim, with_claims):
    one_pair(results)
    figures = [claim(), claim(protocol="one run"), claim(citation="Another 2019")]
    assert list(rows_of(by_figure(with_claims(*figures)))) == [
        "source-only · syn:uci · Someone et al. 2016",
        "source-only · syn:uci · Someone et al. 2016 · one run",
        "source-only · syn:uci · Another 2019",
    ]


def test_columns_and_filters_choose(results, claim, with_claims):
    results.transductive({"dann": TWO_PAIRS}, SEEDS, TWO_PAIRS)
    result_set = with_claims(claim(), claim(source="uci_m"), claim(strategy="dann"), claim(strategy="mdd"))
    (table,) = by_figure(result_set, columns=["verdict", "ours"], filters={"pair": ["syn:*"], "strategy": ["dann"]})
    assert [column.name for column in table.columns] == ["figure", "verdict", "ours"]
    # References stay whatever the filter of strategies says, as they do in other tables.
    assert [row[0].text for row in table.rows] == ["source-only · syn:uci", "dann · syn:uci"]


@pytest.mark.parametrize("form", formats())
def test_hostile_figures_are_rendered_in_every_format(results, claim, with_claims, form):
    one_pair(results)
    hostile = "a|b<script>&_%\x1b[31m"
    figures = [claim(citation=hostile, differs=hostile), claim(strategy=hostile), claim(backbone=hostile)]
    text = render(by_figure(with_claims(*figures)), form)
    assert text.endswith("\n") and not text.endswith("\n\n")
    assert "not comparable" in text and "missing" in text
    assert form not in ("html", "markdown") or "<script>" not in text
