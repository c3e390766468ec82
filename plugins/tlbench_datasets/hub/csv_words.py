"""CSV files of the hub: `None`, `NA` and the like are words in them, and an empty cell alone is missing.

The `datasets` library reads them by pandas, which by itself takes some twenty words for missing values.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

#: Options of `pandas.read_csv`, which the library hands on.
WORDS_STAY: dict[str, Any] = {"keep_default_na": False, "na_values": [""]}
#: What the library says where options are of no use.
_NO_CSV = ("unexpected keyword argument", "doesn't have a '", "Couldn't find cache")


def csv_options(load_builder: Callable[..., Any], named: Sequence[str]) -> dict[str, Any]:
    """What the library is to be told of a data set: nothing where its files are no CSV, whose builder has no options.

    Columns that are `named` are read as text, unless the data set itself says what its columns are.
    """
    columns = {"converters": dict.fromkeys(named, str)} if named else {}
    # Without the network, a copy that was made with options is found by these alone.
    for options in ({**WORDS_STAY, **columns}, WORDS_STAY):
        try:
            features = getattr(load_builder(**options).config, "features", None)
        except (TypeError, ValueError) as error:
            if not any(words in str(error) for words in _NO_CSV):
                raise
        else:
            return options if features is None else WORDS_STAY
    return {}


@contextmanager
def metadata_as_written(wanted: bool) -> Iterator[None]:
    """The same for the `metadata.csv` of a folder of images, for which the library has no option."""
    if not wanted:
        yield
        return
    from datasets.packaged_modules.folder_based_builder import folder_based_builder as builder

    before: Any = builder.pd
    read_csv = functools.partial(before.read_csv, **WORDS_STAY)
    builder.pd = types.SimpleNamespace(**{**vars(before), "read_csv": read_csv})
    try:
        yield
    finally:
        builder.pd = before
