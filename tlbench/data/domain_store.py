"""Domains made ready once, on disk: inputs memory-mapped, labels apart from them, both in an order of the host's.

    <cache>/domains/<dataset>/<revision>/   meta.json, train.inputs.npy, val.inputs.npy, test.inputs.npy
    <cache>/labels/<dataset>/<revision>/    train.npy, val.npy, test.npy      read by the host alone
    <cache>/datasets/<dataset>-<hash>.json  which revisions a version of a dataset has; beside it the names of examples

Checksums lie in each folder. What is damaged is set aside and made again.

Both kinds of folder may hold `whole/`, the splits of `transductive-test`: see `DomainStore.get`.
Every split is permuted, so that no order of a file tells its labels.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tlbench.core.domain import SPLITS, Dataset
from tlbench.core.preparation import input_fault
from tlbench.core.run_spec import Evaluation
from tlbench.data.array_storage import open_inputs, place_of, storage_of, write_array, write_inputs
from tlbench.data.cache_use import use
from tlbench.data.checksums import faults, set_aside_damaged, sound_names, write_checksums
from tlbench.data.dataset_loading import open_dataset, plugin_errors
from tlbench.data.domain_checks import check_domain
from tlbench.data.item_names import WHOLE, ItemNames, read_item_names, split_order, whole_order, write_item_names
from tlbench.data.prepared_inputs import Told, prepared
from tlbench.data.ready_domain import ReadyDomain
from tlbench.errors import DataError, unknown
from tlbench.files import write_whole
from tlbench.plugins.backbone_preparation import preparation_of
from tlbench.plugins.manager import PluginHost, entry_version

#: Part of the folder's name: raised when arrays of the same revision would be laid out otherwise.
LAYOUT = 1
META = "meta.json"
_LABELS = [f"{split}.npy" for split in SPLITS]


class DomainStore:
    """Makes the domains of one dataset ready and finds those that are. `options` is a suite's table `[data]`.

    `device` is where inputs are prepared for backbones that ask for it; of these, the `trusted` ones may run code of
    others.
    """

    def __init__(
        self,
        cache: Path,
        dataset: str,
        host: PluginHost,
        options: Mapping[str, Any] | None = None,
        device: str = "cpu",
        trusted: Collection[str] = (),
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
        self._ready: dict[tuple[str, Evaluation], ReadyDomain] = {}
        self._prepared: dict[tuple[str, str, Evaluation], ReadyDomain] = {}

    def get(self, domain: str, evaluation: Evaluation = "held-out") -> ReadyDomain:
        """The domain, made ready now if it is not yet. Raises `DataError` for a name it does not have.

        `held-out` has the splits of the dataset. In `transductive-test` a target is its `test` split, all of the
        domain; a source is trained on `train`, which is all of it but the validation data of the selectors.
        """
        if domain not in self.dataset.domains:
            raise DataError(f"dataset {self.name!r}: {unknown('domain', domain, self.dataset.domains)}")
        place = (domain, evaluation)
        if place in self._ready and not _is_sound(self._ready[place]):
            self._make_again(domain)
        if place not in self._ready:
            with plugin_errors(f"dataset {self.name!r}, domain {domain!r} cannot be made ready"):
                ready = self._find(domain) or self._make(domain)
                self._ready[place] = ready if evaluation == "held-out" else _whole(ready)
        return self._ready[place]

    def get_for(
        self, backbone: str, domain: str, evaluation: Evaluation, told: Told = lambda done, total: None
    ) -> ReadyDomain:
        """The domain as a backbone takes it, prepared now if it is not yet. `told` hears how far that is."""
        place = (backbone, domain, evaluation)
        if place in self._prepared and not _is_sound(self._prepared[place]):
            self._make_again(domain)
        if place not in self._prepared:
            ready = self.get(domain)
            preparation = preparation_of(backbone, self._host, self._trusted)
            if fault := input_fault(backbone, domain, ready.storage, preparation):
                raise DataError(fault)
            title = f"domain {domain!r} cannot be prepared for the backbone {backbone!r}"
            try:
                with plugin_errors(title):
                    ready = prepared(ready, preparation, self._device, told) if preparation else ready
                    self._prepared[place] = ready if evaluation == "held-out" else _whole(ready)
            except DataError as error:
                raise DataError(str(error) if str(error).startswith(title) else f"{title}: {error}") from error
        return self._prepared[place]

    def item_names(self, domain: str, evaluation: Evaluation = "held-out") -> ItemNames:
        """What users call the examples of a domain, in the order of its splits. For the host alone.

        Made ready again where they were not kept, as before names were. Raises `DataError` as `get` does.
        """
        ready = self.get(domain)
        path = self._names_file(domain)
        found = read_item_names(path)
        if found is None:
            with plugin_errors(f"dataset {self.name!r}, domain {domain!r} cannot be read again"):
                self._make(domain)
            found = read_item_names(path)
            assert found is not None
        return found if evaluation == "held-out" else found.whole(ready.revision)

    def _names_file(self, domain: str) -> Path:
        return self._index_file(domain).with_suffix(".items.json")

    def _make_again(self, domain: str) -> None:
        """Forget what is known of a domain whose files have changed meanwhile, and make it from its data.

        Raises `DataError` where the data have changed too, for what has been planned is of those before.
        """
        known = [ready for place, ready in self._ready.items() if place[0] == domain]
        self._ready = {place: ready for place, ready in self._ready.items() if place[0] != domain}
        self._prepared = {place: ready for place, ready in self._prepared.items() if place[1] != domain}
        if known and self.get(domain).revision != known[0].revision:
            raise DataError(f"dataset {self.name!r}: the data of {domain!r} have changed meanwhile; run again")

    def _index_file(self, domain: str) -> Path:
        parts = [self.name, self.version, self.options, self.dataset.fingerprint(), domain, LAYOUT]
        content = json.dumps(parts, sort_keys=True)
        digest = hashlib.sha256(content.encode()).hexdigest()[:16]
        return self._cache / "datasets" / f"{_safe(self.name)}-{digest}.json"

    def _find(self, domain: str) -> ReadyDomain | None:
        try:
            index = json.loads(self._index_file(domain).read_text())
            revision = str(index["revision"])
            if index.get("sha256") != _index_digest(revision, domain):
                return None
            folder, labels = self._folders(revision)
            use(folder)
            whole = [set_aside_damaged(place) for place in (folder, labels)]
            return self._ready_domain(domain, revision) if all(whole) else None
        except (OSError, ValueError, KeyError, AttributeError):
            return None

    def _make(self, name: str) -> ReadyDomain:
        index = self._index_file(name)  # before the files are read: what changes meanwhile is then found to be new
        domain = self.dataset.load(name)
        for note in domain.notes:
            sys.stderr.write(f"note: dataset {self.name!r}, domain {name!r}: {note}\n")
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
        write_checksums(labels, _LABELS)
        use(folder)
        write_item_names(index.with_suffix(".items.json"), domain, revision)
        _write_json(index, {"revision": revision, "domain": name, "sha256": _index_digest(revision, name)})
        return self._ready_domain(name, revision)

    def _folders(self, revision: str) -> tuple[Path, Path]:
        return (
            self._cache / "domains" / f"{_safe(self.name)}-{LAYOUT}" / revision,
            self._cache / "labels" / f"{_safe(self.name)}-{LAYOUT}" / revision,
        )

    def _ready_domain(self, name: str, revision: str) -> ReadyDomain:
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
        )


def _whole(parts: ReadyDomain) -> ReadyDomain:
    """The splits of `transductive-test`, joined from those of the dataset and permuted anew."""
    counts: dict[str, int] = {split: sum(parts.counts[name] for name in names) for split, names in WHOLE.items()}
    whole = replace(
        parts,
        counts=counts,
        folder=parts.folder / "whole",
        label_folder=parts.label_folder / "whole",
        as_loaded=parts.as_loaded and _whole(parts.as_loaded),
    )
    use(parts.folder)
    for place in (whole.folder, whole.label_folder):
        if place.exists():
            set_aside_damaged(place)
    sound = sound_names(whole.folder)
    sound_labels = sound_names(whole.label_folder)
    for split, names in WHOLE.items():
        order = whole_order(parts.revision, split, counts[split])
        if f"{split}.npy" not in sound_labels:
            labels = np.concatenate([parts.labels(name) for name in names])
            write_array(whole.label_folder / f"{split}.npy", labels[order])
        if whole.inputs(split).name not in sound:
            write_inputs(whole.inputs(split), [open_inputs(parts.inputs(name)) for name in names], order)
    if len(sound) < len(SPLITS):
        write_checksums(whole.folder, [whole.inputs(split).name for split in SPLITS])
    if len(sound_labels) < len(SPLITS):
        write_checksums(whole.label_folder, _LABELS)
    return whole


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
