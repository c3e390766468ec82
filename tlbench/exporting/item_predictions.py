"""What a run predicted for each test item, beside its label and what its reference predicted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tlbench.data.domain_store import DomainStore
from tlbench.data.domain_view import DomainView
from tlbench.errors import TlbenchError, unknown
from tlbench.exporting.data_of_run import data_of_run
from tlbench.records.record import Record
from tlbench.records.result_folder import ResultFolder

if TYPE_CHECKING:
    import pandas as pd

    from tlbench.records.published_records import PublishedFolder
    from tlbench.runner.run_origin import RunOrigin

#: References that a run is set beside, the first that it has.
BESIDE = ("source-only", "target-only")


@dataclass(frozen=True)
class ItemPredictions:
    """What a run predicted for its n test items.

    `classes` (n,) indexes `names`, what predictions are called: classes, or clusters, which have no right or wrong.
    `probabilities` (n, classes) are None where they are not stored. `beside` is the name of a reference, with its
    predicted classes (n,); None and nothing where the run has none that is stored.
    """

    record: Record
    checkpoint: int
    items: list[str]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    classes: NDArray[np.int64]
    probabilities: NDArray[np.float32] | None
    beside: str | None
    beside_classes: NDArray[np.int64]
    notes: tuple[str, ...]

    @property
    def clusters(self) -> bool:
        """Whether predictions are numbers of clusters."""
        return self.record.setting == "unsupervised"

    @property
    def names(self) -> list[str]:
        """What predictions are called."""
        return predicted_names(self.record, self.class_names)

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether each item is predicted right, (n,)."""
        right: NDArray[np.bool_] = self.classes == self.labels
        return right

    @property
    def beside_correct(self) -> NDArray[np.bool_]:
        """The same of the reference."""
        right: NDArray[np.bool_] = self.beside_classes == self.labels
        return right

    @property
    def in_order(self) -> list[int]:
        """The places of the items as people count: `row 9` before `row 10`. Stored, they are shuffled."""
        return sorted(range(len(self.items)), key=lambda place: _as_counted(self.items[place]))

    def only(self, which: str) -> list[int]:
        """The places of some items, in order. Raises `TlbenchError` where there is nothing to compare with.

        `all`; those that are `wrong`; those that the reference has wrong and the run right (`helped`), or the other way
        round (`hurt`).
        """
        if which == "all":
            return self.in_order
        if self.clusters:
            raise TlbenchError(f"--only {which}: clusters have no names, so none is right or wrong")
        if which != "wrong" and self.beside is None:
            raise TlbenchError(f"--only {which}: no reference of the run ({' or '.join(BESIDE)}) is stored")
        chosen = {
            "wrong": lambda: ~self.correct,
            "helped": lambda: self.correct & ~self.beside_correct,
            "hurt": lambda: ~self.correct & self.beside_correct,
        }[which]()
        return [place for place in self.in_order if chosen[place]]

    def frame(self) -> pd.DataFrame:
        """A row for each item: item, label, prediction, correct, the reference's prediction, and `p(CLASS)`."""
        import pandas as pd

        names, labels = np.array(self.names, object), np.array(self.class_names, object)
        columns: dict[str, Any] = {"item": self.items, "label": labels[self.labels], "prediction": names[self.classes]}
        if not self.clusters:
            columns["correct"] = self.correct
        if self.beside is not None:
            columns[self.beside.replace("-", "_")] = labels[self.beside_classes]
        if self.probabilities is not None:
            columns |= {f"p({name})": self.probabilities[:, place] for place, name in enumerate(self.names)}
        return pd.DataFrame(columns)


def predicted_names(record: Record, class_names: Sequence[str]) -> list[str]:
    """What the predictions of a run are called: as the classes, or as clusters where it was not told any."""
    if record.setting == "unsupervised":
        return [f"cluster {number}" for number in range(len(class_names))]
    return list(class_names)


