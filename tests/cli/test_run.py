from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from toy_suite import SUITE

from tlbench.records.result_folder import ResultFolder

FOUR = SUITE.replace('strategies = ["feature-extraction"]', 'strategies = ["raises", "exits", "sleeps", "segfaults"]')
MISBEHAVING = (
    FOUR
    + """
[strategies.raises]
use = "broken"
how = "raise"

[strategies.exits]
use = "broken"
how = "exit"

[strategies.sleeps]
use = "broken"
how = "sleep"

[strategies.segfaults]
use = "broken"
how = "kill"
"""
)


# ---- bad input: exit 2, one message, no traceback ---------------------------------------------------------------


def refused(project, *arguments):
    outcome = project.tlbench("run", *arguments)
    assert outcome.code == 2
    assert "Traceback" not in outcome.err
    return outcome.err


def test_an_unknown_suite_is_answered_with_the_nearest(project):
    message = refused(project, "digit")
    assert "'digit'" in message
    assert "did you mean 'digits'" in message


@pytest.mark.parametrize("by", ["option", "suite"])
def test_a_precision_that_there_is_not_here_is_refused(project, by):
    if by == "option":
        message = refused(project, project.suite(SUITE), "--precision", "tf32", "--device", "cpu")
    else:
        message = refused(project, project.suite(f'precision = "tf32"\n{SUITE}'), "--device", "cpu")
    assert "precision 'tf32'" in message
    assert "allowed here: float32" in message


def test_two_faults_are_reported_at_once_each_with_its_place(project):
    text = SUITE.replace("steps = 40", "stepz = 40").replace('"feature-extraction"', '"feature-extracton"')
    message = refused(project, project.suite(text))
    assert "stepz" in message
    assert "steps" in message
    assert "feature-extracton" in message
    assert "feature-extraction" in message


def test_a_wrong_type_names_the_key_and_the_value(project):
    message = refused(project, project.suite(SUITE.replace("seeds = [0]", 'seeds = ["zero"]')))
    assert "seeds" in message
    assert "zero" in message


def test_an_unknown_domain_of_a_pair_is_answered_with_the_nearest(project):
    message = refused(project, project.suite(SUITE.replace("a:b", "a:othr")))
    assert "othr" in message
    assert "other" in message


def test_an_empty_grid_is_refused(project):
    text = SUITE.replace('["feature-extraction"]', '["grid"]') + '[strategies.grid]\nuse = "dann"\ngrid = {}\n'
    assert "grid" in refused(project, project.suite(text))


def test_a_filter_that_matches_nothing_names_what_there_is(project):
    message = refused(project, project.suite(), "--pair", "a:c")
    assert "a:c" in message
    assert "a:b" in message


def test_a_results_folder_that_cannot_be_written_is_named_with_its_option(project):
    project.write("file", "in the way")
    message = refused(project, project.suite(), "--results", project.folder / "file")
    assert str(project.folder / "file") in message
    assert "--results" in message


@pytest.mark.parametrize(
    ("option", "value"), [("--timeout", "soon"), ("--memory", "much"), ("--device", "gpu"), ("--set", "dann")]
)
def test_a_wrong_option_value_shows_the_right_form(project, option, value):
    message = refused(project, project.suite(), option, value)
    assert option in message
    assert value in message


def test_a_device_that_is_not_there_is_named(project):
    assert "cuda:7" in refused(project, project.suite(), "--device", "cuda:7")


def test_a_backbone_that_does_not_fit_the_inputs_costs_its_runs_only_and_says_why(project):
    outcome = project.tlbench("run", project.suite(SUITE.replace("mlp:16", "small-cnn")))
    assert outcome.code == 1
    assert "takes images" in project.record("oracle").error.message


# ---- what a run leaves -------------------------------------------------------------------------------------------


def test_a_suite_ends_with_a_table_and_a_record_per_run(project):
    outcome = project.tlbench("run", project.suite())
    assert outcome.code == 0
    for name in ("source-only", "oracle", "feature-extraction"):
        assert name in outcome.out
        assert project.record(name).status == "ok"
    record = project.record("feature-extraction")
    assert record.references.keys() == {"source-only", "oracle"}
    assert record.seconds.shared.total > 0
    assert [seen.phase for seen in record.seen] == ["source", "features"]
    assert record.seen[0].updates == 40
    assert record.seen[0].labelled == 40 * 16
    assert record.provenance["choices"]["device"]


def test_predictions_are_stored_and_agree_with_the_recorded_accuracy(project):
    project.tlbench("run", project.suite())
    record = project.record("source-only")
    stored = load_file(project.folder / "results" / "toy" / f"{record.run_key}.safetensors")
    (labels_file,) = [
        file
        for file in (project.folder / "cache" / "labels").rglob("test.npy")
        if file.parent.name == record.spec.revisions["b"]
    ]
    accuracy = (stored["40/test"] == np.load(labels_file)).mean()
    assert record.metrics["last"]["accuracy"] == pytest.approx(accuracy, abs=1e-12)
    assert record.metrics["last"]["checkpoint"] == 40


