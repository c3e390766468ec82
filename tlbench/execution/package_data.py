"""Files of data in installed packages: a run that could read them would know the labels of public data sets."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import os
import site
import sys
from collections.abc import Iterator
from pathlib import Path

#: How files of data end. Weights and settings of libraries have other ends, or lie elsewhere.
_DATA = (
    *(".csv", ".csv.gz", ".csv.bz2", ".tsv", ".npz", ".npy", ".mat", ".arff", ".arff.gz", ".parquet", ".arrow"),
    *(".feather", ".h5", ".hdf5", ".svmlight", ".libsvm", ".data", ".rda"),
)
#: Folders of packages that hold data.
_DATA_FOLDERS = ("datasets", "dataset", "data", "_data", "sample_data", "sampledata", "testdata", "example_data")
_TESTS = ("test", "tests")
_FOLDERS = ("site-packages", "dist-packages")
#: Where conda, in its own folder, keeps copies of all packages and other environments.
_COPIES = ("pkgs", "envs")
#: How deep in a package such folders are looked for.
_DEPTH = 3


def package_folders() -> list[str]:
    """Where packages are installed: for this Python, and for others in places that it may read."""
    named = [path for path in sys.path if Path(path).name in _FOLDERS]
    beside = [str(path) for prefix in _prefixes() for path in Path(prefix).glob("lib*/python3*/*-packages")]
    found = dict.fromkeys(map(os.path.realpath, [*named, *site.getsitepackages(), *beside]))
    return [path for path in found if os.path.isdir(path)]


def _prefixes() -> list[str]:
    return list(dict.fromkeys(map(os.path.realpath, (sys.prefix, sys.base_prefix, "/usr", "/usr/local"))))


@functools.cache
def package_data() -> tuple[str, ...]:
    """Files and folders of data in installed packages."""
    found = [place for prefix in _prefixes() for name in _COPIES if os.path.isdir(place := f"{prefix}/{name}")]
    for place in package_folders():
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
