from __future__ import annotations

import numpy as np
import pytest
from toy_suite import TOY

from tlbench.core import inputs
from tlbench.data.domain_store import DomainStore
from tlbench.plugins.manager import PluginHost


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
