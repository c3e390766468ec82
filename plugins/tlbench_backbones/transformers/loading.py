"""An encoder of transformers, made from its configuration, with random weights or with its own, loaded strictly."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tlbench.errors import TlbenchError
from tlbench_backbones.transformers.families import FAMILIES, has_own_code, positions, unsuited
from tlbench_backbones.transformers.files import first_sentence, locate, weight_files
from tlbench_backbones.transformers.name import ParsedName


def make_network(parsed: ParsedName, *, pretrained: bool) -> Any:
    """The encoder without pooler, in float32 and training mode; random weights are decided by torch's seed.

    Raises `TlbenchError` for a kind of model, a length or weights that are wrong.
    """
    folder = locate(parsed)
    if pretrained:
        weight_files(parsed)
    with quiet():
        config = _config(parsed, folder)
        network = _load(parsed, folder, config) if pretrained else _random(parsed, config)
    # Code of its own may call its pooler, of which its last states know nothing.
    if not has_own_code(config) and getattr(network, "pooler", None) is not None:
        network.pooler = None
    return network.float().train()


def _config(parsed: ParsedName, folder: Path) -> Any:
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=parsed.trusted)
    except Exception as error:  # whatever a configuration's class raises
        raise TlbenchError(f"cannot read the configuration of {parsed.name!r}: {first_sentence(error)}") from error
    if reason := unsuited(config):
        known = f"encoders of these kinds are supported: {', '.join(sorted(FAMILIES))}"
        raise TlbenchError(f"{parsed.name!r} is of the kind {config.model_type!r}, {reason}; {known}")
    most = positions(config)
    if most is not None and parsed.max_length > most:
        message = f"max_length={parsed.max_length}: {parsed.name!r} has positions for {most} tokens"
        raise TlbenchError(f"{message}; say at most that, as transformers:{parsed.name}?max_length={most}")
    return config


def _random(parsed: ParsedName, config: Any) -> Any:
    from transformers import AutoModel

    try:
        return AutoModel.from_config(config, trust_remote_code=parsed.trusted)
    except Exception as error:  # whatever a constructor raises
        raise TlbenchError(f"cannot make {parsed.name!r}: {first_sentence(error)}") from error


def _load(parsed: ParsedName, folder: Path, config: Any) -> Any:
    from transformers import AutoModel

    try:
        network, report = AutoModel.from_pretrained(
            folder,
            config=config,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=parsed.trusted,
            ignore_mismatched_sizes=True,  # they are told with all that does not fit
            output_loading_info=True,
        )
    except Exception as error:  # whatever constructors and readers raise
        raise TlbenchError(f"cannot load {parsed.name!r}: {first_sentence(error)}") from error
    if faults := _misfits(network, report):
        message = f"the weights of {parsed.name!r} do not fit its config.json: {'; '.join(faults)}"
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
def quiet() -> Iterator[None]:
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
