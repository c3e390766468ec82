"""What the `datasets` library has against a data set, in words that say what to do about it."""

from __future__ import annotations

FORM = "write hub:OWNER/NAME, as in hub:stanfordnlp/imdb, or hub:./FOLDER"
_UNREACHED = (
    "the hub cannot be reached. What was downloaded before is taken from the cache (HF_HOME says where that is) with "
    "HF_HUB_OFFLINE=1; else download it elsewhere, `hf download {name} --repo-type dataset --local-dir FOLDER`, and "
    "name that folder: hub:./FOLDER"
)
_GATED = "its owners give access on request: ask for it on https://huggingface.co/datasets/{name}, then `hf auth login`"
_SCRIPT = (
    "it is made by a script of its own, and the datasets library runs no scripts any more. The hub often keeps such a "
    'set as Parquet files: try revision = "refs/convert/parquet" in [data]'
)
_NOT_CACHED = (
    "the hub cannot be reached, and without it configurations must be named as they are in the cache, in [data] by "
    "configurations = […]: {text}"
)
_REVISION = "there is no revision {revision!r}; a revision is a branch, a tag or a commit's hash"
_ABSENT = "there is no such data set on the hub, or it is private (then `hf auth login`); " + FORM
_EMPTY = "it holds no files that the datasets library reads (Parquet, CSV, JSON, or images in folders of classes)"

#: Classes of errors, by name as the libraries below change theirs; a word of the message, where that tells them apart.
_RULES: tuple[tuple[set[str], str, str], ...] = (
    (set(), "scripts are no longer supported", _SCRIPT),
    (set(), "trust_remote_code", _SCRIPT),  # of older releases
    (set(), "gated dataset", _GATED),
    (set(), "Couldn't find cache", _NOT_CACHED),
    ({"DatasetNotFoundError", "RevisionNotFoundError"}, "Revision", _REVISION),
    ({"DatasetNotFoundError", "RepositoryNotFoundError"}, "", _ABSENT),
    ({"EmptyDatasetError", "DataFilesNotFoundError"}, "", _EMPTY),
    ({"ConnectionError", "TransportError", "TimeoutError", "LocalEntryNotFoundError"}, "", _UNREACHED),
)


def explained(error: Exception, name: str, revision: str | None) -> str:
    """What stands in the way of reading the data set called `name`, and what to do about it."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    # That a file could not be read is in the cause, and the error itself says only that something could not be.
    reason = error.__cause__ if "DatasetGenerationError" in kinds and error.__cause__ else error
    text = " ".join(str(reason).split()) or type(reason).__name__
    for classes, word, message in _RULES:
        if (not classes or classes & kinds) and word in str(error):
            return message.format(name=name, revision=revision, text=text)
    return f"the datasets library cannot read it: {text}"
