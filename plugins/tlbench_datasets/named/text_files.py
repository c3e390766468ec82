"""Labelled texts as public collections keep them: a class per file, tables, marked-up reviews, tagged questions.

Every reader takes paths and gives one split per part of the collection, in the order of the files. What is wrong is a
`ValueError` that names file and line.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from tlbench.core.domain import Split
from tlbench.core.inputs import Texts
from tlbench.errors import DataError

_REVIEW = re.compile(r"<review>(.*?)</review>", re.DOTALL)
#: Characters 128 to 159 are none in Latin-1; where they stand, a file was written with the code page of Windows.
_WINDOWS = {code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(128, 160)}


def split_of_texts(texts: Sequence[str], labels: Sequence[int]) -> Split:
    """A split from strings and the indices of their classes, without white space around texts."""
    plain = [text.translate(_WINDOWS).strip() for text in texts]
    return Split(Texts.of(plain), np.array(labels, dtype=np.int64))


def read_tables(*paths: Path) -> list[Split]:
    """A Parquet file per part, with the columns `text` and `label`, a whole number."""
    return [_table(path) for path in paths]


def _table(path: Path) -> Split:
    if importlib.util.find_spec("pyarrow") is None:
        raise DataError(f"{path} needs pyarrow, which is not installed: pip install 'tlbench[parquet]'")
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path, columns=["text", "label"])
    return split_of_texts(table["text"].to_pylist(), table["label"].to_pylist())


def read_files_of_classes(encoding: str) -> Callable[..., list[Split]]:
    """A reader of files with a text per line, the last class's file first: one part."""

    def read(*paths: Path) -> list[Split]:
        return [_by_class([[text for _, text in _lines(path, encoding)] for path in paths])]

    return read


def read_reviews(*paths: Path) -> list[Split]:
    """Files of texts between <review> and </review>, the last class's file first: one part."""
    return [_by_class([_reviews(path) for path in paths])]


def _reviews(path: Path) -> list[str]:
    """The texts of a file that looks like XML and is none, for nothing in it is escaped."""
    content = _decoded(path.read_bytes(), "utf-8", path.name)
    found = _REVIEW.findall(content)
    outside = _REVIEW.sub(" ", content).split()
    if not found or outside != ["<reviews>", "</reviews>"]:
        raise ValueError(f"{path.name}: {len(found)} reviews, and around them {' '.join(outside)[:80]!r}")
    return found


def _by_class(texts: Sequence[Sequence[str]]) -> Split:
    labels = [len(texts) - 1 - place for place, of_class in enumerate(texts) for _ in of_class]
    return split_of_texts([text for of_class in texts for text in of_class], labels)


def read_labelled_lines(*paths: Path) -> list[Split]:
    """A file per part, in UTF-8, with a text, a tab and the number of its class in a line."""
    line = re.compile(r"(?P<text>.+)\t(?P<label>\d+)")
    return [_labelled(path, "utf-8", line, "text, tab, number", int) for path in paths]


def read_questions(classes: Sequence[str]) -> Callable[..., list[Split]]:
    """A reader of a file per part, in Latin-1, with `CLASS:kind question` in a line, CLASS being one of `classes`."""
    line = re.compile(rf"(?P<label>{'|'.join(classes)}):\w+ (?P<text>.+)")
    form = f"CLASS:kind question, CLASS being {', '.join(classes)}"

    def read(*paths: Path) -> list[Split]:
        return [_labelled(path, "latin-1", line, form, classes.index) for path in paths]

    return read


def _labelled(path: Path, encoding: str, line: re.Pattern[str], form: str, number: Callable[[str], int]) -> Split:
    texts, labels = [], []
    for place, content in _lines(path, encoding):
        found = line.fullmatch(content)
        if found is None:
            raise ValueError(f"{path.name}, line {place}: {content[:60]!r} is not of the form {form}")
        texts.append(found["text"])
        labels.append(number(found["label"]))
    return split_of_texts(texts, labels)


def _lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    """The lines that are not empty, with their numbers. Other signs that could end a line are part of one."""
    for place, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        text = _decoded(line, encoding, f"{path.name}, line {place}").strip()
        if text:
            yield place, text


def _decoded(content: bytes, encoding: str, title: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"{title}: byte {error.start + 1} is not {encoding}") from error
