"""The checks of what a strategy says of its source: what it is without one, without adapting, and with another."""

from __future__ import annotations

import numpy as np

from tlbench.core.run_spec import Setting
from tlbench.core.strategy import Strategy
from tlbench.errors import TlbenchError
from tlbench.testing.check import CheckFailed, NotApplicable
from tlbench.testing.plugin_under_test import PluginUnderTest
from tlbench.testing.prediction_checks import check_predictions
from tlbench.testing.strategy_trial import StrategyTrial, with_another_source
from tlbench.testing.toy_domains import BACKBONES, KINDS

LABELLED: tuple[Setting, ...] = ("transductive", "inductive")


def check_without_adaptation(subject: PluginUnderTest, strategy: type[Strategy]) -> None:
    """The strategy that `without_adaptation` names is there, works in `transductive`, and adapts nothing itself."""
    name = strategy.without_adaptation
    if not name:
        raise NotApplicable("its adaptation gap is to source-only")
    if "transductive" not in strategy.settings:
        raise CheckFailed(f"without_adaptation is {name!r}, but it does not work in 'transductive'")
    try:
        other = subject.host.find("strategies", name)[0].load()
    except TlbenchError as error:
        raise CheckFailed(f"without_adaptation: {error}") from error
    if other is strategy or other.without_adaptation:
        raise CheckFailed(f"without_adaptation names {name!r}, which adapts itself; name what it is without that")
    if "transductive" not in other.settings:
        raise CheckFailed(f"without_adaptation names {name!r}, which does not work in 'transductive'")


def check_without_source(bench: StrategyTrial) -> None:
    """A(∅, T): where `without_source` is `self`, the same algorithm runs with no source at all."""
    if bench.strategy.without_source != "self" or "inductive" not in bench.strategy.settings:
        raise NotApplicable(f"without a source the host takes {bench.strategy.without_source!r}")
    check_predictions(bench.fit(bench.case("vector", "inductive", source=False)))


def check_uses_source(bench: StrategyTrial) -> None:
    """With another source it predicts otherwise, or `uses_source` says that the source is nothing to it."""
    asked = [(setting, kind) for setting in LABELLED if setting in bench.strategy.settings for kind in KINDS]
    if not asked:
        raise NotApplicable("in its settings the source has no labels")
    for setting, kind in asked:
        says, where = bench.uses_source(kind, setting), f"in {setting!r} on the backbone {BACKBONES[kind]!r}"
        case = bench.case(kind, setting)
        first, second = bench.fit(case), bench.fit(with_another_source(case))
        changes = not np.array_equal(first.logits(), second.logits())
        # A classifier that is sure of everything has the same logits on other features.
        if says and not changes and np.array_equal(first.features(), second.features()):
            raise CheckFailed(
                f"{where} another source leaves every prediction as it is; say so by uses_source(), so that tables "
                "show no verdict on a source that is not used"
            )
        if changes and not says:
            raise CheckFailed(f"{where} uses_source() says that the source is nothing, and another one changes it")
