"""`tlbench submit`: a folder for a pull request, and a check that finds what was made up, left out or chosen ill."""

from __future__ import annotations

import hashlib
import json
import shutil

import pytest
from toy_suite import SUITE, TOY

from tlbench.submission.submission_folder import CHECKSUMS_FILE, checksums

THREE = SUITE.replace("seeds = [0]", "seeds = [0, 1, 2]")


@pytest.fixture(scope="module")
def submitted_once(tmp_path_factory):
    """A suite of three seeds, run and submitted once."""
    import os
    import subprocess
    import sys

    folder = tmp_path_factory.mktemp("submitted")
    (folder / "suite.toml").write_text(THREE)
    environment = {**os.environ, "TLBENCH_CACHE": str(folder / "cache")}
    submit = ["submit", "suite.toml", "--contributor", "Ada Lovelace", "--note", "paper: none"]
    for arguments in (["run", "suite.toml", "-q"], submit):
        command = [sys.executable, "-m", "tlbench", *arguments, "--plugin", str(TOY)]
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return folder


@pytest.fixture
def submitted(project, submitted_once):
    """A project with a copy of it."""
    for name in ("results", "submissions"):
        shutil.copytree(submitted_once / name, project.folder / name)
    return project


@pytest.fixture
def folder(submitted):
    return submitted.folder / "submissions" / "toy"


def check(project, *arguments, sample=0):
    given = ["submissions/toy", "--check", "-q", "--run-code", "--sample", sample, *arguments]
    return project.tlbench("submit", *given, plugin=False)


def rewrite(folder, change):
    """Change every record, and make the checksums those of the changed file, as a forger would."""
    path = folder / "records.jsonl"
    records = [json.loads(line) for line in path.read_text().splitlines()]
    for record in records:
        change(record)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    sign(folder)


def sign(folder):
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != CHECKSUMS_FILE
    }
    (folder / CHECKSUMS_FILE).write_text(checksums(files))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["submit", "toy"], "--contributor NAME"),
        (["submit", "toy", "--contributor", " "], "--contributor NAME"),
        (["submit", "toi", "--contributor", "A"], "did you mean 'toy'?"),
        (["submit", "toy", "--contributor", "A", "--out", "file", "--plugin", TOY], "--out 'file' is a file"),
        (["submit", "toy", "--contributor", "A", "--plugin", "none.py"], "none.py' does not exist"),
        (["submit", "results/toy", "--check"], "is no submission: it has no submission.json"),
        (["submit", "nowhere", "--check"], "is no submission"),
    ],
)
def test_bad_input_is_one_message_and_nothing_is_written(submitted, arguments, said):
    submitted.write("file", "")
    before = {path: path.read_bytes() for path in submitted.folder.rglob("*") if path.is_file()}
    outcome = submitted.tlbench(*arguments, plugin=False)
    assert outcome.code == 2
    assert said in outcome.err
    assert "Traceback" not in outcome.err
    assert {path: path.read_bytes() for path in before} == before


def test_nothing_of_anybodys_is_overwritten(submitted, folder):
    submit = ["submit", "toy", "--plugin", TOY, "--contributor"]
    assert "where the records are" in submitted.tlbench(*submit, "Ada", "--out", "results", plugin=False).err
    assert "is the submission of 'Ada Lovelace'" in submitted.tlbench(*submit, "Bob", plugin=False).err
    thesis = submitted.folder / "mine" / "toy" / "thesis.txt"
    thesis.parent.mkdir(parents=True)
    thesis.write_text("mine")
    assert "holds something else" in submitted.tlbench(*submit, "Ada", "--out", "mine", plugin=False).err
    assert thesis.read_text() == "mine"
    assert len(submitted.records()) == 9
    assert submitted.tlbench(*submit, "Ada Lovelace", plugin=False).code == 0  # one's own is made anew


