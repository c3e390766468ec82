"""What a path of one's own data looks like: the dataset that takes it, and the options it needs."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tlbench.cli.detect_content import (
    csv_categories,
    csv_numbers,
    csv_texts,
    holds_svmlight,
    parquet_categories,
    parquet_texts,
)
from tlbench.core.domain import Modality
from tlbench.errors import TlbenchError, unknown

#: How columns tend to be called, by what they say.
COLUMNS = {
    "label": ("label", "labels", "class", "class_name", "target", "y", "category"),
    "domain": ("domain", "domains", "source", "site", "origin", "centre", "center", "hospital", "batch", "group"),
    "split": ("split", "subset", "partition"),
}
_ALLOWED = (
    "a folder of images (domain/class/*.jpg), of .npz or .svmlight files, of folders of .npy files or in the layout of "
    "the Hugging Face hub, or a table: .csv, .tsv, .parquet"
)


@dataclass(frozen=True)
class DetectedData:
    """A dataset such as `folder:photos`, what it is in words, and its options.

    `modality` is there where the form alone tells it.
    """

    name: str
    words: str
    options: dict[str, Any] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    modality: Modality | None = None
    #: Lines that help to name what could not be told.
    hints: tuple[str, ...] = ()

    @property
    def lenient(self) -> dict[str, Any]:
        """The option with which single faults are passed over, where it has one."""
        kind = self.name.partition(":")[0]
        if kind in ("csv", "parquet"):
            return {"missing": "empty" if "text" in self.options else "mean"}
        return {"on_error": "skip"} if kind in ("folder", "hub") else {}


def guess(path: Path, named: Mapping[str, str]) -> DetectedData:
    """What `path` looks like; `named` are columns by their roles.

    Raises `TlbenchError` where nothing takes it, and where it has no such columns.
    """
    if not path.exists():
        raise TlbenchError(f"{str(path)!r} does not exist (looked for in {str(Path.cwd())!r}); give {_ALLOWED}")
    if path.is_dir():
        found = _folder(path)
        if named:
            raise TlbenchError(f"--{next(iter(named))} names a column of a table, and {str(path)!r} is {found.words}")
        return found
    match path.suffix.lower():
        case ".csv" | ".tsv":
            return _csv(path, named)
        case ".parquet" | ".pq":
            shape = ("parquet", "a Parquet table", _parquet_columns(path))
            return _table(path, *shape, {}, parquet_texts(path), named, lambda: parquet_categories(path))
        case ".npz" | ".svmlight" | ".libsvm" | ".svm":
            raise TlbenchError(f"{str(path)!r} is one domain; give its folder: tlbench doctor {path.parent}")
        case ".npy":
            raise TlbenchError(f"{str(path)!r} is one array; give the folder of all domains, each a folder of arrays")
    raise TlbenchError(f"{str(path)!r} is nothing that tlbench reads; give {_ALLOWED}")


def _folder(path: Path) -> DetectedData:
    if any(path.glob("*.npz")):
        return DetectedData(f"npz:{path}", "arrays, a file per domain")
    if any(path.glob("*/inputs.npy")) or any(path.glob("*/*_inputs.npy")) or any(path.glob("*/*indptr.npy")):
        return DetectedData(f"npz:{path}", "arrays, a folder per domain")
    if (path / "inputs.npy").exists() or (path / "train_inputs.npy").exists():
        raise TlbenchError(f"{str(path)!r} is one domain; give its folder: tlbench doctor {path.resolve().parent}")
    if holds_svmlight(path):
        return DetectedData(f"svmlight:{path}", "sparse vectors, a file per domain")
    tables = [file for file in sorted(path.iterdir()) if file.suffix.lower() in (".csv", ".tsv", ".parquet")]
    if tables and not any(entry.is_dir() for entry in path.iterdir()):
        raise TlbenchError(f"{str(path)!r} holds tables; give one of them: tlbench doctor {tables[0]}")
    return DetectedData(f"folder:{path}", "images")


def _csv(path: Path, named: Mapping[str, str]) -> DetectedData:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        header = file.readline().rstrip("\r\n")
    separator = max(",;\t|", key=header.count)
    options = {} if separator == "," or separator not in header else {"separator": separator}
    columns = [name for column in header.split(separator) if (name := column.strip('"'))]
    texts = csv_texts(path, separator)
    roles = [name for name in columns if any(name.casefold() in names for names in COLUMNS.values())]
    roles += named.values()
    numbers = {} if texts else csv_numbers(path, separator, roles)
    shape = ("csv", "a CSV table", columns)
    return _table(path, *shape, {**options, **numbers}, texts, named, lambda: csv_categories(path, separator))


def _parquet_columns(path: Path) -> list[str]:
    if importlib.util.find_spec("pyarrow") is None:
        raise TlbenchError(f"{str(path)!r}: reading it needs pyarrow: pip install 'tlbench[parquet]'")
    import pyarrow.parquet

    try:
        return [str(name) for name in pyarrow.parquet.read_schema(path).names]
    except (OSError, ValueError) as error:
        raise TlbenchError(f"{str(path)!r} is no Parquet file: {error}") from error


def _table(
    path: Path,
    kind: str,
    words: str,
    columns: Sequence[str],
    options: dict[str, Any],
    texts: Sequence[str],
    given: Mapping[str, str],
    categories: Callable[[], Mapping[str, Sequence[str]]],
) -> DetectedData:
    found = roles_of(columns, given)
    faults = [
        f"no column is called like a {role} ({', '.join(COLUMNS[role])}); there are {', '.join(columns)}: "
        f"write {role} = in [data], or --{role} COLUMN here"
        for role in ("label", "domain")
        if found[role] is None
    ]
    few = {name: values for name, values in categories().items() if name not in found.values()} if faults else {}
    listed = ", ".join(f"{name} ({', '.join(values)})" for name, values in few.items())
    hints = (f"columns with few different values, of which one may be it: {listed}",) if few else ()
    named = {role: column or role.upper() for role, column in found.items() if column or role != "split"}
    if texts := [column for column in texts if column not in found.values()]:
        chosen = {**named, "text": texts[0] if len(texts) == 1 else texts, **options}
        return DetectedData(f"{kind}:{path}", f"{words} of texts", chosen, tuple(faults), "text", hints)
    return DetectedData(f"{kind}:{path}", words, {**named, **options}, tuple(faults), "vector", hints)


def roles_of(columns: Sequence[str], given: Mapping[str, str]) -> dict[str, str | None]:
    """The columns of label, domain and split: as they are given, else as they are called.

    Raises `TlbenchError` for a given one that is not there.
    """
    for role, name in given.items():
        if name not in columns:
            raise TlbenchError(f"--{role} {name!r}: {unknown('column', name, columns)}")
    free = [name for name in columns if name not in given.values()]
    by_name = {role: next((c for c in free if c.casefold() in names), None) for role, names in COLUMNS.items()}
    return {**by_name, **given}
