"""Who is installed, lazily; what is broken, and why.

pluggy gives the hooks, but one broken entry point would stop its own loader. Here each plugin is loaded behind a
`try`, its failure is remembered and shown by `tlbench plugins`, and raised only when the plugin is asked for by name.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import FunctionType, ModuleType

import pluggy

from tlbench import hookspecs
from tlbench.core.secret_masking import masked
from tlbench.errors import PluginFailure, unknown
from tlbench.plugins.editable_installs import version_of
from tlbench.plugins.foreign_code import described, output_to_stderr, time_limit, within
from tlbench.plugins.guarded_calls import GuardedCalls
from tlbench.plugins.import_trial import tried
from tlbench.plugins.registry import Entry, Registry
from tlbench.version import __version__

GROUP = "tlbench"
#: The distribution whose plugins are built in, and how their names begin.
OWN, BUILTIN = "tlbench", "builtin-"
KINDS = ("strategies", "datasets", "backbones", "metrics", "suites", "renderers")
SINGULAR = {
    "strategies": "strategy",
    "datasets": "dataset",
    "backbones": "backbone",
    "metrics": "metric",
    "suites": "suite",
    "renderers": "format",
}


@dataclass
class Plugin:
    """One plugin as `tlbench plugins` shows it. `status` is `ok`, `blocked`, or `failed: …`."""

    name: str
    distribution: str
    version: str
    hooks: list[str] = field(default_factory=list)
    status: str = "ok"
    details: str = ""


class PluginHost:
    """All plugins of this installation and the registries that they filled."""

    def __init__(self, files: Iterable[str | Path] = ()) -> None:
        self.plugins: list[Plugin] = []
        self.registries = {kind: Registry(SINGULAR[kind]) for kind in KINDS}
        self._manager = pluggy.PluginManager("tlbench")
        self._manager.add_hookspecs(hookspecs)
        self.files = tuple(str(path) for path in files)
        self._traced = os.environ.get("TLBENCH_TRACE_PLUGINS", "") not in ("", "0")
        self._strict = os.environ.get("TLBENCH_STRICT_PLUGINS", "") not in ("", "0")
        self._load_installed()
        for path in self.files:
            self._load_file(Path(path))

    @cached_property
    def calls(self) -> GuardedCalls:
        """The plugins' code that is called while a suite runs, in processes of its own."""
        return GuardedCalls(self)

    def tell(self, hook: str, **arguments: object) -> None:
        """Let every plugin hear of a suite's course; one that fails is named on stderr and passed over."""
        self.calls.tell(hook, **arguments)
        if hook == "tlbench_suite_finished":
            self.calls.close()

    def listeners(self, hook: str) -> list[pluggy.HookImpl]:
        """The implementations of a hook of a suite's course, less those that say they have nothing to listen for."""
        found: list[pluggy.HookImpl] = getattr(self._manager.hook, hook).get_hookimpls()
        return [one for one in found if getattr(one.plugin, "is_listening", lambda: True)()]

    def failures(self) -> list[Plugin]:
        """The plugins that could not be loaded."""
        return [plugin for plugin in self.plugins if plugin.status.startswith("failed")]

    def find(self, kind: str, name: str) -> tuple[Entry, str | None]:
        """The entry for a name and its argument; an unknown name is answered with the nearest and with what failed."""
        try:
            return self.registries[kind].find(name)
        except PluginFailure as error:
            broken = [f"plugin {plugin.name!r} {plugin.status}" for plugin in self.failures()]
            note = f"\nNot loaded, and perhaps what you look for: {'; '.join(broken)}" if broken else ""
            raise PluginFailure(f"{error}{note}") from None

    def _load_installed(self) -> None:
        disabled, allowed = _listed("TLBENCH_DISABLE_PLUGINS"), _listed("TLBENCH_PLUGINS")
        found = sorted(importlib.metadata.entry_points(group=GROUP), key=_built_in_first)
        shared = Counter(point.name for point in found)
        known = {name for point in found for name in (point.name, point.dist.name if point.dist else "")}
        known |= {_plugin_name(point.name, point.dist.name if point.dist else "") for point in found}
        for variable, named in (("TLBENCH_PLUGINS", allowed), ("TLBENCH_DISABLE_PLUGINS", disabled)):
            for name in sorted(name for name in named if name.partition("@")[0] not in known):
                sys.stderr.write(f"{variable}: {unknown('plugin', name, known - {''})}\n")
        wanted: list[tuple[Plugin, importlib.metadata.EntryPoint]] = []
        for point in found:
            distribution = point.dist.name if point.dist else "unknown"
            version = version_of(point)
            name = _plugin_name(point.name, distribution)
            plugin = Plugin(f"{name}@{distribution}" if shared[point.name] > 1 else name, distribution, version)
            self.plugins.append(plugin)
            names = {plugin.name, point.name, distribution}
            if names & disabled or (allowed and distribution != OWN and not names & allowed):
                plugin.status = "blocked"
            else:
                wanted.append((plugin, point))
        faults = tried([(point.module, plugin.version) for plugin, point in wanted if plugin.distribution != OWN])
        for plugin, point in wanted:
            own = plugin.distribution == OWN
            # A file that is given by name has no limit: whoever gives it waits for it, and can interrupt it.
            limit = None if own else time_limit()
            self._register(plugin, point.load, own, faults.get(point.module, ""), limit)

    def _load_file(self, path: Path) -> None:
        if not path.is_file():
            raise PluginFailure(f"plugin file {str(path)!r} does not exist; --plugin takes the path of a Python file")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        plugin = Plugin(path.stem, str(path), digest)
        self.plugins.append(plugin)
        self._register(plugin, lambda: load_file(path))
        if plugin.status != "ok":  # a file is asked for by name, so its failure is loud
            raise PluginFailure(f"plugin file {str(path)!r} {plugin.status}\n{plugin.details}")
        if not plugin.hooks:
            raise PluginFailure(
                f"plugin file {str(path)!r} announces nothing; end it with\n\n    @tlbench.hookimpl\n"
                '    def tlbench_register_strategies(register):\n        register("my-name", MyClass, summary="…")'
            )

    def _register(
        self,
        plugin: Plugin,
        load: Callable[[], ModuleType],
        builtin: bool = False,
        fault: str = "",
        limit: float | None = None,
    ) -> None:
        """Import a plugin, within so many seconds, and take in what it offers; `fault` is what a trial has shown."""
        module: ModuleType | None = None
        before = {kind: registry.snapshot() for kind, registry in self.registries.items()}
        start = time.perf_counter()
        try:
            if fault:
                raise PluginFailure(fault)
            if not builtin and plugin.name.startswith(BUILTIN):
                raise PluginFailure(f"names that begin with {BUILTIN!r} are those of tlbench's own plugins")
            with output_to_stderr(builtin), nullcontext() if limit is None else within(limit):
                module = load()
                _check_contract(module)
                self._check_hook_names(plugin, module)
                self._manager.register(module, name=f"{plugin.name}@{plugin.distribution}")
                self._collect(plugin, module, builtin)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a file may even call sys.exit
            if self._strict:
                raise PluginFailure(f"plugin {plugin.name!r}: {described(error)}") from error
            plugin.status = f"failed: {described(error)}"
            plugin.details = masked("".join(traceback.format_exception(error)[-8:]))
            self._forget(module, before)
        if self._traced:
            self._trace(plugin, time.perf_counter() - start)

    def _trace(self, plugin: Plugin, seconds: float) -> None:
        """A line on stderr: what came in, how long it took, and how it ended."""
        offered = [f"{entry.name}" for registry in self.registries.values() for entry in registry.of(plugin.name)]
        what = f"{plugin.name} ({plugin.distribution} {plugin.version}), {1000 * seconds:.1f} ms: {plugin.status}"
        sys.stderr.write(f"plugin {what}{'; offers ' + ', '.join(offered) if offered else ''}\n")

    def _forget(self, module: ModuleType | None, before: Mapping[str, dict[str, Entry]]) -> None:
        if module is not None and self._manager.is_registered(module):
            self._manager.unregister(module)
        for kind, entries in before.items():
            self.registries[kind].restore(entries)

    def _check_hook_names(self, plugin: Plugin, module: ModuleType) -> None:
        """A misspelt hook is an error: pluggy itself would pass over it in silence."""
        known = [name for name in vars(hookspecs) if name.startswith("tlbench_")]
        plugin.hooks = sorted(name for name in vars(module) if hasattr(getattr(module, name, None), "tlbench_impl"))
        for name in plugin.hooks:
            if name not in known:
                raise PluginFailure(unknown("hook", name, known))
        for name, value in vars(module).items():
            own = isinstance(value, FunctionType) and value.__module__ == module.__name__
            if own and name.startswith("tlbench_") and name not in plugin.hooks:
                raise PluginFailure(
                    f"the function {name!r} looks like a hook and is none: put @tlbench.hookimpl above it"
                )

    def _collect(self, plugin: Plugin, module: ModuleType, builtin: bool) -> None:
        for kind in KINDS:
            implementation = getattr(module, f"tlbench_register_{kind}", None)
            if implementation is None:
                continue
            registry = self.registries[kind]

            def register(name: str, target: str | object, *, summary: str = "", to: Registry = registry) -> None:
                to.add(Entry(name, target, summary, plugin.name, plugin.version, builtin))

            implementation(register)


