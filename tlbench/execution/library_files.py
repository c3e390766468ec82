"""What every run may read: Python and its libraries, the system's, devices, weights that were downloaded.

Files of data that installed packages bring, such as the digits of scikit-learn, are left out: they have labels.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tlbench.execution.landlock import DEVICE, READ, READ_DIR, WRITE, Rule
from tlbench.execution.package_data import package_data

#: Programs and libraries of the system, in the places that systems have them.
_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/nix/store", "/gnu/store", "/opt/rocm", "/opt/intel")
#: Of /etc what libraries read: how names are looked up, where libraries are, time and trust.
_ETC = (
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ld.so.preload", "alternatives", "os-release"),
    *("localtime", "timezone", "locale.alias", "locale.conf", "mime.types", "fonts", "OpenCL", "vulkan"),
    *("nsswitch.conf", "passwd", "group", "hosts", "host.conf", "resolv.conf", "gai.conf", "services", "protocols"),
    *("ssl", "pki", "ca-certificates", "crypto-policies"),
)
#: Of /proc what tells of the machine. Of processes there is this one alone.
_PROC = (
    *("self", "cpuinfo", "meminfo", "stat", "version", "uptime", "loadavg", "cgroups", "mounts"),
    *("filesystems", "modules", "devices", "driver", "sys/kernel", "sys/vm"),
)
_SYS = ("devices", "bus", "class", "module", "fs/cgroup", "kernel/mm")
_DEVICES = (
    *("null", "zero", "full", "random", "urandom"),
    *("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset", "nvidia-caps", "dri", "kfd"),
)
#: Semaphores and memory that a run's own processes share are made here.
_SHARED_MEMORY = "/dev/shm"


@functools.cache
def library_rules(hidden: tuple[str, ...], weights: tuple[str, ...] = ()) -> tuple[Rule, ...]:
    """What every run may read, without the `hidden` paths and without data of installed packages.

    `weights` are those that `downloaded_weights` finds. It takes some tenths of a second, once for all runs that are
    forked from this process.
    """
    left_out = {*hidden, *package_data()}
    rules: list[Rule] = []
    for root in _roots():
        rules += carved(root, left_out)
    for place in import_places():
        rules += _importable(place, left_out)
    rules += [(f"/etc/{name}", READ) for name in _ETC]
    rules += [(f"/sys/{name}", READ) for name in _SYS]
    rules += [(f"/dev/{name}", DEVICE) for name in _DEVICES]
    rules += [(str(path), DEVICE) for path in Path("/dev").glob("nvidia[0-9]*")]
    rules += [(_SHARED_MEMORY, WRITE)]
    for root in weights:
        rules += carved(root, left_out)
    return tuple(dict.fromkeys(rules))


@functools.cache
def outlines(hidden: tuple[str, ...], weights: tuple[str, ...] = ()) -> tuple[Rule, ...]:
    """Few rules that allow what `library_rules` do and more, but nothing that is hidden.

    Two sets of rules both count. The exact one is made once; each process adds one of these few and its own.
    """
    rules: list[Rule] = []
    for root in _roots():
        rules += carved(root, hidden)
    for place in import_places():
        rules += _importable(place, set(hidden))
    for root in dict.fromkeys(os.path.dirname(path) for path in weights):
        rules += carved(root, hidden)
    rules += [("/etc", READ), ("/sys", READ), ("/dev", DEVICE), (_SHARED_MEMORY, WRITE)]
    return tuple(dict.fromkeys(rules))


def process_rules() -> list[Rule]:
    """What a process may read of itself and its machine in /proc: to be asked for in the process itself."""
    return [(f"/proc/{name}", READ) for name in _PROC]


def carved(root: str, hidden: Iterable[str]) -> Iterator[Rule]:
    """Rules by which everything in a folder may be read but what is hidden, whose names alone can be listed."""
    real = os.path.realpath(root)
    inside = {path for path in hidden if path == real or path.startswith(f"{real}/")}
    if real in inside or not os.path.exists(real) or real == "/":
        return
    if not inside:
        yield real, READ
        return
    above = {str(parent) for path in inside for parent in Path(path).parents}
    yield from _carved(real, inside, above)


def _carved(folder: str, hidden: set[str], above: set[str]) -> Iterator[Rule]:
    yield folder, READ_DIR
    try:
        found = [entry.path for entry in os.scandir(folder)]
    except OSError:
        return
    for path in found:
        if os.path.islink(path):
            target = os.path.realpath(path)
            if not any(target == one or target.startswith(f"{one}/") for one in hidden) and target not in above:
                yield path, READ
        elif path in above:
            yield from _carved(path, hidden, above)
        elif path not in hidden:
            yield path, READ


def _roots() -> list[str]:
    """Folders that hold programs and libraries and nothing else."""
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, os.path.dirname(os.path.realpath(sys.executable))}
    named = filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(":"))
    packages = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    found = [*_SYSTEM, *prefixes, *packages, *named]
    return [path for path in dict.fromkeys(map(os.path.realpath, found)) if os.path.isdir(path)]


def import_places() -> list[str]:
    """Other folders that modules are imported from; beside them a project may keep its results and its data."""
    roots = _roots()
    places = dict.fromkeys(os.path.realpath(path) for path in sys.path if path)
    return [path for path in places if not any(path == root or path.startswith(f"{root}/") for root in roots)]


def _importable(place: str, hidden: set[str]) -> Iterator[Rule]:
    """The modules and packages of a folder, of which nothing else may be read."""
    if not os.path.isdir(place):
        yield place, READ  # an archive
        return
    yield place, READ_DIR
    for entry in os.scandir(place):
        if _is_module(entry):
            yield from carved(entry.path, hidden)


def _is_module(entry: os.DirEntry[str]) -> bool:
    if entry.is_file():
        return entry.name.endswith((".py", ".so", ".pyd", ".pth", ".egg-link"))
    if entry.name.endswith((".dist-info", ".egg-info", ".libs")):
        return True
    return entry.name.isidentifier() and _has_modules(entry.path)


def _has_modules(folder: str) -> bool:
    """Whether a folder is a package: it has modules, or folders that have."""
    names = os.listdir(folder)
    return any(name.endswith(".py") for name in names) or any(
        os.path.exists(os.path.join(folder, name, "__init__.py")) for name in names
    )


def downloaded_weights() -> tuple[str, ...]:
    """Where libraries keep the weights that they have downloaded. Data sets lie elsewhere, or beside them."""
    caches = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    hugging_face = Path(os.environ.get("HF_HOME", caches / "huggingface")).expanduser()
    hub = Path(os.environ.get("HF_HUB_CACHE", hugging_face / "hub")).expanduser()
    torch = Path(os.environ.get("TORCH_HOME", caches / "torch")).expanduser()
    keras = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()
    modules = Path(os.environ.get("HF_MODULES_CACHE", hugging_face / "modules")).expanduser()
    found = [*hub.glob("models--*"), torch / "hub", keras / "models", keras / "keras.json", modules]
    return tuple(str(path) for path in found if path.exists())
