from __future__ import annotations

import json
import os
import time

import pytest

from tlbench.errors import TlbenchError
from tlbench.execution.local_pool import LocalPool
from tlbench.execution.template_client import Template


def job_that_fails(folder, name):
    """A job whose process ends by itself at once: it names no kind of work that there is."""
    place = folder / name
    place.mkdir()
    (place / "job.json").write_text(json.dumps({"kind": "none", "plugin_files": []}))
    return place


def ended(pool, job):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        event = pool.wait(1.0)
        if event is not None and (event.kind, event.job) == ("ended", job):
            return event.details
    raise AssertionError("the job did not end")


def plugin_job(folder, name, code):
    """A job whose process carries out a plugin's code and ends."""
    place = job_that_fails(folder, name)
    (place / "plugin.py").write_text(code)
    (place / "job.json").write_text(json.dumps({"kind": "none", "plugin_files": [str(place / "plugin.py")]}))
    return place


def next_event(pool):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        event = pool.wait(1.0)
        if event is not None:
            return event
    raise AssertionError("nothing happened")


def test_one_template_serves_pool_after_pool_and_no_pool_hears_of_anothers_jobs(tmp_path):
    warm = Template.warm(1)
    for name in ("one", "two"):
        pool = LocalPool(1, 1, None, None)
        pool.submit(name, folder := job_that_fails(tmp_path, name), folder / "log.txt")
        assert ended(pool, name)["code"] == 1
        assert pool.free == 1
        pool.close()
    assert Template.warm(1) is warm


def test_a_job_sees_folder_and_environment_as_they_are_when_it_starts(tmp_path, monkeypatch):
    Template.warm(1)
    plugin = tmp_path / "look.py"
    plugin.write_text("import os, pathlib\npathlib.Path('seen').write_text(os.environ['TLBENCH_TEST_NOW'])\n")
    folder = job_that_fails(tmp_path, "look")
    (folder / "job.json").write_text(json.dumps({"kind": "none", "plugin_files": [str(plugin)]}))
    monkeypatch.setenv("TLBENCH_TEST_NOW", "now")
    monkeypatch.chdir(tmp_path)
    pool = LocalPool(1, 1, None, None)
    pool.submit("look", folder, folder / "log.txt")
    ended(pool, "look")
    pool.close()
    assert (tmp_path / "seen").read_text() == "now"


def test_modules_are_imported_once_for_all_jobs_and_one_that_fails_hinders_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plugin = tmp_path / "look.py"
    plugin.write_text("import pathlib, sys\npathlib.Path('seen').write_text(str('wave' in sys.modules))\n")
    pool = LocalPool(1, 1, None, None, ["no_such_module", "wave"])
    for name in ("one", "two"):
        folder = job_that_fails(tmp_path, name)
        (folder / "job.json").write_text(json.dumps({"kind": "none", "plugin_files": [str(plugin)]}))
        pool.submit(name, folder, folder / "log.txt")
        ended(pool, name)
        assert (tmp_path / "seen").read_text() == "True"
    pool.close()


def test_what_a_pool_has_running_is_killed_when_it_closes(tmp_path):
    plugin = tmp_path / "sleep.py"
    noted = f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()))"
    plugin.write_text(f"import os, pathlib, time\n{noted}\ntime.sleep(600)\n")
    folder = job_that_fails(tmp_path, "sleep")
    (folder / "job.json").write_text(json.dumps({"kind": "none", "plugin_files": [str(plugin)]}))
    pool = LocalPool(1, 1, None, None)
    pool.submit("sleep", folder, folder / "log.txt")
    until = time.monotonic() + 60
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < until
        pool.wait(0.05)
    pid = int((tmp_path / "pid").read_text())
    pool.close()
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < until:
            os.kill(pid, 0)
            time.sleep(0.05)


def test_a_template_that_was_killed_loses_its_jobs_and_the_next_job_gets_another(tmp_path):
    killed = Template.warm(1)
    pool = LocalPool(1, 1, None, None)
    first = plugin_job(tmp_path, "first", "import time\ntime.sleep(600)\n")
    pool.submit("first", first, first / "log.txt")
    until = time.monotonic() + 60
    while not killed.ready:
        assert time.monotonic() < until
        time.sleep(0.05)
    killed._process.kill()
    assert next_event(pool).kind == "lost"
    assert pool.free == 1
    while killed.exit_code is None:
        assert time.monotonic() < until
    pool.submit("second", folder := job_that_fails(tmp_path, "second"), folder / "log.txt")
    assert ended(pool, "second")["code"] == 1
    pool.close()
    assert Template.warm(1) is not killed


def test_a_template_that_cannot_start_is_said_plainly(tmp_path, monkeypatch):
    monkeypatch.setattr(Template, "_warm", {})
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))  # a library that cannot be imported
    (tmp_path / "sklearn").mkdir()
    (tmp_path / "sklearn" / "__init__.py").write_text("raise ImportError('no sklearn today')\n")
    pool = LocalPool(1, 1, None, None)
    pool.submit("any", folder := job_that_fails(tmp_path, "any"), folder / "log.txt")
    with pytest.raises(TlbenchError, match="cannot start"):
        ended(pool, "any")
    pool.close()
