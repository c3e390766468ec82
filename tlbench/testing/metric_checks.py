"""The checks of a metric."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tlbench.testing.check import Check, CheckFailed, NotApplicable
from tlbench.testing.plugin_under_test import PluginUnderTest, Row, common_checks

CLASSES = 4


def checks(subject: PluginUnderTest) -> Iterator[Check]:
    """All checks of a metric."""
    yield from common_checks(subject)
    yield from subject.each(_ROWS, subject.load())


def _examples(items: int = 60, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    labels = np.arange(items) % CLASSES
    logits = rng.standard_normal((items, CLASSES)) + 1.5 * np.eye(CLASSES)[labels]
    return labels.astype(np.int64), logits.astype(np.float32)


def check_plain(metric: Any) -> None:
    """A finite number, or lists of such."""
    value = metric(*_examples())
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise CheckFailed(f"it gives {value!r}, which no record can hold ({error}); give a float") from error


def check_order(metric: Any) -> None:
    """Shuffled together, labels and logits have the same value."""
    labels, logits = _examples()
    order = np.random.default_rng(1).permutation(len(labels))
    if not np.allclose(metric(labels, logits), metric(labels[order], logits[order])):
        raise CheckFailed("its value depends on the order of the examples")


def check_alone(metric: Any) -> None:
    """Labels and logits are not written to."""
    labels, logits = _examples()
    before = labels.copy(), logits.copy()
    metric(labels, logits)
    if not (np.array_equal(labels, before[0]) and np.array_equal(logits, before[1])):
        raise CheckFailed("it changes its arguments; work on a copy")


def check_odd(metric: Any) -> None:
    """What real test sets hold."""
    labels, logits = _examples()
    for what, given in (
        ("a single example", (labels[:1], logits[:1])),
        ("a class without an example", (labels[labels > 0], logits[labels > 0])),
        ("logits of ±1,000", (labels, 1000 * logits)),
    ):
        try:
            value = np.asarray(metric(*given), float)
        except Exception as error:
            raise CheckFailed(f"with {what} it raises {type(error).__name__}: {error}") from error
        if np.isinf(value).any():
            raise CheckFailed(f"with {what} it gives infinity")


def check_tells(metric: Any) -> None:
    """Which is better is the metric's own business; that there is a difference is not."""
    labels, _ = _examples()
    right, wrong = (10 * np.eye(CLASSES, dtype=np.float32)[(labels + shift) % CLASSES] for shift in (0, 1))
    first = metric(labels, right)
    if isinstance(first, list):
        raise NotApplicable("it gives a list, which does not rank")
    if np.allclose(first, metric(labels, wrong)):
        raise CheckFailed(
            f"perfect and wrong predictions both have {first}; of clusters, say so in expected_failed_checks"
        )


_ROWS: tuple[Row, ...] = (
    ("plain", "a number, or a list of numbers, that JSON can hold", check_plain),
    ("order", "the order of the examples says nothing", check_order),
    ("alone", "its arguments are left as they are", check_alone),
    ("odd", "a single example, an absent class, logits far apart", check_odd),
    ("tells", "perfect predictions are rated otherwise than wrong ones", check_tells),
)
