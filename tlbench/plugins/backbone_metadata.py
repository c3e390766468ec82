"""What the factory of a backbone says before anything is trained: whether it can be had, and with which weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tlbench.errors import PluginFailure, TlbenchError
from tlbench.plugins.foreign_code import described
from tlbench.plugins.manager import PluginHost, entry_version
from tlbench.plugins.remote_code import trust_keyword, untrusted


def backbone_faults(name: str, host: PluginHost, notes: list[str], trusted: Sequence[str] = ()) -> list[str]:
    """Why a backbone cannot be had, named; nothing where it can, of which what is to be told is added to `notes`."""
    try:
        notes += [f"backbone {name!r}: {note}" for note in check_backbone(name, host, trusted)]
    except TlbenchError as error:
        return [f"backbone {name!r}: {error}"]
    return []


def check_backbone(name: str, host: PluginHost, trusted: Sequence[str] = ()) -> list[str]:
    """What its factory's `check` has to tell of a backbone, as sentences.

    Raises `TlbenchError` where it is not trusted, or `check` says that it cannot be had.
    """
    if name not in trusted and runs_remote_code(name, host):
        raise untrusted(name)
    return list(_ask("check", name, host, trusted) or ())


def runs_remote_code(name: str, host: PluginHost) -> bool:
    """Whether a backbone cannot be made without code from the network, which its factory knows beforehand."""
    return bool(_ask("runs_remote_code", name, host))


def weights_revision(name: str, host: PluginHost) -> str | None:
    """What tells a backbone's weights from others of the same name: its factory's `revision`, where it has one."""
    revision = _ask("revision", name, host)
    return None if revision is None else str(revision)


def files_read(name: str, host: PluginHost) -> list[str]:
    """The files and folders that a backbone's factory says it reads, by `reads`; none where it has no such method."""
    return [str(path) for path in _ask("reads", name, host) or ()]


def has_parameters(name: str, host: PluginHost) -> bool:
    """Whether training can leave anything in a backbone; its factory's `has_parameters` may say that it cannot."""
    found = _ask("has_parameters", name, host)
    return found is None or bool(found)


def backbone_version(name: str, host: PluginHost) -> str:
    """What goes into run keys: the plugin's version, and the revision of the weights."""
    version = entry_version(host.find("backbones", name)[0])
    revision = weights_revision(name, host)
    return version if revision is None else f"{version}+{revision}"


def _ask(method: str, name: str, host: PluginHost, trusted: Sequence[str] = ()) -> Any:
    """What a method of the factory says, None where there is none. A plugin's own error is named as such."""
    entry, argument = host.find("backbones", name)
    asked: Callable[..., Any] | None = getattr(entry.load(), method, None)
    if asked is None:
        return None
    try:
        given = () if argument is None else (argument,)
        return asked(*given, **trust_keyword(asked, name, trusted))
    except TlbenchError:
        raise
    except (Exception, SystemExit) as error:
        raise PluginFailure(f"its plugin {entry.plugin!r} failed in {method}(): {described(error)}") from error
