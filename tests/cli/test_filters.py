"""What is shown of stored records takes the filters by which runs are chosen, and says so."""

from __future__ import annotations

import json

import pytest

from tlbench.leaderboard.analysis.result_set import load_result_set

SEEDS = [0, 1, 2]
SCORES = {"syn:uci": [0.6, 0.7, 0.8], "uci:syn": [0.5, 0.6, 0.7]}


@pytest.fixture
def stored(project, results):
    """Two strategies on two pairs, one of them with two label budgets too."""
    results.transductive({"dann": SCORES, "mdd": SCORES}, SEEDS, {pair: [0.4, 0.5, 0.6] for pair in SCORES})
    for shots in (5, 20):
        results.inductive("dann", "syn:uci", SEEDS, [0.9] * 3, [0.5] * 3, [0.4] * 3, shots=shots)
    results.result_set()
    return project


def tables(project, *arguments):
    outcome = project.tlbench("leaderboard", "digits", "--format", "json", *arguments, plugin=False)
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["leaderboard", "digits", "--strategy", "dannn"],
            "--strategy 'dannn': unknown strategy 'dannn'; did you mean 'dann'?",
        ),
        (["leaderboard", "digits", "--seed", "7"], "--seed '7': unknown seed '7'"),
        (["leaderboard", "digits", "--shots", "10"], "--shots '10': unknown shots '10'"),
        (
            ["leaderboard", "digits", "--setting", "inductive", "--pair", "uci:syn"],
            "the filters match, but never together",
        ),
        (["compare", "dann", "mdd", "--shots", "50"], "--shots '50': unknown shots '50'"),
        (["figure", "heatmap", "digits", "-o", "x.svg", "--seed", "9"], "--seed '9': unknown seed '9'"),
    ],
)
def test_a_filter_that_leaves_nothing_is_one_message(stored, arguments, message):
    outcome = stored.tlbench(*arguments, plugin=False)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err


def test_a_table_is_of_what_filters_leave_and_says_which(stored):
    (table,) = tables(
        stored, "--setting", "transductive", "--strategy", "dan*", "--pair", "syn:*", "--seed", "0", "--seed", "2"
    )
    rows = {row["strategy"]["text"]: row for row in table["rows"]}
    assert rows.keys() == {"source-only", "dann", "oracle"}
    assert rows["dann"]["accuracy"]["value"] == pytest.approx(0.7)
    assert "2 seeds" in table["caption"]
    left = "of the suite's runs, what --strategy 'dan*' --pair 'syn:*' --seed 0 --seed 2 --setting transductive leaves"
    assert table["notes"][-1] == left
    assert not any("leaves" in note for table in tables(stored) for note in table["notes"])


def test_label_budgets_are_filtered_in_every_layout(stored):
    titles = [table["title"] for table in tables(stored, "--shots", "5")]
    assert len(titles) == 1 and "inductive, 5 shots" in titles[0]
    (pairs,) = tables(stored, "--by", "pair", "--setting", "transductive", "--strategy", "mdd")
    assert [row["strategy"]["text"] for row in pairs["rows"]] == ["source-only", "mdd", "oracle"]


def test_two_variants_are_compared_on_the_seeds_that_are_left(stored):
    outcome = stored.tlbench("compare", "dann", "source-only", "--seed", "[01]", "--format", "json", plugin=False)
    (table,) = json.loads(outcome.out)
    assert {row["seeds"]["text"] for row in table["rows"] if row["pair"]["text"] != "overall"} == {"2"}


def test_a_figure_is_of_the_seeds_that_are_left(stored):
    arguments = ["figure", "frontier", "digits", "--setting", "transductive", "-o", "f.svg", "--seed", "0"]
    assert stored.tlbench(*arguments, plugin=False).code == 0
    assert (stored.folder / "f.svg").stat().st_size


def test_a_weight_file_is_shown_by_its_name_and_found_by_it(stored):
    folder = stored.folder / "results" / "digits"
    plan = (folder / "plan.json").read_text()
    (folder / "plan.json").write_text(plan.replace("small-cnn", "timm:resnet18@/home/me/w/best.pt"))
    assert load_result_set(folder).cells[0].backbone == "timm:resnet18@/home/me/w/best.pt"
    for form in ("table", "markdown", "html", "json", "csv", "latex"):
        outcome = stored.tlbench("leaderboard", "digits", "--format", form, plugin=False)
        assert "/home" not in outcome.out, form
    (first, *_) = tables(stored, "--backbone", "timm:resnet18@best.pt")
    assert " · timm:resnet18@best.pt · " in first["title"]
    compared = stored.tlbench("compare", "dann", "mdd", plugin=False)
    assert "timm:resnet18@best.pt" in compared.out and "/home" not in compared.out
