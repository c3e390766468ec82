"""A timm network as a backbone: made, loaded, fed with images, and divided into stages."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from tlbench.backbone import Backbone
from tlbench.errors import TlbenchError
from tlbench_backbones.timm_ import INTERPOLATIONS, Wanted, need_timm

#: Images per forward pass where no gradient is taken: 64 of 224×224 take under 1 GB in most networks.
IMAGES = 64
#: The smallest side that is not enlarged, where a model does not say: one cell of most networks' last feature map.
SMALLEST = 32


class TimmBackbone(Backbone):
    """Images (n, 1 or 3, h, w) to what the network gives its classifier (n, feature_dim): pooled, for CNN and ViT.

    Images are resized to `size` as a whole, without the crop of timm's own evaluation, and normalised, all with the
    model's data configuration; grey ones get three equal channels. `size` is `img_size` where it is given, else the
    model's own where that is fixed (as a ViT's is) or a side is under 32 pixels, and else the images' own, which are
    then not touched.

    `stages` are timm's groups of layers: the stem, then each stage of a CNN or block of a ViT; batch norm and drop path
    of a frozen one are frozen with it. Learning rates and `freeze` see them; the weights belong to `network` alone.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, wanted: Wanted, input_shape: tuple[int, ...]) -> None:
        super().__init__((), 0)
        self.network = network.to(memory_format=torch.channels_last)
        # Views of the network's parts, which must not be registered: its weights would be there twice.
        del self.stages
        object.__setattr__(self, "stages", _stages(network))
        config = _data_config(network, wanted)
        self.interpolation: str = config["interpolation"]
        for name in ("mean", "std"):
            values = torch.tensor(config[name], dtype=torch.float32).reshape(1, -1, 1, 1)
            self.register_buffer(name, values.expand(1, 3, 1, 1).clone(), persistent=False)
        self.size = _size(network, config, wanted, input_shape)
        self.feature_dim = self._measure(wanted.name)

    def preprocess(self, inputs: Tensor) -> Tensor:
        """uint8 images (n, 1 or 3, h, w) to normalised floats (n, 3, *size); floats count as normalised already."""
        raw = inputs.dtype == torch.uint8
        images = inputs.float().expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
        if images.shape[-2:] != self.size:
            smooth = {} if self.interpolation == "nearest" else {"antialias": True, "align_corners": False}
            images = functional.interpolate(images, self.size, mode=self.interpolation, **smooth)
            images = images.round_().clamp_(0, 255) if raw else images  # cubic ones overshoot; PIL gives whole numbers
        return images.div_(255).sub_(self.mean).div_(self.std) if raw else images

    def forward(self, inputs: Tensor) -> Tensor:
        """Images (n, 1 or 3, h, w) to features (n, feature_dim); by parts where no gradient needs the whole batch."""
        parts = [inputs] if torch.is_grad_enabled() or self.training else torch.split(inputs, IMAGES)
        return torch.cat([self.network(self.preprocess(part)).flatten(1) for part in parts])

    def _measure(self, name: str) -> int:
        """The feature dimension, from one black image: families of timm name it in different ways."""
        self.eval()
        try:
            with torch.no_grad():
                return int(self(torch.zeros(1, 3, *self.size)).shape[1])
        except (RuntimeError, AssertionError, ValueError) as error:
            height, width = self.size
            message = f"the timm model {name!r} does not take images of {height}×{width}: {_first_line(error)}"
            raise TlbenchError(f"{message}; say another size, as in timm:{name}?img_size=224") from error
        finally:
            self.train()


