"""The packages under `examples/` as somebody has them who installed them: found, checked, and run to a row."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from toy_suite import SUITE, TOY

EXAMPLES = Path(__file__).parents[2] / "examples"
PACKAGES = {"tlbench-example-ddc": "ddc", "tlbench-example-sklearn": "shrunken-lda"}


def installed(package, folder):
    """An environment in which a package is installed: its code on the path, with the metadata that pip would write."""
    project = tomllib.loads((EXAMPLES / package / "pyproject.toml").read_text())["project"]
    info = folder / f"{package.replace('-', '_')}-0.1.0.dist-info"
    info.mkdir()
    about = f"Metadata-Version: 2.4\nName: {package}\nVersion: 0.1.0\nLicense-Expression: {project['license']}\n"
    (info / "METADATA").write_text(about)
    points = "".join(f"{name} = {module}\n" for name, module in project["entry-points"]["tlbench"].items())
    (info / "entry_points.txt").write_text(f"[tlbench]\n{points}")
    path = os.pathsep.join([str(folder), str(EXAMPLES / package / "src"), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path}


def tlbench(environment, folder, *arguments):
    command = [sys.executable, "-m", "tlbench", *map(str, arguments)]
    return subprocess.run(command, check=False, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(("package", "strategy"), PACKAGES.items())
def test_an_example_is_found_and_passes_every_check(package, strategy, tmp_path):
    environment = installed(package, tmp_path)
    assert f"  {strategy} " in tlbench(environment, tmp_path, "list", "strategies").stdout
    outcome = tlbench(environment, tmp_path, "check", package)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "0 failed" in outcome.stdout


@pytest.mark.parametrize(("package", "strategy"), PACKAGES.items())
def test_an_example_gets_a_row_of_a_suite_that_does_not_name_it(package, strategy, project):
    environment = installed(package, project.folder)
    project.suite(SUITE)
    arguments = ["run", "suite.toml", "--plugin", TOY, "--strategy", strategy, "-q"]
    outcome = tlbench(environment, project.folder, *arguments)
    assert outcome.returncode == 0, outcome.stderr
    assert strategy in outcome.stdout
    assert project.record(strategy).status == "ok"
