"""Embedded digits in three domains, made once by `tlbench_datasets.named.digits_generator`; needs no network."""

from __future__ import annotations

import hashlib
from importlib import resources
from importlib.resources.abc import Traversable
from typing import ClassVar

import numpy as np
from numpy.lib.npyio import NpzFile

from tlbench.core.domain import Dataset, Domain, Split, SplitName
from tlbench.errors import DataError, unknown

CLASS_NAMES = tuple(str(digit) for digit in range(10))


class Digits(Dataset):
    """Ten classes, uint8 images of shape (n, 3, 16, 16).

    - `uci`: 1,797 scanned digits (Alpaydin & Kaynak, 1998), light on black, three equal channels;
    - `uci_m`: the same digits, each blended with a patch of a photograph as MNIST-M is (Ganin et al., JMLR 2016);
    - `syn`: 6,000 digits rendered in twelve faces of the DejaVu fonts, coloured, shifted, rotated and blurred.

    A digit of `uci` is in the same split of `uci_m`, and patches of different splits come from disjoint regions of
    the photographs, so that nothing trained on in one domain is tested on in another. Who wrote a digit is not
    recorded in the original, so one writer's digits may be in several splits.
    """

    domains: ClassVar[tuple[str, ...]] = ("uci", "uci_m", "syn")
    licence: ClassVar[str] = (
        "UCI digits: CC BY 4.0, E. Alpaydin and C. Kaynak, as scikit-learn (BSD-3-Clause) carries them; "
        "photographs: CC BY 2.0, danielbuechele (china.jpg) and vultilion (flower.jpg); "
        "glyphs: DejaVu fonts, Bitstream Vera licence"
    )
    origin: ClassVar[str] = (
        "https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits; "
        "blending after Ganin et al., JMLR 2016, https://jmlr.org/papers/v17/15-239.html"
    )

    def load(self, domain: str) -> Domain:
        """Read the domain called `domain`. Raises `DataError` where it is unknown or the embedded file is missing."""
        if domain not in self.domains:
            raise DataError(unknown("domain", domain, self.domains))
        try:
            with _archive().open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                train, val, test = (_split(arrays, domain, name) for name in ("train", "val", "test"))
        except FileNotFoundError as error:
            raise DataError(
                f"{_archive()} is missing: reinstall tlbench, or run "
                "`python -m tlbench_datasets.named.digits_generator`"
            ) from error
        return Domain(domain, "image", CLASS_NAMES, train, val, test)

    def fingerprint(self) -> str:
        """Hash the embedded file (16 hex digits): another release may carry other images."""
        return hashlib.sha256(_archive().read_bytes()).hexdigest()[:16]


def _archive() -> Traversable:
    return resources.files("tlbench_datasets") / "data" / "digits.npz"


def _split(arrays: NpzFile, domain: str, name: SplitName) -> Split:
    return Split(arrays[f"{domain}/{name}/inputs"], arrays[f"{domain}/{name}/labels"])
