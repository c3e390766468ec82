"""`sentences` and what is made of it: the real sentences, read by networks that are quick and know nothing."""

from __future__ import annotations

import itertools
import json
import tomllib
from pathlib import Path

import pytest
from suite_texts import text_of

DOMAINS = ("sst2", "cr", "subj", "trec")
#: A backbone that knows ten words, `words`.
TEXTS = str(Path(__file__).parents[2] / "text_plugin.py")


def changed(name, backbone, *changes):
    """The text of a suite with another backbone for `minilm`, and other changes."""
    text = text_of(name)
    (backbones,) = [line for line in text.splitlines() if line.startswith("backbones = ")]
    for old, new in ((backbones, backbones.replace("minilm", backbone)), *changes):
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize("name", ["sentences", "sentences-encoder"])
def test_pairs_are_all_of_four_domains_and_mr_whose_sentences_others_have_is_none_of_them(name):
    (part,) = tomllib.loads(text_of(name))["part"]
    assert sorted(part["pairs"]) == sorted(map(":".join, itertools.permutations(DOMAINS, 2)))


def test_the_small_suite_is_the_protocol_of_the_large_one_but_for_what_its_head_names():
    large, small = (tomllib.loads(text_of(name)) for name in ("sentences", "sentences-small"))
    for suite in (large, small):
        for key in ("name", "summary", "seeds"):
            del suite[key]
        del suite["budget"]["steps"], suite["part"][0]["pairs"], suite["part"][0]["shots"]
    assert large == small


def test_the_small_suite_runs_between_classes_that_differ_and_every_row_is_there(project, mirror):
    suite = project.suite(changed("sentences-small", "words"))
    outcome = project.tlbench("run", suite, "--plugin", TEXTS, plugin=False)
    assert outcome.code == 0, outcome.err
    records = project.records("sentences-small")
    assert {record.status for record in records} == {"ok"}
    asked = [record for record in records if record.source and record.strategy not in ("target-only", "oracle")]
    pairs = {(record.variant, *record.source, record.target) for record in asked}
    strategies = ("fine-tune", "multi-task", "feature-extraction")
    assert pairs == {(name, *pair) for name in strategies for pair in (("cr", "trec"), ("trec", "cr"))}
    sizes = {record.target: record.model for record in records if record.variant == "target-only"}
    layer = 8 * 256 + 256
    trainable = {name: size.trainable for name, size in sizes.items()}
    assert trainable == {"cr": layer + 257 * 2, "trec": layer + 257 * 6}
    for row in ("target-only", "oracle", *strategies):
        assert f"\n{row}" in outcome.out
    assert "\nsource-only" not in outcome.out  # classes differ


@pytest.mark.parametrize(("name", "runs"), [("sentences", 690), ("sentences-encoder", 250)])
def test_all_pairs_can_be_planned_and_shared_test_sentences_are_counted(project, mirror, name, runs):
    suite = project.suite(changed(name, "words"))
    plan = json.loads(project.tlbench("plan", suite, "--json", "--plugin", TEXTS, plugin=False).out)
    assert (plan["runs"], plan["skipped"]) == (runs, {})
    assert sorted(plan["shared_examples"]) == [
        "1 of the 1,000 test examples of subj stand in sst2 too, 240 by letters and digits alone",
        "1 of the 1,821 test examples of sst2 stand in subj too, 505 by letters and digits alone",
    ]
