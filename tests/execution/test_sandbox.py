"""The sandbox of runs: chosen, entered, recorded; and the way round it where there is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from toy_suite import SUITE, TOY

from tlbench.cli.main import main
from tlbench.errors import TlbenchError
from tlbench.execution import landlock, sandbox
from tlbench.execution.landlock import READ, READ_DIR, READ_FILE, WRITE
from tlbench.execution.library_files import carved
from tlbench.execution.package_data import package_data

needs_landlock = pytest.mark.skipif(not landlock.abi(), reason="this kernel has no Landlock")

READER = """
from pathlib import Path
import tlbench

class Reader(tlbench.GradientStrategy):
    '''Read a file.'''
    settings = {"transductive"}
    paper = "none: a test"
    same_label_space = True
    class Params(tlbench.Params):
        path: Path = Path("none")
        name: str = "none"
    def loss(self, model, batch, progress):
        for path in (self.params.path, Path(self.params.name)):
            path.read_text() if str(path) != "none" else None
        return tlbench.losses.cross_entropy(model(batch.source.inputs), batch.source.labels, 0.0)

@tlbench.hookimpl
def tlbench_register_strategies(register):
    register("reader", Reader, summary="reads a file")
"""


@pytest.fixture
def no_landlock(monkeypatch):
    monkeypatch.setattr(landlock, "abi", lambda: 0)


def in_child(act):
    """What a function says in a child of this process."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            text = str(act())
        except BaseException as error:
            text = f"{type(error).__name__}: {error}"
        os.write(writes, text.encode())
        os._exit(0)
    os.close(writes)
    os.waitpid(child, 0)
    with os.fdopen(reads, "rb") as file:
        return file.read().decode()


def opens(path, flags=os.O_RDONLY):
    try:
        os.close(os.open(path, flags))
    except OSError as error:
        return error.strerror
    return "opened"


def test_a_mode_that_there_is_not_is_answered_with_those_that_there_are():
    with pytest.raises(TlbenchError, match="allowed are auto, require and off"):
        sandbox.choose_sandbox("on")


def test_a_path_that_is_not_there_is_named(tmp_path):
    with pytest.raises(TlbenchError, match=r"--allow-read .*nowhere.*there is no such file"):
        sandbox.choose_sandbox("auto", [tmp_path / "nowhere"])


def test_where_it_is_required_and_cannot_be_had_nothing_runs(project, no_landlock):
    outcome = project.tlbench("run", project.suite(), "--sandbox", "require")
    assert outcome.code == 2
    assert "--sandbox require: this system has no Landlock" in outcome.err
    assert not (project.folder / "results").exists()


def test_where_the_kernel_has_none_runs_do_without_and_records_and_doctor_say_so(project, no_landlock, capsys):
    assert project.tlbench("run", project.suite()).code == 0
    assert project.record("feature-extraction").provenance["sandbox"].startswith("none (this system has no Landlock")
    main(["doctor"])
    assert "sandbox       none (this system has no Landlock" in capsys.readouterr().out


@needs_landlock
def test_a_record_says_which_sandbox_its_run_had_and_its_numbers_are_those_without(project):
    assert project.tlbench("run", project.suite(), "--sandbox", "require").code == 0
    inside = project.record("feature-extraction")
    assert inside.provenance["sandbox"] == sandbox.describe(landlock.abi())
    assert project.tlbench("run", project.suite(), "--sandbox", "off", "--reuse", "never").code == 0
    outside = project.record("feature-extraction")
    assert outside.provenance["sandbox"] == "none (--sandbox off)"
    assert (outside.run_key, outside.metrics) == (inside.run_key, inside.metrics)


@needs_landlock
def test_a_run_that_meets_the_sandbox_is_told_so_and_what_was_declared_it_may_read(project):
    secret = project.write("secret.txt", "secret")
    plugin = project.write("reader.py", READER)
    suite = project.suite(SUITE.replace("feature-extraction", "reader"))

    def status(*arguments):
        given = ["run", suite, "--plugin", plugin, "--plugin", TOY, "--strategy", "reader", *arguments]
        project.tlbench(*given, plugin=False)
        return {record.status: record for record in project.records() if record.variant == "reader"}

    told = status("--set", f'reader.name="{secret}"')["failed"].error
    assert told.type == "PermissionError"
    assert "--allow-read PATH" in told.message
    assert "ok" in status("--set", f'reader.name="{secret}"', "--allow-read", secret)
    other = project.write("other.txt", "declared by its type")
    assert set(status("--set", f'reader.path="{other}"', "--reuse", "never")) == {"ok"}


