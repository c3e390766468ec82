"""What stored runs came from: the suite as it was typed and the options of its data, so that they can be read again."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from tlbench.core.secret_masking import masked_command
from tlbench.errors import TlbenchError
from tlbench.plugins.manager import PluginHost, plugin_host
from tlbench.records.plan_file import plan_content
from tlbench.suites.suite import Suite
from tlbench.suites.suite_file import read_suite

if TYPE_CHECKING:
    from tlbench.records.record import Record
    from tlbench.runner.prepare import Request

ORIGIN = "origin"


class RunOrigin(BaseModel):
    """The suite (a name or a file), plugin files, changed parameters, trusted backbones, and the table `[data]`."""

    suite: str
    plugin_files: list[str] = Field(default_factory=list)
    overrides: list[str] = Field(default_factory=list)
    trusted: list[str] = Field(default_factory=list)
    data: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def of(cls, request: Request, suite: Suite) -> RunOrigin:
        """What a request asked for."""
        return cls(
            suite=request.suite,
            plugin_files=list(request.plugin_files),
            overrides=masked_command(request.overrides),
            trusted=list(request.trusted),
            data=suite.data,
        )

    @property
    def host(self) -> PluginHost:
        """The plugins, those of files among them. Raises `TlbenchError` where a file is not there any more."""
        return plugin_host(tuple(self.plugin_files))

    def command(self, record: Record, pair: str, results: Path, option: str = "") -> str:
        """The command that runs one run again, which stands for `pair`, with an option of `tlbench run`."""
        filters = {
            "strategy": record.variant,
            "pair": pair,
            "backbone": record.backbone,
            "seed": record.seed,
            "setting": record.setting,
        }
        words = ["tlbench", "run", self.suite]
        if results != Path("results"):
            words += ["--results", str(results)]
        for name, value in filters.items():
            words += [f"--{name}", str(value)]
        words += [word for change in self.overrides for word in ("--set", change)]
        words += [word for file in self.plugin_files for word in ("--plugin", file)]
        words += [word for name in self.trusted for word in ("--trust-remote-code", name)]
        return shlex.join([*words, *([option] if option else [])])


def origin_of(folder: Path, record: Record, suite: str | None, plugin_files: tuple[str, ...] = ()) -> RunOrigin:
    """Where the runs of a results folder, or of a published one, came from.

    `suite`, a name or a file, is taken in place of what the plan says. Raises `TlbenchError` where neither says it.
    """
    stored = None if suite else _stored(folder)
    if stored is not None:
        return stored.model_copy(update={"plugin_files": list(dict.fromkeys([*stored.plugin_files, *plugin_files]))})
    name = suite or folder.name
    host = plugin_host(plugin_files)
    if suite is None and name not in host.registries["suites"]:
        message = f"the plan of {folder} does not say which data {record.dataset!r} was made with, and no suite "
        raise TlbenchError(f"{message}called {name!r} is installed; name its file: --suite FILE.toml")
    read = read_suite(name, host)
    if read.dataset != record.dataset:
        message = f"the suite {name!r} is about the dataset {read.dataset!r}, and the run about {record.dataset!r}"
        raise TlbenchError(f"{message}; name the suite that it is of: --suite FILE.toml")
    return RunOrigin(suite=name, plugin_files=list(plugin_files), data=read.data)


def _stored(folder: Path) -> RunOrigin | None:
    try:
        return RunOrigin.model_validate((plan_content(folder) or {})[ORIGIN])
    except (ValueError, KeyError):
        return None
