"""Networks of repositories with a `hubconf.py` (https://pytorch.org/docs/stable/hub.html).

    torchhub:OWNER/NAME@TAG:MODEL[?key=value&key=value][@FILE]        a repository on GitHub
    torchhub:FOLDER:MODEL[?key=value&key=value][@FILE]                a folder with a hubconf.py

    torchhub:pytorch/vision@v0.20.0:resnet18?weights=IMAGENET1K_V1
    torchhub:./my-networks:small?width=32&mean=0.5&std=0.5@small.safetensors

TAG is a tag, a branch or a commit, and must be given, so that the code is the same next year. A folder begins with
`/`, `./`, `../` or `~/`. A repository's code runs only where `--trust-remote-code` names the backbone; a folder is the
user's own. `mean`, `std`, `interpolation` and `img_size` say how images are prepared; every other key is an argument of
MODEL. Weights that MODEL loads by itself are beyond tlbench's control; a FILE is loaded strictly, but for the
classifier. This file is light, so that names and revisions can be had without torch.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlbench.errors import TlbenchError
from tlbench_backbones.shared.name_syntax import check_image_options, split
from tlbench_backbones.shared.weight_files import need_file, revision_of

if TYPE_CHECKING:
    from tlbench.core.backbone import Backbone

FORM = (
    "write torchhub:OWNER/NAME@TAG:MODEL or torchhub:./FOLDER:MODEL, and after MODEL, where needed, "
    "?key=value&key=value and @FILE.safetensors"
)
#: How images are prepared, where the name does not say: as most networks that were trained on ImageNet expect them.
DATA = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225), "interpolation": "bilinear", "img_size": None}
#: By custom, the arguments of entry points that ask for pretrained weights, and their values that do not.
WITHOUT = {"pretrained": False, "weights": None}


@dataclass(frozen=True)
class Wanted:
    """What an argument asks for: `repository` is `owner/name`, of `tag`; or a folder, without one."""

    repository: str
    tag: str | None
    model: str
    data: Mapping[str, Any]
    options: Mapping[str, Any]
    file: Path | None

    @property
    def folder(self) -> Path:
        """Where the code is, or will be once it is downloaded."""
        if self.tag is None:
            return Path(self.repository).expanduser()
        return hub_folder() / f"{self.repository}/{self.tag}".replace("/", "_")


class Factory:
    """Makes `torchhub:` backbones, and says before any training whether it can."""

    def __call__(self, input_shape: tuple[int, ...], argument: str, *, pretrained: bool = True) -> Backbone:
        """The network without its classifier; without `pretrained` it is asked for random weights, and no file."""
        from tlbench_backbones.torchhub.network import HubBackbone, make_network

        wanted = parse(argument)
        return HubBackbone(*make_network(wanted, pretrained=pretrained), wanted, input_shape)

    def runs_remote_code(self, argument: str) -> bool:
        """Whether the code is a repository's, and no folder's."""
        return parse(argument).tag is not None

    def has_weights(self, argument: str) -> bool:
        """Whether the name gives a file, or asks the entry point for pretrained weights in one of the usual ways."""
        wanted = parse(argument)
        return wanted.file is not None or any(wanted.options.get(key) not in (False, None) for key in WITHOUT)

    def check(self, argument: str) -> None:
        """Make the network with its weights, once. Raises `TlbenchError` with what a run would fail of."""
        wanted = parse(argument)
        if wanted.tag is None and not (wanted.folder / "hubconf.py").is_file():
            raise TlbenchError(f"{str(wanted.folder)!r} has no hubconf.py (looked for from {Path.cwd()}); {FORM}")
        if wanted.file is not None:
            need_file(wanted.file)
        from tlbench_backbones.torchhub.network import make_network

        make_network(wanted, pretrained=True)

    def revision(self, argument: str) -> str:
        """The code, and the file's content; the tag where the code was not downloaded yet. No network is asked."""
        wanted = parse(argument)
        code = _code_digest(wanted.folder) or str(wanted.tag)
        return code if wanted.file is None else f"{code}+{revision_of(wanted.file)}"


#: What is registered.
factory = Factory()


def parse(argument: str) -> Wanted:
    """The parts of an argument. Raises `TlbenchError` for what has another form."""
    source, _, rest = argument.partition(":")
    if not source or not rest:
        raise TlbenchError(f"{argument!r} has an empty part; {FORM}")
    repository, tag = _source(source)
    parts = split(rest, FORM)
    if not parts.name.isidentifier():
        raise TlbenchError(f"{parts.name!r} is no name of a function in a hubconf.py; {FORM}")
    options = dict(parts.options)
    data = {key: options.pop(key) for key in DATA if key in options}
    check_image_options(data)
    return Wanted(repository, tag, parts.name, {**DATA, **data}, options, parts.file)


def _source(text: str) -> tuple[str, str | None]:
    """A folder without a tag, or `owner/name` with one."""
    if text.startswith(("/", "./", "../", "~/")):
        return text, None
    match = re.fullmatch(r"([\w.-]+/[\w.-]+)@([\w.+/-]+)", text)
    if match is None:
        message = f"{text!r} is neither a folder, which begins with '/', './', '../' or '~/', nor OWNER/NAME@TAG"
        raise TlbenchError(f"{message}, which must name a tag, a branch or a commit; {FORM}")
    return match[1], match[2]


def hub_folder() -> Path:
    """Where torch keeps repositories: `$TORCH_HOME/hub`, or `torch/hub` in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(os.environ.get("TORCH_HOME", f"{cache}/torch")).expanduser() / "hub"


def _code_digest(folder: Path) -> str | None:
    """The first 16 hex digits of a hash of all Python files, by name and content; None where there is none."""
    files = sorted(folder.rglob("*.py"))
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.relative_to(folder)}\0{len(content)}\0".encode() + content)
    return f"code:{digest.hexdigest()[:16]}" if files else None
