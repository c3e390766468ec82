"""The predictions and features that a run hands back: what was asked for, in its shapes, all finite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from tlbench.execution.handed_back import ARRAYS, HandedBack, UnusableOutput
from tlbench.execution.job import PREDICTED

Arrays = dict[str, NDArray[Any]]
#: Bytes of all arrays of one run together; those of a large one are some hundred MiB.
MOST_BYTES = 8 * 2**30


@dataclass(frozen=True)
class Expected:
    """What a run may hand back: by role (`test`, `source_test`, `source_val`, ...) items and classes.

    `needed` are roles without which a run is no run; `features` those that have features too; `target_inputs` counts
    the inputs whose predicted classes are asked for, 0 for none.
    """

    roles: Mapping[str, tuple[int, int]]
    needed: tuple[str, ...]
    features: tuple[str, ...]
    target_inputs: int = 0
    classes: int = 0


def read_arrays(handed: HandedBack, prefixes: Sequence[str], expected: Expected) -> Arrays:
    """The arrays of a run, whose names begin with its checkpoints' `prefixes` ("40/").

    Raises `UnusableOutput` for anything that was not asked for or has another form, and `FloatingPointError` where
    there are values that are not finite.
    """
    try:
        with handed.opened(ARRAYS, MOST_BYTES) as descriptor, safe_open(f"/dev/fd/{descriptor}", "numpy") as file:
            forms = {name: _form(file.get_slice(name)) for name in file.keys()}  # noqa: SIM118 - it is no dict
            _check_forms(forms, prefixes, expected)
            arrays = {name: file.get_tensor(name) for name in forms}
    except FileNotFoundError as error:
        raise UnusableOutput(f"{ARRAYS}, with its predictions, is not there") from error
    except (SafetensorError, OSError) as error:
        raise UnusableOutput(f"{ARRAYS} cannot be read: {error}") from error
    _check_values(arrays, expected)
    return arrays


def _form(part: Any) -> tuple[str, tuple[int, ...]]:
    """Type and shape of an array in a file."""
    return part.get_dtype(), tuple(part.get_shape())


def _check_forms(forms: Mapping[str, tuple[str, tuple[int, ...]]], prefixes: Sequence[str], expected: Expected) -> None:
    open_names = {f"{prefix}{role}/logits": (role, "logits") for prefix in prefixes for role in expected.roles}
    open_names |= {f"{prefix}{role}/features": (role, "features") for prefix in prefixes for role in expected.features}
    for name, (dtype, shape) in forms.items():
        if name == PREDICTED and expected.target_inputs:
            _check_form(name, (dtype, shape), "I64", (expected.target_inputs,))
        elif name in open_names:
            role, what = open_names[name]
            items, classes = expected.roles[role]
            wide = classes if what == "logits" else (shape[1] if len(shape) == 2 else 0)
            _check_form(name, (dtype, shape), "F32", (items, wide))
        else:
            raise UnusableOutput(f"{ARRAYS} has {name[:80]!r}, which was not asked for")
    needed = [f"{prefix}{role}/logits" for prefix in prefixes for role in expected.needed]
    for name in [*needed, *([PREDICTED] if expected.target_inputs else [])]:
        if name not in forms:
            raise UnusableOutput(f"{ARRAYS} lacks {name!r}")


def _check_form(name: str, found: tuple[str, tuple[int, ...]], dtype: str, shape: tuple[int, ...]) -> None:
    if found[1] != shape:
        what = name.rpartition("/")[2]
        raise UnusableOutput(f"{what} have the shape {found[1]}; {shape} is expected ({name})")
    if found[0] != dtype:
        raise UnusableOutput(f"{name} has the type {found[0]}; {dtype} is expected")


def _check_values(arrays: Arrays, expected: Expected) -> None:
    for name, array in arrays.items():
        if name == PREDICTED:
            if array.size and not 0 <= int(array.min()) <= int(array.max()) < expected.classes:
                raise UnusableOutput(f"{name} has classes beyond the {expected.classes} that there are")
        elif not np.isfinite(array).all():
            step, _, what = name.partition("/")
            role, _, what = what.rpartition("/")
            at = f" at step {step}" if role else ""
            items = (role or step).replace("_", " ")
            raise FloatingPointError(f"{what} of the {items} items are not finite{at}")
