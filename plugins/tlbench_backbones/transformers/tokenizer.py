"""Texts to the token ids of a transformers model, padded and cut to one length."""

from __future__ import annotations

import functools
import importlib.metadata
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlbench.errors import TlbenchError
from tlbench_backbones.transformers.files import (
    CONFIG,
    TOKENIZER,
    code_files,
    files_revision,
    first_sentence,
    need_vocabulary,
)
from tlbench_backbones.transformers.name import PADDING, ParsedName


class TransformersTokenizer:
    """Ids as `AutoTokenizer` gives them for single texts, with the tokens that mark their begin and end.

    A text of more than `max_length` tokens is cut to that, a shorter one is followed by `PADDING`. Libraries count in
    `revision`, for a new version of them may cut texts in another way.
    """

    def __init__(self, parsed: ParsedName) -> None:
        self._wanted = parsed
        self._folder = need_vocabulary(parsed)
        content = files_revision(self._folder, (CONFIG, *TOKENIZER, *code_files(self._folder)))
        libraries = [f"{name} {importlib.metadata.version(name)}" for name in ("transformers", "tokenizers")]
        self.revision = ",".join([content, str(parsed.max_length), *libraries])

    def __call__(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """Ids (n, max_length) of n texts; the same for a text whatever the others are."""
        length = self._wanted.max_length
        ids = np.full((len(texts), length), PADDING, np.int32)
        for row, tokens in enumerate(self._tokens(texts) if texts else ()):
            ids[row, : len(tokens)] = tokens
        return ids

    def save(self, folder: Path) -> None:
        """Write it as `AutoTokenizer` reads it."""
        self._tokenizer.save_pretrained(folder)

    def check(self, vocabulary: int | None) -> None:
        """Raise `TlbenchError` where the tokenizer cannot be had, or a network of so many words lacks some of its."""
        size = len(self._tokenizer)
        if vocabulary is not None and size > vocabulary:
            message = f"the tokenizer of {self._wanted.name!r} knows {size:,} tokens, and its network {vocabulary:,}"
            raise TlbenchError(f"{message}: they are not of the same model")

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        encoded = self._tokenizer(
            list(texts),
            truncation=True,
            max_length=self._wanted.max_length,
            padding=False,
            return_attention_mask=False,
            return_token_type_ids=False,
        )
        tokens: list[list[int]] = encoded["input_ids"]
        return tokens

    @functools.cached_property
    def _tokenizer(self) -> Any:
        # The host starts processes later, and tokenizers warns of forks after it has used threads.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        from transformers import AutoTokenizer

        name = self._wanted.name
        try:
            tokenizer = AutoTokenizer.from_pretrained(
                self._folder, local_files_only=True, trust_remote_code=self._wanted.trusted
            )
        except Exception as error:  # whatever readers of a dozen formats raise
            raise TlbenchError(f"cannot make the tokenizer of {name!r}: {first_sentence(error)}") from error
        if len(tokenizer) <= len(set(tokenizer.all_special_ids)):
            message = f"the tokenizer of {name!r} knows no word: a file of its vocabulary is missing from"
            raise TlbenchError(f"{message} {str(self._folder)!r}, or is of another kind of model")
        return tokenizer