class Stage(nn.Module):
    """Modules and single parameters of a network that are frozen together: a view of them."""

    def __init__(self, modules: Iterable[nn.Module], parameters: Iterable[nn.Parameter]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(modules)
        self.single = nn.ParameterList(parameters)


# ---- the network and its weights --------------------------------------------------------------------------------


def make_network(wanted: Wanted, *, pretrained: bool) -> nn.Module:
    """The network without its classifier. Raises `TlbenchError` for a name, an argument or weights that are wrong."""
    _check_name(wanted.name)
    from_hub = pretrained and wanted.file is None
    try:
        network = _create(wanted, pretrained=from_hub)
    except Exception as error:  # whatever constructors and downloads raise
        if from_hub:
            make_network(wanted, pretrained=False)  # a wrong argument is told first
            raise TlbenchError(_no_weights(wanted, error)) from error
        given = ", ".join(f"{key}={value}" for key, value in {**wanted.data, **wanted.options}.items()) or "no argument"
        message = f"the timm model {wanted.name!r} cannot be made with {given}: {_first_line(error)}"
        raise TlbenchError(message) from error
    if pretrained and wanted.file is not None:
        load_weights(network, wanted.file, wanted.name)
    return network


def origin(wanted: Wanted) -> str:
    """Where timm takes a model's weights from: the repository on the hub, which names model and tag, or a link."""
    import timm

    _check_name(wanted.name)
    config = timm.get_pretrained_cfg(wanted.name)
    return str((config and (config.hf_hub_id or config.url)) or wanted.name)


def load_weights(network: nn.Module, file: Path, name: str) -> None:
    """Load a file strictly, but for the classifier, which is dropped with the network's own."""
    try:
        weights = load_file(file)
    except (OSError, SafetensorError) as error:
        raise TlbenchError(f"cannot read the weight file {str(file)!r}: {_first_line(error)}") from error
    classifiers = _config_of(network).get("classifier") or ()
    heads = tuple(f"{head}." for head in ([classifiers] if isinstance(classifiers, str) else classifiers))
    weights = {key: value for key, value in weights.items() if not key.startswith(heads)}
    if faults := _misfits(weights, network.state_dict()):
        message = f"the weight file {str(file)!r} does not fit the timm model {name!r}: {'; '.join(faults)}"
        raise TlbenchError(f"{message}. Name the model that it was saved from, with its arguments")
    network.load_state_dict(weights, strict=True)


def _misfits(weights: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> list[str]:
    """What a strict load would refuse, the first of each kind by name."""
    missing = [key for key in own if key not in weights]
    strange = [key for key in weights if key not in own]
    shapes = [
        f"{key} is {tuple(weights[key].shape)} for {tuple(value.shape)}"
        for key, value in own.items()
        if key in weights and weights[key].shape != value.shape
    ]
    kinds = {"missing": missing, "not the model's": strange, "of another shape": shapes}
    return [f"{len(found)} of its weights are {kind}, as {found[0]}" for kind, found in kinds.items() if found]


def _create(wanted: Wanted, *, pretrained: bool) -> nn.Module:
    import timm

    options = dict(wanted.options)
    config = timm.get_pretrained_cfg(wanted.name)
    if config is not None and config.fixed_input_size and "img_size" in wanted.data:
        options["img_size"] = wanted.data["img_size"]
    network: nn.Module = timm.create_model(wanted.name, pretrained=pretrained, num_classes=0, **options)
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


def _no_weights(wanted: Wanted, error: Exception) -> str:
    name = wanted.name
    message = f"timm cannot load its weights for {name!r} from {origin(wanted)!r}: {_first_line(error)}. "
    message += (
        "With a network (and without HF_HUB_OFFLINE) it downloads them once; without one, bring model.safetensors "
    )
    return f"{message}from there and name it: timm:{name}@FILE.safetensors"


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0].rstrip('.')}" if text else type(error).__name__


# ---- what the model says of itself ------------------------------------------------------------------------------


def _config_of(network: nn.Module) -> Mapping[str, Any]:
    config: Mapping[str, Any] = getattr(network, "pretrained_cfg", {})
    return config


def _data_config(network: nn.Module, wanted: Wanted) -> dict[str, Any]:
    """Input size, mean, deviation and interpolation of the model, with what the name says in their place."""
    from timm.data import resolve_model_data_config

    config: dict[str, Any] = {**resolve_model_data_config(network), **wanted.data}
    if config["interpolation"] not in INTERPOLATIONS:
        message = f"the timm model {wanted.name!r} resizes by {config['interpolation']!r}, which tlbench does not; "
        raise TlbenchError(f"{message}say another, as in timm:{wanted.name}?interpolation=bicubic")
    return config


def _size(
    network: nn.Module, config: Mapping[str, Any], wanted: Wanted, input_shape: tuple[int, ...]
) -> tuple[int, int]:
    """The size (height, width) that images get."""
    if len(input_shape) != 3 or input_shape[0] not in (1, 3):
        message = f"backbone 'timm:{wanted.name}' takes images (1 or 3 channels, height, width)"
        raise TlbenchError(f"{message}; the inputs are {input_shape}")
    if "img_size" in wanted.data:
        return wanted.data["img_size"], wanted.data["img_size"]
    height, width = config["input_size"][-2:]
    about = _config_of(network)
    smallest = (about.get("min_input_size") or (3, SMALLEST, SMALLEST))[1]
    if about.get("fixed_input_size") or min(input_shape[1:]) < smallest:
        return height, width
    return input_shape[1], input_shape[2]


def _stages(network: nn.Module) -> list[Stage]:
    """The parameters by timm's groups of layers, from input to output; by the network's children without such."""
    from timm.models import group_parameters

    matcher = getattr(network, "group_matcher", None)
    names = [name for name, _ in network.named_parameters()]
    if matcher is None:
        order = list(dict.fromkeys(name.partition(".")[0] for name in names))
        groups = {name: order.index(name.partition(".")[0]) for name in names}
    else:
        groups = group_parameters(network, matcher(coarse=True), reverse=True)
    held: dict[int, tuple[list[nn.Module], list[nn.Parameter]]] = defaultdict(lambda: ([], []))
    _distribute(network, "", groups, held)
    return [Stage(*held[number]) for number in sorted(held)]


def _distribute(
    module: nn.Module,
    prefix: str,
    groups: Mapping[str, int],
    held: Mapping[int, tuple[list[nn.Module], list[nn.Parameter]]],
) -> None:
    """A module goes whole to the group of all its parameters, so that what has none goes with it; else by parts."""
    numbers = {groups[prefix + name] for name, _ in module.named_parameters() if prefix + name in groups}
    if len(numbers) == 1:
        held[numbers.pop()][0].append(module)
        return
    for name, parameter in module.named_parameters(recurse=False):
        held[groups[prefix + name]][1].append(parameter)
    for name, child in module.named_children():
        _distribute(child, f"{prefix}{name}.", groups, held)
