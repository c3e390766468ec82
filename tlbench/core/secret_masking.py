"""Secrets in text that is stored or shown: found by the names that they go by and by the forms that they have."""

from __future__ import annotations

import functools
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

MASK = "***"
#: Shorter values of variables are common words, which a mask would only make unreadable elsewhere.
SHORTEST = 6

_SECRET_WORDS = {
    *("secret", "secrets", "password", "passwd", "passphrase", "passcode", "credential", "credentials"),
    *("apikey", "accesskey", "privatekey", "apitoken", "accesstoken", "authtoken"),
}
#: Before `key`: `key` alone names many other things.
_OF_KEYS = {"api", "access", "private", "secret", "signing", "account", "encryption", "auth", "service", "ssh", "hf"}
#: Beside `token`, these make it a piece of text, as in `mask_token`, `token_type` and `tokens_per_step`.
_OF_TEXT = {
    *("cls", "class", "mask", "masked", "pad", "sep", "unk", "bos", "eos", "eot", "special", "start", "end", "next"),
    *("first", "last", "max", "min", "per", "num", "n", "image", "patch", "register", "prompt", "dist", "distill"),
    *("type", "types", "id", "ids", "count", "len", "length", "size", "dim", "drop", "dropout", "pool", "pooling"),
    *("classification", "embedding", "embeddings", "mixer", "merging", "limit", "level", "learnable", "extra"),
}
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_FORMS = [
    re.compile(r"\bhf_[A-Za-z0-9]{16,}|\bgh[pousr]_[A-Za-z0-9]{16,}|\bgithub_pat_\w{16,}|\bglpat-[\w-]{16,}"),
    re.compile(r"\bsk-[\w-]{16,}|\bAKIA[0-9A-Z]{16}\b|\bxox[abprs]-[\w-]{10,}|\bey[JI][\w-]+\.ey[JI][\w-]+\.[\w-]+"),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
]
_LOGIN = re.compile(r"(?<=://)[^\s/@:'\"]+:[^\s/@'\"]+(?=@)")
_BEARER = re.compile(r"(?i)(\bbearer\s+)[\w.~+/=-]{6,}")
_VALUE = r"""(?P<value>"[^"\n]*"|'[^'\n]*'|[^\s"',;&]+)"""
#: A name with what is set to it, `x.api_token=…` or `"secret": "…"`; and an option with what follows it.
_NAMED = [
    re.compile(r"""(?<![\w.-])(?P<name>-{0,2}[A-Za-z][\w.-]*)(?P<between>["']?\s*(?:=|:\s*(?=["']))\s*)""" + _VALUE),
    re.compile(r"(?<![\w-])(?P<name>--[A-Za-z][\w.-]*)(?P<between>\s+)(?!-)" + _VALUE),
]


@functools.cache
def is_secret_name(name: str) -> bool:
    """Whether a parameter or option of this name holds a secret, as `x.api_token` does and `mask_token` does not.

    >>> [is_secret_name(name) for name in ("x.api_token", "token", "mask_token", "max_tokens", "apiKey", "run_key")]
    [True, True, False, False, True, False]
    """
    words = [word.lower() for word in _WORDS.findall(name)]
    if _SECRET_WORDS.intersection(words):
        return True
    for index, word in enumerate(words):
        around = {*words[max(0, index - 1) : index], *words[index + 1 : index + 2]}
        if word == "key" and index and words[index - 1] in _OF_KEYS:
            return True
        if word == "token" and not around & _OF_TEXT:
            return True
    return False


@functools.cache
def is_secret_variable(name: str) -> bool:
    """The same of an environment variable, where `…_KEY` and `…_PWD` are secrets too."""
    return is_secret_name(name) or name.upper().endswith(("_KEY", "_PWD", "_PAT", "_DSN"))


def masked(text: str, environment: Mapping[str, str] | None = None) -> str:
    """The text without the secrets of the environment (default: this process's), and without what looks like some.

    >>> masked("--set x.api_token=abc https://me:pw@host", {})
    '--set x.api_token=*** https://***@host'
    """
    for value in _secret_values(os.environ if environment is None else environment):
        text = text.replace(value, MASK)
    for form in _FORMS:
        text = form.sub(MASK, text)
    text = _LOGIN.sub(MASK, _BEARER.sub(rf"\1{MASK}", text))
    for named in _NAMED if _may_name(text) else ():
        text = named.sub(_without_value, text)
    return text


def masked_command(arguments: Sequence[str]) -> list[str]:
    """The arguments of a command line, in which values of secret options and parameters are masked, spaces included."""
    found: list[str] = []
    for argument in arguments:
        name, equals, _ = argument.partition("=")
        last = found[-1] if found else ""
        if equals and is_secret_name(name.rpartition(".")[2]):
            found.append(f"{name}={MASK}")
        elif last.startswith("--") and "=" not in last and is_secret_name(last):
            found.append(MASK)
        else:
            found.append(masked(argument))
    return found


def masked_data(value: Any, environment: Mapping[str, str] | None = None) -> Any:
    """Plain data each of whose texts is masked."""
    if isinstance(value, str):
        return masked(value, environment)
    if isinstance(value, Mapping):
        return {key: masked_data(inner, environment) for key, inner in value.items()}
    return [masked_data(inner, environment) for inner in value] if isinstance(value, list | tuple) else value


def masked_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters in which each one that its name calls a secret is `***` with four hexadecimal digits of its hash.

    So another secret is another parameter, and nobody learns it. What is masked stays as it is.
    """
    return {name: _masked_param(value) if is_secret_name(name) else _inner(value) for name, value in params.items()}


def _inner(value: Any) -> Any:
    return masked_params(value) if isinstance(value, Mapping) else value


def _masked_param(value: Any) -> Any:
    if value in (None, "") or isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"\*{3}[0-9a-f]{4}", value):
        return value
    return MASK + hashlib.sha256(repr(value).encode("utf-8", "surrogatepass")).hexdigest()[:4]


def _secret_values(environment: Mapping[str, str]) -> list[str]:
    found = {value for name, value in environment.items() if is_secret_variable(name) and len(value) >= SHORTEST}
    return sorted(found, key=len, reverse=True)


def _may_name(text: str) -> bool:
    lower = text.lower()
    return any(word in lower for word in ("token", "secret", "pass", "key", "credential"))


def _without_value(match: re.Match[str]) -> str:
    name, between, value = match["name"], match["between"], match["value"]
    if not is_secret_name(name.rpartition(".")[2]):
        return match[0]
    quote = value[0] if value[0] in "\"'" and len(value) > 1 else ""
    return f"{name}{between}{quote}{MASK}{quote}"
