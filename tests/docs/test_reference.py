"""What the docs say of commands, hooks and records is all of it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from typer.main import get_command

from tlbench.cli.main import app
from tlbench.core.strategy import GradientStrategy, Strategy
from tlbench.records.record import Record

DOCS = Path(__file__).parents[2] / "docs"
TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def pages():
    spec = importlib.util.spec_from_file_location("reference_pages", DOCS / "reference_pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_command_is_documented_with_every_option_that_it_shows(pages):
    text = pages.commands()
    for name, command in pages.every_command():
        section = re.search(rf"^## tlbench {name}\n(.*?)(?=^## |\Z)", text, re.S | re.M)[1]
        for parameter in command.params:
            if parameter.name not in ("debug", "help"):
                assert pages.named(parameter) in section, (name, parameter.name)


def test_every_command_has_a_sentence_and_examples(pages):
    assert {name.partition(" ")[0] for name, _ in pages.every_command()} == set(get_command(app).commands)
    for name, command in pages.every_command():
        assert command.help, name
        assert name in ("plugins",) or "Examples:" in command.epilog, name


def test_every_hook_is_documented_with_its_signature_and_an_example_or_what_it_hears(pages):
    text = pages.hooks()
    for name in pages.hook_names():
        assert f"def {name}(" in text


def test_every_hook_is_used_by_a_test(pages):
    tests = "".join(path.read_text() for path in TESTS.rglob("*.py") if path != Path(__file__))
    plugins = "".join(path.read_text() for path in (DOCS.parent / "plugins").rglob("*.py"))
    for name in pages.hook_names():
        assert f'"{name.removeprefix("tlbench_")}"' in tests or name in tests, name
        assert name in plugins, name  # no hook without a real plugin that uses it


def test_every_field_of_a_record_is_documented_and_no_other():
    table = (DOCS / "records.md").read_text()
    documented = {name for row in re.findall(r"^\| (`.*?) \|", table, re.M) for name in re.findall(r"`(\w+)`", row)}
    assert documented == set(Record.model_fields)


def test_every_attribute_of_a_strategy_is_documented():
    table = (DOCS / "reference" / "strategies.md").read_text()
    attributes = {
        name
        for kind in (Strategy, GradientStrategy)
        for name, value in kind.__annotations__.items()
        if "ClassVar" in value
    }
    documented = set(re.findall(r"^\| `(\w+)` \|", table, re.M))
    assert documented == attributes
