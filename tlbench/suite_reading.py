"""Reading a suite file: everything that is wrong with it, in one report, each fault with its place."""

from __future__ import annotations

import difflib
import importlib.resources
import json
import os
import reprlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from tlbench.claims import Claim, read_claims
from tlbench.errors import Faults, TlbenchError, unknown
from tlbench.plugins import PluginHost
from tlbench.registry import Entry
from tlbench.spec import WEIGHTS, Budget, Training
from tlbench.suite import REFERENCES, Part, Suite, Variant, parse_pair, plain_fault

Location = tuple[str | int, ...]

_SECTIONS: Mapping[str, type[BaseModel]] = {"budget": Budget, "training": Training, "part": Part}
_SECTION_ORDER: tuple[str | int, ...] = ("budget", "training", "part", "strategies")
_FORMS = {
    "part": "write each part as a table [[part]], with two brackets",
    "part.pairs": 'must be "all" or a list such as ["one:two"]',
    "part.strategies": 'must be a list of names such as ["dann"]',
    "strategies": "write each variant as a table [strategies.NAME]",
    "grid": "write it as { parameter = [value, value] }",
}


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, and its place in the file as keys and indices."""

    location: Location
    message: str

    def __str__(self) -> str:
        return f"{place(self.location)}: {self.message}"


def place(location: Location) -> str:
    """A place as one finds it in the file; parts and items are counted from 1.

    >>> place(("part", 1, "pairs", 0)), place(("strategies", "weak", "use")), place(("budget", "steps"))
    ('[[part]] 2: pairs item 1', '[strategies.weak]: use', '[budget]: steps')
    """
    match location:
        case ("part", int(index), *rest):
            head = f"[[part]] {index + 1}"
        case ("strategies", str(name), *rest):
            head = f"[strategies.{name}]"
        case (("budget" | "training") as section, str(key), *more):
            head, rest = f"[{section}]", [key, *more]
        case _:
            head, rest = "", list(location)
    return ": ".join(filter(None, [head, _keys(rest)]))


def _keys(location: Sequence[str | int]) -> str:
    text = ""
    for key in location:
        text += f" item {key + 1}" if isinstance(key, int) else f".{key}" if text else key
    return text.strip()


def read(name_or_path: str, host: PluginHost, with_params: bool) -> Suite:
    """As `tlbench.suite.read_suite`."""
    title, content = _content(name_or_path, host)
    data = _flat_params_gathered(_parse(title, content))
    suite, faults = _structure(data)
    faults += _name_faults(data, host)
    claims, claim_faults = _claims(name_or_path, host, data.get("claims"))
    faults += claim_faults
    if with_params:
        faults += param_faults(_sound_variants(data), host)
    seen = {fault.location for fault in faults}
    faults += [fault for fault in _plain_faults((), data) if fault.location not in seen]
    if suite is None or faults:
        raise Faults(
            f"{title}: the suite cannot run", [str(fault) for fault in sorted(dict.fromkeys(faults), key=_order)]
        )
    suite._published = tuple(claims)
    return suite


def _order(fault: Fault) -> tuple[int, int]:
    """As in a file: the suite's own keys, then its sections, and parts by their number."""
    first, second = (*fault.location, "", "")[:2]
    inside = len(fault.location) > 1 and first in _SECTION_ORDER
    return _SECTION_ORDER.index(first) + 1 if inside else 0, second if isinstance(second, int) else 0


def _is_path(name_or_path: str) -> bool:
    separators = filter(None, (os.sep, os.altsep))
    return name_or_path.endswith(".toml") or any(separator in name_or_path for separator in separators)


def _content(name_or_path: str, host: PluginHost) -> tuple[str, bytes]:
    if _is_path(name_or_path):
        return name_or_path, _file_content(Path(name_or_path))
    try:
        entry, _ = host.find("suites", name_or_path)
    except TlbenchError as error:
        head, *notes = str(error).split("\n")
        hint = f"{head}; or the path of a TOML file, which ends in .toml"
        raise TlbenchError("\n".join([hint, *notes])) from None
    return f"suite {entry.name!r} of plugin {entry.plugin!r}", _packaged_content(entry)


