from __future__ import annotations

import numpy as np
import pytest
from own_files import vectors
from toy_suite import TOY

from tlbench.core import inputs
from tlbench.core.domain import SPLITS
from tlbench.data.domain_store import DomainStore
from tlbench.data.domain_view import DomainView
from tlbench.plugins.manager import PluginHost, plugin_host
from tlbench_datasets.arrays import dataset
from tlbench_datasets.arrays.inputs import read_inputs


@pytest.fixture
def domains(tmp_path):
    return DomainStore(tmp_path, "toy", PluginHost([TOY]))


def rows(domain, *splits):
    """Inputs with their labels, as a sorted list, to compare sets of examples."""
    return sorted(
        (*row.tolist(), label)
        for split in splits
        for row, label in zip(np.load(domain.inputs(split)), domain.labels(split).tolist(), strict=True)
    )


def test_the_whole_domain_is_the_target_of_transductive_test_and_each_label_stays_with_its_input(domains, monkeypatch):
    monkeypatch.setattr(inputs, "CHUNK_BYTES", 2**10)  # several rounds of copying
    parts, whole = domains.get("a"), domains.get("a", "transductive-test")
    assert rows(whole, "test") == rows(parts, "train", "val", "test")
    assert rows(whole, "train") == rows(parts, "train", "test")
    assert rows(whole, "val") == rows(parts, "val")
    assert whole.counts == {"train": 800, "val": 100, "test": 900}


def test_without_validation_data_a_source_is_trained_on_whole(domains):
    parts = domains.get("a")
    whole = domains.get("a", DomainView("transductive-test", validation=False))
    assert rows(whole, "train") == rows(whole, "test") == rows(parts, "train", "val", "test")
    assert whole.counts == {"train": 900, "val": 0, "test": 900}
    assert len(np.load(whole.inputs("val"))) == len(whole.labels("val")) == 0
    # What was made with validation data stays as it was.
    assert domains.get("a", "transductive-test").counts["val"] == 100


def test_some_classes_alone_keep_their_inputs_and_are_counted_anew(domains):
    parts, some = domains.get("a"), domains.get("a", DomainView(classes=("class 2", "class 0")))
    assert some.class_names == ("class 2", "class 0")
    assert some.revision != parts.revision
    was = {0: 1, 2: 0}
    kept = [(*row[:-1], was[row[-1]]) for row in rows(parts, "test") if row[-1] in was]
    assert rows(some, "test") == sorted(kept)
    assert some.counts["test"] == len(kept)


def test_all_splits_that_seeds_draw_are_made_from_one_reading(tmp_path, monkeypatch):
    inputs, labels = vectors(0)
    for name in ("one", "two"):
        np.savez(tmp_path / f"{name}.npz", inputs=inputs, labels=labels)
    read = []
    monkeypatch.setattr(dataset, "read_inputs", lambda title, *more: read.append(title) or read_inputs(title, *more))
    store = DomainStore(tmp_path / "cache", f"npz:{tmp_path}", plugin_host(()), seeds=(0, 1, 2))
    drawn = [store.get("one", DomainView(seed=seed)) for seed in (2, 1, 0)]
    assert len(read) == 1
    assert len({domain.revision for domain in drawn}) == 3
    assert rows(drawn[0], *SPLITS) == rows(drawn[1], *SPLITS)
    # Where all of a domain is tested there is nothing to draw.
    whole = {store.get("one", DomainView("transductive-test", seed=seed)).revision for seed in (0, 1, 2)}
    assert len(whole) == 1


def test_no_order_tells_which_split_an_item_came_from(domains):
    parts, whole = domains.get("a"), domains.get("a", "transductive-test")
    trained = {row.tobytes() for row in np.load(parts.inputs("train"))}
    came = np.array([row.tobytes() in trained for row in np.load(whole.inputs("test"))])
    assert 0.3 < came[:300].mean() < 0.6


def test_a_second_session_finds_what_the_first_has_joined(domains, tmp_path):
    file = domains.get("a", "transductive-test").inputs("test")
    made = file.stat().st_mtime_ns
    again = DomainStore(tmp_path, "toy", PluginHost([TOY])).get("a", "transductive-test")
    assert (again.inputs("test"), file.stat().st_mtime_ns) == (file, made)
