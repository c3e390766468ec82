"""The preparation that a backbone asks for, by the backbone's name. No torch here."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from tlbench.core.preparation import Preparation, Tokenising
from tlbench.errors import PluginFailure, TlbenchError
from tlbench.plugins.foreign_code import described
from tlbench.plugins.manager import PluginHost
from tlbench.plugins.remote_code import refuse_untrusted, trust_keyword


def preparation_of(backbone: str, host: PluginHost, trusted: Collection[str] = ()) -> Preparation | None:
    """What the factory of a backbone asks for: its `preparation`, or its `tokenizer`; None where it has neither.

    Either may run code of others only where `trusted` names the backbone. Raises `TlbenchError` where it may not.
    """
    entry, argument = host.find("backbones", backbone)
    factory = entry.load()
    for method in ("preparation", "tokenizer"):
        asked: Callable[..., Any] | None = getattr(factory, method, None)
        if asked is None:
            continue
        try:
            refuse_untrusted(factory, backbone, argument, trusted)
            given = () if argument is None else (argument,)
            found = asked(*given, **trust_keyword(asked, backbone, trusted))
        except TlbenchError:
            raise
        except (Exception, SystemExit) as error:
            message = f"its plugin {entry.plugin!r} failed in {method}(): {described(error)}"
            raise PluginFailure(f"backbone {backbone!r}: {message}") from error
        preparation: Preparation | None = Tokenising(found) if method == "tokenizer" else found
        return preparation
    return None
