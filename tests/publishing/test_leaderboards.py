"""The published folders of this repository are what they say they are made from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlbench.publishing.file_changes import changes
from tlbench.publishing.page_inputs import read_page_inputs
from tlbench.publishing.published_files import suite_files, summary_files, superfluous
from tlbench.records.published_records import is_published

LEADERBOARDS = Path(__file__).parents[2] / "leaderboards"


@pytest.mark.skipif(not LEADERBOARDS.is_dir(), reason="needs the folder leaderboards, which the source archive lacks")
def test_each_is_made_again_byte_by_byte_and_so_is_the_summary():
    folders = [path for path in sorted(LEADERBOARDS.iterdir()) if path.is_dir()]
    assert folders
    assert all(map(is_published, folders))
    materials = [read_page_inputs(folder) for folder in folders]
    found = []
    for material in materials:
        files = suite_files(material, LEADERBOARDS)
        found += changes(files) + superfluous(files)
    assert found + changes(summary_files(LEADERBOARDS, materials)) == []
