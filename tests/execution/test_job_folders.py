"""Folders of jobs belong to the session that holds their lock, wherever it runs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tlbench.execution.job_folders import JobFolders

HOLD = """
import sys, time
from pathlib import Path
from tlbench.execution.job_folders import JobFolders
folders = JobFolders(Path(sys.argv[1]))
folders.clean()
job = folders.of("key")
job.mkdir(parents=True)
(job / "job.json").write_text("{}")
print(job, flush=True)
time.sleep(600)
"""


def holding(cache, *before):
    """A process that has a session there, and the folder of its job."""
    command = [*before, sys.executable, "-c", HOLD, str(cache)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    return process, Path(process.stdout.readline().strip())


def end(process):
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


def test_the_folder_of_a_session_that_lives_stays_and_of_one_that_was_killed_goes(tmp_path):
    process, job = holding(tmp_path)
    other = JobFolders(tmp_path)
    try:
        other.clean()
        assert (job / "job.json").exists()
    finally:
        end(process)
    other.clean()
    assert not job.exists()
    assert len(list((tmp_path / "jobs").iterdir())) == 1  # our own lock
    other.remove()
    assert list((tmp_path / "jobs").iterdir()) == []


def test_the_number_of_its_process_says_nothing(tmp_path, monkeypatch):
    """As in another container: it lives, and no process here has its number."""
    process, job = holding(tmp_path)
    try:
        fake = tmp_path / "jobs" / "4194999-00000000"
        job.parent.rename(fake)
        job.parent.with_name(f"{job.parent.name}.lock").rename(f"{fake}.lock")
        JobFolders(tmp_path).clean()
        assert (fake / "key" / "job.json").exists()
    finally:
        end(process)


def test_two_containers_share_a_cache(tmp_path):
    unshare = shutil.which("unshare")
    if not unshare or subprocess.run([unshare, "-Urpf", "true"], check=False, capture_output=True).returncode:
        pytest.skip("namespaces of processes may not be made here")
    process, job = holding(tmp_path, unshare, "-Urpf", "--mount-proc")
    try:
        JobFolders(tmp_path).clean()
        assert (job / "job.json").exists()
        again, other = holding(tmp_path, unshare, "-Urpf", "--mount-proc")
        assert (job / "job.json").exists()
        assert other != job
        end(again)
    finally:
        end(process)
    time.sleep(0.2)
    JobFolders(tmp_path).clean()
    assert not job.exists()


def test_a_folder_without_a_lock_is_removed_when_it_is_a_week_old(tmp_path):
    for name, age in (("123", 8 * 86400), ("124", 3600)):
        (tmp_path / "jobs" / name).mkdir(parents=True)
        os.utime(tmp_path / "jobs" / name, (time.time() - age,) * 2)
    JobFolders(tmp_path).clean()
    assert not (tmp_path / "jobs" / "123").exists()
    assert (tmp_path / "jobs" / "124").exists()


def test_two_sessions_of_one_process_have_folders_of_their_own(tmp_path):
    one, two = JobFolders(tmp_path), JobFolders(tmp_path)
    one.clean()
    one.of("key").mkdir(parents=True)
    two.clean()
    assert one.of("key").exists()
    assert one.of("key") != two.of("key")
    two.remove()
    assert one.of("key").exists()
