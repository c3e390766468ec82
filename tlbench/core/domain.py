"""Domains and datasets: labelled examples of one distribution, in canonical arrays. No torch here."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from tlbench.core.inputs import Inputs, SparseRows, Texts, canonical_bytes

Modality = Literal["image", "text", "vector", "audio"]
SplitName = Literal["train", "val", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "val", "test")


@dataclass(frozen=True)
class Split:
    """Examples of one split.

    `inputs`: images are uint8 of shape (n, channels, height, width); vectors are float32 of shape (n, features),
    float16 where they are many (networks make float32 of them), or `SparseRows`; texts are `Texts`. Arrays may be
    memory-mapped, and then are read in part and never as a whole.
    `labels`: int64 of shape (n,), indices into the domain's `class_names`.
    `items`: what users call each example, such as a file's name or a row, (n,); None where only its place names it. No
    strategy is given them, for names may tell labels.
    """

    inputs: Inputs
    labels: NDArray[np.int64]
    items: Sequence[str] | None = None

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Domain:
    """One distribution of labelled examples with `train`, `val` and `test` splits.

    `notes`: what was done to the data on the way in, as sentences, e.g. files that were left out; users are told.
    `reading`: how raw values became inputs, as plain data that `Dataset.from_raw` takes: a size, means of columns.
    """

    name: str
    modality: Modality
    class_names: tuple[str, ...]
    train: Split
    val: Split
    test: Split
    notes: tuple[str, ...] = ()
    reading: Mapping[str, Any] = field(default_factory=dict)

    def split(self, name: SplitName) -> Split:
        """The split called `name`."""
        return {"train": self.train, "val": self.val, "test": self.test}[name]

    @property
    def revision(self) -> str:
        """A hash of the canonical arrays (16 hex digits), never of the file that they came in."""
        digest = hashlib.sha256(repr((self.modality, self.class_names)).encode())
        for name in SPLITS:
            for array in (self.split(name).inputs, self.split(name).labels):
                digest.update(f"{name} ".encode())
                for piece in canonical_bytes(array):
                    digest.update(piece)
        return digest.hexdigest()[:16]


@dataclass(frozen=True)
class SplitOrigin:
    """Where the splits of a domain come from.

    `redrawn`: whether the seed of each run draws its own. `words`: what readers of a table are told; nothing where the
    splits are the data's own. `grouped`: whether all examples of a group, such as a person, are in one split.
    """

    redrawn: bool = False
    words: str = ""
    grouped: bool = False


@dataclass(frozen=True)
class DataLocation:
    """Whether data that a dataset is made of are on this machine. `words`: where, or what to do to get them."""

    there: bool
    words: str


class Dataset(ABC):
    """What a dataset plugin offers: domains that share a label space.

    Subclasses set the class attributes and implement `load`. A class with `class Params(tlbench.Params)` takes options:
    a suite gives them in its table `[data]`, and the class is called with `params=`, an instance of its Params.
    """

    #: Licence of the data, one line.
    licence: ClassVar[str]
    #: Where the data comes from: a link or a citation.
    origin: ClassVar[str]
    #: The metric by which strategies are ranked on this dataset.
    primary_metric: ClassVar[str] = "accuracy"

    @property
    @abstractmethod
    def domains(self) -> tuple[str, ...]:
        """Names of the domains, in the order in which tables show them, known without loading any data.

        A class attribute where they are always the same, a property where they depend on what was asked for.
        """

    @abstractmethod
    def load(self, domain: str) -> Domain:
        """The domain called `domain`, complete. Raises `tlbench.errors.DataError` where it cannot be had."""

    @classmethod
    def from_raw(cls, raw: Any, reading: Mapping[str, Any]) -> Inputs:
        """New examples in the form of `Split.inputs`, prepared as those of a domain were whose `reading` this is.

        An exported model asks, for what a user has: paths of images, a frame, texts. By default arrays are taken as
        they are. Raises `DataError` for what cannot be read.
        """
        return raw if isinstance(raw, SparseRows | Texts) else np.asarray(raw)

    @classmethod
    def example_of_raw(cls, argument: str | None, domain: str, options: Mapping[str, Any]) -> Sequence[str]:
        """Lines of Python that give `raw`, what `from_raw` takes, for the loading example of an exported model.

        Imports stand first, with an empty line after them. By default there are none, and an array is meant. `argument`
        is what follows the colon of the dataset's name, `options` are those of a suite's table `[data]`.
        """
        return ()

    def split_origin(self, domain: str) -> SplitOrigin:
        """Whether the seed of each run draws the splits of a domain (default: they are as the data have them)."""
        return SplitOrigin()

    def load_drawn(self, domain: str, seed: int) -> Domain:
        """The domain with the splits that a run's seed draws; asked for where `split_origin` says `redrawn`."""
        return self.load(domain)

    def seed_faults(self, seeds: Sequence[int]) -> Sequence[str]:
        """Why these seeds of a suite cannot draw splits, a sentence each; nothing (the default) where they can."""
        return ()

    def fingerprint(self) -> str:
        """A cheap string that changes when `load` would give other arrays (default: it never does)."""
        return ""

    def faults(self, domain: str | None = None) -> Sequence[str]:
        """What is wrong with the files of a domain, or of all: each fault that can be told by itself.

        `tlbench doctor` asks where a domain cannot be loaded, for loading stops at the first. Nothing by default.
        """
        return ()

    def about(self, domain: str) -> Sequence[str]:
        """What `tlbench doctor PATH` says of a domain beside its counts, e.g. the sizes of image files."""
        return ()

    def whereabouts(self) -> Sequence[DataLocation]:
        """What `tlbench doctor` says of the data; nothing (the default) where they come with the plugin."""
        return ()
