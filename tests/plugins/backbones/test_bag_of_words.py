"""Bags of words: refused names, counts that depend on one text alone, and a suite that learns from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tlbench.core.inputs import SparseRows, Texts
from tlbench.data.array_storage import open_inputs
from tlbench.data.domain_store import DomainStore
from tlbench.errors import DataError, TlbenchError
from tlbench.plugins.manager import PluginHost
from tlbench_backbones.small.bag_of_words import factory

TEXTS = Path(__file__).parents[2] / "text_plugin.py"
SUITE = """
name = "bags"
dataset = "reviews"
backbones = ["bag-of-words:512"]
seeds = [0]

[budget]
steps = 60
batch_size = 16
checkpoints = 1

[training]
lr = 0.05

[[part]]
setting = "transductive"
pairs = ["films:knives"]
strategies = ["linear-probe", "dann"]
"""


def counts(*texts, width="4096"):
    return factory.preparation(width)(Texts.of(texts), "cpu")


@pytest.mark.parametrize("argument", ["", "0", "-3", "1.5", "wide", "65537", "²"])
def test_a_width_that_cannot_be_is_refused(argument):
    for ask in (factory.check, factory.preparation, lambda width: factory((8,), width)):
        with pytest.raises(TlbenchError, match="must be a whole number from 1 to 65,536; write bag-of-words:WIDTH"):
            ask(argument)


def test_what_is_no_text_is_refused(tmp_path):
    store = DomainStore(tmp_path, "counts", PluginHost([str(TEXTS)]))
    with pytest.raises(DataError, match="the inputs of 'films' are no texts, and the backbone 'bag-of-words:64' takes"):
        store.get_for("bag-of-words:64", "films", "held-out")


def test_words_and_pairs_are_counted_whatever_their_case_and_a_lone_character_is_none():
    made = counts("A good plot", "good GOOD", "", "plot good")
    assert isinstance(made, SparseRows)
    assert made.shape == (4, 4096)
    dense = np.abs(np.asarray(made))
    assert dense.sum(axis=1).tolist() == [3.0, 3.0, 0.0, 3.0]  # good, plot, good plot; good twice, good good; …
    assert sorted(dense[1][dense[1] > 0]) == [1.0, 2.0]
    assert not np.array_equal(dense[0], dense[3])  # a pair has an order


def test_the_counts_of_a_text_are_the_same_beside_any_other_text():
    alone, beside = counts("a fine blade"), counts("it was bad", "a fine blade")
    np.testing.assert_array_equal(np.asarray(alone)[0], np.asarray(beside)[1])


def test_the_revision_changes_with_the_width():
    assert factory.preparation("64").revision != factory.preparation("65").revision


def test_features_are_the_counts():
    rows = torch.from_numpy(np.asarray(counts("a fine blade", "it was bad", width="32")))
    backbone = factory((32,), "32")
    assert backbone.feature_dim == 32
    assert torch.equal(backbone(rows), rows)


@pytest.mark.parametrize("evaluation", ["held-out", "transductive-test"])
def test_counts_lie_sparse_in_the_cache_in_the_order_of_the_texts(tmp_path, evaluation):
    store = DomainStore(tmp_path, "reviews", PluginHost([str(TEXTS)]))
    domain = store.get_for("bag-of-words:64", "knives", evaluation)
    assert (domain.storage, domain.input_shape) == ("sparse", (64,))
    for split in ("train", "val", "test"):
        texts = open_inputs(domain.as_loaded.inputs(split))
        expected = factory.preparation("64")(texts, "cpu")
        np.testing.assert_array_equal(np.asarray(open_inputs(domain.inputs(split))), np.asarray(expected))


def test_a_suite_on_bags_of_words_is_run(project):
    outcome = project.tlbench("run", project.suite(SUITE), "--plugin", TEXTS, plugin=False)
    assert outcome.code == 0, outcome.err
    records = project.records("bags")
    assert {record.variant for record in records} == {"linear-probe", "dann", "source-only", "oracle"}
    assert {record.status for record in records} == {"ok"}
    assert all(record.metrics["last"]["accuracy"] > 0.8 for record in records)
