"""Fitted classifiers of scikit-learn in files of skops: no pickle, and no code but scikit-learn's own."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from tlbench.errors import TlbenchError

#: Modules whose types skops does not load unseen: trees, distances and the like, compiled, which hold arrays. A file
#: made up in bad faith could crash a process by them, but run nothing.
OF_SCIKIT_LEARN = (
    "sklearn.tree.",
    "sklearn.ensemble.",
    "sklearn.neighbors.",
    "sklearn.metrics._dist_metrics.",
    "sklearn.neural_network.",
    "sklearn.gaussian_process.",
)


def need_skops() -> None:
    """Raise `TlbenchError` where skops is not installed."""
    if importlib.util.find_spec("skops") is None:
        message = "skops is not installed, which scikit-learn's classifiers need"
        raise TlbenchError(f"{message}: pip install 'tlbench[export]'")


def save_classifier(file: Path, classifier: Any) -> None:
    """Write a classifier. Raises `TlbenchError` where it holds what is not scikit-learn's or numpy's."""
    need_skops()
    import skops.io

    skops.io.dump(classifier, file)
    if strange := [name for name in _untrusted(file) if not name.startswith(OF_SCIKIT_LEARN)]:
        file.unlink()
        raise TlbenchError(
            f"its classifier, a {type(classifier).__name__}, holds {', '.join(strange)}, which is not loaded unseen; a "
            "classifier that is made of scikit-learn's parts alone can be kept"
        )


def load_classifier(file: Path) -> Any:
    """Read one. Raises `TlbenchError` for a file that is none, and for one that holds anything else."""
    need_skops()
    import skops.io

    try:
        trusted = [name for name in _untrusted(file) if name.startswith(OF_SCIKIT_LEARN)]
        return skops.io.load(file, trusted=trusted)
    except Exception as error:  # whatever skops and zip files raise
        raise TlbenchError(f"cannot load {file}: {type(error).__name__}: {error}") from error


def _untrusted(file: Path) -> list[str]:
    import skops.io

    found: list[str] = skops.io.get_untrusted_types(file=file)
    return found
