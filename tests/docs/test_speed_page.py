from __future__ import annotations

import importlib.util
from pathlib import Path

FILE = Path(__file__).parents[2] / "docs" / "speed_page.py"


def speed_page():
    spec = importlib.util.spec_from_file_location("speed_page", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ROW = {
    "row": "a step",
    "seconds": {"tlbench": 0.0042, "bare loop": 0.004, "slow loop": 1.5},
    "beside": "bare loop",
    "ratio": 1.05,
    "goal": "≤ 1.05",
    "rounds": 5,
}
MEASURED = {
    "machine_info": {
        "node": "my-computer",
        "cpu": {"brand_raw": "A CPU"},
        "machine": "x86_64",
        "python_version": "3.11.7",
    },
    "benchmarks": [{"extra_info": ROW}, {"extra_info": {}}],
}


def test_a_row_shows_what_ran_beside_it_and_the_ratio():
    page = speed_page().page_of(MEASURED)
    assert "| a step | 4.20 ms | bare loop 4.00 ms; slow loop 1.50 s | 1.05 | ≤ 1.05 |" in page
    assert page.count("≤ 1.05 |") == 1


def test_the_page_names_the_processor_and_not_the_computer():
    page = speed_page().page_of(MEASURED)
    assert "A CPU, Python 3.11.7" in page
    assert "my-computer" not in page


def test_the_page_is_the_one_that_is_made():
    page, made = (FILE.parent / "speed.md").read_text(), speed_page().page_of(MEASURED)
    assert page.partition("## What decides it")[2] == made.partition("## What decides it")[2]
