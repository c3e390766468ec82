"""Where public data are: in the folder of data that is named, among earlier downloads, or at their public origin.

A dataset says what it is made of, as one or several forms of the same data, the first that is on the machine counts:

    LETTERS = PublicData(
        "letters",
        Form(read_npz, DataFile("letters/letters.npz")),
        Form(read_csv, DataFile("letters/letters.csv", "https://example.org/letters.csv", "md5:…")),
    )
    train, test = LETTERS.load()

`TLBENCH_DATA`, which the option `--data` sets, names the folder of data. Files that it lacks are downloaded to
`<cache>/downloads/`, where they may also be put by hand.
"""

from __future__ import annotations

import hashlib
import os
import sys
import zipfile
import zlib
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from tlbench.core.domain import DataLocation, Dataset, Domain
from tlbench.errors import DataError, unknown
from tlbench.files import cache_folder
from tlbench_datasets.named.downloads import download, file_matches
from tlbench_datasets.shared.own_data import files_fingerprint

T = TypeVar("T")

#: What reading a damaged file may raise.
DAMAGE = (OSError, EOFError, ValueError, KeyError, IndexError, zipfile.BadZipFile, zlib.error)


def data_folder() -> Path | None:
    """The folder that `TLBENCH_DATA` names. Raises `DataError` where it is none."""
    named = os.environ.get("TLBENCH_DATA")
    if not named:
        return None
    folder = Path(named).expanduser()
    if not folder.is_dir():
        raise DataError(f"TLBENCH_DATA names {named}, which is no folder; name one that is, or unset it")
    return folder


@dataclass(frozen=True)
class DataFile:
    """A file, or a folder of files, at `path` in the folder of data or in `<cache>/downloads/`.

    `url` is its public origin, where that is known. `checksum`, as `"md5:…"` or `"sha256:…"`, is of the file as the
    origin has it; every copy is held to it, wherever it lies.
    """

    path: str
    url: str = ""
    checksum: str = ""

    @property
    def downloaded(self) -> Path:
        """Where a download goes."""
        return cache_folder() / "downloads" / self.path

    def places(self) -> list[Path]:
        """Where it is looked for, in this order."""
        folder = data_folder()
        return [*([folder / self.path] if folder else []), self.downloaded]

    def found(self) -> Path | None:
        """Where it is now."""
        return next((path for path in self.places() if path.exists()), None)

    def get(self) -> Path:
        """Where it is, downloaded if need be. Raises `DataError` for one that is not what it should be."""
        path = self.found()
        if path and (not self.checksum or file_matches(path, self.checksum)):
            return path
        if path:
            message = f"{path} has another checksum than is expected: it may be cut short, or another version"
            if path != self.downloaded or not self.url:
                raise DataError(f"{message}; replace it{', or remove it and it is downloaded' if self.url else ''}")
            sys.stderr.write(f"note: {message}; it is downloaded anew\n")
        download(self.url, self.checksum, self.downloaded)
        return self.downloaded

    def fingerprint(self) -> str:
        """The checksum, which holds for every copy; else name, size and time of change of the copy that is there."""
        path = self.found()
        return self.checksum or (files_fingerprint([path]) if path else "")


class Form(Generic[T]):
    """One form of some data: its files, and what reads them, called with their paths."""

    def __init__(self, read: Callable[..., T], *files: DataFile) -> None:
        self.files = files
        self._read = read

    @property
    def is_here(self) -> bool:
        """Whether nothing has to be downloaded."""
        return all(file.found() for file in self.files)

    @property
    def is_public(self) -> bool:
        """Whether all of it can be downloaded."""
        return all(file.url and file.checksum for file in self.files)

    def load(self) -> T:
        """Get the files and read them. Raises `DataError` for those that cannot be had or are damaged."""
        paths = [file.get() for file in self.files]
        try:
            return self._read(*paths)
        except DAMAGE as error:
            names = ", ".join(map(str, paths))
            what = "is damaged or another file than is expected" if len(paths) == 1 else "are not what is expected"
            raise DataError(f"{names} {what} ({type(error).__name__}: {error}); replace it") from error


