"""What must hold between a suite, its data and its backbones before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator

from tlbench.data.folds import draw_folds
from tlbench.data.shots import draw_shots
from tlbench.data.store import ReadyDomain
from tlbench.errors import DataError, Faults
from tlbench.planning.place import Place
from tlbench.plugins import PluginHost
from tlbench.spec import WEIGHTS
from tlbench.suites.suite import Part, Suite

_SHOWN_CLASSES = 6


def check_parts(suite: Suite, host: PluginHost) -> None:
    """Raise `Faults` for parts whose setting, pairs, backbones and evaluation do not go together."""
    faults = [fault for number, part in enumerate(suite.part, 1) for fault in _part_faults(suite, number, part, host)]
    if faults:
        raise Faults(f"suite {suite.name!r} cannot run", faults)


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
    from tlbench.backbone import has_pretrained_weights  # here, for it imports torch

    return has_pretrained_weights(host.find("backbones", name)[0].load())


def place_faults(suite: Suite, part: Part, place: Place) -> Iterator[str]:
    """What the data of one place lack, naming domain, split and class."""
    yield from _class_faults(part, place)
    try:
        _draw(suite, place)
    except DataError as error:
        yield str(error)


def _class_faults(part: Part, place: Place) -> Iterator[str]:
    sources = [place.ready[name] for name in place.source_domains]
    if place.setting == "unsupervised":
        return
    pair = f"pair {'+'.join(place.sources)}:{place.target}"
    for other in sources[1:]:
        if other.class_names != sources[0].class_names:
            yield f"{pair}: sources that are joined must share their classes; {_classes(sources[0], other)}"
            return
    # Of "all" pairs, those that do not fit are skipped with their reason; one that is named is meant.
    if place.setting == "transductive" and part.pairs != "all" and not place.same_label_space:
        target = place.ready[place.target]
        message = (
            f"{pair}: the setting 'transductive' needs the same classes in source and target, for no target label "
        )
        yield f"{message}says what joins others; {_classes(sources[0], target)}; use 'inductive', or another pair"


def _classes(one: ReadyDomain, other: ReadyDomain) -> str:
    return f"{_named(one)}, {_named(other)}"


def _named(domain: ReadyDomain) -> str:
    names = domain.class_names
    more = f" and {len(names) - _SHOWN_CLASSES} more" if len(names) > _SHOWN_CLASSES else ""
    return f"{domain.name!r} has {', '.join(map(repr, names[:_SHOWN_CLASSES]))}{more}"


def _draw(suite: Suite, place: Place) -> None:
    """Draw what runs will be given, to see that it can be had. Raises `DataError`."""
    target = place.ready[place.target]
    if place.setting == "inductive":
        labels, shots = target.labels("train"), place.shots or "all"
        draw_shots(labels, target.class_names, shots, place.seed, target.name, target.revision)
    if suite.evaluation == "transductive-test":
        draw_folds(target.labels("test"), target.class_names, place.seed, target.name, target.revision)
