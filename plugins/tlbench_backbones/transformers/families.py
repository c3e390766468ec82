"""Which kinds of encoders are known, and what is known of them; a model with code of its own is of no known kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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


def family_of(config: Any) -> Family | None:
    """The kind of a model; None where it is not known, whatever kind a model with code of its own says it is."""
    return None if has_own_code(config) else FAMILIES.get(config.model_type)


def has_own_code(config: Any) -> bool:
    """Whether the network is made by code that comes with the model."""
    names = getattr(config, "auto_map", None)
    return isinstance(names, Mapping) and "AutoModel" in names


def unsuited(config: Any) -> str | None:
    """Why a kind of model gives no features of a text here."""
    if getattr(config, "is_encoder_decoder", False):
        return "which is an encoder with a decoder"
    if getattr(config, "is_decoder", False) or (not has_own_code(config) and _generates(config.model_type)):
        return "a decoder, which reads from left to right: its first token knows nothing of the others"
    known = has_own_code(config) or family_of(config) is not None
    return None if known else "whose layers tlbench does not know, or whose features depend on padding"


def _generates(kind: str) -> bool:
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    )

    return kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and kind not in MODEL_FOR_MASKED_LM_MAPPING_NAMES


def positions(config: Any) -> int | None:
    """The tokens of the longest text that a network has positions for; None where its configuration does not say."""
    most, family = getattr(config, "max_position_embeddings", None), family_of(config)
    if not isinstance(most, int) or most < 1:
        return None
    return most - (int(config.pad_token_id) + 1 if family is not None and family.counts_padding else 0)
