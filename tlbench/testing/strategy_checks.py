"""The checks of a strategy, each of one thing that the host, or a reader of its tables, relies on."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel
from torch.optim.optimizer import register_optimizer_step_post_hook

from tlbench.core.run_spec import Budget, Setting
from tlbench.core.strategy import Strategy, lacking
from tlbench.errors import TlbenchError
from tlbench.testing.check import Check, CheckFailed, NotApplicable
from tlbench.testing.checkpoint_checks import check_buffers, check_kept, check_saves
from tlbench.testing.confined import confined
from tlbench.testing.plugin_under_test import PluginUnderTest, Row, common_checks
from tlbench.testing.prediction_checks import check_predictions
from tlbench.testing.side_effects import as_they_were
from tlbench.testing.source_checks import check_uses_source, check_without_adaptation, check_without_source
from tlbench.testing.strategy_trial import SETTINGS, SHORT, StrategyTrial
from tlbench.testing.toy_domains import KINDS, Kind

#: Enough for any method to learn two classes that lie apart, in a second.
LONG = Budget(steps=80, batch_size=24, checkpoints=1)
#: Above chance (0.5) by four standard errors of 61 test examples.
LEARNT = 0.76


def checks(subject: PluginUnderTest) -> Iterator[Check]:
    """All checks of a strategy. Raises `TlbenchError` where it cannot be loaded, or is none."""
    strategy = subject.load()
    if not (inspect.isclass(strategy) and issubclass(strategy, Strategy)):
        raise TlbenchError(f"{subject.name!r} is no strategy: {strategy!r} is no subclass of tlbench.Strategy")
    bench = StrategyTrial(strategy, subject.host)
    check = subject.check
    yield from common_checks(subject)
    yield check("without-adaptation", "the same without adapting", partial(check_without_adaptation, subject, strategy))
    yield check("metadata", "settings, paper and what it is trained on", partial(check_metadata, strategy))
    yield check("parameters", "they have defaults, are validated, and survive JSON", partial(check_params, strategy))
    if not _can_be_made(strategy):
        yield check("made", "it can be made", partial(check_made, strategy))
        return  # all others would say the same
    # First of those that train: what another has opened already, and the strategy kept, nobody would see.
    yield check("labels", "no search for labels", partial(check_labels, bench))
    for setting in (one for one in SETTINGS if one in strategy.settings):
        for kind in KINDS:
            run = partial(check_runs, bench, setting, kind)
            yield check(f"runs-{setting}-{kind}", "finite predictions of the right shape, for odd batches too", run)
    yield from subject.each(_OF_BENCH, bench)


# ---- what it says of itself -----------------------------------------------------------------------------------------


def check_metadata(strategy: type[Strategy]) -> None:
    """Known settings, a link to the paper, and words on what its classifier is trained on for settings that it has."""
    settings = getattr(strategy, "settings", None)
    if not isinstance(settings, set | frozenset) or not settings or not settings <= set(SETTINGS):
        raise CheckFailed(f"settings is {settings!r}; write a set of some of {', '.join(SETTINGS)}")
    if not strategy.paper.startswith(("https://", "http://", "none: ")):
        raise CheckFailed(
            f"paper is {strategy.paper!r}; write the link of the paper, as paper = 'https://arxiv.org/abs/…', or what "
            "it is without one, as paper = 'none: label smoothing, as everybody does it'"
        )
    if "…" in strategy.paper:
        raise CheckFailed(f"paper is still {strategy.paper!r}; put the link of the paper there")
    if strange := sorted(set(strategy.classifier_trained_on) - settings):
        raise CheckFailed(f"classifier_trained_on speaks of {', '.join(strange)}, which is not among its settings")


def check_params(strategy: type[Strategy]) -> None:
    """`Params()` works, gives back what JSON took away, refuses a name that it does not know, and cannot be changed."""
    try:
        params = strategy.Params()
    except ValueError as error:
        raise CheckFailed(f"Params() needs values; give every parameter a default: {error}") from error
    if strategy.Params.model_validate_json(params.model_dump_json()) != params:
        raise CheckFailed("parameters are others after JSON; use plain types: numbers, strings, lists, tuples")
    if not _refuses(strategy.Params, a_name_that_nobody_has=1):
        raise CheckFailed("Params takes a parameter that it does not have; subclass tlbench.Params, which refuses it")
    if not strategy.Params.model_config.get("frozen"):
        raise CheckFailed("parameters can be changed, and run keys would lie; subclass tlbench.Params, which is frozen")
    if any(field.annotation is Any for field in strategy.Params.model_fields.values()):
        raise CheckFailed("a parameter has the type Any, so that nothing is checked; give it its own")


def _refuses(params: type[BaseModel], **given: Any) -> bool:
    try:
        params(**given)
    except ValueError:
        return True
    return False


def check_made(strategy: type[Strategy]) -> None:
    """`Strategy(Params())` gives an object: nothing that has to be written is missing."""
    if missing := lacking(strategy):
        raise CheckFailed(f"it lacks {', '.join(missing)}")
    strategy(strategy.Params())


def _can_be_made(strategy: type[Strategy]) -> bool:
    try:
        check_made(strategy)
    except Exception:
        return False
    return isinstance(getattr(strategy, "settings", None), set | frozenset)


# ---- what it predicts -----------------------------------------------------------------------------------------------


def check_runs(bench: StrategyTrial, setting: Setting, kind: Kind) -> None:
    """Finite logits (n, classes), the same one by one, by sevens and all at once."""
    check_predictions(bench.fit(bench.case(kind, setting)))


def check_other_classes(bench: StrategyTrial) -> None:
    """Three classes of the target that the source has not."""
    if "inductive" not in bench.strategy.settings:
        raise NotApplicable("in its settings source and target have the same classes")
    check_predictions(bench.fit(bench.case("vector", "inductive", target_classes=3)))


def check_learns(bench: StrategyTrial) -> None:
    """On two classes that lie apart it is better than chance."""
    case = bench.any_case()
    if case.task.setting == "unsupervised":
        raise NotApplicable("clusters have no names; `tlbench run digits-clustering --strategy NAME` scores them")
    accuracy = float((bench.fit(case, LONG).logits().argmax(axis=1) == case.test.labels).mean())
    if accuracy < LEARNT:
        raise CheckFailed(
            f"accuracy {accuracy:.2f} after {LONG.steps} steps on two classes that lie apart, where chance is 0.50: "
            "look at the sign and the scale of each term of the loss (`tlbench show RUN` shows their course)"
        )


def check_single_class(bench: StrategyTrial) -> None:
    """Batches that hold one class only, as those of a rare class do."""
    case = bench.any_case(source_labels=lambda labels: np.where(np.arange(len(labels)) < 3, labels, 1))
    logits = bench.fit(case, Budget(steps=6, batch_size=2, checkpoints=1)).logits()
    if not np.isfinite(logits).all():
        raise CheckFailed("logits are not finite after batches of one class; guard what divides by counts of classes")


# ---- what it depends on ---------------------------------------------------------------------------------------------


def check_same_seed(bench: StrategyTrial) -> None:
    """One seed, one result, to the last bit."""
    first, second = (bench.fit(bench.any_case()).logits() for _ in range(2))
    if not np.array_equal(first, second):
        raise CheckFailed("two runs of one seed differ; take randomness from batch.generator, or from task.seed")


def check_other_seed(bench: StrategyTrial) -> None:
    """Another seed, another result, unless it says `deterministic = True`."""
    if bench.strategy.deterministic:
        raise NotApplicable("it says deterministic = True")
    first, second = (bench.fit(bench.any_case(seed=seed)).logits() for seed in (0, 1))
    if np.array_equal(first, second):
        raise CheckFailed("two seeds give the same predictions; use task.seed, or say deterministic = True")


def check_generator(bench: StrategyTrial) -> None:
    """What others draw from the global generators does not change it."""
    bench.ask_gradient()

    def draw_before(number: int) -> Callable[[Strategy], None]:
        def disturbed(call: Callable[..., Any]) -> Callable[..., Any]:
            def drawn_before(*given: Any) -> Any:
                torch.rand(number)
                np.random.rand(number)
                return call(*given)

            return drawn_before

        def alter(strategy: Any) -> None:
            substeps = strategy.substeps
            for name in ("loss", "after_step", "refresh"):
                setattr(strategy, name, disturbed(getattr(strategy, name)))
            strategy.substeps = lambda model: [replace(one, loss=disturbed(one.loss)) for one in substeps(model)]

        return alter

    first, second = (bench.fit(bench.any_case(), alter=draw_before(number)).logits() for number in (1, 2))
    if not np.array_equal(first, second):
        raise CheckFailed(
            "the loss draws from a global generator, so that it cannot be replayed; write "
            "torch.rand(…, generator=batch.generator), and leave dropout to the backbone"
        )


def check_budget(bench: StrategyTrial) -> None:
    """Every update of weights is one of the host's steps."""
    counted = 0

    def count(*_: object) -> None:
        nonlocal counted
        counted += 1

    case = bench.any_case()
    hook = register_optimizer_step_post_hook(count)
    try:
        fitted = bench.fit(case)
    finally:
        hook.remove()
    shared = SHORT.steps if fitted.toolkit._source_model is not None else 0
    told = sum(seen.updates for seen in fitted.toolkit.report.seen)
    if counted - shared != told:
        raise CheckFailed(
            f"{counted - shared} updates were made and {told} told to the host; train by toolkit.train(…)"
        )
    if more := [point["phase"] for point in fitted.toolkit.report.curve if point["step"] > SHORT.steps]:
        raise CheckFailed(f"the phase {more[0]!r} has more steps than the budget of {SHORT.steps}")
    fitted.toolkit.check_budget(type(fitted.strategy).__name__)


