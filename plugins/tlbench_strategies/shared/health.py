"""What the curve of any training says. Single batches are noisy: values are means over a quarter of the points."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from tlbench import Health

Points = Sequence[Mapping[str, Any]]

#: With fewer points a quarter of them would be a single batch.
FEWEST_POINTS = 8
#: A label loss that has not fallen by a tenth is still that of guessing.
LEARNT = 0.9


def with_terms(curve: Points, *terms: str) -> Points:
    """The points that hold all of these terms."""
    return [point for point in curve if point.keys() >= set(terms)]


def moving_means(points: Points, term: str, width: int) -> list[float]:
    """Means over `width` points in a row; the first and the last are those of the curve's ends."""
    values = [point[term] for point in points]
    return [fmean(values[start : start + width]) for start in range(len(values) - width + 1)]


def classes_learnt(points: Points, term: str = "source") -> Health:
    """Whether the classes are learnt: the label loss at the first point, and over the last quarter."""
    first, last = points[0][term], moving_means(points, term, max(len(points) // 4, 1))[-1]
    learnt = last <= LEARNT * first
    return Health(f"source classes are {'' if learnt else 'not '}learnt: source loss {first:.2f} → {last:.2f}", learnt)


def classes_kept(points: Points, term: str = "source") -> Health:
    """Whether classes that were learnt before are known still: the right one at least half as probable as it was."""
    means = moving_means(points, term, max(len(points) // 4, 1))
    first, last = min(points[0][term], means[0]), means[-1]
    kept = last <= first + math.log(2)
    return Health(f"source classes are {'kept' if kept else 'forgotten'}: source loss {first:.2f} → {last:.2f}", kept)


def course(curve: Points, term: str, about: str, *, label: str = "source") -> list[Health]:
    """A line on the course of a term, from the first quarter to the last, and one on the source's classes."""
    points = with_terms(curve, term, label)
    if len(points) < FEWEST_POINTS:
        return []
    means = moving_means(points, term, len(points) // 4)
    return [Health(f"{about}: {means[0]:.3g} → {means[-1]:.3g}", ok=True), classes_learnt(points, label)]
