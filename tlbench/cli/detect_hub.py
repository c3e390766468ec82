"""What a data set of the Hugging Face hub looks like, or a folder in its layout: which columns say what."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tlbench.cli.detect_data import COLUMNS, DetectedData, roles_of
from tlbench.core.domain import Modality
from tlbench.errors import TlbenchError
from tlbench.plugins.manager import PluginHost

HUB = "hub:"


def is_hub_layout(folder: Path) -> bool:
    """Whether a README says what the files are, or Parquet files lie in folders such as `data/`."""
    readme = folder / "README.md"
    if readme.is_file():
        front = re.match(r"---\n(.*?)\n---", readme.read_text(encoding="utf-8", errors="replace"), re.DOTALL)
        if front and re.search(r"^(configs|dataset_info):", front[1], re.MULTILINE):
            return True
    return any(folder.glob("*/*.parquet"))


def hub_name(folder: Path) -> str:
    """How a suite names a folder in the hub's layout: so that it is no ID of the hub."""
    text = str(folder)
    return f"{HUB}{text}" if text.startswith((".", "~")) or folder.is_absolute() else f"{HUB}./{text}"


def guess_hub(name: str, host: PluginHost, named: Mapping[str, str]) -> DetectedData:
    """The options that `hub:…` needs, as far as its columns, configurations and splits tell them.

    Raises `TlbenchError` where it cannot be read.
    """
    entry, argument = host.find("datasets", name)
    outline = entry.load().outline(argument)
    columns: Mapping[str, str] = outline.columns
    roles_of(list(columns), named)  # what is not there is told
    label = named.get("label") or _called("label", columns) or _only(columns, "class")
    domain, domain_faults = ({"domain": named["domain"]}, []) if "domain" in named else _domain(outline, label)
    inputs, input_faults = _inputs(columns, {label, domain.get("domain")})
    options: dict[str, Any] = {"label": label or "LABEL", **domain, **inputs}
    faults = [] if label else [_missing("label", columns)]
    if "split" in named:
        raise TlbenchError("--split is for tables; what a split of the hub is for, its name says, or roles in [data]")
    if domain.get("domains") != "splits":
        options |= _roles(outline.splits)
    faults += [*domain_faults, *input_faults]
    modality: Modality = "image" if "image" in columns.values() else "text"
    return DetectedData(name, _words(outline), options, tuple(faults), modality)


def _words(outline: Any) -> str:
    configurations = ", ".join(outline.configurations)
    return f"data in the hub's layout (configurations: {configurations}; splits: {', '.join(outline.splits)})"


def _domain(outline: Any, label: str | None) -> tuple[dict[str, Any], list[str]]:
    """By configurations where there are several, else by splits that have no roles, else by a column called so."""
    if len(outline.configurations) > 1:
        return {"domains": "configurations"}, []
    if len(outline.splits) > 1 and not ("train" in outline.splits and {"validation", "test"} & set(outline.splits)):
        return {"domains": "splits"}, []
    column = _called("domain", {name: kind for name, kind in outline.columns.items() if name != label})
    if column:
        return {"domain": column}, []
    return {"domain": "DOMAIN"}, [f"there is one configuration alone, and {_missing('domain', outline.columns)}"]


def _inputs(columns: Mapping[str, str], others: set[str | None]) -> tuple[dict[str, Any], list[str]]:
    """Nothing where one column is the only one; else all of text, or a fault where there are several of images."""
    for kind in ("image", "text"):
        found = [name for name, held in columns.items() if held == kind and name not in others]
        if len(found) > 1 and kind == "image":
            return {"inputs": found[0]}, [f"several columns hold images ({', '.join(found)}): write inputs = in [data]"]
        if found:
            return ({"inputs": found} if len(found) > 1 else {}), []
    return {}, ["no column holds images or text"]


def _roles(splits: Sequence[str]) -> dict[str, Any]:
    """Where there are validation data and no test data, these are what can be tested on."""
    if "train" in splits and "validation" in splits and "test" not in splits:
        return {"roles": {"train": "train", "test": "validation"}}
    return {}


def _called(role: str, columns: Mapping[str, str]) -> str | None:
    return next((name for name, kind in columns.items() if name.casefold() in COLUMNS[role] and kind != "image"), None)


def _only(columns: Mapping[str, str], kind: str) -> str | None:
    found = [name for name, held in columns.items() if held == kind]
    return found[0] if len(found) == 1 else None


def _missing(role: str, columns: Mapping[str, str]) -> str:
    names = f"no column is called like a {role} ({', '.join(COLUMNS[role])})"
    return f"{names}; there are {', '.join(columns)}: write {role} = in [data], or --{role} COLUMN here"
