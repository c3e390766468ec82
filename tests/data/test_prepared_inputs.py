"""Inputs as a backbone asks for them: refused where they cannot be made, whole, and in the order of their labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from text_plugin import Words

from tlbench.core.domain import SPLITS
from tlbench.data.array_storage import open_inputs
from tlbench.data.domain_store import DomainStore
from tlbench.data.domain_view import DomainView
from tlbench.errors import DataError
from tlbench.plugins.manager import PluginHost, plugin_host

TEXTS = str(Path(__file__).parents[1] / "text_plugin.py")


def store(cache, dataset="reviews"):
    return DomainStore(cache, dataset, PluginHost([TEXTS]))


def test_what_is_no_text_is_not_handed_to_a_tokenizer(tmp_path):
    with pytest.raises(DataError, match="the inputs of 'films' are no texts, and the backbone 'words' takes texts"):
        store(tmp_path, "counts").get_for("words", "films", "held-out")


def test_a_file_that_is_gone_is_made_again(tmp_path):
    made = store(tmp_path).get_for("words", "films", "held-out").inputs("val")
    before = np.load(made)
    made.unlink()
    assert store(tmp_path).get_for("words", "films", "held-out").inputs("val") == made
    np.testing.assert_array_equal(np.load(made), before)


@pytest.mark.parametrize("evaluation", ["held-out", "transductive-test"])
def test_rows_stand_where_those_stand_that_they_were_made_from(tmp_path, evaluation):
    domain = store(tmp_path).get_for("words", "knives", evaluation)
    texts = open_inputs(domain.as_loaded.inputs("test")).tolist()
    np.testing.assert_array_equal(np.load(domain.inputs("test")), Words()(texts))


def test_splits_of_all_seeds_are_taken_from_what_was_prepared_once(tmp_path, monkeypatch):
    lines = ["label,shop,text", *(f"{row % 2},{'ab'[row // 30]},words of row {row}" for row in range(60))]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    told = []
    options = {"label": "label", "domain": "shop", "text": "text"}
    own = DomainStore(tmp_path / "cache", f"csv:{tmp_path}/t.csv", plugin_host([TEXTS]), options, seeds=(0, 1, 2))
    views = [DomainView(seed=seed) for seed in (0, 1, 2)]
    drawn = [own.get_for("words", "a", view, lambda done, total: told.append((done, total))) for view in views]
    assert told == [(30, 30)]
    assert len({domain.revision for domain in drawn}) == 3
    for domain in drawn:
        for split in SPLITS:
            texts = open_inputs(domain.as_loaded.inputs(split)).tolist()
            np.testing.assert_array_equal(np.load(domain.inputs(split)), Words()(texts))
