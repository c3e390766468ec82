"""The card of one run."""

from __future__ import annotations

from tlbench.leaderboard.card import card
from tlbench.record import Failure, ModelSize, PeakMemory, Seen, Throughput


def test_everything_is_on_the_card(results):
    key = results.record(
        "dann",
        "syn",
        "uci",
        3,
        {"last": 0.8125, "source-val": 0.75},
        setting="inductive",
        shots=5,
        seen=[Seen(phase="training", updates=600, labelled=38400, unlabelled=38400)],
        curve=[{"step": step, "loss": 1 / (step + 1), "domain_accuracy": None} for step in range(50)],
        model=ModelSize(trainable=1234, total=56789, feature_dim=64),
        peak_memory=PeakMemory(host_mib=512.4),
        flags=["at or below chance"],
        notes=["lr chosen because"],
        provenance={"versions": {"torch": "2.6"}, "dirty": False},
    )
    results.cell("dann", "syn:uci", 3, key, setting="inductive", shots=5)
    record = results.board().records[key]
    record.references = {"oracle": "abc"}
    text = card(record)
    for part in (
        f"dann · run {key}",
        "digits syn → uci",
        "inductive, 5 shots; held-out",
        "600 updates; examples: 38,400 labelled, 38,400 unlabelled",
        "1,234 of 56,789 parameters trained; 64 features",
        "512 MiB",
        "8,412 examples/s",
        "⚑ at or below chance",
        "lr chosen because",
        "torch 2.6",
        "abc",
        "4.20 s",
        "used by other runs too",
    ):
        assert part in text, part
    assert "0.8125" in text and "0.7500" in text
    curve = text.split("curve\n")[1].split("\n\n")[0].splitlines()
    assert len(curve) == 6
    assert curve[0].startswith("  step 0,") and curve[-1].startswith("  step 49,")
    assert "domain_accuracy null" not in text


def test_a_failed_run_ends_with_its_log(results):
    error = Failure(type="ValueError", message="bad\x1b[2J", log=["line 19", "line 20"])
    key = results.record("dann", "syn", "uci", 0, None, setting="transductive", status="failed", error=error)
    results.cell("dann", "syn:uci", 0, key, setting="transductive")
    text = card(results.board().records[key])
    assert text.endswith("ValueError: bad?[2J\n  last lines of the log:\n    line 19\n    line 20\n")
    assert "metrics" not in text


def test_a_skipped_run_says_why_and_no_more(results):
    options = {"setting": "transductive", "status": "skipped", "throughput": Throughput()}
    key = results.record("fine-tune", "syn", "uci", 0, None, reason="it needs target labels", **options)
    results.cell("fine-tune", "syn:uci", 0, key, setting="transductive")
    text = card(results.board().records[key])
    assert "skipped: it needs target labels" in text
    assert "error" not in text and "curve" not in text


def test_lists_are_left_in_the_file_and_a_run_without_source_says_so(results):
    key = results.record("oracle", "", "uci", 0, 0.9, setting="inductive", shots="all")
    results.cell("oracle", "syn:uci", 0, key, setting="inductive", shots="all")
    record = results.board().records[key]
    record.metrics["last"]["confusion_matrix"] = [[1, 0], [0, 1]]
    text = card(record)
    assert "confusion" not in text
    assert "no source → uci" in text and "all target labels" in text
