"""The sentence on the sources of one target."""

from __future__ import annotations

import pytest

from tlbench.evaluation.statistics import PairedTest
from tlbench.leaderboard.tables.best_source import sentence
from tlbench.leaderboard.tables.cells import Scale

SCALE = Scale()
GAPS = {source: PairedTest(mean, 0.012, 5, 0.01) for source, mean in {"mr": -0.02, "cr": -0.061, "trec": 0.031}.items()}


def test_nothing_is_said_of_a_target_without_a_gap():
    assert sentence("sst2", {}, {}, ["cr"], SCALE) == []


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (
            ("helps", "helps", "hurts"),
            "cr helps most (−6.1 points ± 1.2), mr helps (−2.0 points ± 1.2); trec hurts (+3.1 points ± 1.2)",
        ),
        (
            ("undecided", "helps", "undecided"),
            "cr helps (−6.1 points ± 1.2); no source is shown to hurt: worst is trec (+3.1 points ± 1.2)",
        ),
        (
            ("undecided", "undecided", "hurts"),
            "trec hurts (+3.1 points ± 1.2); no source is shown to help: best is cr (−6.1 points ± 1.2)",
        ),
        (
            ("undecided", "undecided", "undecided"),
            "no source is shown to help or to hurt: best is cr (−6.1 points ± 1.2), worst is trec (+3.1 points ± 1.2)",
        ),
        (
            ("hurts", "undecided", "hurts"),
            "trec hurts most (+3.1 points ± 1.2), mr hurts (−2.0 points ± 1.2); no source is shown to help: best is cr "
            "(−6.1 points ± 1.2)",
        ),
        # All are named already.
        (
            ("helps", "helps", "helps"),
            "cr helps most (−6.1 points ± 1.2), mr helps (−2.0 points ± 1.2), trec helps (+3.1 points ± 1.2); "
            "no source is shown to hurt",
        ),
    ],
)
def test_best_and_worst_are_named_with_what_is_shown(verdicts, said):
    assert sentence("sst2", GAPS, dict(zip(GAPS, verdicts, strict=True)), [], SCALE) == [f"for sst2: {said}"]


def test_too_few_seeds_name_the_ends_alone():
    gaps = {source: PairedTest(gap.mean, None, 1, None) for source, gap in GAPS.items()}
    assert sentence("sst2", gaps, {}, ["subj"], SCALE) == [
        "for sst2: the lowest gap is from cr (−6.1 points), the highest from trec (+3.1 points); no number from subj"
    ]
    only = {"cr": gaps["cr"]}
    assert sentence("sst2", only, {}, [], SCALE) == ["for sst2: the only gap is from cr (−6.1 points)"]


@pytest.mark.parametrize(("verdict", "said"), [("helps", "helps"), ("hurts", "hurts"), ("undecided", "is undecided")])
def test_a_source_alone_is_neither_best_nor_worst(verdict, said):
    only = {"cr": GAPS["cr"]}
    assert sentence("sst2", only, {"cr": verdict}, [], SCALE) == [f"for sst2: cr {said} (−6.1 points ± 1.2)"]
