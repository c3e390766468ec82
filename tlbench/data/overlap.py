"""Examples that two domains share. Within a domain no copy straddles its splits; across domains copies are counted.

What was trained on in the source and is tested in the target makes transfer look better than it is. Nothing is removed,
for published splits are as they are; the host says how many there are.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tlbench.data.ready import ReadyDomain
from tlbench.data.stored import open_inputs, write_array
from tlbench.domain import SplitName
from tlbench.inputs import digests
from tlbench.shared_examples import SharedExamples


def shared_examples(source: ReadyDomain, target: ReadyDomain) -> SharedExamples:
    """Count the target's test examples that the source has too, whatever their labels."""
    if source.input_shape != target.input_shape or source.storage != target.storage:
        return SharedExamples(source=source.name, target=target.name, count=0, of=target.counts["test"])
    trained = np.concatenate([_digests(source, "train"), _digests(source, "val")])
    found = np.isin(_digests(target, "test"), trained)
    return SharedExamples(source=source.name, target=target.name, count=int(found.sum()), of=len(found))


def _digests(domain: ReadyDomain, split: SplitName) -> NDArray[np.void]:
    """A hash of each example, made once and kept beside the inputs."""
    path: Path = domain.folder / f"{split}.digests.npy"
    if not path.exists():
        content = np.frombuffer(b"".join(digests(open_inputs(domain.inputs(split)))), np.uint8)
        write_array(path, content.reshape(-1, 16))
    found: NDArray[np.void] = np.load(path, allow_pickle=False).view("V16").ravel()
    return found
