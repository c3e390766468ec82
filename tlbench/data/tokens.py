"""Texts as token ids, made once for each tokenizer and kept beside the texts.

<domain>/tokens/<hash of the tokenizer's revision>/   train.inputs.npy, val.inputs.npy, test.inputs.npy
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tlbench.data.ready import ReadyDomain
from tlbench.data.stored import open_inputs, place_of
from tlbench.domain import SPLITS, SplitName
from tlbench.errors import DataError
from tlbench.files import write_whole
from tlbench.inputs import Texts
from tlbench.tokenizer import Tokenizer

#: Texts that are handed to a tokenizer at a time.
TEXTS = 1000
#: Seconds after which somebody who waits is told what for.
PATIENCE = 5.0


def tokenised(domain: ReadyDomain, tokenizer: Tokenizer) -> ReadyDomain:
    """The domain with int32 ids (n, length) in place of its texts. Raises `DataError` for ids of another form."""
    name = hashlib.sha256(tokenizer.revision.encode()).hexdigest()[:16]
    folder = domain.folder / "tokens" / name
    ready = replace(domain, folder=folder, storage="array")
    for split in SPLITS:
        if not ready.inputs(split).exists():
            _tokenise(domain, split, tokenizer, ready.inputs(split))
    shape = np.load(ready.inputs("train"), mmap_mode="r", allow_pickle=False).shape[1:]
    return replace(ready, input_shape=tuple(int(size) for size in shape))


def _tokenise(domain: ReadyDomain, split: SplitName, tokenizer: Tokenizer, path: Path) -> None:
    texts = open_inputs(place_of(domain.folder, f"{split}.inputs", domain.storage))
    assert isinstance(texts, Texts)
    started, told = time.monotonic(), False
    parts = [_ids(tokenizer, domain.name, [""])[:0]]  # a split may have no text, and still has a length
    for at in range(0, len(texts), TEXTS):
        parts.append(_ids(tokenizer, domain.name, texts[at : at + TEXTS].tolist()))
        if not told and time.monotonic() - started > PATIENCE:
            told = True
            sys.stderr.write(f"{domain.name}, {split}: making token ids of {len(texts):,} texts, once\n")
    ids = np.concatenate(parts)
    write_whole(path, lambda to: _save(to, ids))


def _ids(tokenizer: Tokenizer, domain: str, texts: Sequence[str]) -> NDArray[np.int32]:
    ids = tokenizer(texts)
    if not isinstance(ids, np.ndarray) or ids.dtype != np.int32 or ids.ndim != 2 or len(ids) != len(texts):
        form = f"{ids.dtype} {ids.shape}" if isinstance(ids, np.ndarray) else type(ids).__name__
        raise DataError(f"domain {domain!r}: its tokenizer gave {form} for {len(texts)} texts; int32 (n, length) it is")
    return ids


def _save(path: Path, ids: NDArray[np.int32]) -> None:
    with path.open("wb") as file:
        np.save(file, ids, allow_pickle=False)
