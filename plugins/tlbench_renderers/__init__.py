"""The built-in formats of tables. This file only names them: a renderer is imported when it is used."""

from __future__ import annotations

import tlbench
from tlbench.hookspecs import Register

#: Modules of `tlbench.leaderboard.renderers`, each with a function `render`.
_MODULES = {
    "table": ("terminal", "for a terminal"),
    "markdown": ("markdown", "for a README"),
    "csv": ("csv_", "long form, with raw numbers, for a spreadsheet or pandas"),
    "latex": ("latex", "for a paper: booktabs, a caption and a label"),
    "html": ("html", "for a web page: a fragment without style or script"),
    "json": ("json_", "for machines, with raw numbers"),
}


@tlbench.hookimpl
def tlbench_register_renderers(register: Register) -> None:
    """Register the built-in formats."""
    for name, (module, summary) in _MODULES.items():
        register(name, f"tlbench.leaderboard.renderers.{module}:render", summary=summary)
