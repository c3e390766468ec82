"""What the curve of an adversarial training says of the game between features and domain head.

If the game goes as meant (Ganin et al. 2016, section 4), λ follows its schedule, and features come to hide their
domain: the domain head's accuracy falls towards 1/2 and its loss rises to ln 2, that of a head which says "either".
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from tlbench import Health, schedules
from tlbench_strategies.shared.health import (
    FEWEST_POINTS,
    Points,
    classes_kept,
    classes_learnt,
    moving_means,
    with_terms,
)

TERMS = ("step", "source", "domain", "domain_accuracy", "lambda")
#: Accuracy within this of 1/2 is that of guessing. A batch of 64 + 64 has a standard error of 0.044, of 16 + 16 one of
#: 0.09; over the five points of a quarter they are 0.02 and 0.04.
NEAR = 0.1
#: Below this share of ln 2 the head knows as much as one that is right in seven of ten cases (0.61, the entropy of
#: 0.7), even where its threshold is off and its accuracy shows nothing.
BLIND = 0.9 * math.log(2)
#: From here on at least nine in ten examples give their domain away: of the proxy A-distance 2 (2a − 1) (Ben-David et
#: al. 2010), which is 2 for domains without overlap, 1.6 is left. Healthy trainings stay well below.
TOLD_APART = 0.9
#: A head that always says "either" has a loss of ln 2. Twice that means being sure and wrong: features move faster
#: than the head can follow. With an accuracy that is no better than guessing, half as much again is enough.
EXPLODED, CONFUSED = 2 * math.log(2), 1.5 * math.log(2)
#: A head without a say learns its bias alone, to the loss ln 2 within this.
CONSTANT = 1e-3


def game(
    curve: Points, adversarial_weight: float, ramp: bool = True, slope: float = 10.0, learnt_before: bool = False
) -> list[Health]:
    """One line on the domains, one on the source's classes, and one more where λ is off its schedule.

    `learnt_before`: whether training started from the source model, whose classes are to be kept.
    Single batches are noisy: values are means over a quarter of the points, the first quarter → the last.
    """
    points = with_terms(curve, *TERMS)
    if not points:
        return []
    if len(points) < FEWEST_POINTS:
        return [Health(f"too few points to judge: {_numbers(points, 1)}", ok=True)]
    width = len(points) // 4
    classes = classes_kept(points) if learnt_before else classes_learnt(points)
    reading, ok = _reading(points, width, adversarial_weight, classes.ok)
    return [
        Health(f"{reading}: {_numbers(points, width)}", ok),
        classes,
        *_off_schedule(points, adversarial_weight, ramp, slope),
    ]


def _reading(points: Points, width: int, adversarial_weight: float, learnt: bool) -> tuple[str, bool]:
    """What the end says of the domains, and whether it is as it should be."""
    accuracies, losses = moving_means(points, "domain_accuracy", width), moving_means(points, "domain", width)
    accuracy, loss = accuracies[-1], losses[-1]
    if loss > EXPLODED or (loss > CONFUSED and accuracy <= 0.5):
        return "features diverge or swing", False
    if adversarial_weight == 0:
        return "no adaptation was asked for, λ is 0", True
    if _is_dead(points[-width:]) and max(accuracies) > 0.5 + NEAR:
        return "the domain head died, it says the same of every example", False
    return _hiding(points, accuracies, losses, learnt)


def _hiding(points: Points, accuracies: Sequence[float], losses: Sequence[float], learnt: bool) -> tuple[str, bool]:
    """How far the end of a game that did go on has hidden the domains, from moving means."""
    accuracy, loss = accuracies[-1], losses[-1]
    if accuracy >= TOLD_APART:
        return "domains are still told apart", False
    if accuracy > 0.5 + NEAR or loss < BLIND:
        return "domains are partly told apart", True
    single = max(point["domain_accuracy"] for point in points)
    if max(accuracies) <= 0.5 + NEAR and min(losses) >= BLIND and single <= 0.5 + 2 * NEAR:
        # Where no classes are learnt either, features hide the domains by telling nothing at all.
        return "domains were never told apart" + (", perhaps nothing to adapt" if learnt else ""), True
    return "domains are hidden", True


def _is_dead(points: Points) -> bool:
    """Whether the head gives every example one answer, as where none of its hidden units is left that ever fires.

    Then it is right in one domain and wrong in the other, to the last example, and features are no longer adapted. Of
    64 + 64 examples one live head in fourteen is right in exactly half by chance, and not at every point.
    """
    losses = [point["domain"] for point in points]
    exact = all(point["domain_accuracy"] == 0.5 for point in points)
    return exact and all(math.isclose(loss, math.log(2), abs_tol=CONSTANT) for loss in losses)


def _numbers(points: Points, width: int) -> str:
    accuracies, losses = moving_means(points, "domain_accuracy", width), moving_means(points, "domain", width)
    between = max(losses[1:-1], default=0.0)
    swing = f"; {between:.2f} on the way" if between > max(EXPLODED, losses[0], losses[-1]) else ""
    parts = [
        f"domain accuracy {accuracies[0]:.2f} → {accuracies[-1]:.2f} (expected 1/2)",
        f"loss {losses[0]:.2f} → {losses[-1]:.2f} (expected ln 2 = 0.69{swing})",
        f"λ {points[0]['lambda']:.2f} → {points[-1]['lambda']:.2f}",
    ]
    return ", ".join(parts)


def _off_schedule(points: Points, adversarial_weight: float, ramp: bool, slope: float) -> list[Health]:
    steps = points[-1]["step"]  # the last point of a curve is the last step
    for point in points:
        factor = schedules.adversarial_weight((point["step"] - 1) / steps, slope) if ramp else 1.0
        expected = adversarial_weight * factor
        if not math.isclose(point["lambda"], expected, rel_tol=1e-4, abs_tol=1e-6):  # float32 holds seven digits
            where = f"{point['lambda']:.4g} at step {point['step']}, where {expected:.4g} is expected"
            return [Health(f"λ is off its schedule: {where}", ok=False)]
    return []


def deceived(curve: Points, accuracy: str, inverted: str) -> list[Health]:
    """Whether an encoder that learns by inverted labels makes a domain head guess in the end; terms by name."""
    points = with_terms(curve, accuracy, inverted)
    if len(points) < FEWEST_POINTS:
        return []
    accuracies, losses = (moving_means(points, term, len(points) // 4) for term in (accuracy, inverted))
    numbers = (
        f"domain accuracy {accuracies[0]:.2f} → {accuracies[-1]:.2f} (expected 1/2), "
        f"loss of inverted labels {losses[0]:.2f} → {losses[-1]:.2f} (expected ln 2 = 0.69)"
    )
    apart = accuracies[-1] >= TOLD_APART
    return [Health(f"the domain head {'tells domains apart' if apart else 'is deceived'}: {numbers}", not apart)]
