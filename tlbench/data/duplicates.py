"""Examples that two domains share. Within a domain no copy straddles its splits; across domains copies are counted.

What was trained on in the source and is tested in the target makes transfer look better than it is. Nothing is removed,
for published splits are as they are; the host says how many there are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tlbench.core.domain import SplitName
from tlbench.core.inputs import Texts, digests
from tlbench.data.array_storage import open_inputs, write_array
from tlbench.data.ready_domain import ReadyDomain
from tlbench.records.shared_examples import SharedExamples

What = Literal["as they are", "letters"]


def shared_examples(source: ReadyDomain, target: ReadyDomain) -> SharedExamples:
    """Count the target's test examples that the source has too, whatever their labels."""
    if source.input_shape != target.input_shape or source.storage != target.storage:
        return SharedExamples(source=source.name, target=target.name, count=0, of=target.counts["test"])
    counts = {"count": _count(source, target, "as they are"), "of": target.counts["test"]}
    if source.storage == "text":
        counts["alike"] = _count(source, target, "letters")
    return SharedExamples(source=source.name, target=target.name, **counts)


def _count(source: ReadyDomain, target: ReadyDomain, what: What) -> int:
    trained = np.concatenate([_digests(source, "train", what), _digests(source, "val", what)])
    return int(np.isin(_digests(target, "test", what), trained).sum())


def _digests(domain: ReadyDomain, split: SplitName, what: What) -> NDArray[np.void]:
    """A hash of each example, made once and kept beside the inputs."""
    path: Path = domain.folder / f"{split}.{'digests' if what == 'as they are' else what}.npy"
    if not path.exists():
        inputs = open_inputs(domain.inputs(split))
        if what == "letters" and isinstance(inputs, Texts):
            inputs = Texts.of([_letters(text) for text in inputs.tolist()])
        content = np.frombuffer(b"".join(digests(inputs)), np.uint8)
        write_array(path, content.reshape(-1, 16))
    found: NDArray[np.void] = np.load(path, allow_pickle=False).view("V16").ravel()
    return found


def _letters(text: str) -> str:
    """Letters and digits alone, for two collections of the same sentences may differ in spaces, commas and case."""
    return "".join(filter(str.isalnum, text.casefold()))
