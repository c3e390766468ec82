"""A plugin that is installed for editing has the version of its code; any other that of its distribution."""

from __future__ import annotations

import json
import sys
from importlib.metadata import EntryPoint, PathDistribution

import pytest

from tlbench.plugins.editable_installs import version_of


@pytest.fixture
def point(tmp_path, monkeypatch):
    """An entry point of a distribution with a package of two files; `direct_url` is what pip wrote down."""

    def point(direct_url):
        package = tmp_path / "mine_for_editing"
        package.mkdir(exist_ok=True)
        (package / "__init__.py").write_text("")
        (package / "strategy.py").write_text("A = 1\n")
        info = tmp_path / "mine-1.0.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
        if direct_url is not None:
            (info / "direct_url.json").write_text(direct_url)
        monkeypatch.syspath_prepend(str(tmp_path))
        return EntryPoint("mine", "mine_for_editing", "tlbench")._for(PathDistribution(info)), package

    yield point
    sys.modules.pop("mine_for_editing", None)


@pytest.mark.parametrize("direct_url", [None, "", "no JSON", "[]", '{"url": "file:///x", "dir_info": {}}'])
def test_what_is_not_for_editing_has_the_version_of_its_distribution(point, direct_url):
    assert version_of(point(direct_url)[0]) == "1.0"


def test_what_is_for_editing_has_another_version_with_every_change_of_its_code(point):
    found, package = point(json.dumps({"url": "file:///x", "dir_info": {"editable": True}}))
    first = version_of(found)
    assert first.startswith("1.0+")
    assert version_of(found) == first
    (package / "strategy.py").write_text("A = 2\n")
    assert version_of(found) != first
