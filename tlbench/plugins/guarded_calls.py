"""What the host asks of plugins while a suite runs: metrics, the health of trainings, and hooks of its course.

Those of plugins that are not built in run in processes of their own (`tlbench.plugins.guarded_process`), one for each
plugin, so that none of them takes the host along, sees its labels' memory, or answers for another.
"""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tlbench.core.health import Health
from tlbench.core.plain_text import plain
from tlbench.core.secret_masking import masked
from tlbench.errors import PluginFailure
from tlbench.plugins.foreign_code import described, time_limit
from tlbench.plugins.guarded_process import PluginProcess

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tlbench.plugins.manager import PluginHost

#: Lines of health of one run, and characters of a line.
MOST_LINES, LONGEST_LINE = 50, 1000
#: Seconds beside its limit that a hook's process may take to start and to be ended.
GRACE = 5.0


class GuardedCalls:
    """The processes of a host's plugins for one suite; `close` ends them."""

    def __init__(self, host: PluginHost) -> None:
        self._host = host
        self._processes: dict[str, PluginProcess] = {}
        self._listeners: dict[str, _Listener] = {}

    def metric(self, name: str) -> Callable[[NDArray[np.int64], NDArray[np.floating[Any]]], Any]:
        """The metric of a name, to be called with labels (n,) and logits (n, classes), neither of which it can change.

        Raises `PluginFailure` where it cannot be loaded; so does a call in which it fails, naming it.
        """
        entry, _ = self._host.find("metrics", name)
        what = f"the metric {name!r} of plugin {entry.plugin!r}"
        if entry.builtin:
            return _on_views(entry.load())
        process = self._process(entry.plugin)
        process.ask(what, {"call": "load", "with": {"kind": "metrics", "name": name}})

        def call(labels: NDArray[np.int64], logits: NDArray[np.floating[Any]]) -> Any:
            return process.ask(what, {"call": "metric", "with": {"name": name}}, {"labels": labels, "logits": logits})

        return call

    def health(self, name: str, curve: Sequence[Mapping[str, Any]], params: Mapping[str, Any]) -> list[Health]:
        """What a strategy says of a training. Raises `PluginFailure` where it fails."""
        entry, _ = self._host.find("strategies", name)
        strategy = entry.load()
        if entry.builtin:
            try:
                found: list[Health] = strategy.health(curve, strategy.Params(**params))
            except Exception as error:
                raise PluginFailure(described(error)) from error
            return found
        if not _says_something(strategy):
            return []
        question = {"name": name, "curve": list(curve), "params": dict(params)}
        try:
            answer = self._process(entry.plugin).ask("health()", {"call": "health", "with": question})
        except PluginFailure as error:
            raise PluginFailure(str(error).removeprefix("health() failed: ")) from error
        if not isinstance(answer, list) or len(answer) > MOST_LINES:
            raise PluginFailure(f"health() gave more than {MOST_LINES} lines")
        return [Health(masked(plain(str(item["text"])))[:LONGEST_LINE], item["ok"] is True) for item in answer]

    def tell(self, hook: str, **arguments: Any) -> None:
        """Let every plugin hear of a suite's course, in its own time: a slow one holds nobody up."""
        for implementation in self._host.listeners(hook):
            name = implementation.plugin_name
            if name not in self._listeners:
                self._listeners[name] = _Listener(name, self._host.files)
            self._listeners[name].tell(hook, arguments)

    def close(self) -> None:
        """Wait, no longer than a hook may take, until all is heard; then end the processes."""
        until = time.monotonic() + time_limit() + GRACE
        for listener in self._listeners.values():
            listener.end(until)
        for process in self._processes.values():
            process.close()
        self._listeners.clear()
        self._processes.clear()

    def _process(self, plugin: str) -> PluginProcess:
        if plugin not in self._processes:
            self._processes[plugin] = PluginProcess(plugin, self._host.files)
        return self._processes[plugin]


class _Listener:
    """Tells one plugin what happens, one after the other; what fails is said once for each hook."""

    def __init__(self, plugin: str, files: Sequence[str]) -> None:
        self._name = plugin.partition("@")[0]
        self._process = PluginProcess(plugin, files)
        self._events: queue.Queue[tuple[str, Mapping[str, Any]] | None] = queue.Queue()
        self._hushed: set[str] = set()
        self._ended = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def tell(self, hook: str, arguments: Mapping[str, Any]) -> None:
        self._events.put((hook, arguments))

    def end(self, until: float) -> None:
        self._events.put(None)
        self._thread.join(max(0.0, until - time.monotonic()))
        if self._thread.is_alive():
            self._ended = True
            left = self._events.qsize()  # less what ends it, more what it hears of now
            sys.stderr.write(f"plugin {self._name!r} is slow: it has not heard of {left} events at the end\n")
        self._process.close()

    def _run(self) -> None:
        while (event := self._events.get()) is not None:
            hook, arguments = event
            try:
                self._process.ask("it", {"call": "hook", "with": {"hook": hook, "arguments": dict(arguments)}})
            except PluginFailure as error:
                if hook not in self._hushed and not self._ended:
                    self._hushed.add(hook)
                    with contextlib.suppress(OSError, ValueError):
                        sys.stderr.write(f"plugin {self._name!r} failed in {hook}: {_without_start(error)}\n")
        self._process.close()


def _without_start(error: PluginFailure) -> str:
    return str(error).removeprefix("it failed: ")


def _says_something(strategy: Any) -> bool:
    """Whether a strategy has a `health` of its own: no process is made to hear that it has not."""
    from tlbench.core.strategy import Strategy

    own = getattr(strategy, "health", None)
    return getattr(own, "__func__", own) is not Strategy.health.__func__  # type: ignore[attr-defined]


def _on_views(metric: Callable[..., Any]) -> Callable[..., Any]:
    """The metric, on arrays that it cannot write into."""

    def call(*arrays: NDArray[Any]) -> Any:
        views = [array.view() for array in arrays]
        for view in views:
            view.flags.writeable = False
        return metric(*views)

    return call
