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
from pathlib import Path
from typing import TYPE_CHECKING

from tlbench.errors import TlbenchError
from tlbench_backbones.shared.weight_files import need_file, revision_of
from tlbench_backbones.torchhub.name import FORM, WITHOUT, parse

if TYPE_CHECKING:
    from tlbench.core.backbone import Backbone


class Factory:
    """Makes `torchhub:` backbones, and says before any training whether it can."""

    def __call__(self, input_shape: tuple[int, ...], argument: str, *, pretrained: bool = True) -> Backbone:
        """The network without its classifier; without `pretrained` it is asked for random weights, and no file."""
        from tlbench_backbones.torchhub.network import HubBackbone, make_network

        parsed = parse(argument)
        return HubBackbone(*make_network(parsed, pretrained=pretrained), parsed, input_shape)

    def runs_remote_code(self, argument: str) -> bool:
        """Whether the code is a repository's, and no folder's."""
        return parse(argument).tag is not None

    def has_weights(self, argument: str) -> bool:
        """Whether the name gives a file, or asks the entry point for pretrained weights in one of the usual ways."""
        parsed = parse(argument)
        return parsed.file is not None or any(parsed.options.get(key) not in (False, None) for key in WITHOUT)

    def check(self, argument: str) -> list[str]:
        """Make the network with its weights, once; notes on these.

        Raises `TlbenchError` with what a run would fail of.
        """
        parsed = parse(argument)
        if parsed.tag is None and not (parsed.folder / "hubconf.py").is_file():
            raise TlbenchError(f"{str(parsed.folder)!r} has no hubconf.py (looked for from {Path.cwd()}); {FORM}")
        if parsed.file is not None:
            need_file(parsed.file)
        from tlbench_backbones.torchhub.network import make_network

        return make_network(parsed, pretrained=True)[2]

    def revision(self, argument: str) -> str:
        """The code, and the file's content; the tag where the code was not downloaded yet. No network is asked."""
        parsed = parse(argument)
        code = _code_digest(parsed.folder) or str(parsed.tag)
        return code if parsed.file is None else f"{code}+{revision_of(parsed.file)}"


#: What is registered.
factory = Factory()


def _code_digest(folder: Path) -> str | None:
    """The first 16 hex digits of a hash of all Python files, by name and content; None where there is none."""
    files = sorted(folder.rglob("*.py"))
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.relative_to(folder)}\0{len(content)}\0".encode() + content)
    return f"code:{digest.hexdigest()[:16]}" if files else None
