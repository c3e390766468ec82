"""The examples of docs/strategy-steps.md do what the page says of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlbench.cli.main import main

PAGE = Path(__file__).parents[2] / "docs" / "strategy-steps.md"
HOOK = """

__license__ = "Apache-2.0"


@tlbench.hookimpl
def tlbench_register_strategies(register):
    register("{name}", {kind}, summary="an example of the docs")
"""
EXAMPLES = {"averaged-weights": "AveragedWeights", "in-turn": "InTurn"}


def example(name):
    blocks = [part.split("```")[0] for part in PAGE.read_text(encoding="utf-8").split("```python\n")[1:]]
    (code,) = [block for block in blocks if f"class {EXAMPLES[name]}(" in block]
    return code + HOOK.format(name=name, kind=EXAMPLES[name])


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_passes_the_checks_of_a_strategy(tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(example(name))
    assert main(["check", name, "--plugin", "mine.py"]) == 0, capsys.readouterr().out