class PublicData(Generic[T]):
    """Data in one or several forms. `advice`: what to do where they are not here and cannot be downloaded."""

    def __init__(self, title: str, *forms: Form[T], advice: str = "") -> None:
        self.title = title
        self._forms = forms
        self._advice = advice

    def load(self) -> T:
        """Read the first form that is here, else download one. Raises `DataError` that says what to do."""
        here = self._here()
        if here:
            return here.load()
        public = self._public()
        if public is None:
            raise DataError(f"{self.title}: {self._needed()}")
        if folder := data_folder():
            sys.stderr.write(f"note: {self.title}: {self._missing()} is not in {folder}, so it is downloaded\n")
        try:
            return public.load()
        except DataError as error:
            raise DataError(f"{self.title} cannot be downloaded: {error}. {self._by_hand(public)}") from error

    def fingerprint(self) -> str:
        """Changes with the form and the files that `load` would read."""
        form = self._here() or self._public()
        return repr([self._forms.index(form), *(file.fingerprint() for file in form.files)]) if form else ""

    def whereabouts(self) -> DataLocation:
        """What is here, or what to do."""
        here, public = self._here(), self._public()
        if here:
            return DataLocation(True, f"{self.title}: {', '.join(str(file.found()) for file in here.files)}")
        if public:
            more = f" and {len(public.files) - 1} more" if len(public.files) > 1 else ""
            words = f"downloaded when first used ({public.files[0].url}{more})"
            return DataLocation(False, f"{self.title}: {words}")
        return DataLocation(False, f"{self.title}: {self._needed()}")

    def _here(self) -> Form[T] | None:
        return next((form for form in self._forms if form.is_here), None)

    def _public(self) -> Form[T] | None:
        return next((form for form in self._forms if form.is_public), None)

    def _missing(self) -> str:
        """The file of each form that is not here."""
        missing = [next(file for file in form.files if not file.found()) for form in self._forms]
        return " or ".join(file.path for file in missing)

    def _needed(self) -> str:
        folder = data_folder()
        here = f"{folder}, which has none" if folder else "a folder that --data DIR or TLBENCH_DATA names"
        return f"needs {self._missing()} in {here}. {self._advice}".strip()

    def _by_hand(self, public: Form[T]) -> str:
        held = " or ".join(dict.fromkeys(form.files[0].path for form in self._forms))
        lacking = [str(file.downloaded) for file in public.files if not file.found()]
        by_hand = f", or put {', '.join(lacking)} there by hand" if lacking else ""
        return (
            "Run the same command again when the origin answers, which goes on from what has arrived; "
            f"or name a folder of data that holds {held} with --data DIR or TLBENCH_DATA{by_hand}"
        )


class PublicDataset(Dataset):
    """A named dataset of public data: its domains, and what each of them is made of."""

    #: The data that each domain is made of, by the domain's name.
    sources: ClassVar[Mapping[str, Sequence[PublicData[Any]]]]

    @property
    def domains(self) -> tuple[str, ...]:
        """The names of the domains."""
        return tuple(self.sources)

    def load(self, domain: str) -> Domain:
        """Read the data of a domain, downloaded if need be. Raises `DataError` where it is unknown or cannot be had."""
        if domain not in self.sources:
            raise DataError(unknown("domain", domain, self.sources))
        return self.make(domain)

    @abstractmethod
    def make(self, domain: str) -> Domain:
        """A domain, which is one of `domains`, from its data."""

    def fingerprint(self) -> str:
        """Changes with the files that the domains are made of (16 hex digits)."""
        prints = [source.fingerprint() for source in self._distinct()]
        return hashlib.sha256(repr(prints).encode()).hexdigest()[:16]

    def whereabouts(self) -> list[DataLocation]:
        """Where each of the data is, or what to do."""
        return [source.whereabouts() for source in self._distinct()]

    def _distinct(self) -> list[PublicData[Any]]:
        return list(dict.fromkeys(source for sources in self.sources.values() for source in sources))