def test_runs_of_others_are_not_published_over_ones_own(submitted, folder):
    assert submitted.tlbench("publish", "toy", plugin=False).code == 0
    before = (submitted.folder / "leaderboards" / "toy" / "plan.json").read_bytes()
    outcome = submitted.tlbench("publish", "submissions/toy", plugin=False)
    assert outcome.code == 2
    assert "holds runs of the project, and these are of Ada Lovelace" in outcome.err
    assert (submitted.folder / "leaderboards" / "toy" / "plan.json").read_bytes() == before


def test_the_file_of_a_strategy_has_to_be_named(project):
    assert project.tlbench("run", project.suite(), "--strategy", "twin").code == 0
    outcome = project.tlbench("submit", "toy", "--contributor", "Ada", plugin=False)
    assert outcome.code == 2
    assert "the strategy 'twin' is not installed; name its file with --plugin" in outcome.err


def flatter(record):
    for scores in record["metrics"].values():
        scores["accuracy"] = 1.0


def flatter_the_last_step_by_the_best(record):
    record["metrics"]["last"] = dict(record["metrics"]["target-test"], checkpoint=20)
    record["metrics"]["target-test"]["checkpoint"] = 40


def take_another_step(record):
    record["metrics"]["last"]["checkpoint"] = 20


def flatter_another_metric(record):
    for scores in record["metrics"].values():
        if scores["checkpoint"] == 40:
            scores["macro_f1"] = 0.999


def hide(record):
    if record["variant"] == "feature-extraction":
        record.update(status="skipped", reason="it does not apply", metrics={}, checkpoints=[], selection={})


def refer_to_another(record):
    record["references"] = dict.fromkeys(record["references"], record["run_key"])


def take_another_seed(record):
    record["seed"] = 7


def take_another_rate(record):
    record["spec"]["training"]["lr"] = 0.5


@pytest.mark.parametrize(
    ("change", "name", "said"),
    [
        (flatter, "scores", "accuracy 1.0 is recorded, and its predictions have"),
        (flatter_the_last_step_by_the_best, "selection", "chose step 20"),
        (take_another_step, "selection", "last chose step 20, and by its own scores step 40 is best"),
        (flatter_another_metric, "scores", "macro_f1 0.999 is recorded, and its predictions have"),
        (hide, "suite", "is skipped, and here it applies"),
        (refer_to_another, "plan", "its references are others than here"),
        (take_another_seed, "run keys", "seed is 7, and"),
        (take_another_rate, "run keys", "what it is made from has the key"),
    ],
)
def test_what_was_not_measured_is_found_out_though_the_checksums_fit(submitted, folder, change, name, said):
    rewrite(folder, change)
    outcome = check(submitted)
    assert outcome.code == 1
    assert f"FAILED  {name}\n    " in outcome.out
    assert said in outcome.out
    assert "passed  files" in outcome.out


def test_a_file_that_was_changed_added_or_taken_away_is_named(submitted, folder):
    (folder / "environment.txt").write_text("torch==0\n")
    (folder / "extra.txt").write_text("")
    (folder / "predictions.safetensors").unlink()
    outcome = check(submitted)
    assert outcome.code == 1
    for said in (
        "environment.txt is not the file that was submitted",
        "extra.txt is not listed",
        "predictions.safetensors is listed in checksums.sha256, and is not there",
    ):
        assert said in outcome.out


def test_a_damaged_record_is_a_fault_with_its_line(submitted, folder):
    with (folder / "records.jsonl").open("a") as file:
        file.write('{"run_key": \n')
    outcome = check(submitted)
    assert outcome.code == 1
    assert "records.jsonl:10: it is no JSON" in outcome.out
    assert "Traceback" not in outcome.err


def test_a_seed_that_was_left_out_of_plan_and_records_is_missed(submitted, folder):
    plan = json.loads((folder / "plan.json").read_text())
    plan["cells"] = [cell for cell in plan["cells"] if cell["seed"] != 2]
    (folder / "plan.json").write_text(json.dumps(plan))
    path = folder / "records.jsonl"
    kept = [line for line in path.read_text().splitlines() if json.loads(line)["seed"] != 2]
    path.write_text("\n".join(kept) + "\n")
    sign(folder)
    outcome = check(submitted)
    assert outcome.code == 1
    assert "FAILED  suite" in outcome.out
    assert "left out: feature-extraction on a:b, transductive, seed 2; the suite asks for it" in outcome.out


