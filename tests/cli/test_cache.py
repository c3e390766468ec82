"""`tlbench cache`, and what a session makes of a damaged one."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from tlbench.data import cache_use, checksums
from tlbench.execution import cache_entries


@pytest.fixture
def ran(project):
    """A project whose suite has run."""
    assert project.tlbench("run", project.suite()).code == 0
    return project


def let_go():
    """As if the process that ran the suite had ended."""
    for lock in cache_use._held.values():
        os.close(lock)
    cache_use._held.clear()
    checksums._read.clear()


def listed(project):
    return json.loads(project.tlbench("cache", "ls", "--json", plugin=False).out)


def model_file(project):
    return next((project.folder / "cache" / "source-models").rglob("40.safetensors"))


def test_a_kind_or_a_size_that_cannot_be_is_named(ran, monkeypatch):
    outcome = ran.tlbench("cache", "clear", "--kind", "domains", plugin=False)
    assert outcome.code == 2
    assert "did you mean 'domain'" in outcome.err
    assert "write a size as 20GiB" in ran.tlbench("cache", "clear", "--limit", "much", plugin=False).err
    monkeypatch.setenv("TLBENCH_CACHE_LIMIT", "20 apples")
    outcome = ran.tlbench("run", ran.suite(), "--reuse", "never")
    assert (outcome.code, "TLBENCH_CACHE_LIMIT is '20 apples'" in outcome.err) == (2, True)


def test_an_empty_cache_is_no_error(project):
    assert listed(project) == []
    assert project.tlbench("cache", "verify", plugin=False).code == 0
    assert project.tlbench("cache", "clear", plugin=False).code == 0


def test_what_is_there_is_listed_with_its_use(ran):
    kinds = {entry["kind"]: entry for entry in listed(ran)}
    assert {"domain", "source model"} <= kinds.keys()
    assert all(kinds[name]["in_use"] and kinds[name]["bytes"] for name in ("domain", "source model"))
    let_go()
    assert not any(entry["in_use"] for entry in listed(ran))
    assert "source model" in ran.tlbench("cache", "ls", plugin=False).out


def test_damage_is_found_and_the_next_run_sets_it_aside_and_makes_it_again(ran):
    assert "0 files damaged" in ran.tlbench("cache", "verify", plugin=False).out
    before = ran.record("feature-extraction")
    content = bytearray(model_file(ran).read_bytes())
    content[-1] ^= 1
    model_file(ran).write_bytes(content)
    outcome = ran.tlbench("cache", "verify", plugin=False)
    assert outcome.code == 1
    assert f"damaged: {model_file(ran)} has another content" in outcome.out
    (ran.folder / "results" / "toy" / f"{before.run_key}.json").unlink()
    let_go()
    outcome = ran.tlbench("run", ran.suite())
    assert outcome.code == 0
    assert "it is set aside as" in outcome.err
    assert ran.record("feature-extraction").metrics == before.metrics
    assert ran.tlbench("cache", "verify", plugin=False).code == 0


@pytest.mark.parametrize("folder", ["domains", "labels"])
def test_poisoned_inputs_and_labels_give_no_other_numbers(ran, folder):
    before = {record.run_key: record.metrics for record in ran.records()}
    for path in (ran.folder / "cache" / folder).rglob("*.npy"):
        np.save(path, np.zeros_like(np.load(path)))
    let_go()
    assert ran.tlbench("run", ran.suite(), "--reuse", "never").code == 0
    assert {record.run_key: record.metrics for record in ran.records()} == before


def test_what_is_in_use_stays_and_what_is_not_goes_and_comes_again(ran):
    outcome = ran.tlbench("cache", "clear", plugin=False)
    assert outcome.code == 0
    assert "in use, kept: domain" in outcome.out
    let_go()
    assert "would remove domain" in ran.tlbench("cache", "clear", "--dry-run", plugin=False).out
    assert listed(ran)
    ran.tlbench("cache", "clear", plugin=False)
    assert [entry for entry in listed(ran) if entry["kind"] != "jobs"] == []
    assert ran.tlbench("run", ran.suite(), "--reuse", "never").code == 0


def test_below_a_limit_goes_what_was_unused_for_longest(ran):
    let_go()
    cache = ran.folder / "cache"
    found = [entry for entry in cache_entries.entries(cache) if entry.kind == "domain"]
    for age, entry in zip((100, 5000), found, strict=True):
        os.utime(entry.folder / cache_use.MARK, (1e9 - age,) * 2)
    size = sum(entry.size for entry in cache_entries.entries(cache))
    gone = cache_entries.keep_below(cache, size - 1)
    assert [entry.name for entry in gone] == [found[1].name]
    cache_use.use(found[0].folder)
    left = cache_entries.keep_below(cache, 0)
    assert found[0].name not in {entry.name for entry in left}
    assert found[0].folder.exists()
