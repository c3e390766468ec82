"""Texts to ids, by a vocabulary of a few words."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_encoders import SPECIAL, WORDS, write_vocabulary

from tlbench_backbones.transformers.factory import factory

pytest.importorskip("transformers", reason="transformers is not installed: pip install 'tlbench[hub]'")

TEXTS = ["The blade is good.", "", "ungoods [PAD] xylophone", "good " * 50]


@pytest.fixture
def folder(tmp_path):
    write_vocabulary(tmp_path / "model")
    (tmp_path / "model" / "config.json").write_text('{"model_type": "bert"}')
    return tmp_path / "model"


def named(ids):
    names = [*SPECIAL, *WORDS]
    return [" ".join(names[token] for token in row if token >= 0) for row in ids]


def test_texts_become_ids_of_one_length_with_their_marks_and_nothing_after_them(folder):
    ids = factory.tokenizer(f"{folder}?max_length=8")(TEXTS)
    assert (ids.dtype, ids.shape) == (np.int32, (4, 8))
    assert named(ids) == [
        "[CLS] the blade is good . [SEP]",
        "[CLS] [SEP]",
        "[CLS] un ##good ##s [PAD] [UNK] [SEP]",
        "[CLS] good good good good good good [SEP]",
    ]
    assert (ids[1, 2:] == -1).all()


def test_a_text_has_the_same_ids_whatever_the_others_are(folder):
    tokenizer = factory.tokenizer(f"{folder}?max_length=8")
    together = tokenizer(TEXTS)
    assert all(np.array_equal(tokenizer([text])[0], ids) for text, ids in zip(TEXTS, together, strict=True))
    assert tokenizer([]).shape == (0, 8)


def test_lengths_and_padding_that_a_vocabulary_file_asks_for_do_not_count(folder):
    from transformers import AutoTokenizer

    backend = AutoTokenizer.from_pretrained(folder)
    backend.backend_tokenizer.enable_truncation(3)
    backend.backend_tokenizer.enable_padding(length=20)
    backend.backend_tokenizer.save(str(folder / "tokenizer.json"))
    ids = factory.tokenizer(f"{folder}?max_length=8")(TEXTS)
    assert named(ids)[:2] == ["[CLS] the blade is good . [SEP]", "[CLS] [SEP]"]


@pytest.mark.parametrize("file", ["vocab.txt", "tokenizer_config.json", "config.json"])
def test_the_revision_changes_with_the_files_and_the_length_and_not_with_the_weights(folder, file):
    first = factory.tokenizer(str(folder)).revision
    (folder / "model.safetensors").write_bytes(b"any")
    assert factory.tokenizer(f"{folder}?pooling=cls").revision == first
    assert factory.tokenizer(f"{folder}?max_length=64").revision != first
    (folder / file).write_text((folder / file).read_text() + "\n")
    assert factory.tokenizer(str(folder)).revision != first


def test_a_newer_library_is_another_revision(folder, monkeypatch):
    first = factory.tokenizer(str(folder)).revision
    monkeypatch.setattr("importlib.metadata.version", lambda name: "99")
    assert factory.tokenizer(str(folder)).revision != first
