"""The checks of a dataset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from tlbench.core.domain import Dataset, Domain, Modality
from tlbench.data.domain_checks import check_domain
from tlbench.errors import DataError, Faults
from tlbench.testing.check import Check, CheckFailed, NotApplicable
from tlbench.testing.plugin_under_test import PluginUnderTest, Row, common_checks


def checks(subject: PluginUnderTest) -> Iterator[Check]:
    """All checks of a dataset, without options. One whose data are not here is skipped."""
    yield from common_checks(subject)
    yield from subject.each(_ROWS, subject)


def _dataset(subject: PluginUnderTest) -> Dataset:
    made = subject.load()
    try:
        given: tuple[Any, ...] = () if subject.argument is None else (subject.argument,)
        options = {"params": made.Params()} if hasattr(made, "Params") else {}
        dataset: Dataset = made(*given, **options)
    except ValueError as error:
        raise NotApplicable(f"it needs options: {error}") from error
    return dataset


def _loaded(subject: PluginUnderTest) -> list[Domain]:
    dataset = _dataset(subject)
    try:
        return [dataset.load(name) for name in dataset.domains]
    except DataError as error:
        raise NotApplicable(f"its data are not here: {error}") from error


def check_stated(subject: PluginUnderTest) -> None:
    """What readers of tables ask first."""
    dataset = _dataset(subject)
    if len(dataset.domains) < 2:
        raise CheckFailed(f"domains are {list(dataset.domains)}; transfer needs two at least")
    for name in ("licence", "origin"):
        if not getattr(dataset, name, ""):
            raise CheckFailed(f"{name} is empty; say under which terms the data may be used, and where they come from")


def check_domains(subject: PluginUnderTest) -> None:
    """What the host itself asks of every domain before anything is trained."""
    for name, domain in zip(_dataset(subject).domains, _loaded(subject), strict=True):
        if domain.name != name:
            raise CheckFailed(f"load({name!r}) gave a domain that is called {domain.name!r}")
        if domain.modality not in get_args(Modality):
            raise CheckFailed(f"{name}: modality {domain.modality!r}; one of {', '.join(get_args(Modality))}")
        try:
            check_domain(subject.name, domain)
        except Faults as error:
            raise CheckFailed("; ".join(error.faults[:5])) from error


def check_steady(subject: PluginUnderTest) -> None:
    """The revision is a hash of the data, and in every run key."""
    first, second = _loaded(subject), _loaded(subject)
    for one, other in zip(first, second, strict=True):
        if one.revision != other.revision:
            raise CheckFailed(
                f"{one.name} is another when it is loaded again; seed what is drawn, and sort what is listed"
            )


def check_kinds(subject: PluginUnderTest) -> None:
    """What one backbone can read."""
    found = {(domain.modality, tuple(domain.train.inputs.shape[1:])) for domain in _loaded(subject)}
    if len(found) > 1:
        raise CheckFailed(
            f"domains have inputs of several kinds or shapes: {sorted(map(str, found))}; bring them to one"
        )


_ROWS: tuple[Row, ...] = (
    ("stated", "two domains at least, licence and origin", check_stated),
    ("domains", "splits whole, labelled, finite, without what they share", check_domains),
    ("steady", "loaded twice, it is the same", check_steady),
    ("kinds", "one kind and shape of inputs for all domains", check_kinds),
)
