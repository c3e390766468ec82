"""An installable plugin package: its files rendered from templates, and written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tlbench.errors import TlbenchError
from tlbench.files import write_whole
from tlbench.scaffolding.plugin_names import Names

#: Where each template goes.
_COMMON = {
    "common/pyproject.toml.j2": "pyproject.toml",
    "common/gitignore.j2": ".gitignore",
    "common/test.yml.j2": ".github/workflows/test.yml",
    "common/hook.py.j2": "src/{module}/__init__.py",
    "common/test.py.j2": "tests/test_{identifier}.py",
    "{kind}/README.md.j2": "README.md",
    "{kind}/{form}.py.j2": "src/{module}/{kind}.py",
}
#: What the class of a strategy is written as: a loss, a classifier on features, or the whole of `fit`.
FORMS = ("loss", "features", "fit")
#: A strategy is added to a suite by the command line; the others are named in one.
_SUITE = {"{kind}/suite.toml.j2": "suite.toml"}


def rendered(names: Names, plural: str, author: str | None = None, form: str | None = None) -> dict[str, str]:
    """The files of a package, by their paths in it; `form` is one of `FORMS`, of a strategy alone.

    Raises `TlbenchError` for an author that no file can hold.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    # Nothing is escaped, for this is code; names are of safe characters, and the author is written as a TOML string.
    environment = Environment(
        loader=PackageLoader("tlbench.scaffolding"),
        autoescape=False,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
    )
    values = {
        "kind": names.kind,
        "plural": plural,
        "name": names.name,
        "distribution": names.distribution,
        "identifier": names.identifier,
        "module": names.module,
        "target": names.target,
        "form": form or (FORMS[0] if names.kind == "strategy" else names.kind),
        "author": None if author is None else _toml_string(author),
    }
    places = {template.format(**values): path.format(**values) for template, path in _places(names.kind).items()}
    texts = {path: environment.get_template(template).render(values) for template, path in places.items()}
    return dict(sorted(texts.items()))


def _places(kind: str) -> dict[str, str]:
    return _COMMON if kind == "strategy" else {**_COMMON, **_SUITE}


def _toml_string(author: str) -> str:
    """The author as a TOML string: that of JSON, once no control character is left in it."""
    if not author.strip() or not author.isprintable():
        raise TlbenchError(f"--author {author!r}: write a name on one line, without control characters")
    return json.dumps(author.strip(), ensure_ascii=False)


def free_folder(out: Path, names: Names) -> Path:
    """The folder to write. Raises `TlbenchError` where `out` is a file or the folder holds something."""
    if out.exists() and not out.is_dir():
        raise TlbenchError(f"--out {str(out)!r} is a file; name a folder")
    folder = out / names.distribution
    if folder.exists() and not folder.is_dir():
        raise TlbenchError(f"{folder} is a file, where the package would be; remove it, or name another --out")
    if folder.is_dir() and any(folder.iterdir()):
        raise TlbenchError(f"{folder} holds something already, and nothing is overwritten; name another --out")
    return folder


def write(folder: Path, texts: Mapping[str, str]) -> None:
    """Write the files, all or none. Raises `TlbenchError` where they cannot be written."""

    def fill(temporary: Path) -> None:
        for path, text in texts.items():
            file = temporary / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")

    write_whole(folder, fill)
