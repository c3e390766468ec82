from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest
from cells import notebook
from toy_suite import TOY

from tlbench.errors import Faults, TlbenchError

# ---- bad input --------------------------------------------------------------------------------------------------


def test_an_unknown_suite_is_answered_with_the_nearest(run):
    with pytest.raises(TlbenchError, match="did you mean 'digits'"):
        run("digit")


def test_faults_of_a_dict_are_reported_together_and_speak_of_the_dict(run, toy):
    toy["budget"]["stepz"] = toy["budget"].pop("steps")
    toy["part"][0]["strategies"] = ["feature-extracton"]
    with pytest.raises(Faults) as caught:
        run(toy)
    message = str(caught.value)
    assert message.startswith("the suite given as a dict: ")
    assert "stepz" in message
    assert "feature-extraction" in message


@pytest.mark.parametrize(("value", "named"), [(None, "leave the key out"), (object(), "object"), ("\ud800", "valid")])
def test_what_no_suite_can_hold_is_named_with_its_place(run, toy, value, named):
    toy["budget"]["steps"] = value
    with pytest.raises(TlbenchError, match=named):
        run(toy)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"reuse": "sometimes"}, "unknown reuse 'sometimes'"),
        ({"workers": 0}, "workers=0"),
        ({"timeout": "soon"}, "timeout 'soon'"),
        ({"data": "nowhere"}, "'nowhere' is no folder"),
        ({"plugins": "nowhere.py"}, "'nowhere.py' does not exist|nowhere.py"),
        ({"overrides": "lr"}, "strategy.parameter"),
        ({"strategies": "dannn"}, "'dannn'"),
        ({"pairs": ["a:c"]}, "a:c"),
    ],
)
def test_a_wrong_option_is_named(run, toy, options, named):
    with pytest.raises(TlbenchError, match=named):
        run(toy, **options)


def test_what_is_no_strategy_is_refused(run, toy):
    with pytest.raises(TlbenchError, match="class int is no strategy"):
        run(toy, strategies=[int])
    made = notebook()["MixupDA"]
    with pytest.raises(TlbenchError, match="hand over its class"):
        run(toy, strategies=[made(made.Params())])


def test_a_strategy_without_a_loss_is_refused(run, toy):
    with pytest.raises(TlbenchError, match="Base lacks loss"):
        run(toy, strategies=notebook()["Base"])


def test_a_name_that_is_taken_is_refused_and_says_how_to_take_another(run, toy):
    with pytest.raises(TlbenchError, match='name = "my-dann"'):
        run(toy, strategies=notebook(MixupDA="DANN")["DANN"])


GUARDLESS = """
import tlbench
tlbench.run({suite!r}, plugins=[{toy!r}], progress=False)
"""


def test_a_plugin_file_that_runs_a_suite_is_told_to_guard_it(run, toy, project):
    plugin = project.write("bomb.py", GUARDLESS.format(suite=toy, toy=str(TOY)))
    with pytest.raises(TlbenchError, match='if __name__ == "__main__"'):
        run(toy, plugins=[TOY, plugin])


def test_a_run_that_runs_a_suite_fails_and_is_told_to_guard_it(run, toy):
    made = notebook(**{"logits = model": f"tlbench.run({toy!r}); logits = model"})["MixupDA"]
    found = run(toy, strategies=made)
    (record,) = found.failed.values()
    assert 'if __name__ == "__main__"' in record.error.message
    assert "1 failed" in repr(found)
    assert "tlbench.run was called by a run" in found._repr_html_()


# ---- what runs --------------------------------------------------------------------------------------------------


def test_a_dict_gives_the_runs_that_its_file_gives(run, toy, project):
    found = run(toy)
    assert found.records
    assert not found.failed
    assert project.tlbench("run", project.suite()).code == 0
    assert {record.run_key for record in project.records()} == set(found.records)


def test_a_file_and_a_second_time_without_planning(run, project):
    first, second = run(project.suite()), run(str(project.suite()))
    assert first.records == second.records
    assert repr(first) == f"<tlbench.Results of 'toy': {len(first.records)} runs, all ok, in results/toy>"


def test_filters_leave_a_part_of_a_suite(run, toy):
    toy["seeds"] = range(2)
    found = run(toy, seeds=1, settings="trans*", pairs=["a:b"], backbones="mlp*")
    assert {record.seed for record in found.records.values()} == {1}
    assert set(found.frame()["seed"]) == {1}


def test_the_data_folder_is_that_of_one_call(run, toy, project, monkeypatch):
    monkeypatch.setenv("TLBENCH_DATA", "/before")
    run(toy, data=project.folder, strategies="feature-extraction")
    assert os.environ["TLBENCH_DATA"] == "/before"


def test_a_plugin_file_that_was_edited_meanwhile_has_other_run_keys(run, toy, project):
    toy["part"][0]["strategies"] = ["twin"]
    plugin = project.write("own.py", TOY.read_text())
    keys = [set(run(toy, plugins=plugin).records)]
    plugin.write_text(TOY.read_text() + "\n# edited\n")
    keys.append(set(run(toy, plugins=plugin).records))
    assert keys[0] != keys[1]


SCRIPT = """
from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import tlbench

if TYPE_CHECKING:
    import torch

WEIGHT = 0.5


class FromScript(tlbench.GradientStrategy):
    settings = {"transductive"}

    class Params(tlbench.Params):
        how: Literal["mean", "sum"] = "mean"

    def loss(self, model, batch, progress) -> torch.Tensor:
        return WEIGHT * tlbench.losses.cross_entropy(model(batch.source.inputs), batch.source.labels)


found = tlbench.run(SUITE, strategies=[FromScript], plugins=PLUGIN, workers=1)
print(found.leaderboard())
"""


def test_a_class_of_a_script_has_a_row_and_lines_say_how_far_it_is(project, toy):
    script = project.write("script.py", SCRIPT.replace("SUITE", repr(toy)).replace("PLUGIN", repr(str(TOY))))
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "from-script" in ran.stdout
    assert "to do" in ran.stderr
    assert project.record("from-script").status == "ok"


def test_the_package_imports_nothing_heavy():
    code = """
    import sys, tlbench
    tlbench.run, tlbench.load_results, tlbench.Results
    print(sorted({"torch", "pandas", "sklearn"} & set(sys.modules)))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