def _file_content(path: Path) -> bytes:
    if path.is_dir():
        raise TlbenchError(f"suite file {str(path)!r} is a directory; give the TOML file itself")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise TlbenchError(f"suite file {str(path)!r} does not exist (looked for in {str(Path.cwd())!r})") from None
    except (OSError, ValueError) as error:  # ValueError: a path with a null byte
        raise TlbenchError(f"suite file {str(path)!r} cannot be read: {error}") from None


def _packaged_content(entry: Entry) -> bytes:
    package, _, name = str(entry.target).partition(":")
    try:
        return importlib.resources.files(package).joinpath(name).read_bytes()
    except Exception as error:  # importing a plugin's package may fail in any way
        message = f"suite {entry.name!r} of plugin {entry.plugin!r} cannot be read from {str(entry.target)!r}"
        raise TlbenchError(
            f"{message} ({type(error).__name__}: {error}); a suite is named 'package:file.toml'"
        ) from None


def _claims(name_or_path: str, host: PluginHost, written: Any) -> tuple[list[Claim], list[Fault]]:
    """The published figures in the file that `written` names, from the suite file's own folder on."""
    if not isinstance(written, str):  # none are named, or the model says what is wrong
        return [], []
    if _is_path(name_or_path):
        beside = Path(name_or_path)
    else:
        package, _, name = str(host.find("suites", name_or_path)[0].target).partition(":")
        beside = Path(str(importlib.resources.files(package).joinpath(name)))
    try:
        return read_claims(beside.parent / written), []
    except Faults as error:
        return [], [Fault(("claims",), fault) for fault in error.faults]


