"""A tenth of each class of train, set apart for validation where the data come without any."""

from __future__ import annotations

from collections.abc import Sequence

from tlbench.core.domain import Split
from tlbench_datasets.named.official_splits import VAL_SHARE, take
from tlbench_datasets.shared.own_data import SplitParams, deal


def with_dealt_validation(title: str, train: Split, class_names: Sequence[str], seed: int) -> tuple[Split, Split]:
    """Train without the tenth, and the tenth, drawn by the seed. Copies within train stay together.

    Raises `Faults` naming classes that are too small.
    """
    keys = [str(row) for row in range(len(train))]
    shares = SplitParams(splits=(1 - VAL_SHARE, 0.0, VAL_SHARE), seed=seed)
    # What `deal` calls test is all that is held out, and here that is val.
    members = deal(title, train.inputs, train.labels, class_names, keys, shares)
    return take(train, members["train"]), take(train, members["test"])
