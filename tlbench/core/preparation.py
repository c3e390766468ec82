"""What is done to inputs once, before any run, because a backbone asks for it: ids of tokens, frozen features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tlbench.core.inputs import Inputs, SparseRows, Texts
from tlbench.errors import DataError


class Preparation(Protocol):
    """Inputs to arrays or sparse rows. The host asks it once for all examples; runs are given what it makes alone."""

    #: Changes whenever other arrays would come out.
    revision: str
    #: Whether it takes texts, and them alone.
    takes_text: bool

    def __call__(self, inputs: Inputs, device: str) -> NDArray[Any] | SparseRows:
        """For some examples as many rows (n, …), of one kind and shape for all; `device` is where to compute."""


class Tokenizer(Protocol):
    """Texts to token ids."""

    #: Changes whenever other ids would come out: with the vocabulary, the length, the way to cut.
    revision: str

    def __call__(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """Ids (n, length), of the same length for all texts, in the backbone's own way of padding."""


class Tokenising:
    """A tokenizer as a preparation."""

    takes_text = True

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self.revision = tokenizer.revision

    def __call__(self, inputs: Inputs, device: str) -> NDArray[np.int32]:
        """Raises `DataError` for ids of another form than int32 (n, length)."""
        assert isinstance(inputs, Texts)  # `input_fault` has refused everything else
        ids = self._tokenizer(inputs.tolist())
        if not isinstance(ids, np.ndarray) or ids.dtype != np.int32 or ids.ndim != 2 or len(ids) != len(inputs):
            form = f"{ids.dtype} {ids.shape}" if isinstance(ids, np.ndarray) else type(ids).__name__
            raise DataError(f"its tokenizer gave {form} for {len(inputs)} texts; int32 (n, length) it is")
        return ids


def input_fault(backbone: str, domain: str, storage: str, preparation: Preparation | None) -> str | None:
    """What to say of a backbone that is given texts and takes none, or takes texts alone and is given none."""
    takes_text = preparation is not None and preparation.takes_text
    if storage == "text" and not takes_text:
        return (
            f"the inputs of {domain!r} are texts, and the backbone {backbone!r} takes none; name one that does, as "
            "minilm, bag-of-words:16384 or transformers:FOLDER, or data of numbers"
        )
    if storage != "text" and takes_text:
        return (
            f"the inputs of {domain!r} are no texts, and the backbone {backbone!r} takes texts alone; name one that "
            "takes others (small-cnn for images, mlp:64 for vectors), or data of texts"
        )
    return None
