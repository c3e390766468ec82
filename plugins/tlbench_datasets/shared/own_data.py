"""What datasets of users' own files share: where the files are, what may be named, and how examples are split."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from tlbench.core.domain import SPLITS, Domain, Modality, Split, SplitName
from tlbench.core.inputs import Inputs, digests, take
from tlbench.core.names import composed
from tlbench.core.seeds import derive
from tlbench.core.strategy import Params
from tlbench.errors import DataError, Faults

Indices = NDArray[np.int64]
T = TypeVar("T")

#: How a split may be called in files; what is not here is no split.
SPLIT_NAMES: Mapping[str, SplitName] = {
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}
LICENCE = "your own files, under whatever terms you have them"
ORIGIN = "files on this machine"
_SHOWN = 10


def _checked(shares: tuple[float, float, float]) -> tuple[float, float, float]:
    if min(shares) < 0 or not shares[0] or not shares[2] or abs(sum(shares) - 1) > 1e-6:
        message = "must be the shares of train, val and test, which sum to 1; val alone may be 0"
        raise ValueError(f"{list(shares)} {message}, as in [0.7, 0.1, 0.2]")
    return shares


#: The shares of train, val and test.
Shares = Annotated[tuple[float, float, float], AfterValidator(_checked)]


class SplitParams(Params):
    """How examples without a split of their own are dealt to train, val and test: shares of each class, by a seed."""

    splits: Shares = (0.7, 0.1, 0.2)
    seed: int = Field(0, ge=0)


def located(kind: str, argument: str) -> Path:
    """The path after the colon, from the working folder on, with `~` as the home folder. It exists."""
    try:
        path = Path(argument).expanduser()
        there = path.exists()
    except (RuntimeError, ValueError) as error:  # no such user, a null byte
        raise DataError(f"{kind}:{argument}: no path: {error}") from error
    if not there:
        raise DataError(f"{kind}:{argument}: {str(path)!r} does not exist (looked for in {str(Path.cwd())!r})")
    return path


def check_names(title: str, names: Iterable[str]) -> tuple[str, ...]:
    """The names of domains, sorted. Raises `DataError` where a pair could not be written with one."""
    names = sorted(names)
    for name in names:
        if not name or ":" in name or "+" in name:
            raise DataError(f"{title}: the domain {name!r} has an empty name, ':' or '+', which pairs use; rename it")
    return tuple(names)


def readable(name: str) -> str:
    """A file's name as text; bytes that are not UTF-8, as old archives have them, become question marks."""
    return composed(name.encode(errors="replace").decode())


def by_name(title: str, found: Iterable[tuple[str, T]]) -> dict[str, T]:
    """What is found for each domain. Raises `DataError` where two have names that Unicode holds for the same."""
    named: dict[str, T] = {}
    for name, thing in found:
        if composed(name) in named:
            raise DataError(
                f"{title}: two domains are called {composed(name)!r}, in two ways of writing it; rename one"
            )
        named[composed(name)] = thing
    return named


