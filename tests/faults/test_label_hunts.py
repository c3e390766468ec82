"""What code in a run can get at, in the sandbox and without it. `docs/sandbox.md` has a line for each."""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from toy_suite import SUITE, TOY

from tlbench.execution import landlock
from tlbench.execution.library_files import library_rules

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs" / "sandbox.md"
TEXT = (HERE / "hunting_plugin.py").read_text()
EVERY = re.findall(r"^    (\w+),$", TEXT.partition("HUNTS = [")[2].partition("]")[0], re.MULTILINE)
EVERY = [name.strip("_") for name in EVERY]
#: What the documentation says that it does not stop.
LEFT = {"made_again", "udp", "metadata", "shared_memory", "early_request"}
#: What nothing but the sandbox stops: that these hunts find something without it shows that they can.
FOUND_WITHOUT = {
    *("cache", "test_inputs", "evaluation_file", "earlier_results", "earlier_predictions", "job_folders"),
    *("package_data", "data_folder", "home", "subprocess", "thread", "libc", "symbolic_link"),
    *("writing_inputs", "writing_labels", "writing_results", "new_files", "signals", "tcp", "listening"),
    *("abstract_sockets", "removing", "link"),
}
#: What a run's own process has never had, with or without a sandbox.
NEVER = {"memory", "maps", "descriptors"}


@pytest.fixture(scope="module")
def hunted(tmp_path_factory):
    """What the hunter found, in a sandbox and without one."""
    if not landlock.abi():
        pytest.skip("this kernel has no Landlock")
    folder = tmp_path_factory.mktemp("hunted")
    environment = {
        **os.environ,
        "TLBENCH_CACHE": str(folder / "cache"),
        "TLBENCH_DATA": str(folder / "data"),
    }
    (folder / "data").mkdir()
    (folder / "data" / "labels.csv").write_text("label\n1\n2\n3\n")
    (folder / "suite.toml").write_text(SUITE.replace("feature-extraction", "nearest-neighbour"))

    def run(*arguments):
        command = [sys.executable, "-m", "tlbench", "run", "suite.toml", "--plugin", str(TOY), "--workers", "1", "-q"]
        return subprocess.run(
            [*command, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )

    assert (done := run()).returncode == 0, done.stderr
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(f"\0tlbench-{os.getpid()}")
        abstract.listen()
        shared = Path("/dev/shm") / f"tlbench-test-{os.getpid()}"
        shared.write_text("shared")
        try:
            places = places_in(folder, server, shared)
            plugin = folder / "hunting.py"
            plugin.write_text(TEXT.replace("PLACES: dict = {}", f"PLACES: dict = {places!r}"))
            found = {mode: outcome(run, folder, plugin, mode) for mode in ("require", "off")}
        finally:
            shared.unlink()
    return found


def places_in(folder, server, shared):
    cache = folder / "cache"
    of_b = next(
        path for path in (folder / "results/toy").glob("*.json") if json.loads(path.read_text()).get("target") == "b"
    )
    labels = next((cache / "labels").rglob(revision_of(cache)))
    inputs = cache / "domains" / labels.parent.name / labels.name
    other = cache / "jobs" / "other" / "job"
    other.mkdir(parents=True)
    np.save(other / "source.labels.npy", np.arange(9))
    (cache / "spare").write_text("spare")
    (folder / "home.txt").write_text("home")
    (folder / "scratch").mkdir()
    return {
        "hashes": [hashlib.sha256(np.load(path).tobytes()).hexdigest() for path in labels.glob("*.npy")],
        "label_file": str(labels / "test.npy"),
        "test_inputs": str(inputs / "test.inputs.npy"),
        "train_inputs": str(inputs / "train.inputs.npy"),
        "cache": str(cache),
        "record": str(of_b),
        "predictions": str(next((folder / "results/toy").glob("*.safetensors"))),
        "other_job": str(other / "source.labels.npy"),
        "data_file": str(folder / "data" / "labels.csv"),
        "home_file": str(folder / "home.txt"),
        "scratch": str(folder / "scratch"),
        "spare": str(cache / "spare"),
        "toy": str(TOY),
        "host": os.getpid(),
        "port": server.getsockname()[1],
        "abstract": f"tlbench-{os.getpid()}",
        "shared_memory": str(shared),
    }


def revision_of(cache):
    indexes = [json.loads(path.read_text()) for path in (cache / "datasets").glob("*.json")]
    return next(index["revision"] for index in indexes if index.get("domain") == "b")


def outcome(run, folder, plugin, mode):
    results = f"results-{mode}"
    done = run(
        "--plugin", str(plugin), "--strategy", "hunter", "--sandbox", mode, "--results", results, "--pair", "a:b"
    )
    assert done.returncode == 1, done.stderr
    texts = [path.read_text() for path in (folder / results / "toy").glob("*.json")]
    said = [match[1] for text in texts if (match := re.search(r"found: ([^;]*);", text))]
    assert said, texts
    return set(said[0].split())


@pytest.mark.parametrize("hunt", [name for name in EVERY if name not in LEFT])
def test_in_the_sandbox_a_hunt_finds_nothing(hunted, hunt):
    assert hunt not in hunted["require"]


@pytest.mark.parametrize("hunt", sorted(LEFT))
def test_what_the_documentation_says_that_it_does_not_stop_it_does_not_stop(hunted, hunt):
    assert hunt in hunted["require"]


@pytest.mark.parametrize("hunt", sorted(FOUND_WITHOUT))
def test_without_the_sandbox_the_same_hunt_finds_something(hunted, hunt):
    assert hunt in hunted["off"]


@pytest.mark.parametrize("hunt", sorted(NEVER))
def test_what_was_never_given_to_the_process_is_not_there_without_a_sandbox_either(hunted, hunt):
    assert hunt not in hunted["off"]


def test_the_documentation_has_a_line_for_each_hunt_and_says_how_it_ends():
    stops, _, leaves = DOCS.read_text().partition("## What it does not stop")
    assert set(re.findall(r"`hunt: (\w+)`", stops)) == set(EVERY) - LEFT
    assert set(re.findall(r"`hunt: (\w+)`", leaves)) == LEFT


def test_labels_of_installed_packages_are_no_part_of_the_libraries():
    import sklearn

    data = str(Path(sklearn.__file__).parent.resolve() / "datasets" / "data")
    readable = [path for path, rights in library_rules(()) if rights & landlock.READ_FILE]
    assert not [path for path in readable if f"{data}/digits.csv.gz".startswith(f"{path}/")]
    assert [path for path in readable if str(Path(sklearn.__file__).resolve()).startswith(path)]
