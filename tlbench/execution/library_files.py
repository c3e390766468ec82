"""What every run may read: Python and its libraries, the system's, devices, weights that were downloaded.

Files of data that installed packages bring, such as the digits of scikit-learn, are left out: they have labels.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import os
import site
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tlbench.execution.landlock import DEVICE, READ, READ_DIR, WRITE, Rule

#: Programs and libraries of the system, in the places that systems have them.
_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/nix/store", "/gnu/store", "/opt/rocm", "/opt/intel")
#: Of /etc what libraries read: how names are looked up, where libraries are, time and trust.
_ETC = [
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "ld.so.preload",
    "localtime",
    "timezone",
    "nsswitch.conf",
    "passwd",
    "group",
    "hosts",
    "host.conf",
    "resolv.conf",
    "gai.conf",
    "services",
    "protocols",
    "ssl",
    "pki",
    "ca-certificates",
    "crypto-policies",
    "locale.alias",
    "locale.conf",
    "mime.types",
    "os-release",
    "alternatives",
    "fonts",
    "OpenCL",
    "vulkan",
]
#: Of /proc what tells of the machine. Of processes there is this one alone.
_PROC = [
    "self",
    "cpuinfo",
    "meminfo",
    "stat",
    "version",
    "uptime",
    "loadavg",
    "filesystems",
    "modules",
    "devices",
    "mounts",
    "sys/kernel",
    "sys/vm",
    "driver",
    "cgroups",
]
_SYS = ("devices", "bus", "class", "module", "fs/cgroup", "kernel/mm")
_DEVICES = [
    "null",
    "zero",
    "full",
    "random",
    "urandom",
    "nvidiactl",
    "nvidia-uvm",
    "nvidia-uvm-tools",
    "nvidia-modeset",
    "nvidia-caps",
    "dri",
    "kfd",
]
#: Semaphores and memory that a run's own processes share are made here.
_SHARED_MEMORY = "/dev/shm"
#: How files of data end. Weights and settings of libraries have other ends, or lie elsewhere.
_DATA = tuple(
    [
        ".csv",
        ".csv.gz",
        ".csv.bz2",
        ".tsv",
        ".npz",
        ".npy",
        ".mat",
        ".arff",
        ".arff.gz",
        ".parquet",
        ".arrow",
        ".feather",
        ".h5",
        ".hdf5",
        ".svmlight",
        ".libsvm",
        ".data",
        ".rda",
    ]
)
#: Folders of packages that hold data.
_DATA_FOLDERS = frozenset(
    ["datasets", "dataset", "data", "_data", "sample_data", "sampledata", "testdata", "example_data"]
)
_TESTS = ("test", "tests")
#: How deep in a package such folders are looked for.
_DEPTH = 3


@functools.cache
def library_rules(hidden: tuple[str, ...]) -> tuple[Rule, ...]:
    """What every run may read, without the `hidden` paths and without data of installed packages.

    It takes some tenths of a second, once for all runs that are forked from this process.
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
    for root in _weights():
        rules += carved(root, left_out)
    return tuple(dict.fromkeys(rules))


@functools.cache
def outlines(hidden: tuple[str, ...]) -> tuple[Rule, ...]:
    """Few rules that allow what `library_rules` do and more, but nothing that is hidden.

    Two sets of rules both count. The exact one is made once; each process adds one of these few and its own.
    """
    rules: list[Rule] = []
    for root in _roots():
        rules += carved(root, hidden)
    for place in import_places():
        rules += _importable(place, set(hidden))
    for root in dict.fromkeys(os.path.dirname(path) for path in _weights()):
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


def package_data() -> tuple[str, ...]:
    """Files and folders of data in installed packages."""
    places = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    found: list[str] = []
    for place in dict.fromkeys(map(os.path.realpath, [*places, *site.getsitepackages()])):
        found += _data_folders(place, _DEPTH)
    for package in _plugin_packages():
        found += [path for folder, _, _ in os.walk(package) for path in _data_of(folder)]
    return tuple(dict.fromkeys(found))


def _data_folders(folder: str, depth: int) -> Iterator[str]:
    try:
        entries = [entry for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return
    for entry in entries:
        if entry.name in _DATA_FOLDERS:
            yield from _data_within(entry.path)
        elif depth > 1 and not entry.name.endswith((".dist-info", ".libs")) and entry.name not in _TESTS:
            yield from _data_folders(entry.path, depth - 1)


def _data_within(top: str) -> Iterator[str]:
    """The data of a folder that is for data; its tests have some too, and are left out as a whole."""
    for folder, inner, _ in os.walk(top):
        yield from (os.path.join(folder, name) for name in inner if name in _TESTS)
        inner[:] = [name for name in inner if name not in _TESTS]
        yield from _data_of(folder)


def _data_of(folder: str) -> list[str]:
    """The files of data in a folder; the folder itself where it has no modules beside them."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    data = [os.path.join(folder, name) for name in names if name.endswith(_DATA)]
    return [folder] if data and not any(name.endswith(".py") for name in names) else data


def _plugin_packages() -> list[str]:
    """The folders of installed plugins, whose data may lie anywhere in them."""
    names = {
        entry.value.partition(":")[0].partition(".")[0] for entry in importlib.metadata.entry_points(group="tlbench")
    }
    found = [importlib.util.find_spec(name) for name in sorted(names)]
    return [os.path.realpath(place) for spec in found if spec for place in spec.submodule_search_locations or ()]


def _weights() -> list[str]:
    """Where libraries keep the weights that they have downloaded. Data sets lie elsewhere, or beside them."""
    caches = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    hugging_face = Path(os.environ.get("HF_HOME", caches / "huggingface")).expanduser()
    hub = Path(os.environ.get("HF_HUB_CACHE", hugging_face / "hub")).expanduser()
    torch = Path(os.environ.get("TORCH_HOME", caches / "torch")).expanduser()
    keras = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()
    modules = Path(os.environ.get("HF_MODULES_CACHE", hugging_face / "modules")).expanduser()
    found = [*hub.glob("models--*"), torch / "hub", keras / "models", keras / "keras.json", modules]
    return [str(path) for path in found if path.exists()]
