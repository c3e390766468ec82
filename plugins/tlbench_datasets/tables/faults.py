"""Everything that is wrong with the rows of a table: each fault by itself, where loading stops at the first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas as pd

from tlbench.errors import TlbenchError
from tlbench_datasets.tables.columns import labels_of, named_in, splits_of
from tlbench_datasets.tables.numbers import hole_counts, holes_fault, is_number
from tlbench_datasets.tables.texts import texts_of


def row_faults(title: str, rows: pd.DataFrame, params: Any, numbers: Callable[[], Sequence[str]]) -> list[str]:
    """The faults of rows in the words of loading. `params` are those of a `Table`; columns that are not there are
    passed over, since the table names them itself. `numbers` gives its columns of features, or raises.
    """
    there = set(rows.columns)
    checks: list[Callable[[], object]] = []
    if params.label in there:
        checks.append(partial(labels_of, title, rows[params.label], params.label))
    if params.split in there:
        checks.append(partial(splits_of, title, rows[params.split], params.split))
    for role, column in (("group", params.group), ("id", params.id)):
        if column in there:
            checks.append(partial(named_in, title, rows[column], column, role))
    if params.texts:
        checks.append(partial(texts_of, title, rows, [name for name in params.texts if name in there], params.missing))
    else:
        checks.append(partial(_check_numbers, title, rows, params.missing, numbers))
    return [fault for check in checks if (fault := _fault(check))]


def _fault(check: Callable[[], object]) -> str:
    try:
        check()
    except TlbenchError as error:
        return str(error)
    return ""


def _check_numbers(title: str, rows: pd.DataFrame, missing: str, numbers: Callable[[], Sequence[str]]) -> None:
    columns = [name for name in numbers() if is_number(rows[name])]
    if missing == "fail" and (counts := hole_counts(columns, rows[columns].isna().to_numpy())):
        raise holes_fault(title, counts)
