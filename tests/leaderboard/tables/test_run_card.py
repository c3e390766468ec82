"""The card of one run."""

from __future__ import annotations

from tlbench.leaderboard.tables.run_card import card
from tlbench.records.record import Failure, ModelSize, PeakMemory, Seen, Throughput


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
    record = results.result_set().records[key]
    record.references = {"oracle": "abc"}
    text = card(record, {})
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
    text = card(results.result_set().records[key], {})
    assert text.endswith("ValueError: bad?[2J\n  last lines of the log:\n    line 19\n    line 20\n")
    assert "metrics" not in text


def test_a_skipped_run_says_why_and_no_more(results):
    options = {"setting": "transductive", "status": "skipped", "throughput": Throughput()}
    key = results.record("fine-tune", "syn", "uci", 0, None, reason="it needs target labels", **options)
    results.cell("fine-tune", "syn:uci", 0, key, setting="transductive")
    text = card(results.result_set().records[key], {})
    assert "skipped: it needs target labels" in text
    assert "error" not in text and "curve" not in text


def test_lists_are_left_in_the_file_and_a_run_without_source_says_so(results):
    key = results.record("oracle", "", "uci", 0, 0.9, setting="inductive", shots="all")
    results.cell("oracle", "syn:uci", 0, key, setting="inductive", shots="all")
    record = results.result_set().records[key]
    record.metrics["last"]["confusion_matrix"] = [[1, 0], [0, 1]]
    text = card(record, {})
    assert "confusion" not in text
    assert "no source → uci" in text and "all target labels" in text


def dann(results, setting="transductive", shots=None, score=0.55, **rest):
    """A run and its references, by name; the references stored."""
    key = results.record("dann", "syn", "uci", 0, score, setting=setting, shots=shots, **rest)
    stored = {
        "source-only": results.record("source-only", "syn", "uci", 0, 0.6, setting="transductive"),
        "target-only": results.record("target-only", "", "uci", 0, 0.5, setting="inductive", shots=5),
        "oracle": results.record("oracle", "", "uci", 0, 0.9, setting="inductive", shots="all"),
    }
    results.cell("dann", "syn:uci", 0, key, setting=setting, shots=shots, references=stored)
    records = results.result_set().records
    wanted = ["source-only", "oracle"] if setting == "transductive" else list(stored)
    records[key].references = {name: stored[name] for name in wanted}
    return records[key], {name: records[stored[name]] for name in wanted}


def section(text, title):
    """The lines of a section."""
    return [line.strip() for line in text.split(f"\n{title}\n")[1].split("\n\n")[0].splitlines()]


def test_a_run_stands_beside_its_references_with_the_gap_of_its_setting(results):
    record, references = dann(results)
    found = section(card(record, references), "beside its references")
    assert found == [
        f"source-only     accuracy 0.6000, adaptation gap +5.0 points; run {record.references['source-only']}",
        f"oracle          accuracy 0.9000; run {record.references['oracle']}",
    ]


def test_inductive_runs_show_gain_and_ntg(results):
    record, references = dann(results, "inductive", 5)
    record.references["without-source"] = record.references["target-only"]
    references["without-source"] = references["target-only"]
    found = section(card(record, references), "beside its references")
    assert found[0].startswith("source-only     accuracy 0.6000; run")
    assert found[1].startswith("target-only     accuracy 0.5000, gain +5.0 points; run")
    assert found[3].startswith("without-source  accuracy 0.5000, NTG −5.0 points; run")


def test_references_that_are_not_there_or_not_ok_say_so(results):
    record, references = dann(results)
    failed = references["source-only"].model_copy(update={"status": "timeout", "reason": "ran past 5s"})
    found = section(card(record, {"source-only": failed}), "beside its references")
    assert found[0].startswith("source-only     timeout: ran past 5s; run")
    assert found[1].startswith("oracle          no record; run")


def test_a_run_without_numbers_has_no_gap(results):
    record, references = dann(results, score=None, status="failed")
    assert "gap" not in card(record, references)
    assert "accuracy 0.6000; run" in card(record, references)


def test_an_oracle_below_its_source_only_is_a_flag(results):
    record, references = dann(results)
    assert "⚑" not in card(record, references)
    references["oracle"].metrics["last"]["accuracy"] = 0.25
    assert section(card(record, references), "flags") == [
        "⚑ oracle is below source-only: accuracy 0.2500 against 0.6000 with the same seed"
    ]


def test_health_is_a_section_and_what_is_not_ok_is_marked_there_once(results):
    lines = ["source classes are learnt: source loss 2.3 → 0.1", "domains are still told apart: 0.9 → 0.97"]
    record, _ = dann(results, health=lines, flags=["at or below chance: accuracy 0.1", lines[1]])
    text = card(record, {})
    assert section(text, "health") == [lines[0], f"⚑ {lines[1]}"]
    assert section(text, "flags") == ["⚑ at or below chance: accuracy 0.1"]
