"""Published figures beside a suite: checked before anything runs, carried by the plan, compared in the table."""

from __future__ import annotations

import json

from toy_suite import SUITE

WITH_CLAIMS = SUITE.replace("seeds = [0]", 'seeds = [0]\nclaims = "claims.csv"')
HEADER = "dataset,source,target,setting,strategy,backbone,protocol,metric,value,plus_minus,citation,note,differs\n"
ROW = "toy,a,b,transductive,source-only,mlp:16,the same,accuracy,VALUE,,Someone 2016,,\n"


def test_faults_of_claims_are_told_before_anything_runs(project):
    project.write("claims.csv", HEADER + ROW.replace("VALUE", "much"))
    for command in ("run", "plan"):
        outcome = project.tlbench(command, project.suite(WITH_CLAIMS))
        assert outcome.code == 2
        assert "claims.csv:2: value: 'much' must be a number" in outcome.err
        assert "Traceback" not in outcome.err
    assert not (project.folder / "results").exists()
    assert project.tlbench("run", project.suite(WITH_CLAIMS.replace("claims.csv", "none.csv"))).code == 2


def test_a_figure_of_a_pair_that_there_is_not_is_told_and_what_is_stored_stays(project):
    assert project.tlbench("run", project.suite()).code == 0
    before = {path: path.read_bytes() for path in (project.folder / "results").rglob("*") if path.is_file()}
    project.write("claims.csv", HEADER + ROW.replace("VALUE", "0.05").replace("a,b", "a,nowhere"))
    for command in ("run", "plan"):
        outcome = project.tlbench(command, project.suite(WITH_CLAIMS))
        assert outcome.code == 2
        assert "claims.csv: published figures of pairs that 'toy' cannot have" in outcome.err
        assert "a:nowhere (Someone 2016): unknown domain 'nowhere'; did you mean 'other'?" in outcome.err
    assert {path: path.read_bytes() for path in before} == before


def test_the_plan_carries_the_figures_of_its_dataset_and_counts_the_others_and_the_table_compares(project):
    others = ROW.replace("toy,", "digits,", 1) + ROW.replace("mlp:16", "lenet") + ROW.replace("source-only", "dann")
    project.write("claims.csv", HEADER + (ROW + others).replace("VALUE", "0.05"))
    suite = project.suite(WITH_CLAIMS)
    outcome = project.tlbench("run", suite)
    assert outcome.code == 0
    figures = [(claim["strategy"], claim["backbone"]) for claim in project.plan()["claims"]]
    assert figures == [("source-only", "mlp:16"), ("source-only", "lenet"), ("dann", "mlp:16")]
    assert project.plan()["claims_elsewhere"] == {"digits": 1}
    assert project.plan()["test_examples"] == {"a": 400, "b": 400}
    accuracy = 100 * project.record("source-only").metrics["last"]["accuracy"]
    line = f"⚑ source-only on a:b is {accuracy:.1f}, published 5.0 (Someone 2016)"
    assert line in outcome.out
    (project.folder / "claims.csv").unlink()
    out = project.tlbench("leaderboard", "toy", plugin=False).out
    assert line in out
    assert "source-only ⚑" in out


def test_figures_that_change_are_compared_anew_without_running_anything(project):
    project.write("claims.csv", HEADER + ROW.replace("VALUE", "0.05"))
    project.tlbench("run", project.suite(WITH_CLAIMS))
    project.write("claims.csv", HEADER + ROW.replace("VALUE", "0.06"))
    outcome = project.tlbench("run", project.suite(WITH_CLAIMS))
    assert "all 3 runs are there" in outcome.err
    assert "published 6.0 (Someone 2016)" in outcome.out


def test_unknown_names_of_figures_are_told_by_plan_run_and_publish(project):
    rows = ROW + ROW.replace("source-only", "feature-extracton") + ROW.replace("toy,", "toys,", 1)
    project.write("claims.csv", HEADER + rows.replace("VALUE", "0.05"))
    suite = project.suite(WITH_CLAIMS)
    lines = [
        "2 of 3 published figures have no row in this suite:",
        "  dataset 'toys' (did you mean 'toy'?) (1 figure); the suite has toy",
        "  strategy 'feature-extracton' (did you mean 'feature-extraction'?) (1 figure); the suite has ",
    ]
    planned = project.tlbench("plan", suite)
    assert planned.code == 0
    assert all(line in planned.out for line in lines)
    assert json.loads(project.tlbench("plan", suite, "--json").out)["figures_without_a_row"][0] == lines[0]
    for command in (["run", suite], ["run", suite, "-q"]):
        outcome = project.tlbench(*command)
        assert outcome.code == 0
        assert all(line in outcome.err for line in lines)
    published = project.tlbench("publish", "toy", plugin=False)
    assert all(line in published.err for line in lines)


