"""What a selection protocol says of trained models that a choice is to be made among: the members of a grid, say."""

from __future__ import annotations

from collections.abc import Sequence

from tlbench.evaluation.validators.neighbourhoods import gated
from tlbench.records.record import Record

GATED, DENSITY, GATE_BY = "snd-gated", "snd", "source-val"
#: Scored by a second training, of the last step alone: its other steps are not rated, which is not the worst rating.
REVERSE = "reverse-validation"

#: By checkpoint; −∞ for one that is ruled out, None for one that is not rated.
Ratings = list[float | None]


def candidate_ratings(records: Sequence[Record], protocol: str) -> list[Ratings] | None:
    """The ratings of each run's checkpoints; None where a run has no ratings by this protocol.

    A gate is a matter of all candidates: `snd-gated` takes from each run the checkpoint that passes within the run, and
    then shuts out runs whose source accuracy is below 90 % of the best of these.
    """
    if protocol == GATED:
        return _gated(records)
    if any(len(record.selection.get(protocol, [])) != len(record.checkpoints) for record in records):
        return None
    worst = None if protocol == REVERSE else float("-inf")
    return [[worst if value is None else value for value in record.selection.get(protocol, [])] for record in records]


def best_rating(ratings: Ratings) -> float:
    """The best of a run's checkpoints, −∞ where none is rated."""
    return max((value for value in ratings if value is not None), default=float("-inf"))


def _gated(records: Sequence[Record]) -> list[Ratings] | None:
    density, accuracy = candidate_ratings(records, DENSITY), candidate_ratings(records, GATE_BY)
    if density is None or accuracy is None or not all(density):
        return None
    within = [gated(_floats(snd), _floats(right)) for snd, right in zip(density, accuracy, strict=True)]
    chosen = [max(range(len(own)), key=lambda at, own=own: (own[at], at)) for own in within]  # type: ignore[misc]
    passed = gated(
        [own[at] for own, at in zip(within, chosen, strict=True)],
        [_floats(right)[at] for right, at in zip(accuracy, chosen, strict=True)],
    )
    shut_out = float("-inf")
    return [list(own) if score > shut_out else [shut_out] * len(own) for own, score in zip(within, passed, strict=True)]


def _floats(ratings: Ratings) -> list[float]:
    return [float("-inf") if value is None else value for value in ratings]
