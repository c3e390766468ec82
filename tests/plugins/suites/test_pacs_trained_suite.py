"""`pacs-trained` and `pacs-trained-shots`: comparable with the frozen encoder, and their short forms run for real."""

from __future__ import annotations

import pytest

from tlbench.plugins.manager import plugin_host
from tlbench.suites.suite_file import read_suite


def suite(name):
    return read_suite(name, plugin_host())


def test_it_is_evaluated_as_the_frozen_encoder_is_so_that_rows_can_be_compared():
    trained, frozen = suite("pacs-trained"), suite("pacs-mobilenet")
    assert frozen.backbones == [f"frozen:{trained.backbones[0]}"]
    for key in ("dataset", "data", "evaluation", "selection"):
        assert getattr(trained, key) == getattr(frozen, key)
    assert set(trained.seeds) <= set(frozen.seeds)
    assert trained.part[0].pairs == frozen.part[0].pairs == "all"


def test_what_is_trained_is_trained_by_one_recipe():
    assert suite("pacs-trained").training == suite("pacs-trained-shots").training
    assert suite("pacs-trained").budget == suite("pacs-trained-shots").budget


@pytest.mark.parametrize("name", ["pacs-trained", "pacs-trained-shots"])
def test_the_short_form_is_the_long_one_with_fewer_pairs_seeds_and_steps(name):
    long, short = suite(name), suite(f"{name}-small")
    for key in ("dataset", "data", "evaluation", "selection", "training"):
        assert getattr(short, key) == getattr(long, key)
    assert short.strategies.items() <= long.strategies.items()
    assert set(short.part[0].strategies) <= set(long.part[0].strategies)
    assert short.part[0].shots == long.part[0].shots
    assert short.budget.steps < long.budget.steps


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pacs-trained-small", {"source-only", "dann", "oracle"}),
        ("pacs-trained-shots-small", {"source-only", "target-only", "fine-tune", "oracle"}),
    ],
)
def test_the_short_form_runs_and_its_table_has_every_row(project, mirror, name, expected):
    pytest.importorskip("timm")
    outcome = project.tlbench("run", name, "--workers", 2, plugin=False)
    assert outcome.code == 0, outcome.err
    records = {record.variant: record for record in project.records(name)}
    assert set(records) == expected
    assert {record.status for record in records.values()} == {"ok"}
    for row in expected:
        assert f"\n{row} " in outcome.out
    size = {record.model.trainable for record in records.values() if record.variant != "dann"}
    assert len(size) == 1  # the encoder is trained with its head, in references as well
    assert min(size) > 2_000_000
