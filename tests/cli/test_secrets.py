"""A secret that a run, its parameters or a plugin speak of is in no record, no page and no message."""

from __future__ import annotations

import pytest
from toy_suite import SUITE

PLUGIN = '''
import os
import tlbench

class Leaky(tlbench.GradientStrategy):
    """Says what it has."""
    settings = {"transductive"}
    class Params(tlbench.Params):
        api_token: str = ""
        ask: str = ""
    def loss(self, model, batch, progress):
        if self.params.ask:
            print("here it is:", os.environ[self.params.ask])
            raise RuntimeError(f"with {os.environ[self.params.ask]}")
        return tlbench.losses.cross_entropy(model(batch.source.inputs), batch.source.labels)
    @classmethod
    def health(cls, curve, params):
        return [tlbench.Health(f"token: {os.environ.get('CLOUD_API_KEY')}", ok=False)]

@tlbench.hookimpl
def tlbench_register_strategies(register):
    register("leaky", Leaky)
'''


@pytest.fixture
def leaky(project, monkeypatch):
    monkeypatch.setenv("CLOUD_API_KEY", "open-sesame-1")
    monkeypatch.setenv("MY_LEVEL", "level-9")
    plugin = project.write("leaky.py", PLUGIN)
    suite = project.suite(SUITE.replace("feature-extraction", "leaky"))

    def run(*arguments):
        outcome = project.tlbench("run", suite, "--plugin", plugin, "--strategy", "leaky", *arguments)
        stored = "".join(path.read_text(errors="replace") for path in (project.folder / "results").rglob("*.json"))
        return outcome, stored

    return run


def test_a_secret_parameter_is_in_no_file_and_no_page_and_decides_the_run(leaky, project, monkeypatch):
    given = ["--set", "leaky.api_token=my-own-secret"]
    monkeypatch.setattr("sys.argv", ["tlbench", "run", "suite.toml", *given])
    outcome, stored = leaky(*given)
    assert outcome.code == 0
    assert "my-own-secret" not in stored + outcome.out + outcome.err
    assert "leaky.api_token=***" in stored
    assert "open-sesame-1" not in stored  # what health said
    record = project.record("leaky")
    assert record.spec.key == record.run_key
    assert project.tlbench("publish", "toy", "--out", "out", plugin=False).code == 0
    published = [path for path in (project.folder / "out").rglob("*") if path.is_file()]
    assert [path.name for path in published if b"my-own-secret" in path.read_bytes()] == []
    assert leaky(*given)[0].code == 0
    assert len(list((project.folder / "results" / "toy").glob("*.json"))) == 4  # three runs and the plan: none twice


def test_a_run_has_no_secret_of_the_environment_and_is_told_how_to_get_a_variable(leaky):
    outcome, stored = leaky("--set", "leaky.ask=MY_LEVEL")
    assert outcome.code == 1
    assert "--pass-env MY_LEVEL" in outcome.err
    assert "level-9" not in stored


def test_a_variable_that_is_passed_is_had_and_a_secret_one_is_masked_in_the_log(leaky):
    outcome, stored = leaky("--set", "leaky.ask=MY_LEVEL", "--pass-env", "MY_*")
    assert "RuntimeError" in stored
    assert "with level-9" in outcome.err
    outcome, stored = leaky("--set", "leaky.ask=CLOUD_API_KEY", "--pass-env", "CLOUD_API_KEY")
    assert "with ***" in stored
    assert "open-sesame-1" not in stored + outcome.err + outcome.out
