"""Reading a suite file: everything that is wrong with it, in one report."""

from __future__ import annotations

import importlib.resources
import os
import tomllib
from pathlib import Path
from typing import Any

from tlbench.errors import Faults, TlbenchError
from tlbench.files import UnfitFile, read_file
from tlbench.plugins.manager import PluginHost
from tlbench.plugins.registry import Entry
from tlbench.suites.claims import Claim, read_claims
from tlbench.suites.markdown_files import read_markdown
from tlbench.suites.name_validation import name_faults
from tlbench.suites.named_files import named_file
from tlbench.suites.param_validation import param_faults, sound_variants
from tlbench.suites.recipe_validation import recipe_faults
from tlbench.suites.suite import Suite
from tlbench.suites.validation_errors import Fault, order, plain_faults, structure

#: Bytes of a suite file that are read.
LARGEST = 4 * 2**20


def read_suite(name_or_path: str, host: PluginHost, *, with_params: bool = False) -> Suite:
    """The built-in suite of a name, or the suite in a TOML file.

    `with_params` checks the parameters of strategies too, which imports their modules. Raises `TlbenchError` where
    there is no such suite or its text cannot be read, `Faults` with everything that is wrong in it.
    """
    title, content = _content(name_or_path, host)
    data = _flat_params_gathered(_parse(title, content))
    suite, faults = structure(data)
    faults += name_faults(data, host)
    faults += recipe_faults(data)
    claims, claim_faults = _claims(name_or_path, host, data.get("claims"))
    faults += claim_faults
    about, about_faults = _about(name_or_path, host, data.get("about"))
    faults += about_faults
    if with_params:
        faults += param_faults(sound_variants(data), host)
    seen = {fault.location for fault in faults}
    faults += [fault for fault in plain_faults((), data) if fault.location not in seen]
    if suite is None or faults:
        raise Faults(
            f"{title}: the suite cannot run", [str(fault) for fault in sorted(dict.fromkeys(faults), key=order)]
        )
    suite._published = tuple(claims)
    suite._about_text = about
    return suite


def read_plain(name_or_path: str, host: PluginHost) -> dict[str, Any]:
    """What a suite file says, unchecked. Raises `TlbenchError` where it cannot be read, or is no TOML."""
    return _parse(*_content(name_or_path, host))


def _is_path(name_or_path: str) -> bool:
    separators = filter(None, (os.sep, os.altsep))
    return name_or_path.endswith(".toml") or any(separator in name_or_path for separator in separators)


def _content(name_or_path: str, host: PluginHost) -> tuple[str, bytes]:
    if _is_path(name_or_path):
        return name_or_path, _file_content(Path(name_or_path))
    try:
        entry, _ = host.find("suites", name_or_path)
    except TlbenchError as error:
        head, *notes = str(error).split("\n")
        hint = f"{head}; or the path of a TOML file, which ends in .toml"
        raise TlbenchError("\n".join([hint, *notes])) from None
    return f"suite {entry.name!r} of plugin {entry.plugin!r}", _packaged_content(entry)


def _file_content(path: Path) -> bytes:
    if path.is_dir():
        raise TlbenchError(f"suite file {str(path)!r} is a directory; give the TOML file itself")
    try:
        return read_file(path, LARGEST)
    except FileNotFoundError:
        raise TlbenchError(f"suite file {str(path)!r} does not exist (looked for in {str(Path.cwd())!r})") from None
    except (OSError, ValueError, UnfitFile) as error:  # ValueError: a path with a null byte
        raise TlbenchError(f"suite file {str(path)!r} cannot be read: {error}") from None


def _packaged_content(entry: Entry) -> bytes:
    package, _, name = str(entry.target).partition(":")
    try:
        return importlib.resources.files(package).joinpath(name).read_bytes()
    except (Exception, SystemExit) as error:  # importing a plugin's package may fail in any way
        message = f"suite {entry.name!r} of plugin {entry.plugin!r} cannot be read from {str(entry.target)!r}"
        raise TlbenchError(
            f"{message} ({type(error).__name__}: {error}); a suite is named 'package:file.toml'"
        ) from None


def _claims(name_or_path: str, host: PluginHost, written: Any) -> tuple[list[Claim], list[Fault]]:
    """The published figures in the file that `written` names, from the suite file's own folder on."""
    try:
        path = claims_file(name_or_path, host, written)
        return ([], []) if path is None else (read_claims(path), [])  # none are named, or the model says what is wrong
    except Faults as error:
        return [], [Fault(("claims",), fault) for fault in error.faults]
    except TlbenchError as error:
        return [], [Fault(("claims",), str(error))]


def claims_file(name_or_path: str, host: PluginHost, written: Any) -> Path | None:
    """The file of published figures that a suite names as `written`, from its own file's folder on."""
    return named_file(_folder(name_or_path, host), written) if isinstance(written, str) else None


def _about(name_or_path: str, host: PluginHost, written: Any) -> tuple[str, list[Fault]]:
    """The text of the file that `written` names, from the suite file's own folder on."""
    if not isinstance(written, str):  # none is named, or the model says what is wrong
        return "", []
    try:
        return read_markdown(named_file(_folder(name_or_path, host), written)), []
    except TlbenchError as error:
        return "", [Fault(("about",), str(error))]


def _folder(name_or_path: str, host: PluginHost) -> Path:
    """The folder of the suite file."""
    if _is_path(name_or_path):
        return Path(name_or_path).parent
    package, _, name = str(host.find("suites", name_or_path)[0].target).partition(":")
    return Path(str(importlib.resources.files(package).joinpath(name))).parent


def _parse(title: str, content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise TlbenchError(f"{title}: byte {error.start + 1} is not UTF-8; save the file as UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise TlbenchError(f"{title}: not valid TOML: {error}") from None


def _flat_params_gathered(data: dict[str, Any]) -> dict[str, Any]:
    """What stands beside `use` and `grid` in a variant are parameters."""
    variants = data.get("strategies")
    if not isinstance(variants, dict):
        return data
    return {**data, "strategies": {name: _gathered(variant) for name, variant in variants.items()}}


def _gathered(variant: Any) -> Any:
    if not isinstance(variant, dict):
        return variant
    own = {key: value for key, value in variant.items() if key in ("use", "grid")}
    return {**own, "params": {key: value for key, value in variant.items() if key not in own}}
