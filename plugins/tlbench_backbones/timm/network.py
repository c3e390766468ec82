"""A timm network as a backbone: made, loaded, fed with images, and divided into stages."""

from __future__ import annotations

import contextlib
import difflib
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from tlbench.core.backbone import SavedNetwork
from tlbench.errors import TlbenchError
from tlbench_backbones.shared.image_backbone import NormalisedNetwork, need_images
from tlbench_backbones.shared.name_syntax import INTERPOLATIONS, given
from tlbench_backbones.shared.stages import by_children, stages_of
from tlbench_backbones.shared.weight_files import first_line, load_strictly
from tlbench_backbones.timm.name import ParsedName, need_timm
from tlbench_backbones.timm.saving import save_network

#: The smallest side that is not enlarged, where a model does not say: one cell of most networks' last feature map.
SMALLEST = 32


class TimmBackbone(NormalisedNetwork):
    """Images (n, 1 or 3, h, w) to what the network gives its classifier (n, feature_dim): pooled, for CNN and ViT.

    Images are resized to `size` as a whole, without the crop of timm's own evaluation, and normalised, all with the
    model's data configuration; grey ones get three equal channels. `size` is `img_size` where it is given, else the
    model's own where that is fixed (as a ViT's is) or a side is under 32 pixels, and else the images' own, which are
    then not touched.

    `stages` are timm's groups of layers: the stem, then each stage of a CNN or block of a ViT; batch norm and drop path
    of a frozen one are frozen with it.
    """

    def __init__(
        self, network: nn.Module, parsed: ParsedName, input_shape: tuple[int, ...], notes: Sequence[str] = ()
    ) -> None:
        name, config = f"timm:{parsed.name}", _data_config(network, parsed)
        size = _size(network, config, parsed, input_shape)
        super().__init__(network, stages_of(network, _groups(network)), name, size, config, f"{name}?img_size=224")
        self._parsed = parsed
        self.notes = tuple(f"{name}: {note}" for note in notes)

    def save_network(self, folder: Path, head: nn.Module | None) -> SavedNetwork:
        """A folder that `timm.create_model("local-dir:FOLDER", pretrained=True)` reads."""
        return save_network(self, self._parsed, folder, head)


# ---- the network and its weights --------------------------------------------------------------------------------


def make_network(parsed: ParsedName, *, pretrained: bool) -> tuple[nn.Module, list[str]]:
    """The network without its classifier, and notes on its weights.

    Raises `TlbenchError` for a name, an argument or weights that are wrong.
    """
    _check_name(parsed.name)
    from_hub = pretrained and parsed.file is None
    try:
        with _quiet():
            network = _create(parsed, pretrained=from_hub)
    except Exception as error:  # whatever constructors and downloads raise
        if from_hub:
            make_network(parsed, pretrained=False)  # a wrong argument is told first
            raise TlbenchError(_no_weights(parsed, error)) from error
        options = given({**parsed.data, **parsed.options})
        message = f"the timm model {parsed.name!r} cannot be made with {options}: {first_line(error)}"
        raise TlbenchError(message) from error
    if pretrained and parsed.file is not None:
        return network, load_weights(network, parsed.file, parsed.name)
    return network, []


def origin(parsed: ParsedName) -> str:
    """Where timm takes a model's weights from: the repository on the hub, which names model and tag, or a link."""
    import timm

    _check_name(parsed.name)
    config = timm.get_pretrained_cfg(parsed.name)
    return str((config and (config.hf_hub_id or config.url)) or parsed.name)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No log of the hub's tries, which would stand among our lines: what is wrong is said once, by us."""
    logger = logging.getLogger("huggingface_hub")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def load_weights(network: nn.Module, file: Path, name: str) -> list[str]:
    """Load a file strictly, but for the classifier, which is dropped with the network's own; notes on what was done.

    Position embeddings of another image size are resampled by timm's own function for its kind of network.
    """
    classifiers = _config_of(network).get("classifier") or ()
    heads = [classifiers] if isinstance(classifiers, str) else classifiers
    of_kind: Any = getattr(sys.modules[type(network).__module__], "checkpoint_filter_fn", None)
    convert = of_kind and (lambda weights: of_kind(weights, network))
    return load_strictly(network, file, f"the timm model {name!r}", heads, convert)


def _create(parsed: ParsedName, *, pretrained: bool) -> nn.Module:
    import timm

    options = dict(parsed.options)
    config = timm.get_pretrained_cfg(parsed.name)
    if config is not None and config.fixed_input_size and "img_size" in parsed.data:
        options["img_size"] = parsed.data["img_size"]
    network: nn.Module = timm.create_model(parsed.name, pretrained=pretrained, num_classes=0, **options)
    return network


def _check_name(name: str) -> None:
    need_timm()
    import timm

    model, _, tag = name.partition(".")
    if not timm.is_model(model):
        near = difflib.get_close_matches(model, timm.list_models(), n=3, cutoff=0.5)
        guess = f"; did you mean {' or '.join(map(repr, near))}?" if near else "."
        raise TlbenchError(
            f'timm has no model {model!r}{guess} All: python -c "import timm; print(timm.list_models())"'
        )
    tags = timm.list_models(f"{model}.*", include_tags=True)
    if tag and name not in tags:
        raise TlbenchError(
            f"the timm model {model!r} has no weights {tag!r}; it has {', '.join(tags) or 'none by name'}"
        )


def _no_weights(parsed: ParsedName, error: Exception) -> str:
    name = parsed.name
    message = f"timm cannot load its weights for {name!r} from {origin(parsed)!r}: {first_line(error)}. "
    message += (
        "With a network (and without HF_HUB_OFFLINE) it downloads them once; without one, bring model.safetensors "
    )
    return f"{message}from there and name it: timm:{name}@FILE.safetensors"


# ---- what the model says of itself ------------------------------------------------------------------------------


def _config_of(network: nn.Module) -> Mapping[str, Any]:
    config: Mapping[str, Any] = getattr(network, "pretrained_cfg", {})
    return config


def _data_config(network: nn.Module, parsed: ParsedName) -> dict[str, Any]:
    """Input size, mean, deviation and interpolation of the model, with what the name says in their place."""
    from timm.data import resolve_model_data_config

    config: dict[str, Any] = {**resolve_model_data_config(network), **parsed.data}
    if config["interpolation"] not in INTERPOLATIONS:
        message = f"the timm model {parsed.name!r} resizes by {config['interpolation']!r}, which tlbench does not; "
        raise TlbenchError(f"{message}say another, as in timm:{parsed.name}?interpolation=bicubic")
    return config


def _size(
    network: nn.Module, config: Mapping[str, Any], parsed: ParsedName, input_shape: tuple[int, ...]
) -> tuple[int, int]:
    """The size (height, width) that images get."""
    need_images(f"timm:{parsed.name}", input_shape)
    if "img_size" in parsed.data:
        return parsed.data["img_size"], parsed.data["img_size"]
    height, width = config["input_size"][-2:]
    about = _config_of(network)
    smallest = (about.get("min_input_size") or (3, SMALLEST, SMALLEST))[1]
    if about.get("fixed_input_size") or min(input_shape[1:]) < smallest:
        return height, width
    return input_shape[1], input_shape[2]


def _groups(network: nn.Module) -> dict[str, int]:
    """The parameters by timm's groups of layers, from input to output; by the network's children without such."""
    from timm.models import group_parameters

    matcher = getattr(network, "group_matcher", None)
    if matcher is None:
        return by_children(network)
    groups: dict[str, int] = group_parameters(network, matcher(coarse=True), reverse=True)
    return groups
