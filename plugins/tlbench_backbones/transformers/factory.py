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
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlbench.errors import TlbenchError, unknown

if TYPE_CHECKING:
    from tlbench.core.backbone import Backbone
    from tlbench.core.preparation import Tokenizer

FORM = "write transformers:FOLDER_OR_ID?key=value&key=value, of which FOLDER_OR_ID alone is needed"
POOLINGS = ("mean", "cls")
MAX_LENGTH = 128
#: Two or three tokens mark where a text begins and ends, and one must be left.
SHORTEST = 4
#: In token ids, in place of a token, after the end of a text. No vocabulary has it, whereas some pad with a token that
#: also means something (GPT's end of text), and a text may spell out any special token.
PADDING = -1


@dataclass(frozen=True)
class Wanted:
    """What an argument asks for; `revision` is None where none is named.

    `trusted`: whether Python code that comes with the model may run; `argument` is the whole of it.
    """

    name: str
    pooling: str = "mean"
    max_length: int = MAX_LENGTH
    revision: str | None = None
    normalise: bool = field(default=False, repr=False)
    trusted: bool = field(default=False, repr=False)
    argument: str = field(default="", repr=False, compare=False)

    @property
    def reading(self) -> str:
        """How texts become features, whatever the weights are."""
        return f"{self.pooling},{self.max_length}{',normalised' if self.normalise else ''}"

    @property
    def folder(self) -> Path | None:
        """The local folder that the name means, None where it is an id of the hub."""
        path = Path(self.name).expanduser()
        like_a_path = self.name.startswith(("/", ".", "~")) or self.name.count("/") > 1 or "\\" in self.name
        return path if path.is_dir() or like_a_path else None


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
        wanted = _checked(argument, trusted)
        from tlbench_backbones.transformers.loading import make_network
        from tlbench_backbones.transformers.network import TransformersBackbone

        return TransformersBackbone(make_network(wanted, pretrained=pretrained), wanted, input_shape)

    def check(self, argument: str, *, trusted: bool = False) -> None:
        """Make network and tokenizer, once. Raises `TlbenchError` with what a run would fail of."""
        wanted = _checked(argument, trusted)
        from tlbench_backbones.transformers.files import need_vocabulary, weight_files

        weight_files(wanted)
        need_vocabulary(wanted)  # missing files are told before torch is imported
        from tlbench_backbones.transformers.loading import make_network
        from tlbench_backbones.transformers.network import TransformersBackbone
        from tlbench_backbones.transformers.tokenizer import TransformersTokenizer

        network = make_network(wanted, pretrained=True)
        TransformersBackbone(network, wanted, (wanted.max_length,))
        TransformersTokenizer(wanted).check(getattr(network.config, "vocab_size", None))

    def revision(self, argument: str) -> str:
        """What the features depend on: the content of a folder or the commit of the hub, pooling, length and norm."""
        wanted = parse(argument)
        from tlbench_backbones.transformers.files import content_revision

        return f"{content_revision(wanted)},{wanted.reading}"

    def tokenizer(self, argument: str, *, trusted: bool = False) -> Tokenizer:
        """Texts to ids (n, max_length). Its vocabulary is not read before the first text is."""
        wanted = _checked(argument, trusted)
        from tlbench_backbones.transformers.tokenizer import TransformersTokenizer

        return TransformersTokenizer(wanted)


#: What is registered.
factory = Factory()


def parse(argument: str) -> Wanted:
    """The parts of an argument. Raises `TlbenchError` for what has another form.

    >>> parse("distilbert-base-uncased?pooling=cls&max_length=64")
    Wanted(name='distilbert-base-uncased', pooling='cls', max_length=64, revision=None)
    """
    name, question, rest = argument.partition("?")
    if not name or (question and not rest):
        raise TlbenchError(f"{argument!r} has an empty part; {FORM}")
    given = dict(_pair(item) for item in rest.split("&")) if rest else {}
    wanted = Wanted(name, **{key: KEYS[key](value) for key, value in given.items()}, argument=argument)
    if wanted.revision is not None and wanted.folder is not None:
        message = f"revision={wanted.revision}: {name!r} is a folder, and revisions are those of the hub"
        raise TlbenchError(f"{message}; leave the key out")
    return wanted


def _pair(item: str) -> tuple[str, str]:
    key, equals, value = item.partition("=")
    if not equals or not value:
        raise TlbenchError(f"{item!r} is no key=value; {FORM}")
    if key not in KEYS:
        raise TlbenchError(unknown("key", key, KEYS))
    return key, value


def _pooling(value: str) -> str:
    if value not in POOLINGS:
        raise TlbenchError(f"pooling={value}: it must be one of {', '.join(POOLINGS)}")
    return value


def _max_length(value: str) -> int:
    if not value.isdecimal() or int(value) < SHORTEST:
        raise TlbenchError(f"max_length={value}: it must be a whole number of tokens from {SHORTEST}")
    return int(value)


def _truth(value: str) -> bool:
    if value not in ("true", "false"):
        raise TlbenchError(f"normalise={value}: it must be true or false")
    return value == "true"


#: The keys of an argument, and what reads their values.
KEYS: dict[str, Callable[[str], Any]] = {
    "pooling": _pooling,
    "max_length": _max_length,
    "normalise": _truth,
    "revision": str,
}


def _checked(argument: str, trusted: bool) -> Wanted:
    """The parts of an argument. Raises `TlbenchError` where transformers is not installed, too."""
    wanted = replace(parse(argument), trusted=trusted)
    if importlib.util.find_spec("transformers") is None:
        raise TlbenchError("transformers is not installed; install it with: pip install 'tlbench[hub]'")
    return wanted
