"""Chest X-rays of 28 pixels: `pneumonia`, the file of MedMNIST, and `pneumonia-rebuilt`, the same images put together.

Yang et al., "MedMNIST v2", Scientific Data 2023, https://doi.org/10.1038/s41597-022-01721-8; the X-rays are of
Kermany et al., Cell 2018, https://doi.org/10.1016/j.cell.2018.02.010
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from tlbench.core.domain import SPLITS, Domain, Split
from tlbench_datasets.named.npz_files import read_arrays, split_of
from tlbench_datasets.named.official_splits import official_domain
from tlbench_datasets.named.public_data import DataFile, Form, PublicData, PublicDataset

CLASS_NAMES = ("normal", "pneumonia")
DOMAIN = "pneumonia"


def read_splits(path: Path, inputs: str, labels: str) -> list[Split]:
    """Train, val and test of an archive whose arrays are called `train_<inputs>`, `train_<labels>` and so on."""
    arrays = read_arrays(path)
    return [split_of(arrays[f"{name}_{inputs}"][:, None], arrays[f"{name}_{labels}"]) for name in SPLITS]


PUBLISHED = PublicData(
    "PneumoniaMNIST",
    Form(
        partial(read_splits, inputs="images", labels="labels"),
        DataFile(
            "medmnist/pneumoniamnist.npz",
            "https://zenodo.org/records/10519652/files/pneumoniamnist.npz",
            "md5:28209eda62fecd6e6a2d98b1501bb15f",
        ),
    ),
)
REBUILT = PublicData(
    "PneumoniaMNIST, rebuilt",
    Form(partial(read_splits, inputs="x", labels="y"), DataFile("pneumoniamnist/pneumoniamnist.npz")),
    advice="The dataset pneumonia has the published file.",
)


class Pneumonia(PublicDataset):
    """Healthy lungs and pneumonia: uint8 (n, 1, 28, 28) in the official splits of 4,708, 524 and 624.

    A single domain, the target of a pair such as `weights:pneumonia`. It is ranked by AUROC, the first of the two
    measures that MedMNIST reports (the other is accuracy), since 62 % of test are ill and 74 % of train.
    Images of train that stand in val or test as well, byte for byte, are left out of train and counted in the notes.
    """

    licence: ClassVar[str] = "CC BY 4.0"
    origin: ClassVar[str] = "https://zenodo.org/records/10519652; X-rays of Kermany et al., Cell 2018"
    primary_metric: ClassVar[str] = "auroc"
    sources: ClassVar[Mapping[str, Sequence[PublicData[Any]]]] = {DOMAIN: (PUBLISHED,)}
    notes: ClassVar[tuple[str, ...]] = ()

    def make(self, domain: str) -> Domain:
        """The domain in its official splits."""
        train, val, test = self.sources[domain][0].load()
        return official_domain(domain, "image", CLASS_NAMES, train, val, test, self.notes)


class PneumoniaRebuilt(Pneumonia):
    """As `pneumonia`, put together from two incomplete copies: the same numbers of images, train in another order.

    The copies agree image by image where they overlap, but nobody has held the result against the original file, so
    its records go by its own name.
    """

    sources: ClassVar[Mapping[str, Sequence[PublicData[Any]]]] = {DOMAIN: (REBUILT,)}
    notes: ClassVar[tuple[str, ...]] = ("put together from two incomplete copies of PneumoniaMNIST",)
