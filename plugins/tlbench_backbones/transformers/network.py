"""An encoder of transformers as a backbone: fed with token ids, and divided into stages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from tlbench.core.backbone import Backbone, SavedNetwork
from tlbench.errors import TlbenchError
from tlbench_backbones.transformers.families import family_of
from tlbench_backbones.transformers.files import first_sentence
from tlbench_backbones.transformers.name import ParsedName
from tlbench_backbones.transformers.saving import save_network

#: Tokens per forward pass where no gradient is taken: with 3,072 hidden units (BERT-base) they take about 0.1 GB.
TOKENS = 64 * 128
#: What is to be known of a network of no known kind.
UNKNOWN = (
    "is made by code of its own: tlbench does not know its layers, so it is frozen as a whole, nor whether its "
    "features of a text depend on how far the text is padded"
)


class TransformersBackbone(Backbone):
    """Token ids (n, max_length), `PADDING` after the end of each text, to features (n, hidden size).

    Features are the mean of the last states of a text's tokens, or the last state of its first, of norm 1 where
    `normalise` is asked for; the head that a model was trained with, and its pooler, are no part of it. A batch is cut
    to its longest text. A text without any token is read as one of padding.

    `stages` are the embeddings, then each layer (the groups of layers of an ALBERT, which share their weights); what
    comes after the layers, or is used by all of them, goes with the last. Dropout draws from torch's global generator,
    which a run seeds; that of a frozen stage is frozen with it.

    A network that is made by code of its own is one stage, and a note says what is not known of it.
    """

    def __init__(self, network: Any, parsed: ParsedName, input_shape: tuple[int, ...]) -> None:
        super().__init__((), 0)
        if input_shape != (parsed.max_length,):
            message = f"backbone 'transformers:{parsed.name}' takes texts as ids of {parsed.max_length} tokens"
            raise TlbenchError(f"{message}; the inputs are {input_shape}")
        self.network: nn.Module = network
        self._parsed = parsed
        self.pooling, self.normalise = parsed.pooling, parsed.normalise
        self.padding_id = int(getattr(network.config, "pad_token_id", None) or 0)
        family = family_of(network.config)
        # Views of the network's parts, which must not be registered: its weights would be there twice.
        del self.stages
        stages = [network] if family is None else _stages(network, network.get_submodule(family.layers))
        object.__setattr__(self, "stages", stages)
        self.feature_dim = self._measure(parsed.name) if family is None else int(network.config.hidden_size)
        if family is None:
            self.notes = (f"'transformers:{parsed.name}' {UNKNOWN}",)

    def about_inputs(self) -> dict[str, Any]:
        """How texts become features."""
        return {"max_length": self._parsed.max_length, "pooling": self.pooling, "normalise": self.normalise}

    def save_network(self, folder: Path, head: nn.Module | None) -> SavedNetwork | None:
        """A folder that `AutoModel` and `AutoTokenizer` read; a head on pooled features is none that they have."""
        return None if family_of(self.network.config) is None else save_network(self.network, self._parsed, folder)

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
        if not torch.compiler.is_compiling():  # a graph that is exported has no length that depends on its inputs
            longest = int(there.any(dim=0).sum())
            ids, there = ids[:, :longest], there[:, :longest]
        ids = ids.masked_fill(ids < 0, self.padding_id)
        pooled = self._pooled(self._states(ids, there.long()), there)
        return functional.normalize(pooled, dim=1) if self.normalise else pooled

    def _pooled(self, states: Tensor, there: Tensor) -> Tensor:
        """States (n, length, hidden size) of which those of tokens are `there` (n, length), to (n, hidden size)."""
        if self.pooling == "cls":
            return states[:, 0]
        weights = there.unsqueeze(-1).to(states.dtype)
        return (states * weights).sum(dim=1) / weights.sum(dim=1)

    def _states(self, ids: Tensor, mask: Tensor) -> Tensor:
        """The last states (n, length, hidden size) of ids (n, length)."""
        states: Tensor = self.network(input_ids=ids, attention_mask=mask).last_hidden_state
        return states

    def _measure(self, name: str) -> int:
        """The feature dimension, from a text of two tokens. Raises `TlbenchError` where the network gives no states."""
        self.eval()
        ids = torch.full((1, 2), self.padding_id)
        try:
            with torch.no_grad():
                shape = tuple(self._states(ids, torch.ones_like(ids)).shape)
        except Exception as error:  # whatever code of others raises
            message = f"the network of {name!r} does not take `input_ids` and `attention_mask` and give"
            raise TlbenchError(f"{message} a `last_hidden_state`: {first_sentence(error)}") from error
        finally:
            self.train()
        if len(shape) != 3 or shape[:2] != (1, 2):
            message = f"the network of {name!r} gives states of the shape {shape} for a text of 2 tokens"
            raise TlbenchError(f"{message}; (1, 2, hidden size) is expected")
        return shape[2]


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
