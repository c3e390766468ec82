"""Bags of words: `bag-of-words:WIDTH`, texts as counts of their words and pairs of words, hashed to WIDTH features.

Paper: Weinberger et al., "Feature hashing for large scale multitask learning", ICML 2009,
https://arxiv.org/abs/0902.2206

    bag-of-words:16384

With the words and pairs of neighbouring words w of a text, a hash h into 0 … WIDTH − 1 and a second one ξ of −1 and 1,

    φ_j = Σ over w with h(w) = j of ξ(w)

so that words which share a feature cancel rather than add up. Words are lower case and have two characters at least. No
vocabulary is made, so nothing of any other text counts, be it of train or of test. There is no network: a linear head,
or a classifier of scikit-learn, is on the counts themselves. It is the plain baseline beside encoders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tlbench.core.inputs import Inputs, SparseRows, Texts
from tlbench.errors import TlbenchError

if TYPE_CHECKING:
    from tlbench.core.backbone import Backbone

FORM = "write bag-of-words:WIDTH, as in bag-of-words:16384"
#: A batch is made dense, and so are all examples of a classifier on features: 2,000 of this width take half a gigabyte.
WIDEST = 2**16
#: Words and pairs of neighbouring ones.
WORDS = (1, 2)


class Factory:
    """Makes `bag-of-words:` backbones, and says before any training whether it can."""

    def __call__(self, input_shape: tuple[int, ...], argument: str) -> Backbone:
        """No network: inputs are counts already."""
        from torch import nn

        from tlbench.core.backbone import Backbone

        return Backbone([nn.Flatten()], parse(argument))

    def has_parameters(self, argument: str) -> bool:
        """None at all."""
        return False

    def check(self, argument: str) -> None:
        """Raises `TlbenchError` for an argument of another form."""
        parse(argument)

    def preparation(self, argument: str) -> Counts:
        """Texts to counts."""
        return Counts(parse(argument))


#: What is registered.
factory = Factory()


class Counts:
    """Texts to `SparseRows` (n, width); those of a text do not depend on the others."""

    takes_text = True

    def __init__(self, width: int) -> None:
        import sklearn

        self._width = width
        self.revision = f"signed counts of words and pairs, {width}, scikit-learn {sklearn.__version__}"

    def __call__(self, inputs: Inputs, device: str) -> SparseRows:
        """A row for each text; one without a word has no count."""
        assert isinstance(inputs, Texts)  # the host has refused everything else
        return SparseRows.of(self._vectorizer().transform(inputs.tolist()))

    def _vectorizer(self) -> Any:
        from sklearn.feature_extraction.text import HashingVectorizer

        return HashingVectorizer(n_features=self._width, ngram_range=WORDS, norm=None, alternate_sign=True)


def parse(argument: str) -> int:
    """The width. Raises `TlbenchError` for what is none."""
    if not argument.isdecimal() or not 1 <= int(argument) <= WIDEST:
        raise TlbenchError(f"the width {argument!r} must be a whole number from 1 to {WIDEST:,}; {FORM}")
    return int(argument)