def test_a_second_run_retrains_nothing_and_reuse_never_runs_all_again(project):
    suite = project.suite()
    project.tlbench("run", suite)
    files = {file: file.stat().st_mtime_ns for file in (project.folder / "results" / "toy").glob("*.json")}
    outcome = project.tlbench("run", suite)
    assert outcome.code == 0
    assert "all 3 runs are there" in outcome.err
    records = {file: at for file, at in files.items() if file.name != "plan.json"}
    assert all(file.stat().st_mtime_ns == at for file, at in records.items())
    project.tlbench("run", suite, "--reuse", "never")
    assert all(file.stat().st_mtime_ns != at for file, at in records.items())


def test_a_combination_that_makes_no_sense_is_skipped_with_its_reason(project):
    outcome = project.tlbench("run", project.suite(SUITE.replace("feature-extraction", "fine-tune")))
    assert outcome.code == 0
    record = project.record("fine-tune")
    assert record.status == "skipped"
    assert "inductive" in record.reason
    assert "inductive" in outcome.out


def test_label_spaces_that_differ_run_where_a_strategy_can_and_are_skipped_where_it_cannot(project):
    text = SUITE.replace('"transductive"', '"inductive"\nshots = 4').replace("a:b", "a:other")
    text = text.replace('["feature-extraction"]', '["fine-tune", "multi-task", "dann"]')
    outcome = project.tlbench("run", project.suite(text))
    assert outcome.code == 0
    assert project.record("fine-tune").status == "ok"
    assert project.record("multi-task").status == "ok"
    assert project.record("dann").status == "skipped"
    assert not [record for record in project.records() if record.variant == "source-only"]


def test_inductive_runs_know_their_references_and_what_they_are_without_the_source(project):
    text = SUITE.replace('"transductive"', '"inductive"\nshots = 4')
    text = text.replace('["feature-extraction"]', '["fine-tune", "feature-extraction"]')
    assert project.tlbench("run", project.suite(text)).code == 0
    keys = {record.run_key: record for record in project.records()}
    tuned = next(record for record in keys.values() if record.variant == "fine-tune")
    assert keys[tuned.references["without-source"]].variant == "target-only"
    extracted = next(r for r in keys.values() if r.variant == "feature-extraction" and r.source)
    without = keys[extracted.references["without-source"]]
    assert (without.strategy, without.source, without.shots) == ("feature-extraction", [], 4)


def test_a_parameter_of_the_command_line_reaches_the_record(project):
    project.tlbench("run", project.suite(), "--set", "feature-extraction.folds=2")
    assert project.record("feature-extraction").params["folds"] == 2


def test_filters_run_what_they_leave_with_its_references(project):
    text = SUITE.replace('pairs = ["a:b"]', 'pairs = ["a:b", "b:a"]')
    project.tlbench("run", project.suite(text), "--pair", "b:a")
    assert {record.target for record in project.records()} == {"a"}
    assert {record.variant for record in project.records()} == {"feature-extraction", "source-only", "oracle"}


def test_json_gives_the_records(project):
    outcome = project.tlbench("run", project.suite(), "--json")
    assert {record["status"] for record in json.loads(outcome.out)} == {"ok"}


# ---- what goes wrong costs its own run only ----------------------------------------------------------------------


def test_strategies_that_raise_exit_sleep_or_crash_cost_their_own_runs_only(project):
    outcome = project.tlbench("run", project.suite(MISBEHAVING), "--timeout", "5s")
    assert outcome.code == 1
    assert project.record("source-only").status == "ok"
    raised, exited = project.record("raises"), project.record("exits")
    slept, crashed = project.record("sleeps"), project.record("segfaults")
    assert (raised.status, raised.error.type) == ("failed", "RuntimeError")
    assert raised.error.message == "this strategy always raises"
    assert any("about to misbehave" in line for line in raised.error.log)
    assert exited.status == "crashed"
    assert "exit code 3" in exited.error.message
    assert slept.status == "timeout"
    assert "5s" in slept.error.message
    assert (crashed.status, crashed.error.type) == ("crashed", "SIGSEGV")
    assert "this strategy always raises" in outcome.err


def test_failures_run_again_unless_reuse_is_always(project):
    suite = project.suite(SUITE.replace("feature-extraction", "broken"))
    project.tlbench("run", suite)
    assert "2 runs are there, 1 to do" in project.tlbench("run", suite).err
    kept = project.tlbench("run", suite, "--reuse", "always")
    assert kept.code == 1
    assert "all 3 runs are there" in kept.err