def load_file(path: Path) -> ModuleType:
    """Import a one-file plugin under a name made from its path, once per process."""
    name = f"tlbench_file_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PluginFailure(f"plugin file {str(path)!r} is no Python file; its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _listed(variable: str) -> set[str]:
    """The names in an environment variable, separated by commas."""
    return set(filter(None, os.environ.get(variable, "").split(",")))


def _check_contract(module: ModuleType) -> None:
    """Raise `PluginFailure` for a plugin that needs hooks of a later tlbench."""
    needed = getattr(module, "tlbench_contract", hookspecs.CONTRACT)
    if not isinstance(needed, int) or needed > hookspecs.CONTRACT:
        raise PluginFailure(
            f"it needs version {needed!r} of the hooks, and this tlbench has {hookspecs.CONTRACT}; upgrade tlbench"
        )


def _plugin_name(entry_point: str, distribution: str) -> str:
    return f"{BUILTIN}{entry_point}" if distribution == OWN else entry_point


def _built_in_first(point: importlib.metadata.EntryPoint) -> tuple[bool, str, str]:
    """Whoever comes first has a name; tlbench's own plugins are never the newcomers."""
    return (not point.dist or point.dist.name != OWN, point.name, point.value)


@functools.cache
def _cached_host(files: tuple[str, ...]) -> PluginHost:
    return PluginHost(files)


def plugin_host(files: Iterable[str | Path] = ()) -> PluginHost:
    """The plugins of this process with the given one-file plugins, found once."""
    host = _cached_host(tuple(str(path) for path in files))
    _latest[:] = [host]
    return host


def forget_hosts() -> None:
    """Look for plugins anew when they are asked for next: a file of one has changed."""
    _cached_host.cache_clear()


#: The host that was asked for last.
_latest: list[PluginHost] = []


def latest_host() -> PluginHost:
    """The plugins as they were asked for last: for a plugin whose name holds the name of another."""
    return _latest[0] if _latest else plugin_host()


def entry_version(entry: Entry) -> str:
    """The version that goes into run keys: of tlbench for built-in plugins, a content hash for one-file plugins."""
    return __version__ if entry.builtin else entry.version
