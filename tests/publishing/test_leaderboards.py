"""The published folders of this repository are what they say they are made from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlbench.published_folder import is_published
from tlbench.publishing.folder import changes, suite_files, summary_file
from tlbench.publishing.material import read_material

LEADERBOARDS = Path(__file__).parents[2] / "leaderboards"


@pytest.mark.skipif(not LEADERBOARDS.is_dir(), reason="needs the folder leaderboards, which the source archive lacks")
def test_each_is_made_again_byte_by_byte_and_so_is_the_summary():
    folders = [path for path in sorted(LEADERBOARDS.iterdir()) if path.is_dir()]
    assert folders
    assert all(map(is_published, folders))
    materials = [read_material(folder) for folder in folders]
    found = [line for material in materials for line in changes(suite_files(material, LEADERBOARDS))]
    assert found + changes(summary_file(LEADERBOARDS, materials)) == []
