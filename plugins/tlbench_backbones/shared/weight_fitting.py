"""Weights as programs write them, brought into the form of a network: prefixes taken off, what it lacks told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from torch import Tensor

from tlbench.errors import TlbenchError

#: So many tensors of each kind of misfit are named.
NAMED = 3
#: Batch norm's counter of batches, which files before PyTorch 0.4.1 lack, and which nothing here reads.
COUNTER = "num_batches_tracked"

Weights = Mapping[str, Tensor]


def fitted(
    content: Weights,
    own: Weights,
    heads: Sequence[str],
    convert: Callable[[dict[str, Tensor]], Weights] | None,
    file: str,
    whose: str,
) -> tuple[dict[str, Tensor], list[str]]:
    """The weights for a network, whose are `own`, and notes on what was done. Raises `TlbenchError` for misfits.

    `heads`, `convert` and `whose` are as `load_strictly` has them.
    """
    prefix, notes = _prefix(content, own, file), []
    weights, outside = _without(content, prefix)
    if prefix:
        notes.append(f"the prefix {prefix!r} of the file's keys was taken off")
    elif missing := _lacking(weights, own):
        weights = {missing + key: value for key, value in weights.items()}
        notes.append(f"the prefix {missing!r} was put before the file's keys")
    weights = _without_heads(weights, heads)
    misfits = _misfits(weights, own)
    if misfits and convert is not None:
        converted, said = _converted(weights, own, convert)
        if converted is not None:
            weights, misfits, notes = converted, {}, [*notes, *said]
    if misfits:
        raise TlbenchError(_refused(file, whose, content, own, prefix, misfits))
    counters = [key for key in own if key.endswith(COUNTER) and key not in weights]
    if counters:
        notes.append(f"the file has no {COUNTER}, which counts batches and decides nothing; it starts at 0")
    if outside:
        notes.append(f"{len(outside)} tensors without this prefix were left out, as {', '.join(outside[:NAMED])}")
    return {**{key: own[key] for key in counters}, **weights}, notes


# Prefixes


def _prefix(content: Weights, own: Weights, file: str) -> str:
    """What stands before the network's keys in the file; nothing where most of them are not there in any case.

    Raises `TlbenchError` where the network's keys are there twice, each time behind another prefix.
    """
    found = Counter(key[:at] for key in content for at in _starts(key) if key[at:] in own and not key.endswith(COUNTER))
    if not found:
        return ""
    most = max(found.values())
    expected = sum(not key.endswith(COUNTER) for key in own)
    if found[""] == most or most < expected / 2:
        return ""
    best = [prefix for prefix, count in found.items() if count == most]
    if len(best) > 1:
        message = f"{file} holds the network's weights several times, behind {' and '.join(map(repr, sorted(best)))}"
        raise TlbenchError(f"{message}; save the ones that are meant alone")
    return best[0]


def _starts(key: str) -> list[int]:
    """Where a key's parts begin."""
    return [0, *(at + 1 for at, sign in enumerate(key) if sign == ".")]


def _without(content: Weights, prefix: str) -> tuple[dict[str, Tensor], list[str]]:
    """The weights behind a prefix, and the keys of all others."""
    weights = {key.removeprefix(prefix): value for key, value in content.items() if key.startswith(prefix)}
    return weights, [key for key in content if not key.startswith(prefix)]


def _lacking(weights: Weights, own: Weights) -> str:
    """What stands before all of the network's keys and before none of the file's, as where a part of it was saved."""
    first = next(iter(own), "")
    prefixes = [first[:at] for at in reversed(_starts(first)[1:]) if all(key.startswith(first[:at]) for key in own)]
    if weights.keys() & own.keys():
        return ""
    here = {prefix: sum(key.removeprefix(prefix) in weights for key in own) for prefix in prefixes}
    return next((prefix for prefix, count in here.items() if count >= len(own) / 2), "")


def _without_heads(weights: Weights, heads: Sequence[str]) -> dict[str, Tensor]:
    return {key: value for key, value in weights.items() if not key.startswith(tuple(f"{head}." for head in heads))}


# The library's own ways


def _converted(
    weights: dict[str, Tensor], own: Weights, convert: Callable[[dict[str, Tensor]], Weights]
) -> tuple[dict[str, Tensor] | None, list[str]]:
    """The weights as the network's library converts them, and notes; None where they do not fit even so."""
    try:
        converted = dict(convert(dict(weights)))
    except Exception:  # what a library raises over weights of another network, which is told as what does not fit
        return None, []
    if _misfits(converted, own):
        return None, []
    resampled = [
        f"{key} from {tuple(weights[key].shape)} to {tuple(value.shape)}"
        for key, value in converted.items()
        if key in weights and weights[key].shape != value.shape
    ]
    notes = []
    if resampled:
        more = f" and {len(resampled) - NAMED} more" if len(resampled) > NAMED else ""
        notes.append(
            f"the file is of a network for images of another size or in another layout; resampled or reshaped as timm "
            f"does: {', '.join(resampled[:NAMED])}{more}"
        )
    if renamed := [key for key in weights if key not in converted]:
        notes.append(f"{len(renamed)} keys were renamed or left out as timm does, as {', '.join(renamed[:NAMED])}")
    return converted, notes


# What does not fit


def _misfits(weights: Weights, own: Weights) -> dict[str, list[str]]:
    """What a strict load would refuse, by kind; a counter of batches may be missing."""
    kinds = {
        "missing": [key for key in own if key not in weights and not key.endswith(COUNTER)],
        "not the model's": [key for key in weights if key not in own],
        "of another shape": [
            f"{key} is {tuple(weights[key].shape)} for {tuple(value.shape)}"
            for key, value in own.items()
            if key in weights and weights[key].shape != value.shape
        ],
    }
    return {kind: found for kind, found in kinds.items() if found}


def _refused(
    file: str, whose: str, content: Weights, own: Weights, prefix: str, misfits: Mapping[str, Sequence[str]]
) -> str:
    """Why the file is refused: that it is of another network, or which of its weights do not fit."""
    faults = [
        f"{len(found)} of its weights are {kind}, as {', '.join(found[:NAMED])}" for kind, found in misfits.items()
    ]
    message = f"{file} does not fit {whose}: {'; '.join(faults)}"
    if len(misfits.get("missing", ())) >= sum(not key.endswith(COUNTER) for key in own):
        theirs, ours = ", ".join(list(content)[:NAMED]), ", ".join(list(own)[:NAMED])
        return f"{message}. None of its {len(content)} keys ({theirs}, …) is one of the network's ({ours}, …)"
    if prefix:
        message += f" (keys without their prefix {prefix!r})"
    if misfits.keys() == {"of another shape"}:
        return f"{message}. All keys are there, so it is of the same network with other sizes"
    return message
