"""Notes on the data of a plan: how splits were drawn, what was kept back, which classes were left out."""

from __future__ import annotations

from collections.abc import Sequence

from tlbench.data.domain_store import DomainStore
from tlbench.data.domain_view import DomainView
from tlbench.planning.run_context import RunContext
from tlbench.records.data_note import DataNote
from tlbench.suites.suite import Suite


def data_notes(suite: Suite, situations: Sequence[RunContext], domains: DomainStore) -> list[DataNote]:
    """Nothing where splits are the data's own, all classes are there and evaluation is held-out."""
    names = list(dict.fromkeys(name for each in situations for name in each.domains))
    whole = suite.evaluation == "transductive-test"
    notes = _kept_back(suite, names, domains) if whole else _splits(names, domains)
    return notes + _left_out(situations, domains)


def _splits(names: Sequence[str], domains: DomainStore) -> list[DataNote]:
    found: dict[str, list[str]] = {}
    for name in names:
        if words := domains.split_origin(name).words:
            found.setdefault(words, []).append(name)
    return [DataNote(text=f"splits of {', '.join(of)}: {words}", domains=of) for words, of in found.items()]


def _kept_back(suite: Suite, names: Sequence[str], domains: DomainStore) -> list[DataNote]:
    """Where there are validation data, whether they are trained on."""
    ready = [domains.splits(name, DomainView(suite.evaluation)) for name in names]
    some = {domain.name: 100 * domain.counts["val"] / sum(domain.counts.values()) for domain in ready}
    some = {name: share for name, share in some.items() if share}
    if not some:
        return []
    if not suite.validation:
        text = "all of a source is trained on: no validation data are kept back (validation = true would keep them)"
        return [DataNote(text=text, domains=list(some))]
    shares = ", ".join(f"{share:.0f} % of {name}" for name, share in some.items())
    text = f"validation data are kept back from sources, which the published protocols do not: {shares}"
    return [DataNote(text=text, domains=list(some))]


def _left_out(situations: Sequence[RunContext], domains: DomainStore) -> list[DataNote]:
    """Which classes of a pair are left out, for not both domains have them."""
    found: dict[str, DataNote] = {}
    for each in situations:
        pair = f"{'+'.join(each.sources)}:{each.target}"
        if (kept := each.view.classes) is None or pair in found:
            continue
        missing = []
        for name in each.domains:
            own = domains.splits(name, each.view).class_names
            if out := [label for label in own if label not in kept]:
                missing.append(f"{', '.join(map(repr, out))} of {name}")
        text = f"{pair}: on the {len(kept)} classes that all of it have; left out: {'; '.join(missing)}"
        found[pair] = DataNote(text=text, pairs=[pair])
    return list(found.values())
