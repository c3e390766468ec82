"""`amazon-text` and what is made of it: the real reviews, read by bags of words and by networks that are quick."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from suite_texts import text_of
from tiny_encoders import write_encoder

DOMAINS = ("books", "dvd", "electronics", "kitchen")
STRATEGIES = ("fine-tune", "feature-extraction", "multi-task")
#: A backbone that knows ten words, `words`, and learns on them.
TEXTS = str(Path(__file__).parents[2] / "text_plugin.py")
TINY = "transformers:tiny?max_length=12"


def with_words(name):
    """The text of a suite with `words` in place of everything that MiniLM reads."""
    text = text_of(name)
    for backbone in ("frozen:minilm+mlp:256", "frozen:minilm"):
        assert f'"{backbone}"' in text
        text = text.replace(f'"{backbone}"', '"words"')
    return text


def test_the_small_suite_is_the_protocol_of_the_large_one_but_for_what_its_page_names():
    large, small = (tomllib.loads(text_of(name)) for name in ("amazon-text", "amazon-text-small"))
    for suite in (large, small):
        for key in ("name", "summary", "seeds"):
            del suite[key]
        del suite["budget"]["steps"]
        suite["backbones"] = [name.partition(":")[0] for name in suite["backbones"]]
        for part in suite["part"]:
            del part["pairs"]
    assert large == small


def test_all_twelve_pairs_are_planned(project, mirror):
    text = with_words("amazon-text").replace(', "bag-of-words:65536"]', "]")
    plan = json.loads(project.tlbench("plan", project.suite(text), "--json", "--plugin", TEXTS, plugin=False).out)
    of_pairs = 1 + 3 + 3 + len(STRATEGIES)  # source-only, three C, three λ, and those with labels of the target
    of_targets = 3  # oracle, target-only, and features without a source
    assert plan["skipped"] == {}
    assert plan["runs"] == 5 * (12 * of_pairs + 4 * of_targets)


def test_in_the_suite_for_a_gpu_each_domain_is_source_once_and_target_once():
    suite = tomllib.loads(text_of("amazon-text-encoder"))
    for part in suite["part"]:
        sources, targets = zip(*(pair.split(":") for pair in part["pairs"]), strict=True)
        assert sorted(sources) == sorted(targets) == list(DOMAINS)


def test_the_small_suite_runs_on_real_reviews_and_every_row_is_there(project, mirror):
    suite = project.suite(with_words("amazon-text-small").replace("steps = 100", "steps = 20"))
    outcome = project.tlbench("run", suite, "--plugin", TEXTS, plugin=False)
    assert outcome.code == 0, outcome.err
    records = project.records("amazon-text-small")
    assert {record.status for record in records} == {"ok"}
    bags = {
        (*record.source, record.target): record.metrics["last"]["accuracy"]
        for record in records
        if (record.variant, record.backbone) == ("linear-probe[C=1.0]", "bag-of-words:4096")
    }
    assert set(bags) == {("kitchen", "electronics"), ("electronics", "kitchen")}
    assert min(bags.values()) > 0.7  # chance is a half: these two know each other's words
    for row in ("source-only", "linear-probe", "dann", "oracle", "target-only", *STRATEGIES):
        assert f"\n{row}" in outcome.out


def test_the_suite_for_a_gpu_trains_all_of_an_encoder(project, mirror):
    pytest.importorskip("transformers", reason="transformers is not installed: pip install 'tlbench[hub]'")
    write_encoder(project.folder / "tiny")
    text = text_of("amazon-text-encoder")
    changes = {'"minilm"': f'"{TINY}"', "seeds = [0, 1, 2, 3, 4]": "seeds = [0]", "steps = 300": "steps = 2"}
    for old, new in {**changes, "batch_size = 32": "batch_size = 4"}.items():
        assert old in text
        text = text.replace(old, new)
    suite = project.suite(text.replace('"books:kitchen", "dvd:books", "electronics:dvd", ', ""))
    outcome = project.tlbench("run", suite)
    assert outcome.code == 0, outcome.err
    records = project.records("amazon-text-encoder")
    assert {record.status for record in records} == {"ok"}
    assert {record.variant for record in records} >= {"source-only", "dann", "fine-tune", "target-only", "oracle"}
    assert all(record.model.trainable == record.model.total > 1000 for record in records)
