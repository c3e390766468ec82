"""Amazon reviews as bags of words: the files of Ganin et al., which Chen et al. had processed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csr_array

from tlbench.core.domain import Domain, Split
from tlbench.core.inputs import SparseRows
from tlbench_datasets.arrays.svmlight_file import read_lines
from tlbench_datasets.named.official_splits import official_domain
from tlbench_datasets.named.public_data import DataFile, Form, PublicData, PublicDataset
from tlbench_datasets.named.validation_split import with_dealt_validation

#: The most frequent words and pairs of words of all four domains.
FEATURES = 5000
CLASS_NAMES = ("negative", "positive")
_PARTS = ("train", "test")

_ORIGIN = (
    "https://raw.githubusercontent.com/GRAAL-Research/domain_adversarial_neural_network/"
    "74eec5e0ae06bd6614bce048abba492c16a633e3/data"
)
_SHA256 = {
    "books_train": "317f9a2ec34b81de770b63a84d8c5cc2dc16bd0be6e079d2ff5b5bad5213ea19",
    "books_test": "fe4605c7dcf0e0a9410fd2a32f247caaf9abb352cc6e4c3e0f400853163ad9c4",
    "dvd_train": "95f602aa08bf6b55758f7b0b18df3882fe30acb11987ee60b6b4bb3c44cba733",
    "dvd_test": "4fe1b1a15010f78d8d0c49fe362d35fd4677463a45f1ac02a9f410ae1e638060",
    "electronics_train": "7d0061f03ff3827e4f8036b051b5e5828fddc0cd115aa5b212cd28d624dc14e4",
    "electronics_test": "641783bc941839c3a111d3488a1b7e3bd820a61ec14a129e7429b47703aa961d",
    "kitchen_train": "a70b5ebfe1413e0e16280360905f5c3b64389c435cd20c0165dc9d7f293b31b5",
    "kitchen_test": "e1502b97a824eb12314be4447394fa736fecb781c0724e6529cd6733ac7ff6d8",
}


def read_svmlights(*paths: Path) -> list[Split]:
    """Train and test as they are published."""
    return [_published(path) for path in paths]


def _published(path: Path) -> Split:
    """Labels are -1 and 1; indices are from 0."""
    lines = read_lines(path)
    matrix = csr_array((lines.data, lines.indices, lines.indptr), (len(lines.labels), FEATURES))
    return Split(SparseRows.of(matrix), (lines.labels > 0).astype(np.int64))


def read_npz(path: Path) -> list[Split]:
    """Train and test of one archive: `train_data`, `train_indices`, `train_indptr`, `train_y`, and so for test."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return [_rows(*(arrays[f"{name}_{part}"] for part in ("data", "indices", "indptr", "y"))) for name in _PARTS]


def _rows(data: Any, indices: Any, indptr: Any, labels: Any) -> Split:
    matrix = csr_array((data, indices.astype(np.int32), indptr), (len(labels), FEATURES))
    matrix.check_format(full_check=True)
    return Split(SparseRows.of(matrix), labels.astype(np.int64))


def _bags(domain: str) -> PublicData[list[Split]]:
    files = [
        DataFile(f"amazon-reviews-svmlight/{name}.svmlight", f"{_ORIGIN}/{name}.svmlight", f"sha256:{_SHA256[name]}")
        for name in (f"{domain}_{part}" for part in _PARTS)
    ]
    mirrored = Form(read_npz, DataFile(f"amazon-reviews-bow/{domain}.npz"))
    return PublicData(f"Amazon reviews of {domain}, bags of words", mirrored, Form(read_svmlights, *files))


class BagsOfWords(PublicDataset):
    """Counts of 5,000 words and pairs of words: `SparseRows`, float32 (n, 5000), the official train and test."""

    licence: ClassVar[str] = (
        "reviews: none stated, use in research is customary; files: of a repository under BSD-2-Clause"
    )
    origin: ClassVar[str] = "https://github.com/GRAAL-Research/domain_adversarial_neural_network"
    sources: ClassVar[Mapping[str, Sequence[PublicData[Any]]]] = {
        domain: (_bags(domain),) for domain in ("books", "dvd", "electronics", "kitchen")
    }

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    def make(self, domain: str) -> Domain:
        """A domain in its official splits, with a tenth of train as val, less what stands in test too."""
        train, test = self.sources[domain][0].load()
        train, val = with_dealt_validation(domain, train, CLASS_NAMES, self._seed)
        return official_domain(domain, "vector", CLASS_NAMES, train, val, test)
