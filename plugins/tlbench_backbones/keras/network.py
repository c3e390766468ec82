"""A network of keras.applications as a backbone: made, fed with images, and divided into stages."""

from __future__ import annotations

import contextlib
import difflib
import math
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn

from tlbench.errors import TlbenchError
from tlbench_backbones.keras.name import ParsedName
from tlbench_backbones.keras.torch_backend import import_keras, seeded_by_torch
from tlbench_backbones.shared.image_backbone import ImageBackbone, need_images
from tlbench_backbones.shared.name_syntax import given
from tlbench_backbones.shared.weight_files import first_line

#: The smallest side that a network takes without its classifier, in pixels; smaller images are enlarged to it.
SMALLEST = 32
SMALLEST_OF = {"InceptionV3": 75, "InceptionResNetV2": 75, "Xception": 71}


class KerasBackbone(ImageBackbone):
    """Images (n, 1 or 3, h, w) to pooled features (n, feature_dim) of the network without its classifier.

    Images are normalised as the network's own `preprocess_input` does, and handed over as (n, height, width, 3). Their
    size is `img_size` where it is given, else their own, enlarged where a side is too small; grey ones get three equal
    channels. A stage is what works at one resolution: a new one begins with the first layer whose output has half the
    height (rounded by its logarithm). The stages hold the weights; the Keras model is a view of them.
    """

    network: Any

    def __init__(self, parsed: ParsedName, input_shape: tuple[int, ...], *, pretrained: bool) -> None:
        name = f"keras:{parsed.name}"
        need_images(name, input_shape)
        super().__init__(name, _size(parsed, input_shape), parsed.interpolation)
        self._made_from = (parsed, input_shape)
        network, self._preprocess = make_network(parsed, self.size, pretrained=pretrained)
        # Not registered: its state dict has names that depend on what the process has made before.
        object.__setattr__(self, "network", network)
        self.stages = nn.ModuleList(KerasStage(layers) for layers in _by_resolution(network, self.size[0]))
        self.feature_dim = self.measure(f"{name}?img_size=224")

    def normalise(self, images: Tensor) -> Tensor:
        """As the network's family has it."""
        with _on(images.device):
            prepared: Tensor = self._preprocess(images, data_format="channels_first")
        return prepared

    def extract(self, images: Tensor) -> Tensor:
        """Pooled features; each layer trains or evaluates as its stage does."""
        training = any(stage.training for stage in self.stages)
        with _on(images.device):
            features: Tensor = self.network(images.permute(0, 2, 3, 1), training=training)
        return features

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """A network of its own with the same weights and modes: the copy of a Keras model is not tied to stages."""
        parsed, input_shape = self._made_from
        with torch.random.fork_rng(devices=[]):
            copied = type(self)(parsed, input_shape, pretrained=False)
        copied.load_state_dict(self.state_dict())
        for ours, theirs in zip(self.modules(), copied.modules(), strict=True):
            theirs.training = ours.training
        for mine, its in zip(self.parameters(), copied.parameters(), strict=True):
            its.requires_grad_(mine.requires_grad)
        memo[id(self)] = copied
        device = next((tensor.device for tensor in self.state_dict().values()), torch.device("cpu"))
        return copied.to(device)


class KerasStage(nn.Module):
    """Holds the weights of Keras layers: trainable ones as parameters, statistics and generators as buffers."""

    def __init__(self, layers: Sequence[Any]) -> None:
        super().__init__()
        for place, layer in enumerate(layers):
            for number, variable in enumerate(layer.variables):
                name = f"{place}_{number}_{variable.name}".replace(".", "_")
                if variable.trainable:
                    self.register_parameter(name, variable.value)
                else:
                    self.register_buffer(name, variable.value)
            layer.register_forward_pre_hook(self._set_mode, with_kwargs=True)

    def _set_mode(
        self, layer: nn.Module, given: tuple[Any, ...], keywords: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Tell a layer that works otherwise in training, as batch norm and dropout do, what this stage does."""
        return given, {**keywords, "training": self.training} if "training" in keywords else keywords

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Buffers are moved in place, as parameters are, for Keras holds the same tensors."""
        for buffer in self._buffers.values():
            if buffer is not None:
                buffer.data = fn(buffer.data)
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self


def make_network(
    parsed: ParsedName, size: tuple[int, int] | None, *, pretrained: bool
) -> tuple[Any, Callable[..., Tensor]]:
    """The Keras model (n, h, w, 3) to (n, d) on the CPU, and its `preprocess_input`; without `size` for any.

    Raises `TlbenchError` for a name, an argument or weights that cannot be had.
    """
    keras = import_keras()
    constructor = _constructor(parsed.name, keras.applications)
    weights = "imagenet" if pretrained and parsed.imagenet else None
    shape = (size or (parsed.img_size, parsed.img_size)) + (3,)
    try:
        with (
            seeded_by_torch(keras),
            keras.device("cpu"),
            contextlib.redirect_stdout(sys.stderr),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore", UserWarning)  # that weights were trained at another size, as they are
            network = constructor(
                include_top=False, weights=weights, input_shape=shape, pooling=parsed.pooling, **parsed.options
            )
    except Exception as error:  # whatever constructors and downloads raise
        if weights is not None:
            make_network(parsed, size, pretrained=False)  # a wrong argument is told first
            raise TlbenchError(_no_weights(parsed, error)) from error
        message = f"keras.applications.{parsed.name} cannot be made with {given(parsed.options)}"
        raise TlbenchError(f"{message}: {first_line(error)}") from error
    family = getattr(keras.applications, constructor.__module__.rpartition(".")[2])
    return network, family.preprocess_input


def _constructor(name: str, applications: Any) -> Callable[..., Any]:
    names = [each for each in dir(applications) if each[0].isupper()]
    if name not in names:
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        guess = f"; did you mean {' or '.join(map(repr, near))}?" if near else "."
        raise TlbenchError(f"keras.applications has no network {name!r}{guess} Known: {', '.join(names)}")
    constructor: Callable[..., Any] = getattr(applications, name)
    return constructor


def _no_weights(parsed: ParsedName, error: Exception) -> str:
    message = f"keras cannot load the ImageNet weights of {parsed.name!r}: {first_line(error)}. With a network it "
    message += "downloads them once, into the folder models of KERAS_HOME (~/.keras by default); without one, bring "
    return f"{message}that folder from another machine, or say keras:{parsed.name}?weights=none for random weights"


def _size(parsed: ParsedName, input_shape: tuple[int, ...]) -> tuple[int, int]:
    """The size (height, width) that images get."""
    if parsed.img_size is not None:
        return parsed.img_size, parsed.img_size
    smallest = SMALLEST_OF.get(parsed.name, SMALLEST)
    return max(input_shape[1], smallest), max(input_shape[2], smallest)


def _by_resolution(network: Any, height: int) -> list[list[Any]]:
    """The layers in groups, from input to output; layers without weights go with those before them."""
    groups: list[list[Any]] = [[]]
    halvings = 0
    for layer in network.layers:
        shape = layer.output.shape
        halved = max(halvings, round(math.log2(height / shape[1]))) if len(shape) == 4 else halvings
        if halved > halvings and any(held.variables for held in groups[-1]):
            groups.append([])
        halvings = halved
        groups[-1].append(layer)
    if len(groups) > 1 and not any(layer.variables for layer in groups[-1]):
        rest = groups.pop()
        groups[-1] += rest
    return groups


@contextlib.contextmanager
def _on(device: torch.device) -> Iterator[None]:
    """Within, Keras computes on the device where its input is: by default it takes the best that it finds."""
    with import_keras().device(str(device)):
        yield