def test_a_loss_that_is_not_finite_is_recorded_as_diverged_and_shown_with_its_step(project):
    outcome = project.tlbench("run", project.suite(SUITE.replace("feature-extraction", "not-finite")))
    record = project.record("not-finite")
    assert record.status == "diverged"
    said = "the loss was not finite at or before step 1 of 40"
    assert f"¹ not-finite: diverged: {said} (its only run)" in outcome.out
    shown = project.tlbench("show", record.run_key, plugin=False).out
    assert "status          diverged" in shown
    assert said in shown


def test_a_run_that_takes_too_much_memory_is_recorded_as_such(project):
    text = SUITE.replace("feature-extraction", "broken")
    project.tlbench("run", project.suite(text), "--set", "broken.how=memory", "--memory", "3GiB")
    assert project.record("broken").status == "out_of_memory"
    assert project.record("source-only").status == "ok"


def test_where_shared_work_fails_its_users_are_failed_and_name_it(project):
    project.tlbench(
        "run", project.suite(SUITE.replace("[[part]]", "[training]\nlr = 1e30\noptimizer = 'sgd'\n\n[[part]]"))
    )
    record = project.record("feature-extraction")
    assert record.status == "failed"
    assert "source model of a" in record.error.message
    assert "diverged" in record.error.message


def test_a_damaged_record_is_set_aside_named_and_run_again(project):
    suite = project.suite()
    project.tlbench("run", suite)
    key = project.record("feature-extraction").run_key
    path = project.folder / "results" / "toy" / f"{key}.json"
    path.write_text(path.read_text()[:100])
    outcome = project.tlbench("run", suite)
    assert outcome.code == 0
    assert path.with_suffix(".json.damaged").exists()
    assert f"{key}.json.damaged" in outcome.err
    assert project.record("feature-extraction").status == "ok"


def test_a_second_tlbench_in_the_same_folder_is_refused(project):
    suite = project.suite(SUITE.replace("feature-extraction", "broken"))
    running = project.start("run", suite, "--set", "broken.how=sleep")
    try:
        lock = project.folder / "results" / "toy" / "plan.json"
        _wait_for(lock.exists)
        assert "another tlbench run" in refused(project, suite)
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()


# ---- interruption ------------------------------------------------------------------------------------------------


