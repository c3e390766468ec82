"""Splits that each seed draws, parts of classes and whole domains: whole in the cache, and under the users' names."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tlbench.core.domain import SPLITS
from tlbench.data import checksums
from tlbench.data.domain_store import DomainStore
from tlbench.data.domain_view import DomainView
from tlbench.execution.cache_entries import entries, without_checksums
from tlbench.plugins.manager import plugin_host

TEXTS = str(Path(__file__).parents[1] / "text_plugin.py")
VIEWS = [
    DomainView(seed=0),
    DomainView(seed=1),
    DomainView(seed=1, classes=("2", "0")),
    DomainView("transductive-test"),
    DomainView("transductive-test", validation=False),
    DomainView("transductive-test", validation=False, classes=("0", "1")),
]


@pytest.fixture
def store(tmp_path):
    """Opens a store as a new session would; the number of a row is its feature and stands in its name."""
    lines = ["label,shop,x,name", *(f"{row % 3},{'ab'[row // 90]},{row},row-{row}" for row in range(180))]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    options = {"label": "label", "domain": "shop", "id": "name"}

    def opened():
        checksums._read.clear()
        return DomainStore(tmp_path / "cache", f"csv:{tmp_path}/t.csv", plugin_host(), options, seeds=(0, 1))

    return opened


def damage(path):
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("view", VIEWS)
def test_names_stand_where_their_examples_stand(store, view):
    own = store()
    ready, names = own.get("b", view), own.item_names("b", view).by_split
    for split in SPLITS:
        rows = np.load(ready.inputs(split))[:, 0].astype(int).tolist()
        assert names[split] == [f"row-{row}" for row in rows]
        assert [ready.class_names[label] for label in ready.labels(split)] == [str(row % 3) for row in rows]


def test_each_seed_has_names_of_its_own(store):
    own = store()
    first, second = (set(own.item_names("b", DomainView(seed=seed)).by_split["test"]) for seed in (0, 1))
    assert first != second


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("what", ["train.inputs.npy", "test.npy"])
@pytest.mark.parametrize("again", [True, False])
def test_what_was_changed_is_made_again_with_the_same_rows(store, capsys, view, what, again):
    own = store()
    ready = own.get("b", view)
    path = (ready.folder if "inputs" in what else ready.label_folder) / what
    good = path.read_bytes()
    damage(path)
    checksums._read.clear()
    made = (own if again else store()).get("b", view)
    assert (made.revision, path.read_bytes()) == (ready.revision, good)
    assert "is set aside as" in capsys.readouterr().err


def test_what_was_prepared_for_all_seeds_is_an_entry_of_the_cache_that_is_checked(tmp_path):
    lines = ["label,shop,text", *(f"{row % 2},{'ab'[row // 30]},words of row {row}" for row in range(60))]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    options = {"label": "label", "domain": "shop", "text": "text"}

    def ready(seed):
        checksums._read.clear()
        own = DomainStore(tmp_path / "cache", f"csv:{tmp_path}/t.csv", plugin_host([TEXTS]), options, seeds=(0, 1))
        return own.get_for("words", "a", DomainView(seed=seed))

    splits = [ready(seed) for seed in (0, 1)]
    found = entries(tmp_path / "cache")
    assert sorted(entry.kind for entry in found) == ["domain"] * 2 + ["prepared inputs"] * 3
    assert not [fault for entry in found for fault in entry.faults()]
    assert not any(map(without_checksums, found))
    # Of what is damaged here and in a split of a seed nothing is used.
    (shared,) = (entry.folder for entry in found if entry.folder.parents[1] == splits[0].folder.parents[2])
    good = splits[0].inputs("test").read_bytes()
    for path in (shared / "train.inputs.npy", splits[0].inputs("test")):
        damage(path)
    assert len([fault for entry in found for fault in entry.faults()]) == 2
    assert ready(0).inputs("test").read_bytes() == good


def test_a_changed_file_gives_no_names_of_before(store, tmp_path):
    store().item_names("b", DomainView(seed=0))
    path = tmp_path / "t.csv"
    path.write_text(path.read_text().replace("row-", "line-"))
    os.utime(path, ns=(1, 1))
    assert store().item_names("b", DomainView(seed=0)).by_split["test"][0].startswith("line-")