def change_a_reference(plan):
    first = plan["cells"][0]["references"]["source-only"]
    for cell in plan["cells"]:
        cell["references"]["source-only"] = first


def rename(plan):
    for cell in plan["cells"]:
        cell["variant"] = cell["variant"].replace("feature-extraction", "mine")


def take_another_metric(plan):
    plan["primary_metric"] = "accuracy" if plan["primary_metric"] != "accuracy" else "macro_f1"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (change_a_reference, "this cell, with its references, is not the suite's"),
        (rename, "mine on a:b, transductive, seed 0: this cell, with its references, is not the suite's"),
        (take_another_metric, "primary_metric is another than that of the suite here"),
    ],
)
def test_a_plan_that_makes_other_tables_of_the_same_records_is_found_out(submitted, folder, change, said):
    plan = json.loads((folder / "plan.json").read_text())
    change(plan)
    (folder / "plan.json").write_text(json.dumps(plan))
    sign(folder)
    outcome = check(submitted)
    assert outcome.code == 1
    assert "FAILED  plan\n" in outcome.out
    assert said in outcome.out


def test_a_suite_that_calls_itself_as_a_built_in_one_is_not_taken_for_it(submitted, folder):
    for name in ("suite.toml", "plan.json", "submission.json"):
        path = folder / name
        path.write_text(path.read_text().replace('"toy"', '"quick"').replace('dataset = "quick"', 'dataset = "toy"'))
    sign(folder)
    outcome = check(submitted)
    assert outcome.code == 1
    assert "there is a built-in suite 'quick', and suite.toml is another of that name; rename it" in outcome.out


def test_submitted_code_runs_only_where_it_is_asked_for(submitted, folder):
    (folder / "plugins" / TOY.name).write_text("open('it-ran', 'w')\n")
    sign(folder)
    outcome = submitted.tlbench("submit", "submissions/toy", "--check", "-q", plugin=False)
    assert outcome.code == 2
    assert f"it brings code, which planning its suite would run here: submissions/toy/plugins/{TOY.name}" in outcome.err
    assert not (submitted.folder / "it-ran").exists()
    copy = submitted.tlbench(
        "submit", "submissions/toy", "--check", "-q", "--sample", "0", "--plugin", TOY, plugin=False
    )
    assert copy.code == 0, copy.out + copy.err


def test_a_run_that_failed_is_part_of_a_submission_and_is_said(project):
    suite = project.suite(THREE.replace('"feature-extraction"', '"feature-extraction", "not-finite"'))
    assert project.tlbench("run", suite).code == 1
    assert project.tlbench("submit", suite, "--contributor", "Ada").code == 0
    outcome = check(project)
    assert outcome.code == 0, outcome.out + outcome.err
    assert "    diverged: not-finite on a:b, seed 0: " in outcome.out


def test_ranking_by_target_test_labels_is_not_accepted(submitted, folder):
    plan = json.loads((folder / "plan.json").read_text())
    (folder / "plan.json").write_text(json.dumps({**plan, "selection": "target-test"}))
    sign(folder)
    outcome = check(submitted)
    assert outcome.code == 1
    assert "the suite ranks by 'target-test', which chooses by target test labels; allowed: bnm" in outcome.out


def test_a_run_that_does_not_come_out_again_fails_the_sample_though_its_scores_fit_its_predictions(submitted, folder):
    from safetensors.numpy import load_file, save_file

    path = folder / "predictions.safetensors"
    save_file({key: classes[::-1].copy() for key, classes in load_file(path).items()}, path)
    sign(folder)
    assert check(submitted).code == 1  # reversed, they have other scores

    def forge(record):
        said = json.loads(json.dumps(record["metrics"]["last"]))
        record["metrics"]["last"] = {**said, "source_accuracy": 0.123}
        for protocol, scores in record["metrics"].items():
            if scores["checkpoint"] == said["checkpoint"]:
                record["metrics"][protocol] = record["metrics"]["last"]

    save_file({key: classes[::-1].copy() for key, classes in load_file(path).items()}, path)
    rewrite(folder, forge)
    outcome = check(submitted, "--draw", "1", sample=1)
    assert outcome.code == 1
    assert "FAILED  sample\n    runs drawn with --draw 1 do not come out" in outcome.out


