"""What makes numbers of texts, for backbones that take texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tlbench.errors import PluginFailure, TlbenchError
from tlbench.plugins import PluginHost


class Tokenizer(Protocol):
    """Texts to token ids. It is asked once for every text, by the host; runs are given ids alone."""

    #: Changes whenever other ids would come out: of the vocabulary, the length, the way to cut.
    revision: str

    def __call__(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """Ids (n, length), of the same length for all texts, in the backbone's own way of padding."""


def tokenizer_of(backbone: str, host: PluginHost) -> Tokenizer | None:
    """The tokenizer that the factory of a backbone gives; None where it takes no text."""
    entry, argument = host.find("backbones", backbone)
    asked: Callable[..., Any] | None = getattr(entry.load(), "tokenizer", None)
    if asked is None:
        return None
    try:
        tokenizer: Tokenizer = asked() if argument is None else asked(argument)
    except TlbenchError:
        raise
    except Exception as error:
        message = f"its plugin {entry.plugin!r} failed in tokenizer(): {type(error).__name__}: {error}"
        raise PluginFailure(f"backbone {backbone!r}: {message}") from error
    return tokenizer


def takes_no_text(backbone: str, domain: str) -> str:
    """What to say of a backbone that is given texts and has no tokenizer."""
    return (
        f"the inputs of {domain!r} are texts, and the backbone {backbone!r} takes none; name one that does, as "
        "transformers:FOLDER, or data of numbers"
    )
