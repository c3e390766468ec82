"""Where the files of a transformers model are, what identifies them, and what is refused of them.

A folder, or a snapshot in the hub's cache, has

    config.json                      what the network is
    model.safetensors                its weights; in parts: model.safetensors.index.json and what it names
    tokenizer.json, vocab.txt, …     its vocabulary, in one of the forms that transformers reads

and, where one of the JSON files has an `auto_map`, Python files, which run only where the model is trusted. Weights in
the form of pickles are not read, for loading them can run any code.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tlbench.errors import TlbenchError
from tlbench.plugins.remote_code import untrusted
from tlbench_backbones.shared.weight_files import digest_of
from tlbench_backbones.transformers.name import ParsedName

CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
#: One of these holds the words of a tokenizer.
VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model", "spm.model")
#: The others say how it cuts and marks texts.
TOKENIZER = (*VOCABULARIES, "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "merges.txt")
#: What is taken from a repository of the hub; these often hold the same weights in five more forms.
DOWNLOADED = [CONFIG, WEIGHTS, INDEX, "model-*.safetensors", *TOKENIZER]
#: From a pickle to safetensors, with no code of it run: every tensor by itself, for some share their memory.
CONVERT = (
    'python -c "import torch; from safetensors.torch import save_file; '
    "weights = torch.load('pytorch_model.bin', weights_only=True); "
    "save_file({key: value.clone() for key, value in weights.items()}, 'model.safetensors', {'format': 'pt'})\""
)


def locate(parsed: ParsedName) -> Path:
    """The folder of a model, with its configuration checked; from the hub it is downloaded where no cache has it.

    Raises `TlbenchError` for what is not there, cannot be had, or wants to run code.
    """
    folder = parsed.folder
    if folder is not None and not folder.is_dir():
        raise TlbenchError(f"there is no folder {parsed.name!r} (looked for in {Path.cwd()})")
    folder = folder or _cached(parsed) or _download(parsed)
    read_json(folder / CONFIG)
    _refuse_code(parsed, folder)
    return folder


def content_revision(parsed: ParsedName) -> str:
    """A hash of the files of a folder, or the commit on the hub; no network is asked."""
    if parsed.folder is not None:
        reading = replace(parsed, trusted=True)  # whether code may run is no matter where none does
        folder, weights = locate(reading), [file.name for file in weight_files(reading)]
        return files_revision(folder, (CONFIG, *TOKENIZER, *weights, *code_files(folder)))
    cached = _cached(parsed)
    return f"hub:{cached.name}" if cached else f"hub:{parsed.name}@{parsed.revision or 'main'}, not downloaded"


def files_revision(folder: Path, names: Iterable[str]) -> str:
    """A hash of the files that are there of these names: of names and contents."""
    there = [folder / name for name in sorted(names) if (folder / name).is_file()]
    content = [[str(file.relative_to(folder)), digest_of(file)] for file in there]
    return f"sha256:{hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]}"


def weight_files(parsed: ParsedName) -> list[Path]:
    """The files that hold the weights. Raises `TlbenchError` where one is missing, or all are pickles."""
    folder = locate(parsed)
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    if not (folder / INDEX).is_file():
        raise TlbenchError(_no_weights(parsed, folder))
    parts = sorted(set(read_json(folder / INDEX).get("weight_map", {}).values()))
    if missing := [part for part in parts if not (folder / part).is_file()]:
        raise TlbenchError(f"{str(folder)!r} lacks {', '.join(missing)}, which {INDEX} names")
    return [folder / INDEX, *(folder / part for part in parts)]


def need_vocabulary(parsed: ParsedName) -> Path:
    """The folder of a model that has a vocabulary.

    Raises `TlbenchError` where it has none: transformers would make a tokenizer that knows no word.
    """
    folder = locate(parsed)
    if not any((folder / name).is_file() for name in VOCABULARIES):
        message = f"{str(folder)!r} has no vocabulary, which is one of {', '.join(VOCABULARIES)}"
        raise TlbenchError(f"{message}; bring those of the model, as its tokenizer's save_pretrained writes them")
    return folder


def code_files(folder: Path) -> list[str]:
    """The Python files of a model that brings code, whose content counts as its weights' does; else none."""
    return [str(file.relative_to(folder)) for file in folder.rglob("*.py")] if _code_of(folder) else []