def test_a_score_of_an_earlier_checkpoint_that_was_made_up_does_not_come_out(submitted, folder):
    def forge(record):
        for scores in record["metrics"].values():
            if scores["checkpoint"] != record["checkpoints"][-1]:
                scores["accuracy"] = 0.999

    rewrite(folder, forge)
    outcome = check(submitted, sample=9)
    assert outcome.code == 1
    assert "FAILED  sample" in outcome.out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda record: record["seconds"]["own"].update(total=1e308), "total is 1e+308"),
        (lambda record: record["metrics"]["last"].update(checkpoint=[40]), "it holds what cannot be checked"),
        (lambda record: record["metrics"]["last"].update(accuracy=1e300), "accuracy of last is 1e+300"),
    ],
)
def test_absurd_content_is_a_fault_and_no_traceback(submitted, folder, change, said):
    rewrite(folder, lambda record: record["status"] == "ok" and change(record))
    outcome = check(submitted)
    assert outcome.code == 1
    assert said in outcome.out


def test_predictions_that_are_no_classes_and_links_are_faults(submitted, folder):
    from safetensors.numpy import load_file, save_file

    path = folder / "predictions.safetensors"
    save_file({key: classes.astype("float32") + 0.25 for key, classes in load_file(path).items()}, path)
    (folder / "link.txt").symlink_to("/etc/hostname")
    sign(folder)
    outcome = check(submitted)
    assert "link.txt is a link; a submission holds its files itself" in outcome.out
    (folder / "link.txt").unlink()
    sign(folder)
    assert "its predictions are no classes of the" in check(submitted).out


def test_code_that_ends_the_process_does_not_pass_the_check(submitted, folder):
    import subprocess
    import sys

    for ending in ("import os; os._exit(0)", "import sys; sys.exit(0)"):
        (folder / "plugins" / TOY.name).write_text(f"{ending}\n")
        sign(folder)
        command = [sys.executable, "-m", "tlbench", "submit", "submissions/toy", "--check", "--run-code", "-q"]
        done = subprocess.run(command, check=False, cwd=submitted.folder, capture_output=True, text=True)
        assert done.returncode in (1, 2), ending
        assert "every check is passed" not in done.stdout


def test_honest_runs_pass_every_check_and_are_published_with_their_contributor(submitted, folder):
    outcome = check(submitted, sample=2)
    assert outcome.code == 0, outcome.out + outcome.err
    for name in ("files", "about", "whole", "run keys", "selection", "suite", "plan", "data", "scores", "sample"):
        assert f"passed  {name}\n" in outcome.out
    assert "2 of 2 runs reproduced" in outcome.out
    assert "not recomputed: source_accuracy" in outcome.out
    assert outcome.out.endswith("every check is passed\n")
    about = json.loads((folder / "submission.json").read_text())
    assert about["contributor"] == "Ada Lovelace"
    assert about["hardware"]
    assert about["runs"] == 9
    assert "torch==" in (folder / "environment.txt").read_text()
    assert (folder / "plugins" / TOY.name).read_bytes() == TOY.read_bytes()
    published = submitted.tlbench("publish", "submissions/toy", plugin=False)
    assert published.code == 0, published.err
    assert "- contributor: Ada Lovelace" in (submitted.folder / "leaderboards" / "toy" / "README.md").read_text()
    assert "| Ada Lovelace" in (submitted.folder / "leaderboards" / "README.md").read_text()
    assert submitted.tlbench("publish", "leaderboards/toy", "--check", plugin=False).code == 0


def test_checksums_are_those_that_sha256sum_writes(folder):
    for line in (folder / CHECKSUMS_FILE).read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
