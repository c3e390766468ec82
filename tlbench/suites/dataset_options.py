"""The dataset of a suite: whether it takes the options of the table `[data]`, and which domains it then has."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from tlbench.core.run_spec import WEIGHTS
from tlbench.data.dataset_loading import open_dataset
from tlbench.errors import TlbenchError
from tlbench.plugins.manager import PluginHost
from tlbench.suites.validation_errors import Fault, Location, message_of, plain_faults, unknown_field


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
    except (Exception, SystemExit) as error:  # a plugin's own code
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
        return _joined([_option_fault(name, params, dict(item)) for item in error.errors(include_url=False)], options)
    return []


def _joined(faults: Sequence[Fault], options: Mapping[str, Any]) -> list[Fault]:
    """The faults, with those that a value has by each form that its option may have made one.

    pydantic tells them apart by names of its own behind the option's, as in `zero_based.bool`.
    """
    joined: dict[Location, list[str]] = {}
    for fault in faults:
        key, inner = fault.location[1:2], fault.location[2:]  # a fault of several options together has no key
        value = options.get(str(key[0])) if key else None
        has_forms = any(isinstance(part, str) for part in inner) and not isinstance(value, dict)
        items = "".join(f"item {part + 1} " for part in inner if isinstance(part, int)) if has_forms else ""
        where = ("data", *key) if has_forms else fault.location
        joined.setdefault(where, []).append(f"{items}{fault.message}")
    return [Fault(where, _either(messages)) for where, messages in joined.items()]


def _either(messages: Sequence[str]) -> str:
    """Messages on one value as one: `'x' must be a` and `'x' must be b` as `'x' must be a, or b`."""
    begin, must, _ = messages[0].partition(" must be ")
    return ", or ".join([messages[0], *(message.removeprefix(begin + must) for message in messages[1:])])


def _option_fault(name: str, params: type[BaseModel], item: dict[str, Any]) -> Fault:
    where: Location = ("data", *item["loc"])
    if item["type"] != "extra_forbidden":
        return Fault(where, message_of(item))
    return Fault(where, unknown_field("option", str(item["loc"][0]), f"dataset {name!r}", params))
