"""Published figures beside a suite: checked before anything runs, carried by the plan, compared in the table."""

from __future__ import annotations

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


def test_the_plan_carries_the_figures_of_its_dataset_and_backbones_and_the_table_compares(project):
    others = ROW.replace("toy,", "digits,", 1) + ROW.replace("mlp:16", "lenet") + ROW.replace("source-only", "dann")
    project.write("claims.csv", HEADER + (ROW + others).replace("VALUE", "0.05"))
    suite = project.suite(WITH_CLAIMS)
    outcome = project.tlbench("run", suite)
    assert outcome.code == 0
    assert [claim["strategy"] for claim in project.plan()["claims"]] == ["source-only", "dann"]
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
