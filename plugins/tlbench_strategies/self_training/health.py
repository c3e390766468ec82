"""What the curve of a training on its own predictions says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tlbench import Health
from tlbench_strategies.shared.health import FEWEST_POINTS, classes_learnt, moving_means, with_terms

Points = Sequence[Mapping[str, Any]]

#: A share of used examples below which the target has no say.
NONE = 0.01
#: The mean prediction's entropy, as a share of the highest, below which classes have been given up.
COLLAPSED = 0.5


def sure_enough(curve: Points, used: str = "used", label: str = "source") -> list[Health]:
    """Whether target predictions reach the threshold, and whether the classes are learnt; terms by name."""
    points = with_terms(curve, used, label)
    if len(points) < FEWEST_POINTS:
        return []
    means = moving_means(points, used, len(points) // 4)
    ok = max(means) > NONE
    reading = "target predictions are used" if ok else "target predictions never reach the threshold"
    line = Health(f"{reading}: share of a batch {means[0]:.2f} → {means[-1]:.2f}", ok)
    return [line, classes_learnt(points, label)]


def sure_and_diverse(curve: Points) -> list[Health]:
    """Whether predictions become sure without giving classes up; terms `entropy`, and `diversity`, which is negative.

    The diversity is compared with what it was at its best.
    """
    points = with_terms(curve, "entropy", "diversity")
    if len(points) < FEWEST_POINTS:
        return []
    width = len(points) // 4
    entropy = moving_means(points, "entropy", width)
    diversity = [-mean for mean in moving_means(points, "diversity", width)]
    collapsed = diversity[-1] < COLLAPSED * max(diversity)
    reading = "predictions collapse onto few classes" if collapsed else "predictions are diverse"
    numbers = (
        f"entropy of the mean prediction {diversity[0]:.2f} → {diversity[-1]:.2f} nats, "
        f"mean entropy {entropy[0]:.2f} → {entropy[-1]:.2f}"
    )
    return [Health(f"{reading}: {numbers}", not collapsed)]
