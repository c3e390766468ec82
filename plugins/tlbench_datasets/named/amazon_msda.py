"""Amazon reviews as what denoising autoencoders make of bags of words, learnt once on all four domains.

<cache>/amazon-msda/<hash of training inputs and options>/   1.npy, 2.npy, …: weights (words, words + 1) of each layer
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tlbench.core.domain import Domain, Split
from tlbench.core.inputs import Inputs, SparseRows, canonical_bytes, join
from tlbench.files import cache_folder, write_whole
from tlbench_datasets.named.amazon_bow import FEATURES, BagsOfWords
from tlbench_datasets.named.msda import RIDGE, learnt_layers, stacked
from tlbench_datasets.shared.scratch_arrays import scratch_array

#: Raised when the same training inputs and options would give other weights.
VERSION = 1


@dataclass(frozen=True)
class Stack:
    """How many layers there are, the probability that a word is left out, and how many words the layers are of."""

    layers: int = 5
    corruption: float = 0.5
    words: int = FEATURES


class DenoisedBags(BagsOfWords):
    """Counts and, beside them, the layers of the autoencoders: float16 (n, 5000 + layers · words).

    The splits are those of the bags of words. The layers are learnt on the inputs of train and val of all domains,
    without labels. Every value but a count is between -1 and 1, where float16 is exact to 0.0005.
    """

    def __init__(self, seed: int = 0, stack: Stack | None = None) -> None:
        super().__init__(seed)
        self._stack = stack or Stack()

    def make(self, domain: str) -> Domain:
        """A domain with the features of its splits. Learns the layers where nobody has yet, which takes minutes."""
        bags = self._bags[domain]
        weights = self._weights()
        train, val, test = (self._features(split, weights) for split in (bags.train, bags.val, bags.test))
        return Domain(domain, "vector", bags.class_names, train, val, test, bags.notes)

    @cached_property
    def _bags(self) -> dict[str, Domain]:
        """All domains as bags of words, for whichever is asked for, the layers are learnt on all."""
        bags = super().make
        return {name: bags(name) for name in self.domains}

    @cached_property
    def _training(self) -> SparseRows:
        inputs = join([split.inputs for bags in self._bags.values() for split in (bags.train, bags.val)])
        assert isinstance(inputs, SparseRows)
        return inputs

    @cached_property
    def _words(self) -> NDArray[np.int64]:
        """The columns of the words that stand in the most reviews of train and val."""
        reviews = np.bincount(self._training.indices, minlength=FEATURES)
        chosen: NDArray[np.int64] = np.sort(np.argsort(-reviews, kind="stable")[: self._stack.words])
        return chosen

    def _of_words(self, inputs: Inputs) -> Any:
        assert isinstance(inputs, SparseRows)
        return csr_array(inputs.matrix[:, self._words])

    def _features(self, split: Split, weights: Sequence[NDArray[np.float32]]) -> Split:
        words = self._stack.words
        out = scratch_array((len(split), FEATURES + len(weights) * words), np.float16)
        out[:, :FEATURES] = np.asarray(split.inputs)
        for number, hidden in enumerate(stacked(self._of_words(split.inputs), weights)):
            out[:, FEATURES + number * words : FEATURES + (number + 1) * words] = hidden
        return Split(out, split.labels)

    def _weights(self) -> list[NDArray[np.float32]]:
        """The weights of all layers, as memory maps."""
        folder = cache_folder() / "amazon-msda" / self._key()
        if not folder.exists():
            write_whole(folder, self._learn)
        return [np.load(folder / f"{layer}.npy", mmap_mode="r") for layer in range(1, self._stack.layers + 1)]

    def _learn(self, folder: Path) -> None:
        folder.mkdir()
        layers = self._stack.layers
        found = learnt_layers(self._of_words(self._training), layers, self._stack.corruption)
        for number in range(1, layers + 1):
            sys.stderr.write(f"learning layer {number} of {layers} of the view 'msda' of amazon-reviews\n")
            np.save(folder / f"{number}.npy", next(found))

    def _key(self) -> str:
        digest = hashlib.sha256(repr((VERSION, RIDGE, self._stack)).encode())
        for piece in canonical_bytes(self._training):
            digest.update(piece)
        return digest.hexdigest()[:16]
