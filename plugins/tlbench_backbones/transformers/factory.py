"""Encoders of transformers (Wolf et al. 2020, https://github.com/huggingface/transformers), for texts.

    transformers:FOLDER_OR_ID[?key=value&key=value]

    transformers:models/minilm                           a folder as `save_pretrained` writes it
    transformers:distilbert-base-uncased                 from the Hugging Face hub or its cache
    transformers:roberta-base?pooling=cls&max_length=256
    transformers:roberta-base?revision=e2da8e2           a commit, a branch or a tag of the hub

| key | default | says |
|---|---|---|
| `pooling` | mean | `mean` of the tokens' last states, padding left out; `cls`: that of the first token |
| `max_length` | 128 | tokens that are kept of a text, those that mark its begin and end among them |
| `normalise` | false | `true`: features of Euclidean norm 1, as some sentence encoders are meant to be used |
| `revision` | main | of an id of the hub: what is in the cache is used, and not asked for again |

A name is a folder where there is one of this name, and else an id of the hub. Weights are `safetensors` and are loaded
strictly, as `transformers_loading` says; which files count, and that a model runs code of its own only where it is
trusted, is said in `transformers_files`. This file is light, so that names and revisions can be had without torch.
"""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from typing import TYPE_CHECKING

from tlbench.errors import TlbenchError
from tlbench_backbones.transformers.name import (
    ParsedName,
    parse,
)

if TYPE_CHECKING:
    from tlbench.core.backbone import Backbone
    from tlbench.core.preparation import Tokenizer


class Factory:
    """Makes `transformers:` backbones, and says before any training whether it can."""

    imports = (
        "transformers.models.auto.modeling_auto",
        "tlbench_backbones.transformers.loading",
        "tlbench_backbones.transformers.network",
    )

    def __call__(
        self, input_shape: tuple[int, ...], argument: str, *, pretrained: bool = True, trusted: bool = False
    ) -> Backbone:
        """The encoder without its head; without `pretrained` its weights are random, and no weight file is read."""
        parsed = _checked(argument, trusted)
        from tlbench_backbones.transformers.loading import make_network
        from tlbench_backbones.transformers.network import TransformersBackbone

        return TransformersBackbone(make_network(parsed, pretrained=pretrained), parsed, input_shape)

    def check(self, argument: str, *, trusted: bool = False) -> None:
        """Make network and tokenizer, once. Raises `TlbenchError` with what a run would fail of."""
        parsed = _checked(argument, trusted)
        from tlbench_backbones.transformers.files import need_vocabulary, weight_files

        weight_files(parsed)
        need_vocabulary(parsed)  # missing files are told before torch is imported
        from tlbench_backbones.transformers.loading import make_network
        from tlbench_backbones.transformers.network import TransformersBackbone
        from tlbench_backbones.transformers.tokenizer import TransformersTokenizer

        network = make_network(parsed, pretrained=True)
        TransformersBackbone(network, parsed, (parsed.max_length,))
        TransformersTokenizer(parsed).check(getattr(network.config, "vocab_size", None))

    def reads(self, argument: str) -> list[str]:
        """The folder that the name means; what the hub's cache holds every run may read."""
        folder = parse(argument).folder
        return [] if folder is None else [str(folder)]

    def revision(self, argument: str) -> str:
        """What the features depend on: the content of a folder or the commit of the hub, pooling, length and norm."""
        parsed = parse(argument)
        from tlbench_backbones.transformers.files import content_revision

        return f"{content_revision(parsed)},{parsed.reading}"

    def tokenizer(self, argument: str, *, trusted: bool = False) -> Tokenizer:
        """Texts to ids (n, max_length). Its vocabulary is not read before the first text is."""
        parsed = _checked(argument, trusted)
        from tlbench_backbones.transformers.tokenizer import TransformersTokenizer

        return TransformersTokenizer(parsed)


#: What is registered.
factory = Factory()


def _checked(argument: str, trusted: bool) -> ParsedName:
    """The parts of an argument. Raises `TlbenchError` where transformers is not installed, too."""
    parsed = replace(parse(argument), trusted=trusted)
    if importlib.util.find_spec("transformers") is None:
        raise TlbenchError("transformers is not installed; install it with: pip install 'tlbench[hub]'")
    return parsed
