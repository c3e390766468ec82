"""A suite whose host is killed, whose disk is full, or whose runs keep failing: nothing lost, nothing made up."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults import HOSTILE, LONG, hostile_suite, many, processes
from toy_suite import SUITE, TOY

from tlbench.records.record import Record
from tlbench.records.result_folder import ResultFolder

QUICK = SUITE.replace("steps = 40", "steps = 4")


def start(folder: Path, *options: str, suite: str = "suite.toml", cache: Path | None = None, **more):
    command = [sys.executable, "-m", "tlbench", "run", suite, "--plugin", str(TOY), "--plugin", str(HOSTILE)]
    environment = {**os.environ, "TLBENCH_CACHE": str(cache or folder / "cache")}
    return subprocess.Popen(
        [*command, "--workers", "2", *options],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def carried_out(folder: Path, *options: str, **more) -> tuple[int, str]:
    running = start(folder, *options, **more)
    _, said = running.communicate(timeout=900)
    assert "Traceback" not in said, said
    return running.returncode, said


def records(folder: Path) -> dict[str, Record]:
    return {record.run_key: record for record in ResultFolder(folder / "results", "toy").records()}


def numbers(folder: Path) -> dict[str, tuple]:
    """What a sweep that was not disturbed gives too: all but times, places and memory."""
    return {
        key: (record.status, record.metrics, record.selection, record.checkpoints, record.seen, record.curve)
        for key, record in records(folder).items()
    }


# ---- the host is killed -------------------------------------------------------------------------------------------


def test_a_sweep_that_is_killed_at_random_moments_ends_as_one_that_is_not(tmp_path):
    suite = QUICK.replace("seeds = [0]", "seeds = [0, 1, 2]")
    plain, killed = tmp_path / "plain", tmp_path / "killed"
    for folder in (plain, killed):
        folder.mkdir()
        (folder / "suite.toml").write_text(suite)
    began = time.monotonic()
    assert carried_out(plain)[0] == 0
    whole = time.monotonic() - began
    wanted, rng = numbers(plain), random.Random(0)
    for _ in range(many(3, 200)):
        running = start(killed)
        try:
            running.communicate(timeout=rng.uniform(0.0, 1.2 * whole))
        except subprocess.TimeoutExpired:
            running.send_signal(rng.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))
            running.communicate()
        found = numbers(killed)
        assert all(found[key] == wanted[key] for key in found)  # never a half, never another
        if found == wanted:
            (killed / "results").rename(tmp_path / f"done-{time.monotonic()}")
    assert carried_out(killed)[0] == 0
    assert numbers(killed) == wanted
    assert list((killed / "results" / "toy").glob("*.damaged")) == []
    until = time.monotonic() + 30
    while left := processes(str(killed / "cache")):
        assert time.monotonic() < until, left
        time.sleep(0.2)


# ---- a full disk --------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A disk of 24 MiB, made of memory."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path, left: int) -> Path:
    """Fill a disk but for so many bytes."""
    filler = disk / "filler"
    room = os.statvfs(disk)
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize - left)
    return filler


@pytest.mark.parametrize("left", [6000, *([0, 40_000] if LONG else [])])
def test_results_on_a_full_disk_stop_the_sweep_with_one_message_and_it_goes_on_when_there_is_room(
    tmp_path, small_disk, left
):
    (tmp_path / "suite.toml").write_text(QUICK)
    (tmp_path / "results").symlink_to(small_disk)
    filler = fill(small_disk, left)
    code, said = carried_out(tmp_path)
    assert code == 2
    assert said.count("tlbench: error:") == 1
    assert "No space left" in said
    assert "the same command goes on" in said or "--results" in said
    assert all(record.status == "ok" for record in records(tmp_path).values())
    filler.unlink()
    assert carried_out(tmp_path)[0] == 0
    assert len(records(tmp_path)) == 3


@pytest.mark.parametrize("left", [30_000, *([0, 100_000] if LONG else [])])
def test_jobs_on_a_full_disk_stop_the_sweep_and_no_run_is_marked_as_failed(tmp_path, small_disk, left):
    (tmp_path / "suite.toml").write_text(QUICK.replace("seeds = [0]", "seeds = [0, 1]"))
    assert carried_out(tmp_path, "--seed", "0", cache=small_disk)[0] == 0  # so that the domains are ready
    filler = fill(small_disk, left)
    code, said = carried_out(tmp_path, cache=small_disk)
    assert code == 2
    assert said.count("tlbench: error:") == 1
    assert "full" in said or "No space left" in said
    assert {record.status for record in records(tmp_path).values()} == {"ok"}
    filler.unlink()
    assert carried_out(tmp_path, cache=small_disk)[0] == 0
    assert len(records(tmp_path)) == 6


# ---- runs that keep failing ---------------------------------------------------------------------------------------


def test_max_failures_stops_the_sweep_keeps_what_is_done_and_the_same_command_goes_on(tmp_path):
    ways = ["exit with 0", "no predictor", "no steps", "integer logits", "unprintable error"]
    suite = hostile_suite(ways).replace("steps = 40", "steps = 4")
    (tmp_path / "suite.toml").write_text(suite)
    code, said = carried_out(tmp_path, "--max-failures", "2")
    assert code == 1
    assert "stopped after 2 runs that failed" in said
    failed = [record for record in records(tmp_path).values() if record.status == "failed"]
    assert 2 <= len(failed) <= 3  # one may have ended with the last
    assert len(records(tmp_path)) < 7
    before = {key: record for key, record in records(tmp_path).items() if record.status == "ok"}
    assert carried_out(tmp_path)[0] == 1
    after = records(tmp_path)
    assert len(after) == 7
    assert all(after[key] == record for key, record in before.items())


def test_max_failures_that_make_no_sense_are_refused(tmp_path):
    (tmp_path / "suite.toml").write_text(QUICK)
    code, said = carried_out(tmp_path, "--max-failures", "0")
    assert code == 2
    assert "--max-failures" in said
