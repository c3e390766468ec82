"""What a shell offers after TAB, asked as a shell asks."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from toy_suite import SUITE

MAIN = "import sys; from tlbench.cli.main import main; sys.exit(main())"


def offered(project, line):
    """The answers to the last word of a line, by bash's way of asking."""
    words = line.split(" ")
    environment = {
        **os.environ,
        "_TLBENCH_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    command = [sys.executable, "-c", MAIN]
    done = subprocess.run(command, check=False, cwd=project.folder, env=environment, capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "some"),
    [
        ("tlbench ru", {"run"}),
        ("tlbench run digits-c", {"digits-clustering"}),
        ("tlbench leaderboard my", {"my-suite.toml"}),
        ("tlbench run digits --strategy dan", {"dan", "dann"}),
        ("tlbench run digits --pair syn:", {"syn:uci", "syn:uci_m"}),
        ("tlbench run my-suite.toml --pair u", {"uci:syn"}),
    ],
)
def test_names_are_offered(project, line, some):
    text = SUITE.replace('"toy"', '"digits"').replace('pairs = ["a:b"]', 'pairs = ["uci:syn"]')
    project.suite(text, "my-suite.toml")
    assert set(offered(project, line)) == some


def test_a_broken_suite_offers_nothing_and_says_nothing(project):
    project.suite("name = ", "broken.toml")
    assert offered(project, "tlbench run broken.toml --pair u") == []


def test_no_torch_is_imported_for_it(project):
    last = "lambda: print('TORCH' if 'torch' in sys.modules else 'none', flush=True)"
    program = f"import sys, atexit\natexit.register({last})\n"
    environment = {
        **os.environ,
        "_TLBENCH_COMPLETE": "complete_bash",
        "COMP_WORDS": "tlbench run digits --pair syn:",
        "COMP_CWORD": "4",
    }
    command = [sys.executable, "-c", program + "from tlbench.cli.main import main\nsys.exit(main())"]
    done = subprocess.run(command, check=False, cwd=project.folder, env=environment, capture_output=True, text=True)
    assert "syn:uci" in done.stdout
    assert "TORCH" not in done.stdout
    assert "none" in done.stdout
