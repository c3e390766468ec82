"""`tlbench doctor PATH`: what one's own data hold, what is wrong with them, and a suite for them."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import typer
from tabulate import tabulate

from tlbench.cli.detect_data import DetectedData, guess
from tlbench.cli.detect_hub import HUB, guess_hub, hub_name, is_hub_layout
from tlbench.core.domain import SPLITS, Dataset, Domain
from tlbench.core.inputs import SparseRows, digests
from tlbench.core.names import name_notes
from tlbench.data.dataset_loading import open_dataset, plugin_errors
from tlbench.data.domain_checks import check_domain
from tlbench.errors import TlbenchError
from tlbench.plugins.manager import PluginHost

T = TypeVar("T")
_SHOWN_CLASSES = 12
_DENSE_BYTES = 512 * 2**20
_TEXT_BACKBONE = (
    "Texts need a pretrained backbone: in place of FOLDER put a folder with a model of the library transformers "
    "(config.json, model.safetensors and its tokenizer), such as distilbert-base-uncased from a hub of models; "
    "on a CPU write frozen:transformers:FOLDER, which reads every text once"
)


@dataclass
class Seen:
    """What could be loaded, what is wrong, and whether single faults had to be forgiven for it."""

    domains: dict[str, Domain] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)
    #: By what is said of where splits come from, the domains of which it is.
    splits: dict[str, list[str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    forgiven: bool = False


def examine(path: Path, host: PluginHost, columns: Mapping[str, str]) -> int:
    """Report on a path or `hub:…`: exit 0 where a suite can run on it as it is, 1 where something is to be mended.

    `columns` are those of a table that the user has named, by their roles.
    """
    found = _guess(path, host, columns)
    typer.echo(f"{path}: {found.words}; in a suite: dataset = {_toml(found.name)}")
    seen = Seen(faults=list(found.faults))
    look(found, host, seen)
    describe(seen)
    for fault in seen.faults:
        typer.echo(f"fault: {fault}")
    for hint in found.hints:
        typer.echo(hint)
    if seen.domains or found.faults:
        _suggest(path, found, seen)
    return 1 if seen.faults else 0


def _guess(path: Path, host: PluginHost, columns: Mapping[str, str]) -> DetectedData:
    if str(path).startswith(HUB):
        return guess_hub(str(path), host, columns)
    if path.is_dir() and is_hub_layout(path):
        return guess_hub(hub_name(path), host, columns)
    return guess(path, columns)


def look(found: DetectedData, host: PluginHost, seen: Seen) -> None:
    """Load every domain, and collect what is wrong: one fault does not hide the next."""
    dataset = _tried(lambda: open_dataset(found.name, found.options, host), found.name, seen.faults)
    if dataset is None:
        return
    # Without the columns that say so a table has no domains, but its others can be looked at.
    names = None if found.faults else _tried(lambda: dataset.domains, found.name, seen.faults)
    if names is None:
        _more_faults(dataset, None, seen.faults)
        return
    _tried(lambda: _look_at(dataset, names, found, host, seen), found.name, seen.faults)


def _tried(make: Callable[[], T], title: str, faults: list[str]) -> T | None:
    """What `make` gives; None where it raises, and then the fault is added."""
    try:
        with plugin_errors(title):
            return make()
    except TlbenchError as error:
        _add(faults, str(error))
        return None


def _more_faults(dataset: Dataset, domain: str | None, faults: list[str]) -> None:
    """What loading would have come to after its first fault."""
    for fault in _tried(lambda: dataset.faults(domain), "the faults of a dataset", faults) or ():
        _add(faults, fault)


def _look_at(strict: Dataset, names: Sequence[str], found: DetectedData, host: PluginHost, seen: Seen) -> None:
    """Load every domain, leniently where it cannot be had otherwise."""
    lenient = open_dataset(found.name, {**found.options, **found.lenient}, host)
    for name in names:
        domain = _load(strict, name, seen.faults)
        if domain is None:
            _more_faults(strict, name, seen.faults)
        if domain is None and found.lenient:
            domain = _load(lenient, name, seen.faults)
            seen.forgiven |= domain is not None
        if domain is not None:
            seen.domains[name] = domain
            seen.about[name] = "; ".join(strict.about(name))
            if words := strict.split_origin(name).words:
                seen.splits.setdefault(words, []).append(name)
            seen.faults += _check(found.name, domain)
    if len(shapes := sorted({_shape(domain) for domain in seen.domains.values()})) > 1:
        seen.faults.append(f"inputs differ in shape between domains ({', '.join(shapes)}), and one network needs one")
    if len(strict.domains) == 1:
        seen.faults.append(f"there is one domain alone, {strict.domains[0]!r}, and transfer takes two")


def _load(dataset: Dataset, name: str, faults: list[str]) -> Domain | None:
    return _tried(lambda: dataset.load(name), f"domain {name!r}", faults)


def _add(faults: list[str], fault: str) -> None:
    """A fault, once."""
    if fault not in faults:
        faults.append(fault)


def _check(name: str, domain: Domain) -> list[str]:
    try:
        check_domain(name, domain)
    except TlbenchError as error:
        return [str(error)]
    return []


def _table(seen: Seen) -> str:
    rows = [
        [name, len(domain.class_names), *(len(domain.split(split)) for split in SPLITS), _shape(domain), about]
        for (name, domain), about in zip(seen.domains.items(), seen.about.values(), strict=True)
    ]
    headers = ["domain", "classes", *SPLITS, "inputs", *(["on disk"] if any(seen.about.values()) else [])]
    return tabulate([row[: len(headers)] for row in rows], headers, disable_numparse=True)


def _shape(domain: Domain) -> str:
    shape = domain.train.inputs.shape[1:]
    if domain.modality == "text":
        return "texts"
    if isinstance(domain.train.inputs, SparseRows):
        return f"{shape[0]} features, sparse"
    return f"{shape[0]} features" if domain.modality == "vector" else " x ".join(map(str, shape))


def describe(seen: Seen) -> None:
    """Counts, classes, duplicates, and what was done to the data."""
    if not seen.domains:
        return
    typer.echo(f"\n{_table(seen)}\n")
    drawn = [f"splits of {', '.join(names)}: {words}" for words, names in seen.splits.items()]
    for line in [*_class_lines(seen.domains), *drawn, *_duplicates(seen.domains)]:
        typer.echo(line)
    for name, domain in seen.domains.items():
        for note in domain.notes:
            typer.echo(f"note: domain {name!r}: {note}")


def _class_lines(domains: Mapping[str, Domain]) -> Iterator[str]:
    names = {name: set(domain.class_names) for name, domain in domains.items()}
    shared = sorted(set.intersection(*names.values()))
    if same_classes(domains):
        yield f"classes: {_shown(next(iter(domains.values())).class_names)}"
    else:
        yield f"classes that all domains have: {_shown(shared) if shared else 'none'}"
        for name, own in names.items():
            if more := sorted(own - set(shared)):
                yield f"classes of {name!r} beside them: {_shown(more)}"
        yield (
            "label spaces differ, so the setting 'transductive' is out for such pairs, unless "
            "classes = 'shared' cuts them down to what both have; 'inductive' works"
        )
    yield from name_notes(domains, set().union(*names.values()))
    for name, domain in domains.items():
        counts = np.bincount(domain.train.labels, minlength=len(domain.class_names))
        smallest = int(counts.argmin())
        yield f"smallest class of {name!r}: {domain.class_names[smallest]!r}, {counts[smallest]} to train on"


def same_classes(domains: Mapping[str, Domain]) -> bool:
    """Whether all domains have the same label space."""
    return len({domain.class_names for domain in domains.values()}) == 1


def _shown(names: tuple[str, ...] | list[str]) -> str:
    more = f" and {len(names) - _SHOWN_CLASSES} more" if len(names) > _SHOWN_CLASSES else ""
    return f"{', '.join(names[:_SHOWN_CLASSES])}{more}"


def _duplicates(domains: Mapping[str, Domain]) -> Iterator[str]:
    contents = {name: _contents(domain) for name, domain in domains.items()}
    for name, found in contents.items():
        if copies := sum(map(len, found.values())) - len(found):
            torn = sum(len(set(labels)) > 1 for labels in found.values())
            classes = f"; of {torn} the copies stand under several classes" if torn else ""
            yield f"duplicates within {name!r}: {copies} more than there are different examples{classes}"
    for one, other in itertools.combinations(contents, 2):
        if both := len(contents[one].keys() & contents[other].keys()):
            yield f"duplicates across domains: {both} of the examples of {one!r} in {other!r}"


def _contents(domain: Domain) -> dict[bytes, list[int]]:
    """The labels under which each different input stands."""
    found: dict[bytes, list[int]] = {}
    for split in map(domain.split, SPLITS):
        for content, label in zip(digests(split.inputs), split.labels.tolist(), strict=False):
            found.setdefault(content, []).append(label)
    return found


def _suggest(path: Path, found: DetectedData, seen: Seen) -> None:
    """A suite that can be saved and run."""
    domains = seen.domains
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", path.resolve().stem).strip("-_")[:60] or "mine"
    options = {**found.options, **(found.lenient if seen.forgiven else {})}
    lines = [f"name = {_toml(name)}", f"dataset = {_toml(found.name)}"]
    lines += [f'backbones = ["{_backbone(found, domains)}"]', "seeds = [0, 1, 2]"]
    if options:
        lines += ["", "[data]", *(f"{key} = {_toml(value)}" for key, value in options.items())]
    lines += ["", "[budget]", "steps = 300", "", "[[part]]"]
    if not domains or same_classes(domains):
        lines += ['setting = "transductive"', 'strategies = ["feature-extraction", "dann"]']
    else:
        fewest = min(int(np.unique(domain.train.labels, return_counts=True)[1].min()) for domain in domains.values())
        lines += ['setting = "inductive"', f"shots = {min(5, fewest)}", 'strategies = ["fine-tune", "multi-task"]']
    lines += ['pairs = "all"']
    if _backbone(found, domains).endswith("FOLDER"):
        typer.echo(f"\n{_TEXT_BACKBONE}")
    typer.echo(f"\nA suite to begin with; save it as {name}.toml, then: tlbench run {name}.toml\n")
    typer.echo("\n".join(lines))


def _backbone(found: DetectedData, domains: Mapping[str, Domain]) -> str:
    """What trains on such inputs: nothing that needs weights, where there is something."""
    held = {found.modality, *(domain.modality for domain in domains.values())}
    if "text" in held:
        return "transformers:FOLDER"
    if any(isinstance(domain.train.inputs, SparseRows) for domain in domains.values()):
        # Features of "linear" are the inputs, dense: too many, and a layer of 100 takes less memory.
        dense = max(4 * len(domain.train) * domain.train.inputs.shape[1] for domain in domains.values())
        return "linear" if dense <= _DENSE_BYTES else "mlp:100"
    return "mlp:64" if "vector" in held else "small-cnn"


def _toml(value: Any) -> str:
    """A string, a list of strings or an inline table as TOML writes it; the first two are as JSON has them."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_toml(inner)}' for key, inner in value.items())} }}"
    return json.dumps(value, ensure_ascii=False)
