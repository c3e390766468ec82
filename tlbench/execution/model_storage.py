"""The model that a worker has written, kept beside its record with what the host knows of it."""

from __future__ import annotations

from pathlib import Path

from tlbench.data.array_storage import open_inputs
from tlbench.data.domain_store import DomainStore
from tlbench.data.domain_view import DomainView
from tlbench.records.kept_models import store_model
from tlbench.records.record import Record
from tlbench.records.result_folder import ResultFolder


def store_model_of(results: ResultFolder, selection: str, record: Record, domains: DomainStore, made: Path) -> None:
    """Keep the checkpoint that the suite's selection protocol chooses, of which its tables speak.

    Raises `TlbenchError` or `OSError` where it cannot be written.
    """
    protocol = selection if selection in record.metrics else "last"
    step = record.metrics[protocol]["checkpoint"]
    view = DomainView.of(record.spec)
    target = domains.get_for(record.backbone, record.target, view)
    about = {
        "run_key": record.run_key,
        "selection": protocol,
        "checkpoint": step,
        "class_names": list(target.class_names),
        "input_shape": list(target.input_shape),
        "raw_shape": list((target.as_loaded or target).input_shape),
        "input_dtype": str(open_inputs(target.inputs("test")).dtype),
        "modality": target.modality,
        "reading": domains.item_names(record.target, view).reading,
        "data": domains.options,
    }
    store_model(results, record.run_key, made, step, about)
