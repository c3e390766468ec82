"""What scikit-learn says of fits that stopped early, taken down for the record."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unfinished_fits_noted(notes: list[str]) -> Iterator[None]:
    """Add to `notes` which fits within did not converge, each reason once; all other warnings go their way."""
    from sklearn.exceptions import ConvergenceWarning  # here, for scikit-learn takes a second to import

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        yield
    reasons: Counter[str] = Counter()
    for one in caught:
        if issubclass(one.category, ConvergenceWarning):
            reasons[str(one.message).splitlines()[0].rstrip(" :.")] += 1
        else:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    notes += [_sentence(reason, fits) for reason, fits in reasons.items()]


def _sentence(reason: str, fits: int) -> str:
    of = f" in {fits} fits" if fits > 1 else ""
    return f"the classifier did not converge{of} ({reason}); raise max_iter, scale the features, or lower C"
