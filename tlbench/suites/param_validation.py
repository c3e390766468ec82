"""What strategies have against the parameters that a suite gives them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from tlbench.errors import TlbenchError
from tlbench.plugins.manager import PluginHost
from tlbench.suites.name_validation import parts, strings, table
from tlbench.suites.suite import Suite, Variant
from tlbench.suites.validation_errors import Fault, Location, message_of, unknown_field


def check_params(suite: Suite, host: PluginHost) -> list[str]:
    """What is wrong with the parameters of every variant and grid member. Imports the strategies' modules."""
    plain = {name: Variant(use=name) for part in suite.part for name in part.strategies}
    return [str(fault) for fault in param_faults({**plain, **suite.strategies}, host)]


def sound_variants(data: Mapping[str, Any]) -> dict[str, Variant]:
    """The variants whose form is right, named or used by name in a part."""
    written = table(data.get("strategies"))
    names = [name for index, part in parts(data) for _, name in strings((index,), part.get("strategies"))]
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
    message = unknown_field("parameter", key, f"strategy {variant.use!r}", params) if unknown_key else message_of(item)
    return Fault(where, message)
