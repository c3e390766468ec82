"""The table of ratios after the measurements."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))


def pytest_terminal_summary(terminalreporter, config):
    from speed_page import rows_of, table_of

    session = getattr(config, "_benchmarksession", None)
    rows = rows_of([{"extra_info": one.extra_info} for one in session.benchmarks]) if session else []
    if rows:
        terminalreporter.write_line("")
        terminalreporter.write_line(table_of(rows))
