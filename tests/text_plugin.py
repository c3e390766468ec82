"""A one-file plugin for tests: short reviews of two kinds of goods, a backbone that reads words, and sparse counts."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import nn

import tlbench
from tlbench.core.backbone import Backbone
from tlbench.core.domain import Dataset, Domain, Split
from tlbench.core.inputs import SparseRows, Texts

WORDS = ["good", "fine", "bad", "poor", "the", "plot", "blade", "it", "was", "cuts"]
SIZES = {"train": 80, "val": 20, "test": 60}


class Reviews(Dataset):
    """`films` and `knives`; half of what is tested on knives stands in films too."""

    licence = "made up"
    origin = "this file"
    domains = ("films", "knives")
    sparse = False

    def load(self, domain):
        splits = []
        for place, (split, size) in enumerate(SIZES.items()):
            rng = np.random.default_rng([place, domain == "knives"])
            labels = np.arange(size) % 2
            texts = [self.text(rng, domain, label, f"{split} {row}") for row, label in enumerate(labels)]
            if (domain, split) == ("knives", "test"):
                texts[:30] = self.train_of_films[:30]
                texts[30:34] = [text.replace(" ", ", ").capitalize() for text in self.train_of_films[30:34]]
            if (domain, split) == ("films", "train"):
                self.train_of_films = texts
            splits.append(Split(self.inputs(texts), labels.astype(np.int64)))
        return Domain(domain, "vector" if self.sparse else "text", ("bad", "good"), *splits)

    def text(self, rng, domain, label, mark):
        words = [WORDS[2 * (1 - label) + rng.integers(2)], "plot" if domain == "films" else "blade"]
        return " ".join([*words, *rng.choice(WORDS[4:], rng.integers(1, 6)), mark])

    @property
    def train_of_films(self):
        rng = np.random.default_rng([0, False])
        return [self.text(rng, "films", row % 2, f"train {row}") for row in range(80)]

    @train_of_films.setter
    def train_of_films(self, texts):
        assert texts == self.train_of_films

    def inputs(self, texts):
        return Texts.of(texts)


class Counts(Reviews):
    """The same as counts of words."""

    sparse = True

    def inputs(self, texts):
        counts = [[text.split().count(word) for word in WORDS] for text in texts]
        marks = [[hash_of(text) % 97] for text in texts]
        return SparseRows.of(csr_array(np.hstack([counts, np.array(marks) / 1000])))


def hash_of(text):
    return int.from_bytes(text.encode()[-6:], "big")


class Words:
    """Ids of the first eight words; what is unknown is 0, and nothing is −1."""

    revision = "words-1"

    def __call__(self, texts):
        if os.environ.get("TOKENIZED"):
            with Path(os.environ["TOKENIZED"]).open("a") as log:
                log.write(f"{len(texts)}\n")
        ids = np.full((len(texts), 8), -1, np.int32)
        for row, text in enumerate(texts):
            for place, word in enumerate(text.split()[:8]):
                ids[row, place] = WORDS.index(word) + 1 if word in WORDS else 0
        return ids


class Bag(Backbone):
    """The mean of the vectors of words."""

    def __init__(self):
        super().__init__([], 8)
        self.table = nn.Embedding(len(WORDS) + 1, 8)

    def forward(self, ids):
        there = (ids >= 0).unsqueeze(-1)
        return (self.table(ids.clamp_min(0)) * there).sum(1) / there.sum(1).clamp_min(1)


class Factory:
    """`words`: takes texts."""

    def __call__(self, input_shape):
        assert input_shape == (8,)
        return Bag()

    def tokenizer(self):
        return Words()


class Failing(Factory):
    def tokenizer(self):
        raise RuntimeError("no vocabulary")


class Wrong(Factory):
    def tokenizer(self):
        words = Words()
        wrong = lambda texts: words(texts).astype(float)  # noqa: E731
        wrong.revision = "wrong"
        return wrong


@tlbench.hookimpl
def tlbench_register_datasets(register):
    register("reviews", Reviews)
    register("counts", Counts)


@tlbench.hookimpl
def tlbench_register_backbones(register):
    register("words", Factory())
    register("words-failing", Failing())
    register("words-wrong", Wrong())


torch.set_num_threads(1)
