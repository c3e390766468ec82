"""The built-in suites: each is a file that can be read, under the name by which it is announced."""

from __future__ import annotations

import pytest

from tlbench.plugins.manager import plugin_host
from tlbench.suites.suite_file import read_suite


@pytest.mark.parametrize("name", plugin_host().registries["suites"].names)
def test_it_can_be_read_with_its_published_figures(name):
    assert read_suite(name, plugin_host()).name == name
