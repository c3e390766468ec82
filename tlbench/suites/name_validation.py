"""What the names in a suite file say: the data may be malformed, so only what has the right form is looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tlbench.core.run_spec import WEIGHTS
from tlbench.errors import TlbenchError, unknown
from tlbench.plugins.manager import PluginHost
from tlbench.plugins.registry import Registry
from tlbench.suites.dataset_options import dataset_domains
from tlbench.suites.pairs import is_glob, matched, parse_pair
from tlbench.suites.suite import REFERENCES
from tlbench.suites.table_layouts import FURTHER_VIEWS
from tlbench.suites.validation_errors import Fault, Location


def strings(location: Location, value: Any) -> list[tuple[Location, str]]:
    """The strings of what should be a list of strings, each with its place."""
    items = value if isinstance(value, list) else []
    return [((*location, index), item) for index, item in enumerate(items) if isinstance(item, str)]


def table(value: Any) -> dict[str, Any]:
    """A table, empty where it is none."""
    return value if isinstance(value, dict) else {}


def parts(data: Mapping[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """The parts with their positions."""
    found = data.get("part")
    return [(index, table(part)) for index, part in enumerate(found if isinstance(found, list) else [])]


def name_faults(data: Mapping[str, Any], host: PluginHost) -> list[Fault]:
    """Names that nobody offers, and selection that does not fit the settings."""
    faults = [
        *_unknown_names("backbones", strings(("backbones",), data.get("backbones")), host),
        *_unknown_names("metrics", strings(("metrics",), data.get("metrics")), host),
        *_selection_faults(data),
        *_use_faults(data, host),
        *_view_faults(data),
    ]
    domains, dataset_faults = _domains(data, host)
    faults += dataset_faults
    for index, part in parts(data):
        here: Location = ("part", index)
        faults += _unknown_names("backbones", strings((*here, "backbones"), part.get("backbones")), host)
        names = strings((*here, "strategies"), part.get("strategies"))
        faults += _unknown_names("strategies", names, host, table(data.get("strategies")))
        faults += _pair_faults((*here, "pairs"), part.get("pairs"), domains)
    return faults


def _unknown_names(
    kind: str, names: Sequence[tuple[Location, str]], host: PluginHost, also: Mapping[str, Any] | None = None
) -> list[Fault]:
    registry = host.registries[kind]
    known = {*(also or {}), *registry.names} - set(REFERENCES)
    wrong = [(at, name) for at, name in names if name not in registry and name not in (also or {})]
    return [Fault(at, _unknown(registry, name, known) + _broken(host)) for at, name in wrong]


def _unknown(registry: Registry, name: str, known: set[str]) -> str:
    return registry.unfound(name) if name in known else unknown(registry.kind, name, known)


def _broken(host: PluginHost) -> str:
    failures = "; ".join(f"plugin {plugin.name!r} {plugin.status}" for plugin in host.failures())
    return f" (not loaded, and perhaps what you look for: {failures})" if failures else ""


def _use_faults(data: Mapping[str, Any], host: PluginHost) -> list[Fault]:
    variants = table(data.get("strategies")).items()
    uses = [(("strategies", name, "use"), table(variant).get("use")) for name, variant in variants]
    return _unknown_names("strategies", [(at, use) for at, use in uses if isinstance(use, str)], host)


def _selection_faults(data: Mapping[str, Any]) -> list[Fault]:
    from tlbench.evaluation.selection import PROTOCOLS

    selection = data.get("selection", "last")
    if not isinstance(selection, str):
        return []
    if selection not in PROTOCOLS:
        return [Fault(("selection",), unknown("selection protocol", selection, PROTOCOLS))]
    settings = {index + 1: part.get("setting") for index, part in parts(data)}
    allowed = {"target-val": ["inductive"], "reverse-validation": ["transductive"]}.get(selection, [])
    wrong = [number for number, setting in settings.items() if allowed and setting not in allowed]
    if wrong:
        message = f"{selection!r} works in the setting {allowed[0]!r} alone, which [[part]] {wrong[0]} does not have"
        return [Fault(("selection",), message)]
    if (selection == "reverse-validation" or data.get("reverse_validation") is True) and not _reversed_grids(data):
        key = "selection" if selection == "reverse-validation" else "reverse_validation"
        message = "reverse validation chooses among the members of a grid, and no part in the setting 'transductive' "
        return [Fault((key,), f"{message}names one; give a strategy a grid, or leave this out")]
    if selection != "last" and settings and set(settings.values()) == {"unsupervised"}:
        return [
            Fault(("selection",), f"{selection!r} chooses nothing in 'unsupervised': the last step alone is scored")
        ]
    return []


def _view_faults(data: Mapping[str, Any]) -> list[Fault]:
    named = strings(("views",), data.get("views"))
    return [Fault(at, unknown("view", name, FURTHER_VIEWS)) for at, name in named if name not in FURTHER_VIEWS]


def _reversed_grids(data: Mapping[str, Any]) -> list[str]:
    """The grids that parts in the setting `transductive` name."""
    variants = table(data.get("strategies"))
    grids = {name for name, variant in variants.items() if table(variant).get("grid")}
    transductive = [part for _, part in parts(data) if part.get("setting") == "transductive"]
    return [name for part in transductive for _, name in strings((), part.get("strategies")) if name in grids]


def _domains(data: Mapping[str, Any], host: PluginHost) -> tuple[tuple[str, ...] | None, list[Fault]]:
    """The dataset's domains, or None where they cannot be known."""
    name, options = data.get("dataset"), data.get("data", {})
    if not isinstance(name, str):
        return None, []
    if name not in host.registries["datasets"]:
        return None, _unknown_names("datasets", [(("dataset",), name)], host)
    if not isinstance(options, dict):  # the model says so
        return None, []
    return dataset_domains(name, options, host)


def _pair_faults(at: Location, pairs: Any, domains: tuple[str, ...] | None) -> list[Fault]:
    if domains is None:
        return []
    if pairs == "all" and len(domains) < 2:
        message = f"'all' gives no pair, since the dataset has the domains {list(domains)} alone"
        return [Fault(at, f"{message}; transfer takes two or more")]
    faults = [
        Fault(where, f"{text!r}: {unknown('domain', name, domains)}")
        for where, text in strings(at, pairs)
        for name in _domain_names(text)
        if name not in domains
    ]
    for where, text in strings(at, pairs):
        if is_glob(text) and not matched(text, domains):
            several = "; a glob stands for pairs of one source" if "+" in text else ""
            message = f"matches no pair of the domains {', '.join(domains)}{several}"
            faults.append(Fault(where, f"{text!r} {message}; write it as in 'one:*', '*:two' or '*'"))
    return faults


def _domain_names(text: str) -> list[str]:
    if is_glob(text):
        return []
    try:
        sources, target = parse_pair(text)
    except TlbenchError:  # the model says so
        return []
    return [*(sources if sources != (WEIGHTS,) else ()), target]
