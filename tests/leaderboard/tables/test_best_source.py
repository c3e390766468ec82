"""The sentences on the sources of one target."""

from __future__ import annotations

import pytest

from tlbench.evaluation.statistics import PairedTest
from tlbench.leaderboard.tables.best_source import best, gaps_in_words
from tlbench.leaderboard.tables.cells import Scale

SCALE = Scale()
GAPS = {source: PairedTest(mean, 0.012, 5, 0.01) for source, mean in {"mr": -0.02, "cr": -0.061, "trec": 0.031}.items()}
WHAT = "source by source-only"


def seeds(*values):
    return dict(enumerate(values))


# --- which source is best, by scores


def test_nothing_is_said_of_a_source_alone():
    assert best("sst2", WHAT, {"cr": seeds(0.7, 0.71, 0.72)}, SCALE) == []


def test_the_best_is_shown_to_be_better_than_all_others():
    found = {"cr": seeds(0.36, 0.37, 0.35), "mr": seeds(0.79, 0.8, 0.78)}
    (line,) = best("sst2", WHAT, found, SCALE)
    assert line == f"for sst2, {WHAT}: best is mr, 79.0 ± 2.5; shown to be better than all others"


def test_others_that_chance_may_have_put_second_are_not_told_apart():
    found = {"cr": seeds(0.7, 0.9, 0.8), "mr": seeds(0.75, 0.8, 0.82), "trec": seeds(0.3, 0.5, 0.4)}
    (line,) = best("sst2", WHAT, found, SCALE)
    assert line == f"for sst2, {WHAT}: best is cr, 80.0 ± 24.8; not told apart from it: mr (79.0 ± 9.0)"


def test_ties_that_would_fill_the_page_are_counted():
    found = {f"s{n}": seeds(0.7 + n / 1000, 0.9 - n / 1000, 0.8) for n in range(7)}
    (line,) = best("sst2", WHAT, found, SCALE)
    assert line.endswith("s4 (80.0 ± 23.8) and 2 more")


def test_what_no_seed_changes_is_not_called_a_tie():
    found = {"cr": seeds(0.36, 0.36, 0.36), "mr": seeds(0.79, 0.79, 0.79)}
    (line,) = best("sst2", WHAT, found, SCALE)
    assert line == f"for sst2, {WHAT}: best is mr, 79.0; not tested, for seeds change neither: cr (36.0)"


def test_too_few_seeds_name_the_first_two_and_test_nothing():
    found = {"cr": seeds(0.36), "mr": seeds(0.79), "trec": seeds(0.5)}
    assert best("sst2", WHAT, found, SCALE) == [f"for sst2, {WHAT}: highest is mr, 79.0; next trec (50.0)"]


def test_where_smaller_is_better_the_smallest_is_best():
    found = {"cr": seeds(0.36, 0.37, 0.35), "mr": seeds(0.79, 0.8, 0.78)}
    assert best("sst2", WHAT, found, Scale(lower_is_better=True))[0].startswith(f"for sst2, {WHAT}: best is cr")


# --- what adapting does, by gaps


def test_nothing_is_said_of_a_target_without_a_gap():
    assert gaps_in_words("sst2", {}, {}, ["cr"], SCALE) == []


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (
            ("helps", "helps", "hurts"),
            "helps from cr (−6.1 points ± 1.2), mr (−2.0 points ± 1.2); hurts from trec (+3.1 points ± 1.2)",
        ),
        (("undecided", "helps", "undecided"), "helps from cr (−6.1 points ± 1.2)"),
        (
            ("undecided", "undecided", "undecided"),
            "no gap is shown to be one: from cr (−6.1 points ± 1.2) to trec (+3.1 points ± 1.2)",
        ),
    ],
)
def test_what_is_shown_is_named_and_no_source_is_called_best(verdicts, said):
    assert gaps_in_words("sst2", GAPS, dict(zip(GAPS, verdicts, strict=True)), [], SCALE) == [f"for sst2: {said}"]


def test_of_too_few_seeds_the_ends_stand_alone():
    gaps = {source: PairedTest(gap.mean, None, 1, None) for source, gap in GAPS.items()}
    assert gaps_in_words("sst2", gaps, {}, ["subj"], SCALE) == [
        "for sst2: from cr (−6.1 points) to trec (+3.1 points); no number from subj"
    ]
    assert gaps_in_words("sst2", {"cr": gaps["cr"]}, {}, [], SCALE) == ["for sst2: cr (−6.1 points)"]


def test_a_single_gap_that_is_undecided_is_said_to_be_so():
    only = {"cr": GAPS["cr"]}
    assert gaps_in_words("sst2", only, {"cr": "undecided"}, [], SCALE) == [
        "for sst2: no gap is shown to be one: cr (−6.1 points ± 1.2)"
    ]
