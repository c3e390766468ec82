"""A trained timm network in the form that timm itself reads, with its classifier where that is timm's own."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tlbench.core.backbone import SavedNetwork
from tlbench_backbones.shared.image_backbone import NormalisedNetwork
from tlbench_backbones.timm.name import ParsedName


def save_network(backbone: NormalisedNetwork, parsed: ParsedName, folder: Path, head: nn.Module | None) -> SavedNetwork:
    """Write `config.json` and `model.safetensors`."""
    from timm.models import save_for_hf

    whole = None if head is None else _with_head(backbone, head)
    network = copy.deepcopy(backbone.network) if whole is None else whole
    network.to(memory_format=torch.contiguous_format)  # files hold no other
    options: dict[str, Any] = dict(parsed.options)
    if "img_size" in parsed.data and getattr(network, "pretrained_cfg", {}).get("fixed_input_size"):
        options["img_size"] = parsed.data["img_size"]
    classes = head.out_features if whole is not None and isinstance(head, nn.Linear) else 0
    about = {"num_classes": classes, "pretrained_cfg": _config(network, backbone, classes)}
    save_for_hf(network, str(folder), model_config=about, model_args=options or None, safe_serialization=True)
    example = _example(backbone, "logits" if classes else "features")
    return SavedNetwork("timm", whole is not None, tuple(example), _name(parsed))


def _name(parsed: ParsedName) -> str:
    """What the network is called as a backbone whose weights are in the folder."""
    said = {**parsed.data, **parsed.options}
    options = "&".join(f"{key}={_written(value)}" for key, value in said.items())
    return f"timm:{parsed.name}{f'?{options}' if options else ''}@{{folder}}/model.safetensors"


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _with_head(backbone: NormalisedNetwork, head: nn.Module) -> nn.Module | None:
    """The network with timm's own classifier in place of `head`; None where it would not give the same logits."""
    if not isinstance(head, nn.Linear):
        return None
    network: Any = copy.deepcopy(backbone.network).cpu().eval()
    try:
        network.reset_classifier(head.out_features)
        classifier = network.get_classifier()
        classifier.load_state_dict(head.state_dict())
        images = torch.rand(2, 3, *backbone.size, generator=torch.Generator().manual_seed(0))
        with torch.inference_mode():
            same = torch.allclose(network(images), head(backbone.extract(images)), rtol=1e-4, atol=1e-4)
    except (AttributeError, RuntimeError, TypeError):  # a network whose classifier is of another form
        return None
    return network if same else None


def _config(network: nn.Module, backbone: NormalisedNetwork, classes: int) -> Mapping[str, Any]:
    """What timm is to know of the images: stretched to one size, without a crop."""
    own: Mapping[str, Any] = getattr(network, "pretrained_cfg", {})
    mean, std = (getattr(backbone, name).flatten().tolist() for name in ("mean", "std"))
    images = {"input_size": (3, *backbone.size), "interpolation": backbone.interpolation, "mean": mean, "std": std}
    return {**own, **images, "crop_pct": 1.0, "crop_mode": "squash", "num_classes": classes}


def _example(backbone: NormalisedNetwork, gives: str) -> list[str]:
    height, width = backbone.size
    mean, std = ([round(float(x), 6) for x in getattr(backbone, name).flatten()] for name in ("mean", "std"))
    smooth = "" if backbone.interpolation == "nearest" else ", antialias=True"
    return [
        "import timm",
        "",
        'network = timm.create_model("local-dir:{folder}", pretrained=True).eval()',
        "images = inputs.float().expand(-1, 3, -1, -1)  # uint8 (n, 1 or 3, height, width)",
        f"if images.shape[-2:] != ({height}, {width}):",
        f'    options = dict(size=({height}, {width}), mode="{backbone.interpolation}"{smooth})',
        "    images = torch.nn.functional.interpolate(images, **options).round().clamp(0, 255)",
        f"mean, std = torch.tensor({mean}), torch.tensor({std})",
        "images = (images / 255 - mean[:, None, None]) / std[:, None, None]",
        "with torch.inference_mode():",
        f"    {gives} = network(images).flatten(1)",
    ]
