"""What strategies say of their own training: in the record, in `show`, and under the table."""

from __future__ import annotations

import pytest
from toy_suite import SUITE

PLUGIN = '''
import tlbench


class Told(tlbench.GradientStrategy):
    """Says what its parameter asks for."""

    settings = {"transductive"}

    class Params(tlbench.Params):
        how: str = "sound"

    def loss(self, model, batch, progress):
        return tlbench.losses.cross_entropy(model(batch.source.inputs), batch.source.labels)

    @classmethod
    def health(cls, curve, params):
        if params.how == "raise":
            raise RuntimeError("no idea")
        if params.how == "text":
            return "all is well"
        if params.how == "texts":
            return ["all is well"]
        points = [point for point in curve if "objective" in point]
        bad = tlbench.Health(f"too slow: {len(points)} points", ok=False)
        return [tlbench.Health("went on: to the end", ok=True), *([bad] if params.how == "bad" else [])]


@tlbench.hookimpl
def tlbench_register_strategies(register):
    register("told", Told)
'''


def run(project, how):
    plugin = project.write("told.py", PLUGIN)
    text = SUITE.replace("feature-extraction", "told").replace("[[part]]", "[training]\nlr = 0.02\n\n[[part]]")
    suite = project.suite(text)
    outcome = project.tlbench("run", suite, "--plugin", plugin, "--set", f"told.how={how}")
    assert outcome.code == 0
    return outcome, project.record("told")


def test_health_is_recorded_and_shown(project):
    outcome, record = run(project, "sound")
    assert (record.health, record.flags, record.notes) == (["went on: to the end"], [], [])
    assert "health\n  went on: to the end\n" in project.tlbench("show", record.run_key, plugin=False).out
    assert "⚑" not in outcome.out


def test_what_is_not_ok_is_a_flag_in_the_record_the_card_and_the_table(project):
    outcome, record = run(project, "bad")
    assert record.health == ["went on: to the end", "too slow: 20 points"]
    assert record.flags == ["too slow: 20 points"]
    assert "  ⚑ too slow: 20 points\n" in project.tlbench("show", record.run_key, plugin=False).out
    assert "told ⚑" in outcome.out
    assert "⚑ too slow: told on a:b" in outcome.out


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("raise", "RuntimeError: no idea"),
        ("text", "TypeError: health() gave a str; a list of tlbench.Health is expected"),
        ("texts", "TypeError: health() gave 'all is well' in its list; tlbench.Health(text, ok) is expected"),
    ],
)
def test_health_that_raises_or_is_no_health_costs_a_note_and_not_the_run(project, how, error):
    _, record = run(project, how)
    assert (record.status, record.health, record.flags) == ("ok", [], [])
    assert record.notes == [f"the health of 'told' is not known: {error}"]


def test_strategies_that_say_nothing_have_no_section(project):
    project.tlbench("run", project.suite())
    record = project.record("feature-extraction")
    assert record.health == []
    assert "\nhealth\n" not in project.tlbench("show", record.run_key, plugin=False).out


def test_dann_says_how_its_domain_head_fared(project):
    project.tlbench("run", project.suite(SUITE.replace("feature-extraction", "dann")))
    first, second = project.record("dann").health
    assert "domain accuracy" in first
    assert "λ 0.00 → 1.00" in first
    assert second.startswith("source classes are ")


def test_show_sets_a_run_beside_its_stored_references(project):
    project.tlbench("run", project.suite())
    record, lower, upper = (project.record(name) for name in ("feature-extraction", "source-only", "oracle"))
    out = project.tlbench("show", record.run_key, plugin=False).out
    gap = 100 * (lower.metrics["last"]["accuracy"] - record.metrics["last"]["accuracy"])
    shown = f"{gap:+.1f}".replace("-", "−") if round(gap, 1) else "0.0"
    assert (
        f"accuracy {lower.metrics['last']['accuracy']:.4f}, adaptation gap {shown} points; run {lower.run_key}" in out
    )
    path = project.folder / "results" / "toy" / f"{upper.run_key}.json"
    upper.metrics["last"]["accuracy"] = 0.01
    path.write_text(upper.model_dump_json())
    assert "⚑ oracle is below source-only: accuracy 0.0100" in project.tlbench("show", record.run_key, plugin=False).out
    path.write_text("{")
    outcome = project.tlbench("show", record.run_key, plugin=False)
    assert outcome.code == 0
    assert f"no record; run {upper.run_key}" in outcome.out
