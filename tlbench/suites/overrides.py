"""Changes to a suite from the command line: `--set strategy.parameter=value`."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

from tlbench.errors import Faults, TlbenchError, unknown
from tlbench.plugins.manager import PluginHost
from tlbench.suites.param_validation import check_params
from tlbench.suites.suite import Suite, Variant, plain_fault

_SET_FORM = "write it as --set strategy.parameter=value, e.g. --set dann.adversarial_weight=0.5"


def apply_overrides(suite: Suite, overrides: Sequence[str], host: PluginHost | None = None) -> Suite:
    """The suite with `strategy.parameter=value` of `--set` put in; later ones win.

    `strategy` is a variant, or a strategy: then all variants that use it change. A parameter of a grid gets the one
    value. With `host`, the parameters are checked as well. Raises `TlbenchError` for a wrong form, name or value.
    """
    for text in overrides:
        strategy, parameter, value = _parse_override(text)
        suite = _override(suite, strategy, parameter, value)
    if host is not None and overrides and (faults := check_params(suite, host)):
        raise Faults(f"{' '.join(f'--set {text}' for text in overrides)}: the suite cannot run with this", faults)
    return suite


def _parse_override(text: str) -> tuple[str, str, Any]:
    left, equals, written = text.partition("=")
    strategy, dot, parameter = left.strip().rpartition(".")
    if not (equals and dot and strategy and parameter and written.strip()):
        raise TlbenchError(f"--set {text!r} cannot be read; {_SET_FORM}")
    value = _toml_value(written.strip())
    if fault := plain_fault(value):
        raise TlbenchError(f"--set {text!r}: {fault}")
    return strategy, parameter, value


def _toml_value(written: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {written}")
    except ValueError:
        return written
    return parsed["value"] if set(parsed) == {"value"} else written


def _override(suite: Suite, strategy: str, parameter: str, value: Any) -> Suite:
    used = {name: suite.strategies.get(name, Variant(use=name)) for part in suite.part for name in part.strategies}
    variants = {**used, **suite.strategies}
    meant = {name: variant for name, variant in variants.items() if strategy in (name, variant.use)}
    if not meant:
        known = {*variants, *(variant.use for variant in variants.values())}
        raise TlbenchError(f"--set {strategy}.{parameter}: {unknown('strategy', strategy, known)}")
    changed = {name: _with_param(variant, parameter, value) for name, variant in meant.items()}
    return suite.model_copy(update={"strategies": {**suite.strategies, **changed}})


def _with_param(variant: Variant, parameter: str, value: Any) -> Variant:
    grid = {key: values for key, values in (variant.grid or {}).items() if key != parameter}
    return Variant(use=variant.use, grid=grid or None, params={**variant.params, parameter: value})
