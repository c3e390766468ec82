"""Users' own sparse data: `svmlight:PATH`, a folder with a file `domain.svmlight` for each domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from tlbench.core.domain import SPLITS, Domain, SplitName
from tlbench.core.inputs import Inputs, SparseRows, join
from tlbench.errors import DataError, unknown
from tlbench_datasets.arrays.svmlight_file import HIGHEST_INDEX, PACKED, Lines, fail, read_lines
from tlbench_datasets.shared.drawn_dataset import DrawnDataset
from tlbench_datasets.shared.drawn_splits import LastMade, OwnSplits
from tlbench_datasets.shared.own_data import (
    LICENCE,
    ORIGIN,
    check_names,
    domain_of,
    encode,
    files_fingerprint,
    located,
    readable,
)

#: Files that are called so are meant; those called .txt are taken where there are no others.
SUFFIXES = (".svmlight", ".libsvm", ".svm")
LAYOUT = (
    "a folder holds domain.svmlight (or .libsvm, .svm, .txt; .gz and .bz2 too) for each domain, or its splits, "
    "domain_train.svmlight and domain_test.svmlight"
)

#: The files of a domain, each with the split that it is, or one that is all of it.
Parts = Mapping[SplitName | None, Path]


class Svmlight(DrawnDataset):
    """Sparse vectors with labels that are whole numbers, in the text format of SVMlight and LIBSVM.

    All domains have as many features as the widest of them, or as `features` says: `SparseRows` (n, features).
    """

    licence: ClassVar[str] = LICENCE
    origin: ClassVar[str] = ORIGIN

    class Params(OwnSplits):
        """`features`: how many there are. `zero_based`: whether the first has the index 0.

        Where `zero_based` is "auto", it is so if the index 0 stands in any of the files.
        """

        features: int | None = Field(None, ge=1, le=HIGHEST_INDEX)
        zero_based: bool | Literal["auto"] = "auto"

    def __init__(self, argument: str, params: Params | None = None) -> None:
        self._title = f"svmlight:{argument}"
        self._root = located("svmlight", argument)
        super().__init__()
        self._params = params or self.Params.model_validate({})
        self._last: LastMade[dict[SplitName | None, Lines]] = LastMade()

    @cached_property
    def _files(self) -> dict[str, Parts]:
        return find_domains(self._title, self._root)

    @cached_property
    def domains(self) -> tuple[str, ...]:
        """The names of the files."""
        return check_names(self._title, self._files)

    def load_drawn(self, domain: str, seed: int) -> Domain:
        """Read the files of a domain. Raises `DataError` naming file and line of what cannot be used."""
        if domain not in self.domains:
            raise DataError(f"{self._title}: {unknown('domain', domain, self.domains)}")
        parts = self._files[domain]
        read = self._last.get(domain, lambda: {split: read_lines(path) for split, path in parts.items()})
        inputs = join([self._rows(parts[split], lines) for split, lines in read.items()])
        names, labels = encode([str(int(label)) for lines in read.values() for label in lines.labels.tolist()])
        title = f"{self._title}, domain {domain!r}"
        if not len(inputs):
            raise DataError(f"{title} has no examples")
        splits = [split for split, lines in read.items() if split for _ in lines.labels]
        keys = [str(row) for row in range(len(labels))]
        drawn = self._drawn(domain, seed, inputs, labels, names, keys)[0] if not splits else None
        members = drawn or self._given(domain, splits)
        return domain_of(domain, "vector", names, inputs, labels, members)

    def _names_splits(self, domain: str) -> bool:
        return None not in self._files[domain]

    def fingerprint(self) -> str:
        """Names, sizes and times of change of all files: the widest decides the shape of the others."""
        return files_fingerprint(self._every_file())

    def about(self, domain: str) -> Sequence[str]:
        """How many of the values are there."""
        counts = [read_lines(path).indptr for path in self._files[domain].values()]
        values, rows = sum(int(indptr[-1]) for indptr in counts), sum(len(indptr) - 1 for indptr in counts)
        return [f"sparse, {values / max(rows, 1):.0f} of {self._width} values a row"]

    def _rows(self, path: Path, lines: Lines) -> Inputs:
        from scipy.sparse import csr_array  # here, for scipy takes its time to import

        first = int(not self._zero_based)
        self._check_indices(path, lines, first)
        return SparseRows.of(
            csr_array((lines.data, lines.indices - first, lines.indptr), (len(lines.labels), self._width))
        )

    def _check_indices(self, path: Path, lines: Lines, first: int) -> None:
        last = self._width - 1 + first
        beyond = np.flatnonzero((lines.indices < first) | (lines.indices > last))
        if len(beyond):
            index = int(lines.indices[beyond[0]])
            says = f"features = {self._params.features} in [data]" if index > last else "zero_based = false in [data]"
            fail(
                path, lines.row_of(int(beyond[0])), f"the index {index} is not from {first} to {last}, as {says} has it"
            )

    @cached_property
    def _extents(self) -> tuple[int, int]:
        """The lowest and the highest index in all files; (1, 0) where there is none."""
        indices = [read_lines(path).indices for path in self._every_file()]
        found = [(int(part.min()), int(part.max())) for part in indices if len(part)]
        return (min(low for low, _ in found), max(high for _, high in found)) if found else (1, 0)

    @cached_property
    def _zero_based(self) -> bool:
        given = self._params.zero_based
        return self._extents[0] == 0 if given == "auto" else given

    @cached_property
    def _width(self) -> int:
        features: int | None = self._params.features
        if features is not None:
            return features
        width = self._extents[1] + int(self._zero_based)
        if width < 1:
            raise DataError(f"{self._title}: no line has a value; a line is 'label index:value index:value …'")
        return width

    def _every_file(self) -> list[Path]:
        return [path for name in self.domains for path in self._files[name].values()]


def find_domains(title: str, root: Path) -> dict[str, Parts]:
    """The files of each domain. Raises `DataError` where there are none, or two for one domain."""
    if not root.is_dir():
        raise DataError(f"{title} is a file; name its folder: {LAYOUT}")
    files = svmlight_files(root)
    if not files:
        raise DataError(f"{title} holds no such files; {LAYOUT}")
    stems: dict[str, Path] = {}
    for path in files:
        stem = path.name.removesuffix(path.suffix) if path.suffix in PACKED else path.name
        other = stems.setdefault(readable(stem.rpartition(".")[0]), path)
        if other != path:
            raise DataError(f"{title}: {other.name!r} and {path.name!r} would be one domain; remove or rename one")
    return _by_domain(title, stems)


def svmlight_files(root: Path) -> list[Path]:
    """The files of a folder that are meant: those with a suffix of the format, else those called .txt."""
    for suffixes in (SUFFIXES, (".txt",)):
        ends = tuple(suffix + packed for suffix in suffixes for packed in ("", *PACKED))
        found = [path for path in root.iterdir() if path.name.endswith(ends) and path.name[0] != "." and path.is_file()]
        if found:
            return sorted(found)
    return []


def _by_domain(title: str, stems: Mapping[str, Path]) -> dict[str, Parts]:
    """`domain_train` and `domain_test` are one domain where both are there."""
    found: dict[str, dict[SplitName | None, Path]] = {}
    for stem, path in sorted(stems.items()):
        name, _, end = stem.rpartition("_")
        split = next((split for split in SPLITS if split == end), None)
        if split is None or not {f"{name}_train", f"{name}_test"} <= stems.keys():
            name, split = stem, None
        found.setdefault(name, {})[split] = path
    for name, parts in found.items():
        if None in parts and len(parts) > 1:
            raise DataError(f"{title}: {name!r} is there as a whole and as {name}_train; remove one of them")
    return {name: {split: parts[split] for split in (None, *SPLITS) if split in parts} for name, parts in found.items()}
