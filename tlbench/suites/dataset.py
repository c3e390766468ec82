"""The dataset of a suite: whether it takes the options of the table `[data]`, and which domains it then has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from tlbench.data.opening import open_dataset
from tlbench.errors import TlbenchError
from tlbench.plugins import PluginHost
from tlbench.spec import WEIGHTS
from tlbench.suites.faults import Fault, Location, message_of, plain_faults, unknown_field


def dataset_domains(
    name: str, options: Mapping[str, Any], host: PluginHost
) -> tuple[tuple[str, ...] | None, list[Fault]]:
    """The domains of a dataset that is known, or None where they cannot be known, with the reason."""
    try:
        if faults := _option_faults(name, options, host):
            return None, faults
        domains = tuple(open_dataset(name, options, host).domains)
    except TlbenchError as error:
        return None, [Fault(("dataset",), str(error))]
    except Exception as error:  # a plugin's own code
        return None, [Fault(("dataset",), f"{name!r} does not say its domains: {type(error).__name__}: {error}")]
    if WEIGHTS in domains:
        message = f"{name!r} has a domain {WEIGHTS!r}, a name that as a source means the backbone's weights"
        return None, [Fault(("dataset",), message)]
    return domains, []


def _option_faults(name: str, options: Mapping[str, Any], host: PluginHost) -> list[Fault]:
    """What the dataset's Params have against the options."""
    if faults := list(plain_faults(("data",), options)):
        return faults
    params = getattr(host.find("datasets", name)[0].load(), "Params", None)
    if params is None:
        return [Fault(("data", key), f"the dataset {name!r} takes no options; remove {key!r}") for key in options]
    try:
        params.model_validate_json(json.dumps(options), strict=True)
    except ValidationError as error:
        return [_option_fault(name, params, dict(item)) for item in error.errors(include_url=False)]
    return []


def _option_fault(name: str, params: type[BaseModel], item: dict[str, Any]) -> Fault:
    where: Location = ("data", *item["loc"])
    if item["type"] != "extra_forbidden":
        return Fault(where, message_of(item))
    return Fault(where, unknown_field("option", str(item["loc"][0]), f"dataset {name!r}", params))