def read_json(file: Path) -> dict[str, Any]:
    """The content of a JSON file. Raises `TlbenchError` where there is none, or it is damaged."""
    if not file.is_file():
        message = f"{str(file.parent)!r} has no {file.name}"
        raise TlbenchError(f"{message}; name the folder that save_pretrained of transformers wrote")
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise TlbenchError(f"{str(file)!r} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise TlbenchError(f"{str(file)!r} is no JSON object")
    return content


def first_sentence(error: Exception) -> str:
    """The type of an error, and what it says first."""
    text = " ".join(str(error).replace(":\n", ": ").strip().partition("\n")[0].split())
    return f"{type(error).__name__}: {text.partition('. ')[0].rstrip('.')}" if text else type(error).__name__


def _code_of(folder: Path) -> dict[str, list[str]]:
    """By the JSON files that have an `auto_map`, the classes that it names, as `modeling_x.XModel`."""
    files = [file for name in (CONFIG, "tokenizer_config.json") if (file := folder / name).is_file()]
    maps = {file.name: content["auto_map"] for file in files if "auto_map" in (content := read_json(file))}
    return {name: re.findall(r"[\w./-]+", json.dumps(content)) for name, content in maps.items()}


def _refuse_code(parsed: ParsedName, folder: Path) -> None:
    """Raise `TlbenchError` for code that is not trusted, and for that of another repository than the model's."""
    for file, classes in _code_of(folder).items():
        if not parsed.trusted:
            what = f"{parsed.name!r} runs Python code of its own ({file} has an 'auto_map')"
            raise untrusted(f"transformers:{parsed.argument}", what)
        if elsewhere := [name for name in classes if "--" in name]:
            message = f"{file} of {parsed.name!r} takes code from another repository, as {elsewhere[0]}, which"
            message = f"{message} could change unseen; bring a folder that has the Python files of that repository"
            raise TlbenchError(f"{message} too, and leave out all up to '--' in its 'auto_map'")


def _no_weights(parsed: ParsedName, folder: Path) -> str:
    message = f"{parsed.name!r} has no {WEIGHTS}, and weights are read from no other form (looked in {str(folder)!r})"
    if parsed.folder is None:
        message += "; on the hub, a revision may have it, as ?revision=refs/pr/1; else"
    else:
        message += ";"
    return f"{message} convert its pytorch_model.bin, in its folder: {CONVERT}"


# ---- the hub ----------------------------------------------------------------------------------------------------


def _cached(parsed: ParsedName) -> Path | None:
    """What the hub's cache has of a model, None where it lacks configuration or weights. No network is asked."""
    if importlib.util.find_spec("huggingface_hub") is None:
        return None
    try:
        folder = _snapshot(parsed, local_files_only=True)
    except (OSError, ValueError):
        return None
    there = (folder / CONFIG).is_file() and any((folder / name).is_file() for name in (WEIGHTS, INDEX))
    return folder if there and not (parsed.trusted and _lacks_code(folder)) else None


def _lacks_code(folder: Path) -> bool:
    """Whether a model was downloaded without its code, which is left out until it is trusted."""
    return bool(_code_of(folder)) and not any(folder.rglob("*.py"))


def _download(parsed: ParsedName) -> Path:
    try:
        return _snapshot(parsed, local_files_only=False)
    except Exception as error:  # whatever the hub, the network and the disk say
        message = f"{parsed.name!r} is no folder here (looked for in {Path.cwd()}), and cannot be had from the "
        message += f"Hugging Face hub: {first_sentence(error)}. With a network (and without HF_HUB_OFFLINE) it is "
        message += f"downloaded once, to the cache that HF_HOME names; without one, bring a folder with {CONFIG}, "
        raise TlbenchError(f"{message}{WEIGHTS} and its vocabulary, and name it: transformers:FOLDER") from error


def _snapshot(parsed: ParsedName, *, local_files_only: bool) -> Path:
    from huggingface_hub import snapshot_download

    patterns = [*DOWNLOADED, "*.py"] if parsed.trusted else DOWNLOADED
    place = snapshot_download(
        parsed.name, revision=parsed.revision, allow_patterns=patterns, local_files_only=local_files_only
    )
    return Path(place)
