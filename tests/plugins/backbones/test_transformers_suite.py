"""A suite on texts, from the file to the records."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny_encoders import write_encoder

pytest.importorskip("transformers", reason="transformers is not installed: pip install 'tlbench[hub]'")

TEXTS = Path(__file__).parents[2] / "text_plugin.py"
SUITE = """
name = "texts"
dataset = "reviews"
backbones = ["transformers:bert?max_length=12"]
seeds = [0]

[budget]
steps = 20
batch_size = 16
checkpoints = 1

[[part]]
setting = "inductive"
shots = "all"
pairs = ["weights:knives"]
strategies = ["feature-extraction"]
"""


def tlbench(project, *arguments):
    return project.tlbench(*arguments, "--plugin", TEXTS, plugin=False)


def test_what_cannot_be_had_is_named_once_and_nothing_runs(project):
    outcome = tlbench(project, "run", project.suite(SUITE.replace("bert?", "./bert?")))
    assert outcome.code == 2
    assert outcome.err.count("there is no folder './bert'") == 1
    assert "Traceback" not in outcome.err
    assert not (project.folder / "results").exists()


def test_a_suite_on_texts_is_run_and_weights_and_vocabulary_decide_its_keys(project):
    folder = project.folder / "bert"
    write_encoder(folder)
    outcome = tlbench(project, "run", project.suite(SUITE))
    assert outcome.code == 0, outcome.err
    records = project.records("texts")
    assert {record.status for record in records} == {"ok"}
    assert {record.spec.initial for record in records} == {"own", "random"}
    assert max(record.metrics["last"]["accuracy"] for record in records) > 0.8
    tokens = list((project.folder / "cache").glob("domains/*/*/prepared/*"))
    assert len(tokens) == 1  # of knives, the one domain, by one tokenizer

    def done():
        return json.loads(tlbench(project, "plan", "suite.toml", "--json").out)["done"]

    assert done() == len(records)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text(vocabulary.read_text().replace("good", "excellent"))
    assert done() == 0
