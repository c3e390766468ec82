"""A dataset by its name, with the argument after the colon and the options of a suite's table `[data]`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tlbench.core.domain import Dataset
from tlbench.errors import DataError, TlbenchError
from tlbench.plugins.foreign_code import described
from tlbench.plugins.manager import PluginHost


def open_dataset(name: str, options: Mapping[str, Any], host: PluginHost) -> Dataset:
    """The dataset called `name`. Its Params, where it has some, are made of `options`."""
    entry, argument = host.find("datasets", name)
    factory = entry.load()
    given = [] if argument is None else [argument]
    params = getattr(factory, "Params", None)
    if params is None and options:
        raise DataError(f"the dataset {name!r} takes no options; remove the table [data]")
    opened: Dataset = (
        factory(*given)
        if params is None
        # Strictly, so that "32" is no number; through JSON, so that a list may fill a tuple.
        else factory(*given, params=params.model_validate_json(json.dumps(options), strict=True))
    )
    return opened


@contextmanager
def plugin_errors(title: str) -> Iterator[None]:
    """A dataset plugin's own errors, named as such and without a traceback."""
    try:
        yield
    except TlbenchError:
        raise
    except (Exception, SystemExit) as error:
        raise DataError(f"{title}: {described(error)}") from error
