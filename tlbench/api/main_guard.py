"""Whether this is a place from which runs may be started."""

from __future__ import annotations

import sys

from tlbench.errors import TlbenchError


def check_caller() -> None:
    """Raise `TlbenchError` in a run's own process, and while a plugin file is imported: each run imports it again."""
    if _in_a_run() or _in_a_plugin_file():
        raise TlbenchError(
            "tlbench.run was called by a run or by a file that runs import, and would start itself again and again; "
            'put the call under `if __name__ == "__main__":`, or into another file'
        )


def _in_a_run() -> bool:
    """Runs are forked from the template, so that its module is the main one of their processes too."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return spec is not None and spec.name == "tlbench.execution.template"


def _in_a_plugin_file() -> bool:
    from tlbench.plugins.manager import load_file

    frame = sys._getframe()
    while (back := frame.f_back) is not None:
        frame = back
        if frame.f_code is load_file.__code__:
            return True
    return False
