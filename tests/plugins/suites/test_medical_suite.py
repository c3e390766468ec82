"""`medical`: what its protocol rests on, and its short form run for real where the data are."""

from __future__ import annotations

import pytest

from tlbench.plugins.manager import plugin_host
from tlbench.suites.suite_file import read_suite

LONG, SHORT = (read_suite(name, plugin_host()) for name in ("medical", "medical-small"))


def test_label_budgets_are_in_order_and_every_figure_beside_ours_says_what_differs():
    (part,) = LONG.part
    assert part.shots == [5, 20, 100, "all"]
    assert LONG.metrics[0] == "auroc"
    assert all(claim.differs and claim.backbone == LONG.backbones[0] for claim in LONG.published)


def test_the_short_form_is_the_long_one_with_fewer_labels_seeds_and_steps():
    assert SHORT.training == LONG.training
    assert (SHORT.metrics, SHORT.selection, SHORT.evaluation) == (LONG.metrics, LONG.selection, LONG.evaluation)
    assert SHORT.part[0].pairs == LONG.part[0].pairs
    assert SHORT.part[0].strategies == LONG.part[0].strategies
    assert SHORT.part[0].shots in LONG.part[0].shots
    assert SHORT.budget.steps < LONG.budget.steps


def test_the_short_form_runs_and_sets_the_weights_against_random_ones(project, mirror):
    pytest.importorskip("timm")
    outcome = project.tlbench("run", "medical-small", "--workers", 2, plugin=False)
    assert outcome.code == 0, outcome.err
    records = {(record.variant, record.spec.initial): record for record in project.records("medical-small")}
    frozen = [("feature-extraction", "own"), ("feature-extraction", "random")]
    assert set(records) == {("fine-tune", "own"), ("target-only", "random"), ("oracle", "own"), *frozen}
    assert {record.status for record in records.values()} == {"ok"}
    scratch = records["target-only", "random"]
    assert records["fine-tune", "own"].references["without-source"] == scratch.run_key
    assert records["fine-tune", "own"].seen == scratch.seen  # as many steps, on as many labels
    assert records["fine-tune", "own"].budget == scratch.budget
    assert {"auroc", "accuracy", "balanced_accuracy"} <= scratch.metrics["last"].keys()
    assert outcome.out.startswith("medical-small · inductive, 5 shots")
    for name in ("target-only", "fine-tune", "feature-extraction", "oracle"):
        assert f"\n{name} " in outcome.out
