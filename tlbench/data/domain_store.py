"""Domains made ready once, on disk: inputs memory-mapped, labels apart from them, both in an order of the host's.

    <cache>/domains/<dataset>/<revision>/   meta.json, train.inputs.npy, val.inputs.npy, test.inputs.npy
    <cache>/labels/<dataset>/<revision>/    train.npy, val.npy, test.npy      read by the host alone
    <cache>/datasets/<dataset>-<hash>.json  which revisions a version of a dataset has; beside it the names of examples

Checksums lie in each folder. What is damaged is set aside and made again.

Both kinds of folder may hold splits made of these, see `derived_splits`. Where each seed draws its own splits, these
are domains of their own, each with its revision. Every split is permuted, so that no order of a file tells its labels.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tlbench.core.domain import SPLITS, Dataset, Domain, SplitOrigin
from tlbench.core.preparation import input_fault
from tlbench.core.run_spec import Evaluation
from tlbench.data.array_storage import place_of, storage_of, write_array, write_inputs
from tlbench.data.cache_use import use
from tlbench.data.checksums import faults, set_aside_damaged, sound_names, write_checksums
from tlbench.data.dataset_loading import open_dataset, plugin_errors
from tlbench.data.derived_splits import LABELS, seen, seen_names
from tlbench.data.domain_checks import check_domain
from tlbench.data.domain_view import DomainView
from tlbench.data.item_names import ItemNames, read_item_names, split_order, write_item_names
from tlbench.data.prepared_inputs import Told, prepared
from tlbench.data.ready_domain import ReadyDomain
from tlbench.errors import DataError, unknown
from tlbench.files import write_whole
from tlbench.plugins.backbone_preparation import preparation_of
from tlbench.plugins.manager import PluginHost, entry_version

#: Part of the folder's name: raised when arrays of the same revision would be laid out otherwise.
LAYOUT = 1
META = "meta.json"


class DomainStore:
    """Makes the domains of one dataset ready and finds those that are. `options` is a suite's table `[data]`.

    `device` is where inputs are prepared for backbones that ask for it; of these, the `trusted` ones may run code of
    others. `seeds` are those of the suite: where they draw splits, all splits of a domain are made when the first is
    asked for, so that its files are read once.
    """

    def __init__(
        self,
        cache: Path,
        dataset: str,
        host: PluginHost,
        options: Mapping[str, Any] | None = None,
        device: str = "cpu",
        trusted: Collection[str] = (),
        seeds: Sequence[int] = (),
    ) -> None:
        entry, _ = host.find("datasets", dataset)
        self.name = dataset
        self._host = host
        self._device = device
        self._trusted = trusted
        self.version = entry_version(entry)
        self.options = dict(options or {})
        with plugin_errors(f"dataset {dataset!r} cannot be opened"):
            self.dataset: Dataset = open_dataset(dataset, self.options, host)
        self._cache = cache
        self._seeds = seeds
        self._origins: dict[str, SplitOrigin] = {}
        self._told: set[str] = set()
        self._splits: dict[tuple[str, int | None], ReadyDomain] = {}
        self._ready: dict[tuple[str, DomainView], ReadyDomain] = {}
        self._prepared: dict[tuple[str, str, DomainView], ReadyDomain] = {}

    def get(self, domain: str, view: DomainView | Evaluation = "held-out") -> ReadyDomain:
        """The domain, made ready now if it is not yet. Raises `DataError` for a name it does not have.

        `held-out` has the splits of the dataset, or those that the view's seed draws. In `transductive-test` a target
        is its `test` split, all of the domain; a source is trained on `train`, which is all of it, or all but the
        validation data of the selectors.
        """
        view = self._decided(domain, view)
        place = (domain, view)
        if place in self._ready and not _is_sound(self._ready[place]):
            self._make_again(domain)
        if place not in self._ready:
            self._ready[place] = seen(self.splits(domain, view), view)
        return self._ready[place]

    def get_for(
        self,
        backbone: str,
        domain: str,
        view: DomainView | Evaluation = "held-out",
        told: Told = lambda done, total: None,
    ) -> ReadyDomain:
        """The domain as a backbone takes it, prepared now if it is not yet. `told` hears how far that is."""
        view = self._decided(domain, view)
        place = (backbone, domain, view)
        if place in self._prepared and not _is_sound(self._prepared[place]):
            self._make_again(domain)
        if place not in self._prepared:
            ready = self.splits(domain, view)
            preparation = preparation_of(backbone, self._host, self._trusted)
            if fault := input_fault(backbone, domain, ready.storage, preparation):
                raise DataError(fault)
            title = f"domain {domain!r} cannot be prepared for the backbone {backbone!r}"
            try:
                with plugin_errors(title):
                    ready = prepared(ready, preparation, self._device, told) if preparation else ready
                    self._prepared[place] = seen(ready, view)
            except DataError as error:
                raise DataError(str(error) if str(error).startswith(title) else f"{title}: {error}") from error
        return self._prepared[place]

    def item_names(self, domain: str, view: DomainView | Evaluation = "held-out") -> ItemNames:
        """What users call the examples of a domain, in the order of its splits. For the host alone.

        Made ready again where they were not kept, as before names were. Raises `DataError` as `get` does.
        """
        view = self._decided(domain, view)
        self.get(domain, view)
        splits, seed = self.splits(domain, view), self._seed(domain, view)
        path = self._names_file(domain, seed)
        found = read_item_names(path)
        if found is None:
            with plugin_errors(f"dataset {self.name!r}, domain {domain!r} cannot be read again"):
                self._make(domain, seed)
            found = read_item_names(path)
            assert found is not None
        return seen_names(found, splits, view)

    def _names_file(self, domain: str, seed: int | None) -> Path:
        return self._index_file(domain, seed).with_suffix(".items.json")

    def _make_again(self, domain: str) -> None:
        """Forget what is known of a domain whose files have changed meanwhile, and make it from its data.

        Raises `DataError` where the data have changed too, for what has been planned is of those before.
        """
        known = {seed: ready.revision for (name, seed), ready in self._splits.items() if name == domain}
        self._splits = {place: ready for place, ready in self._splits.items() if place[0] != domain}
        self._ready = {place: ready for place, ready in self._ready.items() if place[0] != domain}
        self._prepared = {place: ready for place, ready in self._prepared.items() if place[1] != domain}
        self._read_splits(domain, known)
        if any(self._splits[domain, seed].revision != revision for seed, revision in known.items()):
            raise DataError(f"dataset {self.name!r}: the data of {domain!r} have changed meanwhile; run again")

    def split_origin(self, domain: str) -> SplitOrigin:
        """Where the splits of a domain come from. Raises `DataError` for a name that the dataset does not have."""
        if domain not in self.dataset.domains:
            raise DataError(f"dataset {self.name!r}: {unknown('domain', domain, self.dataset.domains)}")
        if domain not in self._origins:
            with plugin_errors(f"dataset {self.name!r}, domain {domain!r} cannot be made ready"):
                self._origins[domain] = self.dataset.split_origin(domain)
        return self._origins[domain]

    def _decided(self, domain: str, view: DomainView | Evaluation) -> DomainView:
        """The view without a seed that decides nothing: where all splits are joined again, one does for all seeds."""
        view = view if isinstance(view, DomainView) else DomainView(view)
        redrawn = self.split_origin(domain).redrawn and view.evaluation == "held-out"
        return view if redrawn else replace(view, seed=0)

    def _seed(self, domain: str, view: DomainView) -> int | None:
        """What draws the splits of a decided view; None where the dataset has them."""
        return view.seed if self.split_origin(domain).redrawn else None

    def splits(self, domain: str, view: DomainView) -> ReadyDomain:
        """What a view is made of: the splits of the dataset, or those that its seed draws."""
        view = self._decided(domain, view)
        seed = self._seed(domain, view)
        if (domain, seed) not in self._splits:
            others = self._seeds if view.evaluation == "held-out" and seed in self._seeds else ()
            self._read_splits(domain, [seed, *others])
        return self._splits[domain, seed]

    def _read_splits(self, domain: str, seeds: Iterable[int | None]) -> None:
        """Find the splits of these seeds, or make them now."""
        with plugin_errors(f"dataset {self.name!r}, domain {domain!r} cannot be made ready"):
            for seed in seeds:
                if (domain, seed) not in self._splits:
                    self._splits[domain, seed] = self._find(domain, seed) or self._make(domain, seed)

    def _index_file(self, domain: str, seed: int | None) -> Path:
        parts = [self.name, self.version, self.options, self.dataset.fingerprint(), domain, LAYOUT]
        content = json.dumps(parts if seed is None else [*parts, seed], sort_keys=True)
        digest = hashlib.sha256(content.encode()).hexdigest()[:16]
        return self._cache / "datasets" / f"{_safe(self.name)}-{digest}.json"

    def _find(self, domain: str, seed: int | None) -> ReadyDomain | None:
        try:
            index = json.loads(self._index_file(domain, seed).read_text())
            revision = str(index["revision"])
            if index.get("sha256") != _index_digest(revision, domain):
                return None
            folder, labels = self._folders(revision)
            use(folder)
            whole = [set_aside_damaged(place) for place in (folder, labels)]
            return self._ready_domain(domain, revision, seed) if all(whole) else None
        except (OSError, ValueError, KeyError, AttributeError):
            return None

    def _make(self, name: str, seed: int | None) -> ReadyDomain:
        # Before the files are read: what changes meanwhile is then found to be new.
        index = self._index_file(name, seed)
        domain = self.dataset.load(name) if seed is None else self.dataset.load_drawn(name, seed)
        self._tell(domain)
        check_domain(self.name, domain)
        revision = domain.revision
        folder, labels = self._folders(revision)
        storage = storage_of(domain.train.inputs)
        sound = sound_names(folder)  # the revision says what is in it, and runs of another session may be reading it
        for split in SPLITS:
            data = domain.split(split)
            order = split_order(revision, split, len(data))
            write_array(labels / f"{split}.npy", data.labels[order].astype(np.int64))
            place = place_of(folder, f"{split}.inputs", storage)
            if place.name not in sound:
                write_inputs(place, [data.inputs], order)
        meta = {
            "storage": storage,
            "class_names": domain.class_names,
            "modality": domain.modality,
            "input_shape": domain.train.inputs.shape[1:],
            "counts": {split: len(domain.split(split)) for split in SPLITS},
        }
        _write_json(folder / META, meta)
        write_checksums(folder, [META, *(place_of(folder, f"{split}.inputs", storage).name for split in SPLITS)])
        write_checksums(labels, LABELS)
        use(folder)
        write_item_names(index.with_suffix(".items.json"), domain, revision)
        _write_json(index, {"revision": revision, "domain": name, "sha256": _index_digest(revision, name)})
        return self._ready_domain(name, revision, seed)

    def _tell(self, domain: Domain) -> None:
        """Notes on a domain, each once for all splits that are drawn of it."""
        for note in domain.notes:
            line = f"note: dataset {self.name!r}, domain {domain.name!r}: {note}\n"
            if line not in self._told:
                self._told.add(line)
                sys.stderr.write(line)

    def _folders(self, revision: str) -> tuple[Path, Path]:
        return (
            self._cache / "domains" / f"{_safe(self.name)}-{LAYOUT}" / revision,
            self._cache / "labels" / f"{_safe(self.name)}-{LAYOUT}" / revision,
        )

    def _ready_domain(self, name: str, revision: str, seed: int | None) -> ReadyDomain:
        folder, labels = self._folders(revision)
        meta = json.loads((folder / META).read_text())
        return ReadyDomain(
            name=name,
            revision=revision,
            class_names=tuple(meta["class_names"]),
            modality=meta["modality"],
            input_shape=tuple(meta["input_shape"]),
            counts=meta["counts"],
            folder=folder,
            label_folder=labels,
            storage=meta.get("storage", "array"),
            redrawn=seed is not None,
        )


def _is_sound(ready: ReadyDomain) -> bool:
    """Whether inputs and labels are still what was written."""
    folders = [ready.folder, ready.label_folder, *([ready.as_loaded.folder] if ready.as_loaded else [])]
    return not any(faults(folder) for folder in folders)


def _index_digest(revision: str, domain: str) -> str:
    return hashlib.sha256(f"{revision} {domain}".encode()).hexdigest()


def _safe(name: str) -> str:
    """A name for a folder; what is long, as paths may be, is cut short and told apart by a hash."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    return safe if len(safe) <= 100 else f"{safe[:80]}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def _write_json(path: Path, content: Any) -> None:
    write_whole(path, lambda to: to.write_text(json.dumps(content)))