def item_predictions(
    folder: ResultFolder | PublishedFolder, key: str, origin: RunOrigin, selection: str | None = None
) -> ItemPredictions:
    """What a run predicted, under a selection protocol (by default that of its suite), by the items of its data.

    Raises `TlbenchError` for a run that predicted nothing, predictions that are not stored, and data that are not
    there any more or have changed.
    """
    from tlbench.leaderboard.analysis.result_set import read_plan

    record = folder.read(key)
    assert record is not None
    if record.status != "ok":
        why = f": {record.why}" if record.why else ""
        raise TlbenchError(
            f"the run {key} predicted nothing, for it ended as {record.status}{why}; see `tlbench show {key}`"
        )
    stored = _Stored(folder, selection or read_plan(folder.folder).selection)
    checkpoint, classes, probabilities = stored.of(record)
    store = data_of_run(record, origin)
    items, labels, class_names = _items(store, record, len(classes))
    beside, beside_classes, notes = _beside(folder, stored, record)
    if probabilities is None:
        notes.append(
            "no probabilities are stored of this run, which was made before they were, or is too large for it"
            if isinstance(folder, ResultFolder)
            else "a published folder holds predicted classes and no probabilities"
        )
    return ItemPredictions(
        record, checkpoint, items, labels, class_names, classes, probabilities, beside, beside_classes, tuple(notes)
    )


def _as_counted(name: str) -> list[tuple[bool, int, str]]:
    """A key by which names are sorted with the numbers in them by their size."""
    parts = re.split(r"([0-9]+)", name)
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


class _Stored:
    """The predictions of a folder's runs under one selection protocol."""

    def __init__(self, folder: ResultFolder | PublishedFolder, selection: str) -> None:
        self._folder, self._selection = folder, selection

    def of(self, record: Record) -> tuple[int, NDArray[np.int64], NDArray[np.float32] | None]:
        """The checkpoint, the predicted classes (n,) and, where they are stored, probabilities (n, classes)."""
        if self._selection not in record.metrics:
            message = unknown("selection protocol of this run", self._selection, record.metrics)
            raise TlbenchError(f"the run {record.run_key}: {message}")
        step: int = record.metrics[self._selection]["checkpoint"]
        if not isinstance(self._folder, ResultFolder):
            return step, self._published(record, step), None
        classes = (self._folder.predictions(record.run_key) or {}).get(f"{step}/test")
        if classes is None:
            file = self._folder.predictions_file(record.run_key)
            message = f"no predictions of the run {record.run_key} can be read ({file}, of step {step})"
            raise TlbenchError(f"{message}; `tlbench run {self._folder.folder.name} --reuse never` makes them again")
        return step, classes.astype(np.int64), self._folder.probabilities(record.run_key, step)

    def _published(self, record: Record, step: int) -> NDArray[np.int64]:
        from tlbench.publishing.predictions import read_predictions

        found = read_predictions(self._folder.folder, [record]).get(record.run_key)
        if found is None:
            raise TlbenchError(f"{self._folder.folder} holds no predictions of the run {record.run_key}")
        if step != record.checkpoints[-1]:
            message = f"{self._folder.folder} holds the predictions of the last step, {record.checkpoints[-1]}"
            raise TlbenchError(f"{message}, and {self._selection} chose step {step}; say --selection last")
        return found.astype(np.int64)


def _items(store: DomainStore, record: Record, count: int) -> tuple[list[str], NDArray[np.int64], tuple[str, ...]]:
    """What the test items are called, their labels and the names of the classes."""
    view = DomainView.of(record.spec)
    ready = store.get(record.target, view)
    items = store.item_names(record.target, view).by_split["test"]
    labels = ready.labels("test")
    if not len(items) == len(labels) == count:
        message = f"the run {record.run_key} predicted {count} items, and {record.target!r} has {len(labels)}"
        raise TlbenchError(f"{message}: its predictions are damaged; run it again with --reuse never")
    return items, labels, ready.class_names


def _beside(
    folder: ResultFolder | PublishedFolder, stored: _Stored, record: Record
) -> tuple[str | None, NDArray[np.int64], list[str]]:
    """The reference of the same pair, seed and budget that is set beside a run, and what is to be said of it."""
    nothing: NDArray[np.int64] = np.empty(0, np.int64)
    name = next((name for name in BESIDE if name in record.references), None)
    if name is None or record.setting == "unsupervised":
        return None, nothing, []
    key = record.references[name]
    try:
        reference = folder.read(key)
        if reference is None or reference.status != "ok":
            how = "is not stored" if reference is None else f"ended as {reference.status}"
            return None, nothing, [f"{name}, the run {key}, {how}, so it is not shown beside"]
        return name, stored.of(reference)[1], []
    except TlbenchError as error:
        return None, nothing, [f"{name} is not shown beside: {error}"]
