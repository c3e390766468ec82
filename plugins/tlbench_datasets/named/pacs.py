"""PACS: `pacs-96`, a shrunk copy, and `pacs`, the images as their authors published them.

Li, Yang, Song and Hospedales, "Deeper, Broader and Artier Domain Generalization", ICCV 2017,
https://arxiv.org/abs/1710.03077
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from tlbench.core.domain import Domain, Split
from tlbench.core.inputs import Inputs
from tlbench_datasets.images.folder import Folder
from tlbench_datasets.named.npz_files import JpegArchive, split_of
from tlbench_datasets.named.public_data import DataFile, Form, PublicData, PublicDataset
from tlbench_datasets.shared.own_data import SplitParams, deal, domain_of

DOMAINS = ("photo", "art_painting", "cartoon", "sketch")
CLASS_NAMES = ("dog", "elephant", "giraffe", "guitar", "horse", "house", "person")
SIDE = 96
LICENCE = "none stated; distributed for research by its authors"
ORIGIN = "https://arxiv.org/abs/1710.03077"


class PacsSplits(SplitParams):
    """Shares of train, val and test of each class, and the seed that draws them; the authors' lists are not used."""

    splits: tuple[float, float, float] = (0.8, 0.1, 0.1)


def read_shrunk(path: Path) -> tuple[Split, list[str]]:
    """The images of a domain, uint8 (n, 3, 96, 96), and their names. Raises `ValueError` for others."""
    archive = JpegArchive(path)
    if tuple(archive.arrays["classes"].tolist()) != CLASS_NAMES:
        raise ValueError(f"classes {archive.arrays['classes'].tolist()}")
    inputs = np.empty((len(archive), 3, SIDE, SIDE), dtype=np.uint8)
    for target, pixels in zip(inputs, archive, strict=True):
        target[:] = pixels.transpose(2, 0, 1)
    return split_of(inputs, archive.arrays["y"]), [str(name) for name in archive.arrays["name"]]


def _shrunk(domain: str) -> PublicData[tuple[Split, list[str]]]:
    return PublicData(
        f"pacs-96, {domain}",
        Form(read_shrunk, DataFile(f"pacs96/{domain}.npz")),
        advice="docs/datasets.md says how it is made of the original images.",
    )


class Pacs96(PublicDataset):
    """Seven classes in `photo`, `art_painting`, `cartoon` and `sketch`: uint8 (n, 3, 96, 96).

    All 9,991 images, reduced from 227 to 96 pixels (bicubic) and kept as JPEG, so figures are not to be set beside
    those of the original. Splits are drawn by a seed, 80/10/10 of each class; copies are in one split together.
    """

    licence: ClassVar[str] = LICENCE
    origin: ClassVar[str] = ORIGIN
    primary_metric: ClassVar[str] = "accuracy"
    sources: ClassVar[Mapping[str, Sequence[PublicData[Any]]]] = {domain: (_shrunk(domain),) for domain in DOMAINS}

    class Params(PacsSplits):
        """Shares of the splits, and the seed by which they are drawn."""

    def __init__(self, params: Params | None = None) -> None:
        self._params = params or self.Params.model_validate({})

    def make(self, domain: str) -> Domain:
        """Decode the images of a domain."""
        images, names = self.sources[domain][0].load()
        title = f"pacs-96, domain {domain!r}"
        members = deal(title, images.inputs, images.labels, CLASS_NAMES, names, self._params)
        note = f"a copy of PACS that is reduced to {SIDE} pixels, as JPEG"
        return domain_of(domain, "image", CLASS_NAMES, images.inputs, images.labels, members, [note], names)


def _folder(path: Path) -> Path:
    return path


ORIGINALS = PublicData(
    "PACS",
    Form(_folder, DataFile("pacs")),
    advice="Get it from its authors, for there is no address from which it could be downloaded here, and unpack it so "
    "that there are pacs/photo/dog/*.jpg and so on.",
)


class Pacs(PublicDataset):
    """The original images of 227 pixels, which are not to be had without their authors: uint8 (n, 3, size, size).

    They are read from `pacs/<domain>/<class>/` in the folder of data, and stretched bilinearly where `size` is not
    227. Splits are drawn by a seed, 80/10/10 of each class; copies are in one split together.
    """

    licence: ClassVar[str] = LICENCE
    origin: ClassVar[str] = ORIGIN
    primary_metric: ClassVar[str] = "accuracy"
    sources: ClassVar[Mapping[str, Sequence[PublicData[Any]]]] = dict.fromkeys(DOMAINS, (ORIGINALS,))

    class Params(PacsSplits):
        """`size`: pixels of a side."""

        size: int = Field(224, ge=8, le=1024)

    def __init__(self, params: Params | None = None) -> None:
        self._params = params or self.Params.model_validate({})

    def make(self, domain: str) -> Domain:
        """Decode the images of a domain. Raises `TlbenchError` where the folder is not as it should be."""
        return self._images().load(domain)

    @classmethod
    def from_raw(cls, raw: Any, reading: Mapping[str, Any]) -> Inputs:
        """Images from their files (a list of paths), made square and RGB as those of the domain were."""
        return Folder.from_raw(raw, reading)

    @classmethod
    def example_of_raw(cls, argument: str | None, domain: str, options: Mapping[str, Any]) -> list[str]:
        """The images of a domain."""
        return Folder.example_of_raw("pacs", domain, options)

    def fingerprint(self) -> str:
        """Names, sizes and times of change of all images."""
        return self._images().fingerprint() if ORIGINALS.whereabouts().there else ""

    def _images(self) -> Folder:
        return Folder(str(ORIGINALS.load()), Folder.Params.model_validate(self._params.model_dump()))
