"""Code and files that come with a suite of somebody else: nothing runs, and nothing of this machine is published."""

from __future__ import annotations

import os

import pytest
from toy_suite import SUITE, TOY


@pytest.fixture
def foreign(project):
    """A folder with a suite, code beside it, and the mark that the code leaves when it runs."""
    folder = project.folder / "theirs"
    folder.mkdir()
    mark = project.folder / "ran"
    (folder / "suite.toml").write_text(SUITE)
    (folder / "tlbenchfile.py").write_text(
        TOY.read_text() + f"\nfrom pathlib import Path\nPath({str(mark)!r}).touch()\n"
    )
    return folder, mark


@pytest.mark.parametrize("command", ["plan", "run", "leaderboard", "submit"])
def test_code_beside_a_suite_elsewhere_does_not_run_and_is_named(project, foreign, command):
    _, mark = foreign
    outcome = project.tlbench(command, "theirs/suite.toml", plugin=False)
    assert outcome.code == 2
    if command in ("plan", "run"):
        assert "theirs/tlbenchfile.py is code that came with the suite, and does not run" in outcome.err
    assert not mark.exists()


def test_the_same_with_verify_of_what_was_published(project, foreign):
    folder, mark = foreign
    project.tlbench("run", project.suite(), "--quiet")
    project.tlbench("publish", "toy", "--out", "out", plugin=False)
    for name in ("suite.toml", "tlbenchfile.py"):
        (project.folder / "out" / "toy" / name).write_bytes((folder / name).read_bytes())
    suite = ["verify", "out/toy", "--suite", "out/toy/suite.toml", "--sample", "1"]
    assert "unknown dataset 'toy'" in project.tlbench(*suite, plugin=False).err
    assert not mark.exists()
    assert project.tlbench(*suite, plugin=True).code == 0  # a copy of one's own
    assert not mark.exists()
    assert project.tlbench(*suite, "--run-code", plugin=False).code == 0
    assert mark.exists()


def test_code_in_ones_own_working_folder_is_found_by_itself(project, foreign, monkeypatch):
    folder, mark = foreign
    monkeypatch.chdir(folder)
    assert project.tlbench("plan", "suite.toml", plugin=False).code == 0
    assert mark.exists()


def test_code_in_a_published_folder_is_nobodys_own(project, foreign, monkeypatch):
    folder, mark = foreign
    (folder / "records.jsonl").write_text("")
    monkeypatch.chdir(folder)
    assert project.tlbench("plan", "suite.toml", plugin=False).code == 2
    assert not mark.exists()


@pytest.mark.parametrize("key", ["about", "claims"])
@pytest.mark.parametrize(
    "written", ["/etc/hostname", "../secret.md", "link.md", "inner/../../secret.md", "folder/secret.md"]
)
def test_a_suite_names_no_file_outside_its_folder(project, key, written):
    folder = project.folder / "theirs"
    (folder / "inner").mkdir(parents=True)
    (project.folder / "secret.md").write_text("a secret of this machine")
    (folder / "link.md").symlink_to(project.folder / "secret.md")
    (folder / "folder").symlink_to(project.folder)
    (folder / "suite.toml").write_text(f'{key} = "{written}"\n{SUITE}')
    outcome = project.tlbench("plan", "theirs/suite.toml")
    assert outcome.code == 2
    assert f"{key}: '{written}' lies outside the folder of the suite file" in outcome.err
    assert "a secret" not in outcome.err


def test_a_suite_in_a_folder_that_is_linked_to_has_its_files(project):
    (project.folder / "real").mkdir()
    (project.folder / "real" / "about.md").write_text("fine")
    (project.folder / "real" / "suite.toml").write_text(f'about = "about.md"\n{SUITE}')
    (project.folder / "linked").symlink_to(project.folder / "real")
    assert project.tlbench("plan", "linked/suite.toml").code == 0


@pytest.mark.parametrize("key", ["about", "claims", None])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(project, key):
    os.mkfifo(project.folder / "pipe.toml")
    suite = project.suite(f'{key} = "pipe.toml"\n{SUITE}') if key else "pipe.toml"
    outcome = project.tlbench("plan", suite)
    assert outcome.code == 2
    assert "is a pipe, not a file" in outcome.err
