"""What must hold between a suite, its data and its backbones before anything is trained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tlbench.core.names import look_alikes, sentence
from tlbench.core.preparation import input_fault
from tlbench.core.run_spec import WEIGHTS
from tlbench.data.folds import folds_of
from tlbench.data.label_budget import draw_shots
from tlbench.data.ready_domain import ReadyDomain
from tlbench.errors import DataError, Faults, TlbenchError
from tlbench.planning.run_context import RunContext
from tlbench.planning.suite_backbones import backbones_of
from tlbench.plugins.backbone_metadata import backbone_faults
from tlbench.plugins.backbone_preparation import preparation_of
from tlbench.plugins.manager import PluginHost
from tlbench.suites.suite import Part, Suite

_SHOWN_CLASSES = 6
#: Selection protocols that read labels of source validation data.
BY_SOURCE_VAL = ("source-val", "iwv", "dev")


def check_parts(suite: Suite, host: PluginHost, trusted: Sequence[str]) -> list[str]:
    """What is to be told of the backbones.

    Raises `Faults` for those that cannot be had or are not trusted, and for keys that do not go together.
    """
    notes: list[str] = []
    faults = [fault for name in backbones_of(suite) for fault in backbone_faults(name, host, notes, trusted)]
    faults += [fault for number, part in enumerate(suite.part, 1) for fault in _part_faults(suite, number, part, host)]
    if faults:
        raise Faults(f"suite {suite.name!r} cannot run", faults)
    return notes


def _part_faults(suite: Suite, number: int, part: Part, host: PluginHost) -> Iterator[str]:
    here = f"[[part]] {number}"
    if suite.evaluation == "transductive-test" and part.setting == "inductive":
        yield (
            f"{here}: evaluation 'transductive-test' tests on the target examples that are trained on, so the setting "
            "'inductive' would be given their labels; use evaluation = 'held-out', or another setting"
        )
    if part.pairs == "all" or not any(text.startswith(f"{WEIGHTS}:") for text in part.pairs):
        return
    if part.setting == "transductive":
        yield (
            f"{here}: pairs from {WEIGHTS!r} have no labels at all in the setting 'transductive'; "
            "use 'inductive' or 'unsupervised'"
        )
    for name in part.backbones or suite.backbones:
        if not _has_pretrained_weights(name, host):
            yield (
                f"{here}: pairs from {WEIGHTS!r}, but the backbone {name!r} has no pretrained weights; "
                "name a pretrained backbone, or a domain as the source"
            )


def _has_pretrained_weights(name: str, host: PluginHost) -> bool:
    from tlbench.core.backbone import has_pretrained_weights  # here, for it imports torch

    entry, argument = host.find("backbones", name)
    try:
        return has_pretrained_weights(entry.load(), argument)
    except TlbenchError:  # a malformed name, of which its own fault tells
        return True


def text_faults(situations: Iterable[RunContext], host: PluginHost, trusted: Sequence[str]) -> Iterator[str]:
    """Backbones that are given texts and take none, or take texts alone and are given none."""
    given = {
        (situation.backbone, name, situation.ready[name].storage)
        for situation in situations
        for name in situation.domains
    }
    reading = {backbone: preparation_of(backbone, host, trusted) for backbone, _, _ in given}
    for backbone, name, storage in sorted(given):
        if fault := input_fault(backbone, name, storage, reading[backbone]):
            yield fault


def situation_faults(suite: Suite, part: Part, situation: RunContext) -> Iterator[str]:
    """What the data of one situation lack, naming domain, split and class."""
    yield from _shape_faults(situation)
    yield from _kept_back_faults(suite, situation)
    yield from _class_faults(part, situation)
    yield from _second_training_faults(suite, situation)
    try:
        _draw(suite, situation)
    except DataError as error:
        yield str(error)


def _shape_faults(situation: RunContext) -> Iterator[str]:
    """One network takes the inputs of all domains of a pair."""
    target = situation.ready[situation.target]
    for name in situation.source_domains:
        shape = situation.ready[name].input_shape
        if shape != target.input_shape:
            shapes = f"{shape} in {name!r} and {target.input_shape} in {target.name!r}"
            yield f"pair {name}:{target.name}: inputs have the shapes {shapes}; one network needs one shape"


def _kept_back_faults(suite: Suite, situation: RunContext) -> Iterator[str]:
    """Selection by validation data that `transductive-test` trains on."""
    if suite.selection in BY_SOURCE_VAL and not situation.view.validation:
        yield (
            f"selection = {suite.selection!r} chooses by validation data of the source, and 'transductive-test' keeps "
            "none back; write validation = true, or selection = 'last'"
        )


def _second_training_faults(suite: Suite, situation: RunContext) -> Iterator[str]:
    """Reverse validation is judged on source validation examples, so every source must have some."""
    if suite.reverses and situation.setting == "transductive":
        kept = situation.view.validation
        hint = (
            "leave it out" if kept else "'transductive-test' keeps none back: leave it out, or write validation = true"
        )
        for name in situation.source_domains:
            if not situation.ready[name].counts["val"]:
                yield f"domain {name!r}, val: no examples, and reverse validation is judged on them; {hint}"


def _class_faults(part: Part, situation: RunContext) -> Iterator[str]:
    sources = [situation.ready[name] for name in situation.source_domains]
    if situation.setting == "unsupervised":
        return
    named = f"{'+'.join(situation.sources)}:{situation.target}"
    pair = f"pair {named}"
    if part.classes == "shared" and situation.view.classes is None and not situation.same_label_space:
        both = _classes(sources[0], situation.ready[situation.target])
        yield f"{pair}: classes = 'shared' takes two classes that all domains of a pair have; {both}"
        return
    for other in sources[1:]:
        if other.class_names != sources[0].class_names:
            yield f"{pair}: sources that are joined must share their classes; {_classes(sources[0], other)}"
            return
    # Of "all" pairs and of a glob's, those that do not fit are skipped with their reason; one that is named is meant.
    if situation.setting == "transductive" and named in part.pairs and not situation.same_label_space:
        target = situation.ready[situation.target]
        message = (
            f"{pair}: the setting 'transductive' needs the same classes in source and target, for no target label "
        )
        hint = "use classes = 'shared', 'inductive', or another pair"
        yield f"{message}says what joins others; {_classes(sources[0], target)}; {hint}"


def _classes(one: ReadyDomain, other: ReadyDomain) -> str:
    alike = look_alikes({*one.class_names, *other.class_names})
    return "; ".join([f"{_named(one)}, {_named(other)}", *map(sentence, alike[:_SHOWN_CLASSES])])


def _named(domain: ReadyDomain) -> str:
    names = domain.class_names
    more = f" and {len(names) - _SHOWN_CLASSES} more" if len(names) > _SHOWN_CLASSES else ""
    return f"{domain.name!r} has {', '.join(map(repr, names[:_SHOWN_CLASSES]))}{more}"


def _draw(suite: Suite, situation: RunContext) -> None:
    """Draw what runs will be given, to see that it can be had. Raises `DataError`."""
    target = situation.ready[situation.target]
    if situation.setting == "inductive":
        labels, shots = target.labels("train"), situation.shots or "all"
        draw_shots(labels, target.class_names, shots, situation.seed, target.name, target.revision)
    if suite.evaluation == "transductive-test":
        folds_of(target, "test", situation.seed)