def check_surroundings(bench: StrategyTrial) -> None:
    """Threads, folder, environment, gradient mode and default type are as they were, and no file was written."""
    case = bench.any_case()
    with as_they_were() as changed:
        bench.fit(case)
    if changed:
        raise CheckFailed(f"it changes {'; '.join(changed)}; leave that to the host and to those who use it")


def check_labels(bench: StrategyTrial) -> None:
    """It opens no file of data and does not go through the memory of its process, where labels could be found.

    It is fitted in a sandbox, where threads, other programs and calls into the C library are seen as well.
    """
    case = bench.any_case()
    seen = confined(lambda: bench.fit(case).logits(), bench.files)
    if seen.reached:
        raise CheckFailed(f"it {'; '.join(seen.reached)}: what a run may know is on its task, and test labels are not")
    if seen.error:
        raise CheckFailed(f"in a sandbox, as runs have it, it raised {seen.error}")


def check_cuda(bench: StrategyTrial) -> None:
    """The same on a CUDA device."""
    if not torch.cuda.is_available():
        raise NotApplicable("there is no CUDA device here")
    logits = bench.fit(bench.any_case(), device="cuda").logits(device="cuda")
    if not np.isfinite(logits).all():
        raise CheckFailed("logits on CUDA are not finite")


#: Name, what it asks, and the check, which takes the bench.
_OF_BENCH: tuple[Row, ...] = (
    ("other-classes", "a label space that the source has not", check_other_classes),
    ("without-source", "the same algorithm with no source", check_without_source),
    ("uses-source", "another source is another result, or it says so", check_uses_source),
    ("learns", "better than chance where that is easy", check_learns),
    ("single-class", "batches of one class", check_single_class),
    ("same-seed", "one seed, one result", check_same_seed),
    ("other-seed", "another seed, another result", check_other_seed),
    ("generator", "randomness from the batch's generator", check_generator),
    ("buffers", "state in buffers of modules", check_buffers),
    ("budget", "every update is one of the host's", check_budget),
    ("surroundings", "threads, folder, environment, files as they were", check_surroundings),
    ("saves", "weights are saved and loaded without pickle", check_saves),
    ("kept", "checkpoints hold all that training changes", check_kept),
    ("cuda", "the same on CUDA", check_cuda),
)
