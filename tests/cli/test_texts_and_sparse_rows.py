"""Inputs that are no arrays, from a suite file to its table."""

from __future__ import annotations

from pathlib import Path

import pytest

TEXTS = str(Path(__file__).parent.parent / "text_plugin.py")
SUITE = """
name = "texts"
dataset = "reviews"
backbones = ["words"]
seeds = [0]
[budget]
steps = 120
batch_size = 16
checkpoints = 2
[training]
lr = 0.05
[[part]]
setting = "transductive"
pairs = ["films:knives"]
strategies = ["feature-extraction", "dann"]
"""


def run(project, text=SUITE, *more):
    return project.tlbench("run", project.suite(text), "--plugin", TEXTS, *more, plugin=False)


@pytest.mark.parametrize(
    ("backbone", "message"),
    [
        ("mlp:8", "'films' are texts, and the backbone 'mlp:8' takes none; name one that does"),
        ("words-failing", "backbone 'words-failing': its plugin 'text_plugin' failed in tokenizer(): RuntimeError: no"),
        (
            "words-wrong",
            "'films' cannot be prepared for the backbone 'words-wrong': its tokenizer gave float64 (80, 8) for 80",
        ),
    ],
)
def test_a_backbone_that_cannot_read_is_named(project, backbone, message):
    outcome = run(project, SUITE.replace('["words"]', f'["{backbone}"]'))
    assert outcome.code == 2
    assert message in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("backbone", ["words", "frozen:words"])
def test_a_backbone_that_takes_texts_alone_is_given_no_others(project, backbone):
    text = SUITE.replace('["words"]', f'["{backbone}"]').replace('"reviews"', '"digits"')
    outcome = run(project, text.replace("films:knives", "syn:uci"))
    assert outcome.code == 2
    for domain in ("syn", "uci"):
        assert f"the inputs of '{domain}' are no texts, and the backbone '{backbone}' takes texts alone" in outcome.err
    assert "Traceback" not in outcome.err
    assert not list((project.folder / "cache").glob("domains/*/*/prepared/*"))


@pytest.mark.parametrize(("written", "wanting"), [("mlp:", "mlp:"), ("frozen:", "frozen:"), ("frozen:mlp:", "mlp:")])
def test_a_backbone_without_what_its_colon_announces_is_told_what_it_needs(project, written, wanting):
    outcome = run(project, SUITE.replace('["words"]', f'["{written}"]'))
    assert outcome.code == 2
    assert f"the backbone '{wanting}' needs something after the colon (" in outcome.err
    assert "did you mean" not in outcome.err


def test_texts_are_made_ids_once_and_learnt_from(project, monkeypatch):
    log = project.folder / "tokenized"
    monkeypatch.setenv("TOKENIZED", str(log))
    outcome = run(project)
    assert outcome.code == 0, outcome.err
    assert project.record("dann", "texts").metrics["last"]["accuracy"] > 0.8
    assert sorted(log.read_text().split()) == sorted(["80", "20", "60"] * 2)
    assert project.record("dann", "texts").seconds.shared.data > 0
    again = run(project, SUITE.replace("seeds = [0]", "seeds = [1]"))
    assert again.code == 0
    assert len(log.read_text().split()) == 6


def test_sparse_rows_are_learnt_from_as_the_same_rows_dense(project):
    text = SUITE.replace('"reviews"', '"counts"').replace('"words"', '"mlp:16"')
    assert run(project, text).code == 0
    stored = list((project.folder / "cache").glob("domains/counts-*/*/train.inputs/data.npy"))
    assert len(stored) == 2
    assert project.record("feature-extraction", "texts").metrics["last"]["accuracy"] > 0.8
    assert project.record("dann", "texts").metrics["last"]["accuracy"] > 0.8


@pytest.mark.parametrize("dataset", ["reviews", "counts"])
def test_the_whole_domain_can_be_tested_without_labels_and_by_folds(project, dataset):
    backbone = "words" if dataset == "reviews" else "mlp:16"
    text = SUITE.replace('"reviews"', f'"{dataset}"').replace('"words"', f'"{backbone}"')
    outcome = run(project, text.replace("seeds = [0]", 'seeds = [0]\nevaluation = "transductive-test"'))
    assert outcome.code == 0, outcome.err
    (oracle,) = [record for record in project.records("texts") if record.strategy == "oracle"]
    assert oracle.metrics["last"]["accuracy"] > 0.8


def test_test_examples_that_stand_in_the_source_are_counted_and_reported(project):
    said = "30 of the 60 test examples of knives stand in films too, 34 by letters and digits alone"
    outcome = run(project)
    assert f"duplicates across domains: {said}" in " ".join(outcome.out.split())
    by_pair = project.tlbench("leaderboard", "texts", "--by", "pair", plugin=False)
    assert said in " ".join(by_pair.out.split())
    plan = project.tlbench("plan", project.suite(SUITE), "--plugin", TEXTS, plugin=False)
    assert said in plan.out


def test_domains_that_share_nothing_are_not_spoken_of(project):
    outcome = run(project, SUITE.replace("films:knives", "knives:films"))
    assert outcome.code == 0
    assert "duplicates" not in outcome.out