def _wait_for(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_interrupted_or_killed_nothing_done_is_lost_and_the_rest_runs_later(project, how, code):
    text = SUITE.replace("feature-extraction", "broken")
    suite = project.suite(text)
    running = project.start("run", suite, "--set", "broken.how=sleep")
    folder = project.folder / "results" / "toy"
    _wait_for(lambda: len([file for file in folder.glob("*.json") if file.name != "plan.json"]) == 2)
    running.send_signal(how)
    running.communicate(timeout=60)
    assert running.returncode == code
    before = {record.run_key: record for record in project.records()}
    assert {record.variant for record in before.values()} == {"source-only", "oracle"}
    assert not _sleepers(project)

    outcome = project.tlbench("run", project.suite(SUITE))
    assert outcome.code == 0
    assert "2 runs are there, 1 to do" in outcome.err
    assert all(record in project.records() for record in before.values())


def _sleepers(project):
    """Processes that still work for this project's cache, a moment after the host has ended."""
    time.sleep(0.5)
    return [
        folder.name
        for folder in Path("/proc").glob("[0-9]*")
        if str(project.folder).encode() in _read(folder / "environ") and b"tlbench" in _read(folder / "cmdline")
    ]


def _read(path):
    try:
        return path.read_bytes()
    except OSError:  # it has ended meanwhile
        return b""


# ---- the same numbers --------------------------------------------------------------------------------------------


def test_one_worker_and_two_workers_predict_the_same_bit_for_bit(project):
    text = SUITE.replace('["feature-extraction"]', '["feature-extraction", "dann"]').replace(
        "seeds = [0]", "seeds = [0, 1]"
    )
    suite = project.suite(text)

    def predictions(workers, results):
        project.tlbench("run", suite, "--workers", workers, "--results", results)
        arrays = {}
        for file in (project.folder / results / "toy").glob("*.safetensors"):
            arrays |= {(file.stem, name): array for name, array in load_file(file).items() if name.endswith("/test")}
        return arrays

    one = predictions(1, "one")
    for folder in ("source-models", "domains", "labels", "datasets"):
        (project.folder / "cache" / folder).rename(project.folder / f"gone-{folder}")
    two = predictions(2, "two")
    assert len(one) == 2 * 2 * 2 + 2 * 2 + 2  # checkpoints × seeds, and one checkpoint where there are no steps
    assert one.keys() == two.keys()
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_another_seed_predicts_otherwise(project):
    project.tlbench("run", project.suite(SUITE.replace("seeds = [0]", "seeds = [0, 1]")))
    records = [record for record in project.records() if record.variant == "oracle"]
    first, second = (
        load_file(project.folder / "results" / "toy" / f"{record.run_key}.safetensors")["40/test"] for record in records
    )
    assert not np.array_equal(first, second)


# ---- plugins and data that misbehave --------------------------------------------------------------------------


def test_a_hook_that_raises_is_named_and_costs_nothing(project):
    path = project.write(
        "rude.py", "import tlbench\n\n@tlbench.hookimpl\ndef tlbench_run_finished(record):\n    raise OSError('rude')\n"
    )
    outcome = project.tlbench("run", project.suite(), "--plugin", path)
    assert outcome.code == 0
    assert outcome.err.count("plugin 'rude' failed in tlbench_run_finished: OSError: rude") == 1


def test_another_metric_is_computed_for_runs_that_lack_it(project):
    project.tlbench("run", project.suite())
    more = project.suite(SUITE.replace("seeds = [0]", 'seeds = [0]\nmetrics = ["balanced_accuracy", "nll"]'))
    outcome = project.tlbench("run", more)
    assert "0 runs are there, 3 to do" in outcome.err
    assert "nll" in project.record("oracle").metrics["last"]


def test_a_metric_that_raises_fails_the_run_and_names_itself(project):
    path = project.write(
        "odd.py",
        "import tlbench\n\ndef odd(labels, logits):\n    return 'much'\n\n"
        "@tlbench.hookimpl\ndef tlbench_register_metrics(register):\n    register('odd', odd)\n",
    )
    suite = project.suite(SUITE.replace("seeds = [0]", 'seeds = [0]\nmetrics = ["accuracy", "odd"]'))
    assert project.tlbench("run", suite, "--plugin", path).code == 1
    message = project.record("oracle").error.message
    assert "the metric 'odd'" in message
    assert "it gave a str" in message


def test_a_list_cannot_rank(project):
    suite = project.suite(SUITE.replace("seeds = [0]", 'seeds = [0]\nmetrics = ["confusion_matrix"]'))
    assert "'confusion_matrix' gives a list" in refused(project, suite)


def test_more_shots_than_a_class_has_are_refused_before_any_run(project):
    suite = project.suite(SUITE.replace('"transductive"', '"inductive"\nshots = 200'))
    message = refused(project, suite)
    assert "domain 'b', train: class 'class 0' has 134 examples" in message
    assert "shots = 200" in message


def test_of_all_pairs_those_whose_classes_do_not_fit_are_skipped_with_the_reason(project):
    outcome = project.tlbench("run", project.suite(SUITE.replace('["a:b"]', '"all"')))
    assert outcome.code == 0
    records = {(*record.source, record.target): record for record in project.records() if record.source}
    assert records["a", "other"].status == "skipped"
    assert "different classes" in records["a", "other"].reason


def test_a_damaged_source_model_in_the_cache_is_trained_again(project):
    suite = project.suite()
    project.tlbench("run", suite)
    (file,) = (project.folder / "cache" / "source-models").rglob("40.safetensors")
    file.write_bytes(file.read_bytes()[:50])
    assert project.tlbench("run", suite, "--results", "elsewhere").code == 0


def test_runs_in_bf16_have_keys_of_their_own_say_so_and_are_made_again_in_bf16(project, monkeypatch):
    suite = project.suite(SUITE.replace("feature-extraction", "dann"))
    assert project.tlbench("run", suite, "--device", "cpu").code == 0
    info = project.folder / "cpuinfo"
    info.write_text("flags : avx512_bf16\n")
    monkeypatch.setattr("tlbench.execution.device.CPU_INFO", info)
    before = {record.run_key for record in project.records("toy")}
    outcome = project.tlbench("run", suite, "--device", "cpu", "--precision", "bf16")
    assert outcome.code == 0, outcome.err
    made = [record for record in project.records("toy") if record.run_key not in before]
    assert len(made) == len(before)
    assert {record.status for record in made} == {"ok"}
    assert {record.spec.compute.precision for record in made} == {"bf16"}
    assert {record.provenance["precision"] for record in made} == {"bf16"}
    again = project.tlbench("verify", "results/toy", "--suite", suite, "--sample", "1", "--device", "cpu")
    assert again.code == 0, again.err
    assert "1 of 1 run reproduced" in again.out


def test_where_all_is_there_each_record_is_read_once_and_the_table_is_the_same(project, monkeypatch):
    suite = project.suite(SUITE)
    first = project.tlbench("run", suite)
    assert first.code == 0
    reads = []
    read = ResultFolder.read
    monkeypatch.setattr(ResultFolder, "read", lambda self, key: reads.append(key) or read(self, key))
    again = project.tlbench("run", suite)
    assert again.code == 0
    assert again.out == first.out
    assert sorted(reads) == sorted(record.run_key for record in project.records())