def test_figures_that_changed_are_read_again_by_leaderboard_and_publish(project):
    project.write("claims.csv", HEADER + ROW.replace("VALUE", "0.051"))
    project.tlbench("run", project.suite(WITH_CLAIMS))
    unchanged = project.tlbench("leaderboard", "toy", "--claims", plugin=False)
    assert unchanged.err == "" and "5.1" in unchanged.out
    project.write("claims.csv", HEADER + ROW.replace("VALUE", "0.0631"))
    for command in (["leaderboard", "toy"], ["leaderboard", "toy", "--claims"], ["publish", "toy"]):
        outcome = project.tlbench(*command, plugin=False)
        assert outcome.code == 0
        assert "claims.csv has changed since the suite was run, and is read again" in outcome.err
        assert "6.3" in outcome.out or command[0] == "publish"
    page = project.folder / "leaderboards" / "toy"
    assert "6.31" in (page / "README.md").read_text()
    assert str(project.folder) not in (page / "plan.json").read_text()
    again = project.tlbench("publish", "leaderboards/toy", "--check", plugin=False)
    assert (again.code, again.err) == (0, "")


def test_figures_that_became_faulty_or_went_do_not_cost_the_table(project):
    project.write("claims.csv", HEADER + ROW.replace("VALUE", "0.051"))
    project.tlbench("run", project.suite(WITH_CLAIMS))
    project.write("claims.csv", HEADER + ROW.replace("VALUE", "much"))
    for command in (["leaderboard", "toy", "--claims"], ["publish", "toy"]):
        outcome = project.tlbench(*command, plugin=False)
        assert outcome.code == 2
        assert "claims.csv:2: value: 'much' must be a number" in outcome.err
    table = project.tlbench("leaderboard", "toy", plugin=False)
    assert table.code == 0 and "published 5.1" in table.out
    assert "those of the last run are shown" in table.err
    (project.folder / "claims.csv").unlink()
    gone = project.tlbench("leaderboard", "toy", "--claims", plugin=False)
    assert gone.code == 0 and "5.1" in gone.out
    assert gone.err == "claims.csv is not there any more; its figures are those of the last run\n"


def test_claims_are_set_beside_ours_in_every_format_and_on_the_card_of_a_run(project):
    others = ROW.replace("source-only", "dann") + ROW.replace("mlp:16", "lenet").replace(",,\n", ",,more steps\n")
    project.write("claims.csv", HEADER + (ROW + others).replace("VALUE", "0.05"))
    suite = project.suite(WITH_CLAIMS.replace("[budget]", 'evaluation = "transductive-test"\n\n[budget]', 1))
    assert project.tlbench("run", suite).code == 0
    # 400, 100 and 400 examples are the splits of the toy, and all of them are the test set here.
    assert project.plan()["test_examples"] == {"a": 900, "b": 900}
    outcome = project.tlbench("leaderboard", "toy", "--claims", plugin=False)
    assert outcome.code == 0
    assert "toy · transductive · mlp:16 · transductive-test · selection: last · published accuracy" in outcome.out
    record = project.record("source-only")
    off = f"{100 * record.metrics['last']['accuracy'] - 5:+.1f}"
    assert f"{off}  inconclusive" in outcome.out
    assert "all tables: reproduced 0, higher 0, lower 0, inconclusive 1, not comparable 0, missing 2" in outcome.out
    for form in ("markdown", "csv", "latex", "html", "json"):
        other = project.tlbench("leaderboard", "toy", "--claims", "--format", form, plugin=False)
        assert (other.code, "inconclusive" in other.out) == (0, True)
    card = project.tlbench("show", record.run_key, plugin=False).out
    assert f"published for this pair\n  accuracy        0.05 (Someone 2016), this run {off} points\n" in card
    (project.folder / "results" / "toy" / "plan.json").unlink()
    assert "published for" not in project.tlbench("show", record.run_key, plugin=False).out


def test_claims_of_a_suite_without_any_and_options_that_exclude_each_other_are_errors(project):
    project.tlbench("run", project.suite())
    for options, message in (
        ([], "names no published figures. To add some: write a CSV file with the columns dataset,source,target"),
        (["--by", "pair"], "so --by pair does not go with it"),
    ):
        outcome = project.tlbench("leaderboard", "toy", "--claims", *options, plugin=False)
        assert (outcome.code, outcome.out) == (2, "")
        assert message in outcome.err
        assert "Traceback" not in outcome.err
