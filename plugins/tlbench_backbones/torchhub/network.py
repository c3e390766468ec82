"""A network of a torch hub repository as a backbone: its code run, its classifier taken off, its weights loaded."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, hub, nn

from tlbench.errors import TlbenchError
from tlbench_backbones.shared.image_backbone import NormalisedNetwork, need_images
from tlbench_backbones.shared.name_syntax import given
from tlbench_backbones.shared.stages import by_children, stages_of
from tlbench_backbones.shared.weight_files import first_line, load_strictly
from tlbench_backbones.torchhub.name import WITHOUT, ParsedName

#: What classifiers are called in most networks: a linear layer, or a sequence that ends in one.
CLASSIFIERS = ("fc", "classifier", "head", "heads")


class HubBackbone(NormalisedNetwork):
    """Images (n, 1 or 3, h, w) to what the network gives its classifier, or to its output where it has none.

    Images have the size `img_size`, or else their own; grey ones get three equal channels. `stages` are the network's
    children that have parameters, in the order in which they were defined.
    """

    def __init__(
        self,
        network: nn.Module,
        classifier: str | None,
        notes: Sequence[str],
        parsed: ParsedName,
        input_shape: tuple[int, ...],
    ) -> None:
        name = f"torchhub:{parsed.repository}{'@' + parsed.tag if parsed.tag else ''}:{parsed.model}"
        need_images(name, input_shape)
        side = parsed.data["img_size"]
        size = (input_shape[1], input_shape[2]) if side is None else (side, side)
        stages = stages_of(network, by_children(network))
        super().__init__(network, stages, name, size, parsed.data, f"{name}?img_size=224")
        what = (
            f"what its classifier {classifier!r} is given" if classifier else "its output, for no classifier is known"
        )
        self.notes = (f"the features of {name} are {what}", *(f"{name}: {note}" for note in notes))

    def extract(self, images: Tensor) -> Tensor:
        """What the network gives, flattened. Raises `ValueError` where it gives no tensor of vectors."""
        features = self.network(images)
        if not isinstance(features, Tensor) or features.ndim < 2 or len(features) != len(images):
            what = tuple(features.shape) if isinstance(features, Tensor) else type(features).__name__
            raise ValueError(f"it gives {what} for {len(images)} images, where features (n, d) are expected")
        return features.flatten(1)


def make_network(parsed: ParsedName, *, pretrained: bool) -> tuple[nn.Module, str | None, list[str]]:
    """The network without its classifier, what that was called, and notes on its weights.

    Raises `TlbenchError` where it cannot be had.
    """
    options = dict(parsed.options)
    if not pretrained:
        options |= {key: value for key, value in WITHOUT.items() if key in options}
    network = _run_code(parsed, options)
    whose = f"the network {parsed.model!r} of {parsed.repository!r}"
    if not isinstance(network, nn.Module):
        raise TlbenchError(f"{whose} is no torch.nn.Module but a {type(network).__name__}; name another entry point")
    classifier = _take_off_classifier(network)
    if pretrained and parsed.file is not None:
        return network, classifier, load_strictly(network, parsed.file, whose, [classifier] if classifier else [])
    return network, classifier, []


def _run_code(parsed: ParsedName, options: dict[str, Any]) -> object:
    """What the entry point gives. Whether its code may run has been asked before."""
    local = parsed.tag is None
    # Whole, for Python remembers relative folders of its path from where it first met them.
    source = str(parsed.folder.resolve()) if local else f"{parsed.repository}:{parsed.tag}"
    try:
        with _modules_of_its_own(parsed.folder), contextlib.redirect_stdout(sys.stderr):
            return hub.load(  # type: ignore[no-untyped-call]
                source, parsed.model, source="local" if local else "github", trust_repo=True, verbose=False, **options
            )
    except Exception as error:  # whatever the network, and code of others, raise
        message = f"torch.hub cannot make {parsed.model!r} of {source!r} with {given(options)}: {first_line(error)}"
        if not local and not parsed.folder.is_dir():
            message += f". With a network it downloads the repository once, into {str(parsed.folder)!r}; without one, "
            message += "bring a copy and name its folder, as in torchhub:./FOLDER:MODEL"
        raise TlbenchError(message) from error


@contextlib.contextmanager
def _modules_of_its_own(folder: Path) -> Iterator[None]:
    """Forget the modules that were imported from a folder: the next repository may call its own the same."""
    before = set(sys.modules)
    try:
        yield
    finally:
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).resolve().is_relative_to(folder.resolve()):
                del sys.modules[name]


def _take_off_classifier(network: nn.Module) -> str | None:
    """Replace the linear layer that classifies by nothing; its name, or None where none is known."""
    for name in CLASSIFIERS:
        found = getattr(network, name, None)
        if isinstance(found, nn.Linear):
            setattr(network, name, nn.Identity())
            return name
        if isinstance(found, nn.Sequential) and len(found) and isinstance(found[-1], nn.Linear):
            last = [*dict(found.named_children())][-1]
            setattr(found, last, nn.Identity())
            return f"{name}.{last}"
    return None
