"""The data that a run was made with, found again: the same arrays, or an error that says what has changed."""

from __future__ import annotations

from tlbench.data.domain_store import DomainStore
from tlbench.data.domain_view import DomainView
from tlbench.errors import DataError, TlbenchError
from tlbench.files import cache_folder
from tlbench.records.record import Record
from tlbench.runner.run_origin import RunOrigin


def data_of_run(record: Record, origin: RunOrigin) -> DomainStore:
    """The data set of a run. Raises `DataError` where its target is not there any more, or is not the same."""
    try:
        store = DomainStore(cache_folder(), record.dataset, origin.host, origin.data, trusted=origin.trusted)
        found = store.get(record.target, DomainView.of(record.spec)).revision
    except TlbenchError as error:
        message = f"the run {record.run_key} was made with {record.dataset!r}, which cannot be read now"
        raise DataError(f"{message}: {error}") from error
    was = record.spec.revisions[record.target]
    if found != was:
        raise DataError(
            f"the data of {record.target!r} in {record.dataset!r} have changed since the run {record.run_key} "
            f"(revision {was} then, {found} now), so its predictions are of other items; bring back the files, or the "
            f"options of [data], of then, or run the suite again: tlbench run {origin.suite}"
        )
    return store
