"""An encoder of transformers as a backbone: made, loaded strictly, fed with token ids, and divided into stages."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tlbench.backbone import Backbone
from tlbench.errors import TlbenchError
from tlbench_backbones.transformers_ import Wanted
from tlbench_backbones.transformers_files import first_sentence, locate, trusts, weight_files

#: Tokens per forward pass where no gradient is taken: with 3,072 hidden units (BERT-base) they take about 0.1 GB.
TOKENS = 64 * 128


@dataclass(frozen=True)
class Family:
    """Where the layers of a kind of model are; `counts_padding`: the first position is that after the padding id."""

    layers: str = "encoder.layer"
    counts_padding: bool = False


#: Encoders whose features of a text do not depend on how far it is padded, by the `model_type` of their configuration.
#: (Those of ConvBERT, FNet, Nyströmformer and YOSO do.)
FAMILIES = {
    **{name: Family() for name in ("bert", "deberta", "deberta-v2", "electra", "ernie")},
    **{name: Family(counts_padding=True) for name in ("camembert", "mpnet", "roberta", "xlm-roberta")},
    "albert": Family("encoder.albert_layer_groups"),
    "distilbert": Family("transformer.layer"),
    "modernbert": Family("layers"),
}


class TransformersBackbone(Backbone):
    """Token ids (n, max_length), `PADDING` after the end of each text, to features (n, hidden size).

    Features are the mean of the last states of a text's tokens, or the last state of its first; the head that a model
    was trained with, and its pooler, are no part of it. A batch is cut to its longest text. A text without any token
    is read as one of padding.

    `stages` are the embeddings, then each layer (the groups of layers of an ALBERT, which share their weights); what
    comes after the layers, or is used by all of them, goes with the last. Dropout draws from torch's global generator,
    which a run seeds; that of a frozen stage is frozen with it.
    """

    def __init__(self, network: Any, wanted: Wanted, input_shape: tuple[int, ...]) -> None:
        super().__init__((), int(network.config.hidden_size))
        if input_shape != (wanted.max_length,):
            message = f"backbone 'transformers:{wanted.name}' takes texts as ids of {wanted.max_length} tokens"
            raise TlbenchError(f"{message}; the inputs are {input_shape}")
        self.network: nn.Module = network
        self.pooling = wanted.pooling
        self.padding_id = int(network.config.pad_token_id or 0)
        # Views of the network's parts, which must not be registered: its weights would be there twice.
        del self.stages
        layers = network.get_submodule(FAMILIES[network.config.model_type].layers)
        object.__setattr__(self, "stages", _stages(network, layers))

    def preprocess(self, inputs: Tensor) -> Tensor:
        """Token ids as int64, never as floats, which inputs of another kind are."""
        if inputs.is_floating_point():
            raise TlbenchError(f"a transformers backbone takes token ids, and the inputs are {inputs.dtype}")
        return inputs.long()

    def forward(self, inputs: Tensor) -> Tensor:
        """Ids (n, length) to features (n, feature_dim); by parts where no gradient needs the whole batch."""
        ids = self.preprocess(inputs)
        whole = torch.is_grad_enabled() or self.training
        parts = [ids] if whole else torch.split(ids, max(1, TOKENS // ids.shape[1]))
        return torch.cat([self._features(part) for part in parts])

    def _features(self, ids: Tensor) -> Tensor:
        there = ids >= 0
        there[:, 0] = True
        longest = int(there.any(dim=0).sum())
        ids, there = ids[:, :longest], there[:, :longest]
        ids = ids.masked_fill(ids < 0, self.padding_id)
        states: Tensor = self.network(input_ids=ids, attention_mask=there.long()).last_hidden_state
        if self.pooling == "cls":
            return states[:, 0]
        weights = there.unsqueeze(-1).to(states.dtype)
        return (states * weights).sum(dim=1) / weights.sum(dim=1)


def _stages(network: nn.Module, layers: nn.Module) -> list[nn.ModuleList]:
    """What comes before the layers, then each of these, the last with all that comes after them."""
    around = list(_around(network, layers))
    at = next(place for place, module in enumerate(around) if module is layers)
    stages = [nn.ModuleList(around[:at]), *(nn.ModuleList([layer]) for layer in layers.children())]
    stages[-1].extend(around[at + 1 :])
    return stages


def _around(module: nn.Module, layers: nn.Module) -> Iterator[nn.Module]:
    """The parts of a network in their order, as large as they can be with the layers as a part of their own."""
    for child in module.children():
        if child is not layers and any(part is layers for part in child.modules()):
            yield from _around(child, layers)
        else:
            yield child


# ---- the network and its weights --------------------------------------------------------------------------------


def make_network(wanted: Wanted, *, pretrained: bool) -> Any:
    """The encoder without pooler, in float32 and training mode; random weights are decided by torch's seed.

    Raises `TlbenchError` for a kind of model, a length or weights that are wrong.
    """
    folder = locate(wanted)
    if pretrained:
        weight_files(wanted)
    with _quiet():
        config = _config(wanted, folder)
        network = _load(wanted, folder, config) if pretrained else _random(wanted, config)
    if getattr(network, "pooler", None) is not None:
        network.pooler = None
    return network.float().train()


def _config(wanted: Wanted, folder: Path) -> Any:
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=trusts(wanted))
    except Exception as error:  # whatever a configuration's class raises
        raise TlbenchError(f"cannot read the configuration of {wanted.name!r}: {first_sentence(error)}") from error
    if reason := _unsuited(config):
        known = f"encoders of these kinds are supported: {', '.join(sorted(FAMILIES))}"
        raise TlbenchError(f"{wanted.name!r} is of the kind {config.model_type!r}, {reason}; {known}")
    if wanted.max_length > (most := _positions(config)):
        message = f"max_length={wanted.max_length}: {wanted.name!r} has positions for {most} tokens"
        raise TlbenchError(f"{message}; say at most that, as transformers:{wanted.name}?max_length={most}")
    return config


def _unsuited(config: Any) -> str | None:
    """Why a kind of model gives no features of a text here."""
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    )

    kind = config.model_type
    if getattr(config, "is_encoder_decoder", False):
        return "which is an encoder with a decoder"
    generates = kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and kind not in MODEL_FOR_MASKED_LM_MAPPING_NAMES
    if generates or getattr(config, "is_decoder", False):
        return "a decoder, which reads from left to right: its first token knows nothing of the others"
    return None if kind in FAMILIES else "whose layers tlbench does not know, or whose features depend on padding"


def _positions(config: Any) -> int:
    """The tokens of the longest text that a network has positions for."""
    before = int(config.pad_token_id) + 1 if FAMILIES[config.model_type].counts_padding else 0
    return int(config.max_position_embeddings) - before


def _random(wanted: Wanted, config: Any) -> Any:
    from transformers import AutoModel

    try:
        return AutoModel.from_config(config, trust_remote_code=trusts(wanted))
    except Exception as error:  # whatever a constructor raises
        raise TlbenchError(f"cannot make {wanted.name!r}: {first_sentence(error)}") from error


def _load(wanted: Wanted, folder: Path, config: Any) -> Any:
    from transformers import AutoModel

    try:
        network, report = AutoModel.from_pretrained(
            folder,
            config=config,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=trusts(wanted),
            ignore_mismatched_sizes=True,  # they are told with all that does not fit
            output_loading_info=True,
        )
    except Exception as error:  # whatever constructors and readers raise
        raise TlbenchError(f"cannot load {wanted.name!r}: {first_sentence(error)}") from error
    if faults := _misfits(network, report):
        message = f"the weights of {wanted.name!r} do not fit its config.json: {'; '.join(faults)}"
        raise TlbenchError(f"{message}. transformers would draw such weights at random; bring both files of one model")
    return network


def _misfits(network: Any, report: Mapping[str, Any]) -> list[str]:
    """What a strict load would refuse but for pooler and heads, the first of each kind by name."""
    prefix, parts = f"{network.base_model_prefix}.", {name for name, _ in network.named_children()} - {"pooler"}
    missing = sorted(key for key in report["missing_keys"] if not key.startswith("pooler."))
    strange = sorted(key for key in report["unexpected_keys"] if key.removeprefix(prefix).partition(".")[0] in parts)
    shapes = [
        f"{key} is {tuple(found)} for {tuple(own)}"
        for key, found, own in sorted(report["mismatched_keys"])
        if not key.startswith("pooler.")
    ]
    kinds = {"missing": missing, "not the model's": strange, "of another shape": shapes}
    faults = [f"{len(found)} of its weights are {kind}, as {found[0]}" for kind, found in kinds.items() if found]
    return faults + [first_sentence(ValueError(message)) for message in report.get("error_msgs") or ()]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No report and no bar of transformers, which would stand among our lines: what matters is raised."""
    from transformers.utils import logging

    before, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        if bars:
            logging.enable_progress_bar()