def files_fingerprint(paths: Iterable[Path]) -> str:
    """A hash of names, sizes and times of change (16 hex digits)."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        status = path.stat() if path.exists() else None
        digest.update(repr((str(path.resolve()), status and (status.st_size, status.st_mtime_ns))).encode())
    return digest.hexdigest()[:16]


def encode(values: Sequence[str]) -> tuple[tuple[str, ...], Indices]:
    """Class names, sorted (numbers by their size), and for each value its index among them, int64 (n,).

    Names are compared in one Unicode form.
    """
    one_form = {value: composed(value) for value in set(values)}
    names = sorted(set(one_form.values()))
    if all(re.fullmatch(r"-?\d+", name) for name in names):
        names.sort(key=int)
    index = {name: number for number, name in enumerate(names)}
    return tuple(names), np.array([index[one_form[value]] for value in values], dtype=np.int64)


def quoted(value: Any) -> str:
    """A text, or a list of texts, as it stands in Python, in double quotes."""
    return json.dumps(value, ensure_ascii=False)


def listed(items: Sequence[str]) -> list[str]:
    """The first few of many, and how many more there are."""
    more = [f"and {len(items) - _SHOWN} more"] if len(items) > _SHOWN else []
    return [*items[:_SHOWN], *more]


def given_splits(title: str, splits: Sequence[SplitName]) -> dict[SplitName, Indices]:
    """Rows by the splits that the data themselves name. Raises `DataError` where train or test has none."""
    array = np.array(splits)
    members: dict[SplitName, Indices] = {name: np.flatnonzero(array == name).astype(np.int64) for name in SPLITS}
    for name in ("train", "test"):
        if not len(members[name]):
            message = f"splits are given ({', '.join(sorted(set(splits)))}), but none of them is {name!r}"
            raise DataError(f"{title}: {message}; add it, or leave splits out and they are drawn by the seed")
    return members


def deal(
    title: str,
    inputs: Inputs,
    labels: Indices,
    class_names: Sequence[str],
    keys: Sequence[str],
    params: SplitParams,
) -> dict[SplitName, Indices]:
    """Rows of each split, every class in the same shares, copies together, as they may not straddle splits.

    A row's place is decided by the seed, its class and its key (a file's name in its class), so domains that show the
    same things under the same names get the same splits. Raises `Faults` naming classes that are too small.
    """
    by_class: dict[int, list[list[int]]] = defaultdict(list)
    for copies in equal_rows(inputs):
        by_class[int(labels[copies[0]])].append(copies)
    small = [name for index, name in enumerate(class_names) if len(by_class[index]) < 2]
    if small:
        message = "copies counted once, fewer than two examples, and train and test need one each; add some, or remove"
        raise Faults(f"{title}: cannot be split", [f"class {name!r} has, {message} it" for name in listed(small)])
    members: dict[SplitName, list[int]] = {name: [] for name in SPLITS}
    for index, groups in sorted(by_class.items()):
        ranks = {
            key: derive(params.seed, "split", class_names[index], key) for key in map(keys.__getitem__, _flat(groups))
        }
        groups.sort(key=lambda copies: min(ranks[keys[row]] for row in copies))
        train, val = _ends(len(groups), params.splits)
        for name, chosen in zip(SPLITS, (groups[:train], groups[train:val], groups[val:]), strict=True):
            members[name] += _flat(chosen)
    return {name: np.array(sorted(rows), dtype=np.int64) for name, rows in members.items()}


def equal_rows(inputs: Inputs) -> list[list[int]]:
    """Rows that are the same byte for byte, together, in the order of the first of each."""
    groups: dict[bytes, list[int]] = defaultdict(list)
    for row, content in enumerate(digests(inputs)):
        groups[content].append(row)
    return list(groups.values())


def _flat(groups: Sequence[Sequence[int]]) -> list[int]:
    return [row for group in groups for row in group]


def _ends(count: int, shares: tuple[float, float, float]) -> tuple[int, int]:
    """Where train and val end among `count` ≥ 2 items; train and test get one each at least."""
    test = min(max(1, round(shares[2] * count)), count - 1)
    val = min(round(shares[1] * count), count - 1 - test)
    return count - test - val, count - test


def domain_of(
    name: str,
    modality: Modality,
    class_names: tuple[str, ...],
    inputs: Inputs,
    labels: Indices,
    members: Mapping[SplitName, Indices],
    notes: Sequence[str] = (),
    items: Sequence[str] | None = None,
    reading: Mapping[str, Any] | None = None,
) -> Domain:
    """A domain from all its rows and the rows of each split. `items` name the rows, by default by their number."""
    named = items if items is not None else [f"row {row}" for row in range(len(labels))]
    train, val, test = (
        Split(take(inputs, rows), labels[rows], [named[row] for row in rows.tolist()])
        for rows in (members[split] for split in SPLITS)
    )
    return Domain(name, modality, class_names, train, val, test, tuple(notes), reading or {})
