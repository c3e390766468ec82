"""`tlbench check`: by name, file or package, as a table or JSON, with an exit code that says it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from toy_suite import TOY

HELLO = '''
import tlbench

__license__ = "MIT"

class Hello(tlbench.GradientStrategy):
    """Source labels."""

    settings = {"transductive"}
    same_label_space = True
    paper = "https://example.org"

    def loss(self, model, batch, progress):
        return tlbench.losses.cross_entropy(model(batch.source.inputs), batch.source.labels)

@tlbench.hookimpl
def tlbench_register_strategies(register):
    register("hello", Hello, summary="hello")
'''


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["dannn"], "did you mean 'dann'?"),
        (["none.py"], "none.py"),
        (["dann", "--kind", "metric"], "offers nothing of the kind 'metric'"),
        (["dann", "--kind", "metrics"], "did you mean 'metric'?"),
        (["dann", "-k", "seeds"], "unknown check 'seeds'"),
        (["broken.py"], "ZeroDivisionError"),
        (["exits.py"], "SystemExit"),
        (["silent.py"], "announces nothing; end it with"),
    ],
)
def test_bad_input_is_one_message(project, arguments, said):
    project.write("broken.py", "1 / 0")
    project.write("exits.py", "import sys; sys.exit(0)")
    project.write("silent.py", "import tlbench")
    outcome = project.tlbench("check", *arguments, plugin=False)
    assert outcome.code == 2
    assert said in outcome.err


def test_a_file_is_checked_in_all_that_it_offers_and_passes(project):
    project.write("hello.py", HELLO)
    outcome = project.tlbench("check", "hello.py", plugin=False)
    assert outcome.code == 0, outcome.out
    assert "0 failed" in outcome.out
    assert "given as an object" in outcome.out


def test_what_fails_is_said_with_what_to_do_and_the_code_says_it(project):
    project.write("hello.py", HELLO.replace('    paper = "https://example.org"\n', ""))
    outcome = project.tlbench("check", "hello.py", "-k", "metadata", plugin=False)
    assert outcome.code == 1
    assert "write the link of the paper" in outcome.out


def test_as_json_each_check_has_its_outcome(project):
    outcome = project.tlbench(
        "check", "twin", "--plugin", TOY, "-k", "same-seed", "-k", "documented", "--json", plugin=False
    )
    found = {one["check"]: one["status"] for one in json.loads(outcome.out)}
    assert found == {"documented": "failed", "same-seed": "passed"}
    assert outcome.code == 1


def test_a_backbone_is_checked_with_the_argument_of_its_name(project):
    outcome = project.tlbench("check", "mlp:16", plugin=False)
    assert outcome.code == 0, outcome.out


def test_code_that_ends_the_process_does_not_pass(project):
    project.write("hello.py", HELLO.replace("import tlbench\n", "import os\nimport tlbench\n", 1) + "\nos._exit(0)\n")
    command = [sys.executable, "-m", "tlbench", "check", "hello.py"]
    done = subprocess.run(command, check=False, cwd=project.folder, capture_output=True, text=True)
    assert done.returncode == 1
    assert "the process ended before the check did" in done.stderr


def test_what_cannot_be_made_is_said_once(project):
    project.write("hello.py", HELLO.replace("def loss(", "def losses("))
    outcome = project.tlbench("check", "hello.py", plugin=False)
    assert outcome.code == 1
    assert "1 failed" in outcome.out
