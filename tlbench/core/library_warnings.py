"""Warnings of libraries, which are meant for programmers: users are told in our own words, or not at all."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hidden() -> Iterator[None]:
    """No warnings of the libraries that are called within; what is wrong shows in what they give or raise."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def shown_if_asked() -> Iterator[None]:
    """The same, unless `-W` or `PYTHONWARNINGS` says what is to be seen."""
    if sys.warnoptions:
        yield
        return
    with hidden():
        yield


def hide_on_terminal() -> None:
    """For the whole process, logs of libraries included, unless `-W` or `PYTHONWARNINGS` says what is to be seen."""
    if sys.warnoptions:
        return
    warnings.simplefilter("ignore")
    # Without any handler, Python writes what libraries log to the terminal.
    logging.getLogger().addHandler(logging.NullHandler())
