"""`tlbench new`: a plugin package that works as it is written, and nothing where the input is wrong."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from toy_suite import SUITE, TOY

from tlbench.plugins.manager import PluginHost, forget_hosts
from tlbench.plugins.registry import WRITTEN as KINDS
from tlbench.scaffolding.package import FORMS
from tlbench.scaffolding.plugin_names import LONGEST, suggestion

ROOT = Path(__file__).parents[2]
RUFF = shutil.which("ruff")
NAMES = {"strategy": "mixup-da", "dataset": "street-signs", "backbone": "tiny-net", "metric": "top-2"}


@pytest.fixture
def new(project):
    """Write a package and return its folder."""

    def new(kind, name, *options):
        outcome = project.tlbench("new", kind, name, *options, plugin=False)
        assert outcome.code == 0, outcome.err
        return project.folder / f"tlbench-{name}"

    return new


@pytest.fixture
def install(monkeypatch):
    """Put a package on the path, here and in processes that are started, with the entry point that it declares."""
    before = set(sys.modules)

    def install(folder):
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        ((name, module),) = project["entry-points"]["tlbench"].items()
        info = folder / "src" / f"{module}-{project['version']}.dist-info"
        info.mkdir()
        about = {"Metadata-Version": "2.4", "Name": project["name"], "Version": project["version"]}
        about["License-Expression"] = project["license"]
        (info / "METADATA").write_text("".join(f"{key}: {value}\n" for key, value in about.items()))
        (info / "entry_points.txt").write_text(f"[tlbench]\n{name} = {module}\n")
        monkeypatch.syspath_prepend(str(folder / "src"))
        path = os.pathsep.join(filter(None, [str(folder / "src"), os.environ.get("PYTHONPATH")]))
        monkeypatch.setenv("PYTHONPATH", path)
        importlib.invalidate_caches()

    yield install
    forget_hosts()
    for module in set(sys.modules) - before:
        if re.match(r"tlbench_(?!file_|strategies|datasets|backbones|metrics|suites|renderers|trackers)", module):
            del sys.modules[module]


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def tlbench(folder, *arguments):
    """Run a command as a process of its own, where a warning is an error."""
    command = [sys.executable, "-W", "error", "-m", "tlbench", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def found(project, *arguments):
    """Run a command in this process, where plugins are looked for anew."""
    forget_hosts()
    return project.tlbench(*arguments, plugin=False)


def complaints(folder, *arguments):
    """What ruff has to say; where it is not installed, it says nothing."""
    if not RUFF:
        return ""
    done = subprocess.run([RUFF, *arguments, "--quiet"], check=False, cwd=folder, capture_output=True, text=True)
    return done.stdout + done.stderr


def block_of_the_tutorial():
    (block,) = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "docs" / "first-strategy.md").read_text("utf-8"), re.M | re.S
    )
    return block


# --- bad input: one message, and nothing written


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("stratgy", "x"), ["unknown kind 'stratgy'", "did you mean 'strategy'?"]),
        (("strategy", "MixupDA"), ["'MixupDA' cannot name a strategy", "did you mean 'mixup-da'?", "lower-case"]),
        (("metric", "top_2"), ["did you mean 'top-2'?"]),
        (("dataset", "../signs"), ["did you mean 'signs'?"]),
        (("dataset", "signs-"), ["did you mean 'signs'?"]),
        (("dataset", "signs\n"), ["did you mean 'signs'?"]),
        (("backbone", "?"), ["'?' cannot name a backbone. Allowed"]),
        (("backbone", "a" * (LONGEST + 1)), [f"at most {LONGEST}"]),
        (("strategy", "tlbench-mixup-da"), ["by itself", "write 'mixup-da'"]),
        (("strategy", "dann"), ["a strategy 'dann' already", "'builtin-strategies'"]),
        (("backbone", "mlp"), ["a backbone 'mlp:' already", "'builtin-backbones'"]),
        (("metric", "macro-f1"), ["a metric 'macro_f1' already", "'builtin-metrics'"]),
        (("strategy", "mixup-da", "--kind", "los"), ["--kind 'los'", "did you mean 'loss'?", "features, fit, loss"]),
        (("metric", "top-2", "--kind", "fit"), ["--kind fit is for a strategy; a metric is written in one way"]),
        (("metric", "strategies"), ["package 'tlbench_strategies' is installed already"]),
        (("metric", "top-2", "--author", "a\nb"), ["--author 'a\\nb'", "one line"]),
        (("metric", "top-2", "--author", " "), ["--author ' '"]),
    ],
)
def test_bad_names_are_refused(project, arguments, words):
    outcome = project.tlbench("new", *arguments, plugin=False)
    assert outcome.code == 2
    assert outcome.err.startswith("tlbench: error: ")
    assert all(word in outcome.err for word in words), outcome.err
    assert contents(project.folder) == {}


def test_the_name_of_an_installed_plugin_is_taken(new, install, project):
    install(new("strategy", "mixup-da"))
    for kind, words in (("strategy", "plugin 'mixup-da' 0.1.0"), ("dataset", "'tlbench_mixup_da' is installed")):
        done = tlbench(project.folder, "new", kind, "mixup-da", "--out", "elsewhere")
        assert done.returncode == 2
        assert words in done.stderr
    assert not (project.folder / "elsewhere").exists()


def test_nothing_is_overwritten(new, project):
    folder = new("strategy", "mixup-da")
    (folder / "src/tlbench_mixup_da/strategy.py").write_text("mine")
    before = contents(project.folder)
    outcome = project.tlbench("new", "strategy", "mixup-da", plugin=False)
    assert outcome.code == 2
    assert "tlbench-mixup-da holds something already" in outcome.err
    assert contents(project.folder) == before


@pytest.mark.parametrize("out", ["file", "file/below"])
def test_out_is_no_file(project, out):
    project.write("file", "mine")
    outcome = project.tlbench("new", "strategy", "mixup-da", "--out", out, plugin=False)
    assert outcome.code == 2
    assert "file" in outcome.err
    assert contents(project.folder) == {"file": b"mine"}


def test_a_file_where_the_package_would_be_stays(project):
    project.write("tlbench-top-2", "mine")
    outcome = project.tlbench("new", "metric", "top-2", plugin=False)
    assert outcome.code == 2
    assert "is a file" in outcome.err
    assert contents(project.folder) == {"tlbench-top-2": b"mine"}


@pytest.mark.parametrize(
    ("given", "name"),
    [("MixupDA", "mixup-da"), ("DANNPlus", "dann-plus"), ("3d-UNet", "u-net"), ("Müller 2", "muller-2"), ("--", "")],
)
def test_a_suggestion_is_allowed(given, name):
    assert suggestion(given) == name


# --- what is written


def test_files_and_next_commands_are_shown(project):
    (project.folder / "tlbench-mixup-da").mkdir()  # an empty folder is free
    outcome = project.tlbench("new", "strategy", "mixup-da", plugin=False)
    shown, following = outcome.out.split("Next:\n")
    assert {line.strip() for line in shown.splitlines()} == {
        f"tlbench-mixup-da/{path}" for path in contents(project.folder / "tlbench-mixup-da")
    }
    commands = ["cd tlbench-mixup-da", "pip install -e .", "tlbench check mixup-da"]
    assert [line.strip() for line in following.splitlines()] == [*commands, "tlbench run quick --strategy mixup-da"]


def test_the_command_that_changes_folder_can_be_typed(project):
    outcome = project.tlbench("new", "metric", "top-2", "--out", "my work", plugin=False)
    assert "  cd 'my work/tlbench-top-2'\n" in outcome.out
    assert outcome.out.endswith("  tlbench run suite.toml\n")


def test_an_author_is_written_as_they_write_themselves(new):
    text = (new("metric", "top-2", "--author", 'Ada "the \\ first" Löv') / "pyproject.toml").read_text("utf-8")
    assert tomllib.loads(text)["project"]["authors"] == [{"name": 'Ada "the \\ first" Löv'}]


@pytest.mark.parametrize("kind", KINDS)
def test_a_package_is_complete_and_clean(new, kind):
    name = NAMES[kind]
    folder, identifier = new(kind, name), name.replace("-", "_")
    files = {"pyproject.toml", "README.md", ".gitignore", ".github/workflows/test.yml", f"tests/test_{identifier}.py"}
    files |= {f"src/tlbench_{identifier}/__init__.py", f"src/tlbench_{identifier}/{kind}.py"}
    assert set(contents(folder)) == files | (set() if kind == "strategy" else {"suite.toml"})
    for path, text in contents(folder).items():
        assert b"{%" not in text
        assert b"{{" not in text
        assert text.endswith(b"\n")
        if path.endswith(".toml"):
            tomllib.loads(text.decode())
    assert "authors" not in (folder / "pyproject.toml").read_text()
    given = "" if kind == "strategy" else f', kind="{kind}"'
    assert f'@parametrize_with_checks(["{name}"]{given})\n' in (folder / f"tests/test_{identifier}.py").read_text()


@pytest.mark.parametrize("name", ["mixup-da", "x", "-".join(["abcdefghi"] * 4) + "z"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_code_is_clean_whatever_its_name(new, kind, name):
    folder = new(kind, name)
    for path in folder.rglob("*.py"):
        compile(path.read_bytes(), str(path), "exec")
    assert complaints(folder, "check", "--no-cache", "--config", ROOT / "pyproject.toml", "src") == ""
    assert complaints(folder, "check", "--no-cache", ".") == ""
    assert complaints(folder, "format", "--no-cache", "--check", ".") == ""


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_bytes_twice(new, kind):
    folder = new(kind, NAMES[kind])
    new(kind, NAMES[kind], "--out", "again")
    assert contents(folder) == contents(folder.parent / "again" / folder.name)


# --- as it is written, it works


@pytest.mark.parametrize("kind", KINDS)
def test_a_package_is_found_once_it_is_installed(new, install, kind):
    install(new(kind, NAMES[kind]))
    host = PluginHost()
    (plugin,) = [plugin for plugin in host.plugins if plugin.name == NAMES[kind]]
    assert (plugin.status, plugin.distribution) == ("ok", f"tlbench-{NAMES[kind]}")
    assert host.find(KINDS[kind], NAMES[kind])[0].load().__doc__


@pytest.mark.parametrize(
    ("kind", "name", "target"),
    [
        ("strategy", "class-var", "ClassVarStrategy"),
        ("strategy", "exception", "ExceptionStrategy"),
        ("strategy", "mixup-da", "MixupDa"),
        ("dataset", "path", "PathDataset"),
        ("backbone", "class", "class_backbone"),
        ("backbone", "prod", "prod_backbone"),
        ("metric", "float", "float_metric"),
        ("metric", "top-2", "top_2"),
    ],
)
def test_a_word_of_python_is_no_name_in_code(new, install, kind, name, target):
    install(new(kind, name))
    assert PluginHost().find(KINDS[kind], name)[0].load().__name__ == target


def test_the_dataset_is_the_same_at_every_load(new, install):
    from tlbench.errors import DataError

    install(new("dataset", "street-signs"))
    dataset = PluginHost().find("datasets", "street-signs")[0].load()()
    revisions = [dataset.load(domain).revision for domain in dataset.domains * 2]
    assert revisions[:2] == revisions[2:]
    assert revisions[0] != revisions[1]
    with pytest.raises(DataError, match="did you mean 'here'"):
        dataset.load("hre")


def test_the_backbone_gives_features(new, install):
    import torch

    install(new("backbone", "tiny-net"))
    network = PluginHost().find("backbones", "tiny-net")[0].load()((3, 4, 4))
    assert network(torch.zeros(5, 3, 4, 4, dtype=torch.uint8)).shape == (5, network.feature_dim)


def test_the_metric_scores(new, install):
    install(new("metric", "top-2"))
    top_2 = PluginHost().find("metrics", "top-2")[0].load()
    logits = np.array([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0], [0.0, 0.0, 0.0]])
    assert top_2(np.array([1, 2, 1]), logits) == pytest.approx(2 / 3)
    for labels, scores in ((np.array([1]), logits), (np.array([1, 1, 1]), np.full((3, 3), np.nan))):
        with pytest.raises(ValueError, match=r"needed are|not finite"):
            top_2(labels, scores)


@pytest.mark.parametrize("name", ["mixup-da", "-".join(["abcdefghi"] * 4) + "z"])
@pytest.mark.parametrize("form", FORMS)
def test_each_kind_of_strategy_is_clean_and_says_what_is_to_be_written(new, form, name):
    folder = new("strategy", name, "--kind", form)
    assert complaints(folder, "check", "--no-cache", "--config", ROOT / "pyproject.toml", "src") == ""
    assert complaints(folder, "format", "--no-cache", "--check", ".") == ""
    (code,) = folder.glob("src/*/strategy.py")
    base = {"loss": "GradientStrategy", "features": "FeatureStrategy", "fit": "Strategy"}[form]
    assert f"(tlbench.{base}):" in code.read_text("utf-8")
    assert code.read_text("utf-8").count("replace this") >= 3
    readme = (folder / "README.md").read_text("utf-8")
    assert {"loss": "and the loss", "features": "and the classifier", "fit": "and `fit`"}[form] in readme


def test_a_strategy_is_a_loss_where_nothing_is_said(new):
    assert contents(new("strategy", "mixup-da")) == contents(
        new("strategy", "mixup-da", "--kind", "loss", "--out", "again").parent / "again" / "tlbench-mixup-da"
    )


@pytest.fixture(params=["loss", "features", "fit", "tutorial"])
def strategy(request, new, install):
    """The strategy as each kind of it is written, or as the tutorial fills it in, installed."""
    kind = () if request.param == "tutorial" else ("--kind", request.param)
    folder = new("strategy", "mixup-da", *kind)
    if request.param == "tutorial":
        (folder / "src/tlbench_mixup_da/strategy.py").write_text(block_of_the_tutorial(), encoding="utf-8")
    install(folder)
    return request.param


def test_the_strategy_passes_the_checks(strategy, project):
    outcome = found(project, "check", "mixup-da", "--json")
    failed = [check["check"] for check in json.loads(outcome.out) if check["status"] == "failed"]
    assert failed == [], outcome.out


@pytest.mark.parametrize("kind", ["dataset", "backbone", "metric"])
def test_the_rest_passes_the_checks(new, install, project, kind):
    install(new(kind, NAMES[kind]))
    outcome = found(project, "check", NAMES[kind])
    assert outcome.code == 0, outcome.out


def test_the_strategy_gives_a_row(strategy, project):
    suite = project.suite(SUITE.replace('["feature-extraction"]', '["mixup-da"]'))
    done = tlbench(project.folder, "run", suite, "--plugin", TOY, "-q", "--workers", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert project.record("mixup-da").status == "ok"
    assert "mixup-da" in done.stdout


@pytest.mark.parametrize("kind", ["dataset", "backbone", "metric"])
def test_the_suite_that_comes_with_it_is_accepted(new, install, project, kind):
    folder = new(kind, NAMES[kind])
    install(folder)
    outcome = found(project, "plan", folder / "suite.toml")
    assert outcome.code == 0, outcome.err
