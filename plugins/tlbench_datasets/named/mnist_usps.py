"""The fixed subsets of MNIST and USPS on which JDA and its successors are reported: `mnist-usps`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tlbench.core.domain import Domain, Split
from tlbench_datasets.named.npz_files import read_arrays, split_of
from tlbench_datasets.named.public_data import DataFile, Form, PublicData, PublicDataset
from tlbench_datasets.shared.own_data import SplitParams, deal, domain_of

CLASS_NAMES = tuple(str(digit) for digit in range(10))
#: Levels of a pixel in the stored subset of MNIST, whose values are whole numbers below this, divided by it.
LEVELS = 256
#: Of each class, for held-out evaluation. Nothing is in val, which would be missing from a source.
SHARES = (0.8, 0.0, 0.2)


def read_subsets(path: Path) -> dict[str, Split]:
    """Both subsets: rows of 256 pixels, float32 from 0 to 1."""
    arrays = read_arrays(path)
    mnist: NDArray[Any] = arrays["mnist_x"].astype(np.float32) / LEVELS
    usps: NDArray[Any] = arrays["usps_x"].astype(np.float32)
    return {"usps": split_of(usps, arrays["usps_y"]), "mnist": split_of(mnist, arrays["mnist_y"])}


SUBSETS = PublicData(
    "subsets of MNIST and USPS",
    Form(read_subsets, DataFile("mnist-usps-2000-1800/mnist_usps_jda.npz")),
    advice="It is made of its authors' MNIST_vs_USPS.mat, as docs/datasets.md says.",
)


class MnistUsps(PublicDataset):
    """1,800 examples of USPS and 2,000 of MNIST, ten classes, 16×16 pixels row by row: float32 (n, 256), 0 to 1.

    Chosen by Long, Wang, Ding, Sun and Yu, "Transfer Feature Learning with Joint Distribution Adaptation", ICCV 2013.
    All of the source is trained on, and all of the target is both seen without labels and tested, so use
    `evaluation = "transductive-test"`: train and test of a source are joined there, and val is empty, so that nothing
    of it is missing. Rows are not normalised; the nearest-neighbour figures of the paper are of rows of length 1.

    For `evaluation = "held-out"`, a fifth of each class, drawn by a fixed seed, is test.
    """

    licence: ClassVar[str] = "MNIST: CC BY-SA 3.0; USPS: none stated; of the selection: none stated"
    origin: ClassVar[str] = "Long et al., ICCV 2013; MNIST_vs_USPS.mat, as its authors published it"
    primary_metric: ClassVar[str] = "accuracy"
    sources: ClassVar[Mapping[str, Sequence[PublicData[Any]]]] = {"usps": (SUBSETS,), "mnist": (SUBSETS,)}

    def make(self, domain: str) -> Domain:
        """One of the two subsets; copies, should there be some, are in one split together."""
        rows = SUBSETS.load()[domain]
        keys = [str(row) for row in range(len(rows))]
        shares = SplitParams(splits=SHARES, seed=0)
        members = deal(f"mnist-usps, domain {domain!r}", rows.inputs, rows.labels, CLASS_NAMES, keys, shares)
        return domain_of(domain, "vector", CLASS_NAMES, rows.inputs, rows.labels, members)
