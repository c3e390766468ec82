"""`tlbench doctor [PATH]`: the machine, or data of one's own; what is missing and what to do about it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Annotated

import typer

from tlbench.cli import options
from tlbench.errors import TlbenchError
from tlbench.files import cache_folder, make_writable_folder

REQUIRED = (
    "torch",
    "numpy",
    "scipy",
    "scikit-learn",
    "statsmodels",
    "pandas",
    "pluggy",
    "pydantic",
    "safetensors",
    "pillow",
    "pooch",
)
#: What each is for, and the extra of tlbench that has it.
OPTIONAL = {
    "timm": ("backbones timm:NAME, mobilenetv2-tf", "hub"),
    "torchvision": ("timm, and what torchhub:pytorch/vision@TAG:MODEL names", "hub"),
    "transformers": ("backbones transformers:FOLDER_OR_ID", "hub"),
    "datasets": ("data hub:OWNER/NAME", "hub"),
    "keras": ("backbones keras:NAME", "keras"),
    "pyarrow": ("data parquet:PATH", "parquet"),
}

EPILOG = """Examples:

  tlbench doctor my-photos

  tlbench doctor patients.csv --label outcome --domain clinic

  tlbench doctor my-suite.toml             check the suite and its data, and show what would run

  tlbench doctor hub:OWNER/NAME"""


def doctor(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="Data of your own (a folder of images or .npz files, a table), hub:OWNER/NAME, or a suite file."
        ),
    ] = None,
    label: Annotated[
        str | None, typer.Option("--label", metavar="COLUMN", help="Column of a table that holds the classes.")
    ] = None,
    domain: Annotated[
        str | None, typer.Option("--domain", metavar="COLUMN", help="Column of a table that names the domains.")
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", metavar="COLUMN", help="Column of a table that says train, val or test.")
    ] = None,
    data: options.Data = None,
    plugin: options.PluginFiles = None,
    debug: options.Debug = False,
) -> int:
    """Check the installation, your own data, or a suite. Exits 0 if runs can work, 1 if something prevents them."""
    options.use_data(data)
    columns = {role: name for role, name in (("label", label), ("domain", domain), ("split", split)) if name}
    if path is not None and path.suffix == ".toml":
        from tlbench.cli.doctor_suite import examine_suite

        if columns:
            raise TlbenchError(f"--{next(iter(columns))} is for a table; a suite says it in its table [data]")
        return examine_suite(path, options.files(plugin, str(path)))
    if path is not None:
        from tlbench.cli.doctor_path import examine
        from tlbench.plugins.manager import plugin_host

        return examine(path, plugin_host(options.files(plugin)), columns)
    if columns:
        raise TlbenchError(f"--{next(iter(columns))} names a column of a table; give the table too")
    faults: list[str] = []
    typer.echo(f"python        {platform.python_version()} on {platform.platform()}, {os.cpu_count()} cores")
    for name in REQUIRED:
        typer.echo(f"{name:13} {_version(name) or 'missing'}")
        if not _version(name):
            faults.append(f"{name} is missing: pip install {name}")
    for name, (purpose, extra) in OPTIONAL.items():
        state = _version(name) or f"not installed: pip install 'tlbench[{extra}]'"
        typer.echo(f"{name:13} {state} (optional, for {purpose})")
    typer.echo(f"device        {_device()}")
    typer.echo(f"sandbox       {_sandbox()}")
    faults += _folder_faults("cache", cache_folder(), "the environment variable TLBENCH_CACHE")
    faults += _plugin_faults(plugin)
    faults += _data_faults(plugin)
    for fault in faults:
        typer.echo(f"fault: {fault}")
    typer.echo("nothing stands in the way of a run" if not faults else f"{len(faults)} to mend")
    return 1 if faults else 0


def _folder_faults(name: str, folder: Path, option: str) -> list[str]:
    try:
        make_writable_folder(folder, option)
    except TlbenchError as error:
        return [str(error)]
    used = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    typer.echo(f"{name:13} {folder}, {used / 2**20:.0f} MiB")
    return []


def _plugin_faults(files: list[Path] | None) -> list[str]:
    from tlbench.plugins.manager import plugin_host

    host = plugin_host(options.files(files))
    typer.echo(f"plugins       {len(host.plugins)}, of which {len(host.failures())} failed")
    return [f"plugin {plugin.name!r} {plugin.status}" for plugin in host.failures()]


def _data_faults(files: list[Path] | None) -> list[str]:
    from tlbench.cli.doctor_datasets import describe
    from tlbench.plugins.manager import plugin_host

    named = os.environ.get("TLBENCH_DATA")
    typer.echo(f"data folder   {named or 'none (name one with --data DIR or TLBENCH_DATA)'}")
    if named and not Path(named).expanduser().is_dir():
        return [f"TLBENCH_DATA names {named}, which is no folder"]
    return describe(plugin_host(options.files(files)))


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _sandbox() -> str:
    """Whether runs can be confined here, and to what."""
    from tlbench.execution.sandbox import choose_sandbox

    return choose_sandbox("auto").text


def _device() -> str:
    try:
        import torch
    except ImportError:
        return "unknown: torch is missing"
    if not torch.cuda.is_available():
        return "cpu (no CUDA device)"
    return ", ".join(torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count()))
