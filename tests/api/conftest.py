"""The toy suite from Python."""

from __future__ import annotations

import copy
import tomllib

import pytest
from toy_suite import SUITE, TOY

import tlbench


@pytest.fixture
def toy() -> dict:
    """The toy suite as a dict."""
    return copy.deepcopy(tomllib.loads(SUITE))


@pytest.fixture
def run(project):
    """`tlbench.run` in a folder of its own, quiet, with the toy plugin."""
    return lambda suite, **options: tlbench.run(suite, **{"plugins": TOY, "progress": False, "workers": 1, **options})