def _parse(title: str, content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise TlbenchError(f"{title}: byte {error.start + 1} is not UTF-8; save the file as UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise TlbenchError(f"{title}: not valid TOML: {error}") from None


def _flat_params_gathered(data: dict[str, Any]) -> dict[str, Any]:
    """What stands beside `use` and `grid` in a variant are parameters."""
    variants = data.get("strategies")
    if not isinstance(variants, dict):
        return data
    return {**data, "strategies": {name: _gathered(variant) for name, variant in variants.items()}}


def _gathered(variant: Any) -> Any:
    if not isinstance(variant, dict):
        return variant
    own = {key: value for key, value in variant.items() if key in ("use", "grid")}
    return {**own, "params": {key: value for key, value in variant.items() if key not in own}}


# What the model says -------------------------------------------------------------------------------------------------


def _structure(data: dict[str, Any]) -> tuple[Suite | None, list[Fault]]:
    try:
        return Suite.model_validate(data, strict=True), []
    except ValidationError as error:
        return None, _model_faults(error)


def _model_faults(error: ValidationError) -> list[Fault]:
    found = error.errors(include_url=False)
    return [Fault(_location(item["loc"]), _message(dict(item))) for item in found]


def _location(raw: Location) -> Location:
    """Without the names that pydantic gives to alternatives and keys, and without the gathering of parameters."""
    location = tuple(key for key in raw if key not in ("<one>", "<list>", "[key]"))
    return location[:2] + location[3:] if location[:1] == ("strategies",) and location[2:3] == ("params",) else location


def _message(item: dict[str, Any]) -> str:
    location, value = _location(item["loc"]), item["input"]
    key = next((key for key in reversed(location) if isinstance(key, str)), "")
    form = _FORMS.get(f"part.{key}" if location[:1] == ("part",) and len(location) > 2 else key)
    text = f"{reprlib.repr(value)} {item['msg'].replace('Input should', 'must')}"
    match item["type"]:
        case "missing":
            text = "is missing"
        case "extra_forbidden":
            text = unknown("key", key, _known_keys(location))
        case "value_error":
            text = str(item["ctx"]["error"])
        case "too_short":
            text = "is empty; name at least one"
        case "literal_error" | "list_type" | "dict_type" | "model_type" if form:
            text = f"{reprlib.repr(value)}: {form}"
        case "literal_error" if isinstance(value, str):
            text += _guess(value, item["ctx"]["expected"])
        case "model_type":
            text = f"{reprlib.repr(value)} must be a table"
    return text


def _guess(value: str, expected: str) -> str:
    near = difflib.get_close_matches(value, expected.split("'")[1::2], n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def _known_keys(location: Location) -> list[str]:
    section = _SECTIONS.get(str(location[0])) if len(location) > 1 else Suite
    return list(section.model_fields) if section else []


def _plain_faults(location: Location, value: Any) -> Iterator[Fault]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _plain_faults(_location((*location, key)), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _plain_faults((*location, index), inner)
    elif fault := plain_fault(value):
        yield Fault(location, fault)


# What the names say: the data may be malformed, so only what has the right form is looked at --------------------------


def _strings(location: Location, value: Any) -> list[tuple[Location, str]]:
    items = value if isinstance(value, list) else []
    return [((*location, index), item) for index, item in enumerate(items) if isinstance(item, str)]


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _parts(data: Mapping[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    parts = data.get("part")
    return [(index, _table(part)) for index, part in enumerate(parts if isinstance(parts, list) else [])]


def _name_faults(data: Mapping[str, Any], host: PluginHost) -> list[Fault]:
    faults = [
        *_unknown_names("backbones", _strings(("backbones",), data.get("backbones")), host),
        *_unknown_names("metrics", _strings(("metrics",), data.get("metrics")), host),
        *_selection_faults(data),
        *_use_faults(data, host),
    ]
    domains, dataset_faults = _domains(data.get("dataset"), host)
    faults += dataset_faults
    for index, part in _parts(data):
        here: Location = ("part", index)
        faults += _unknown_names("backbones", _strings((*here, "backbones"), part.get("backbones")), host)
        names = _strings((*here, "strategies"), part.get("strategies"))
        faults += _unknown_names("strategies", names, host, _table(data.get("strategies")))
        faults += _pair_faults((*here, "pairs"), part.get("pairs"), domains)
    return faults


def _unknown_names(
    kind: str, names: Sequence[tuple[Location, str]], host: PluginHost, also: Mapping[str, Any] | None = None
) -> list[Fault]:
    registry = host.registries[kind]
    known = {*(also or {}), *registry.names} - set(REFERENCES)
    wrong = [(at, name) for at, name in names if name not in registry and name not in known]
    return [Fault(at, unknown(registry.kind, name, known) + _broken(host)) for at, name in wrong]


def _broken(host: PluginHost) -> str:
    failures = "; ".join(f"plugin {plugin.name!r} {plugin.status}" for plugin in host.failures())
    return f" (not loaded, and perhaps what you look for: {failures})" if failures else ""


def _use_faults(data: Mapping[str, Any], host: PluginHost) -> list[Fault]:
    variants = _table(data.get("strategies")).items()
    uses = [(("strategies", name, "use"), _table(variant).get("use")) for name, variant in variants]
    return _unknown_names("strategies", [(at, use) for at, use in uses if isinstance(use, str)], host)


def _selection_faults(data: Mapping[str, Any]) -> list[Fault]:
    from tlbench.evaluation.selection import PROTOCOLS

    selection = data.get("selection", "last")
    if not isinstance(selection, str):
        return []
    if selection not in PROTOCOLS:
        return [Fault(("selection",), unknown("selection protocol", selection, PROTOCOLS))]
    settings = {index + 1: part.get("setting") for index, part in _parts(data)}
    allowed = {"target-val": ["inductive"], "reverse-validation": ["transductive"]}.get(selection, [])
    wrong = [number for number, setting in settings.items() if allowed and setting not in allowed]
    if wrong:
        message = f"{selection!r} works in the setting {allowed[0]!r} alone, which [[part]] {wrong[0]} does not have"
        return [Fault(("selection",), message)]
    if selection != "last" and settings and set(settings.values()) == {"unsupervised"}:
        return [
            Fault(("selection",), f"{selection!r} chooses nothing in 'unsupervised': the last step alone is scored")
        ]
    return []


def _domains(name: Any, host: PluginHost) -> tuple[tuple[str, ...] | None, list[Fault]]:
    """The dataset's domains, or None where they cannot be known."""
    if not isinstance(name, str):
        return None, []
    if name not in host.registries["datasets"]:
        return None, _unknown_names("datasets", [(("dataset",), name)], host)
    try:
        entry, argument = host.find("datasets", name)
        offered = entry.load()
        if not hasattr(offered, "domains"):  # a callable that returns a dataset
            offered = offered() if argument is None else offered(argument)
        return tuple(offered.domains), []
    except TlbenchError as error:
        return None, [Fault(("dataset",), str(error))]
    except Exception as error:  # a plugin's own code
        return None, [Fault(("dataset",), f"{name!r} does not say its domains: {type(error).__name__}: {error}")]


def _pair_faults(at: Location, pairs: Any, domains: tuple[str, ...] | None) -> list[Fault]:
    if domains is None:
        return []
    if pairs == "all" and len(domains) < 2:
        return [Fault(at, f"'all' gives no pair, since the dataset has the domains {list(domains)} alone")]
    return [
        Fault(where, f"{text!r}: {unknown('domain', name, domains)}")
        for where, text in _strings(at, pairs)
        for name in _domain_names(text)
        if name not in domains
    ]


def _domain_names(text: str) -> list[str]:
    try:
        sources, target = parse_pair(text)
    except TlbenchError:  # the model says so
        return []
    return [*(sources if sources != (WEIGHTS,) else ()), target]


# What the strategies say ---------------------------------------------------------------------------------------------


def _sound_variants(data: Mapping[str, Any]) -> dict[str, Variant]:
    """The variants whose form is right, named or used by name in a part."""
    written = _table(data.get("strategies"))
    names = [name for index, part in _parts(data) for _, name in _strings((index,), part.get("strategies"))]
    sound = {name: Variant.model_construct(use=name, grid=None, params={}) for name in names if name not in written}
    for name, variant in written.items():
        try:
            sound[name] = Variant.model_validate(variant, strict=True)
        except ValidationError:
            continue
    return sound


def param_faults(variants: Mapping[str, Variant], host: PluginHost) -> list[Fault]:
    """What strategies have against the parameters of variants. Strategies that are unknown are passed over."""
    known = {name: variant for name, variant in variants.items() if variant.use in host.registries["strategies"]}
    faults = [fault for name, variant in known.items() for fault in _variant_faults(name, variant, host)]
    return list(dict.fromkeys(faults))  # members of a grid share parameters


def _variant_faults(name: str, variant: Variant, host: PluginHost) -> Iterator[Fault]:
    here: Location = ("strategies", name)
    try:
        params = host.find("strategies", variant.use)[0].load().Params
    except TlbenchError as error:
        yield Fault(here, str(error))
        return
    except AttributeError:
        yield Fault(here, f"{variant.use!r} is no strategy: it has no Params")
        return
    for chosen, values in variant.members():
        try:
            # Strictly, so that "0.5" is no number; through JSON, so that a list may fill a tuple.
            params.model_validate_json(json.dumps(values, default=str), strict=True)
        except ValidationError as error:
            for item in error.errors(include_url=False):
                yield _param_fault(here, variant, chosen, params, dict(item))


def _param_fault(
    here: Location, variant: Variant, chosen: Mapping[str, Any], params: type[BaseModel], item: dict[str, Any]
) -> Fault:
    key = str(item["loc"][0]) if item["loc"] else ""  # without a key: a rule on several parameters together
    unknown_key = item["type"] == "extra_forbidden"
    where: Location = (*here, key) if key else here
    if variant.grid and key in chosen:
        where = (*here, "grid", key) if unknown_key else (*here, "grid", key, variant.grid[key].index(chosen[key]))
    return Fault(where, _unknown_param(variant.use, key, params) if unknown_key else _message(item))


def _unknown_param(strategy: str, key: str, params: type[BaseModel]) -> str:
    if not params.model_fields:
        return f"the strategy {strategy!r} has no parameters; remove {key!r}"
    return f"{unknown('parameter', key, params.model_fields)} (strategy {strategy!r})"