@needs_landlock
@pytest.mark.parametrize("version", [1, 2, 3, 4, 5, 6])
def test_with_what_an_older_kernel_has_files_are_denied_all_the_same(tmp_path, version):
    if version > landlock.abi():
        pytest.skip("this kernel is older")
    allowed, denied = tmp_path / "allowed", tmp_path / "denied"
    for folder in (allowed, denied):
        folder.mkdir()
        (folder / "file").write_text("content")

    def act():
        made = landlock.ruleset([(str(allowed), WRITE), ("/nowhere", READ)], version)
        landlock.enforce(made)
        return [opens(folder / "file", flags) for folder in (allowed, denied) for flags in (os.O_RDONLY, os.O_RDWR)]

    assert in_child(act) == str(["opened", "opened", "Permission denied", "Permission denied"])


@needs_landlock
def test_nobody_can_add_to_the_rules_of_those_that_come(tmp_path):
    """The ruleset that children share is closed in each of them."""
    order = sandbox.choose_sandbox("auto").order([], tmp_path, [], [str(tmp_path)])

    def act():
        for hidden in ([], ["/srv"]):  # of two sessions
            sandbox.warm({**order, "hidden": hidden})
        warm = len(rulesets())
        sandbox.enter(order)
        return warm >= 2, len(rulesets())

    def rulesets():
        links = [path for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
        return [path for path in links if "landlock" in str(path.readlink())]

    assert in_child(act) == "(True, 0)"


@needs_landlock
def test_temporary_files_are_made_in_the_folder_of_the_job(tmp_path):
    order = sandbox.choose_sandbox("auto").order([], tmp_path, [], [str(tmp_path)])

    def act():
        import tempfile

        sandbox.enter(order)
        with tempfile.NamedTemporaryFile() as file:
            return file.name

    assert in_child(act).startswith(str(tmp_path / "tmp"))


def test_what_is_hidden_is_carved_out_of_a_folder(tmp_path):
    root = tmp_path.resolve()
    for path in ("lib/a.py", "lib/data/x.csv", "other/b.py", "results/r.json"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    (root / "to-results").symlink_to(root / "results")
    rules = dict(carved(str(root), [str(root / "lib" / "data"), str(root / "results")]))
    assert rules == {
        str(root): READ_DIR,
        str(root / "lib"): READ_DIR,
        str(root / "lib" / "a.py"): READ,
        str(root / "other"): READ,
    }
    assert list(carved(str(root / "results"), [str(root / "results")])) == []
    assert list(carved("/", [])) == []


def test_data_of_packages_are_found_and_what_their_code_needs_is_not_among_them():
    found = package_data()
    assert [
        path
        for path in found
        if path.endswith("sklearn/datasets/data/digits.csv.gz") or path.endswith("sklearn/datasets/data")
    ]
    assert not [path for path in found if path.endswith("_sobol_direction_numbers.npz")]
    assert not [path for path in found if path.endswith(".py")]


def test_packages_of_another_python_in_a_place_that_runs_may_read_are_looked_through_too(tmp_path, monkeypatch):
    from tlbench.execution import package_data as module

    data = tmp_path / "lib" / "python3.9" / "site-packages" / "flowers" / "data"
    for folder in (data, tmp_path / "pkgs"):
        folder.mkdir(parents=True)
    (data / "iris.csv").touch()
    monkeypatch.setattr(module.sys, "base_prefix", str(tmp_path))
    found = module.package_data.__wrapped__()
    assert {str(data.resolve()), str((tmp_path / "pkgs").resolve())} <= set(found)


@needs_landlock
def test_a_project_that_modules_are_imported_from_keeps_its_results_and_data_to_itself(tmp_path, monkeypatch):
    from tlbench.execution import library_files

    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").touch()
    (tmp_path / "results").mkdir()
    (tmp_path / "notes.txt").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    rules = library_files.library_rules.__wrapped__(())
    within = {Path(path).name: rights for path, rights in rules if Path(path).is_relative_to(tmp_path.resolve())}
    assert within.pop(tmp_path.name) == READ_DIR
    assert within == {"package": READ}
    assert not READ_DIR & READ_FILE
