"""Hand-written text of a page: a Markdown file, beside the suite file or the published page."""

from __future__ import annotations

from pathlib import Path

from tlbench.errors import TlbenchError
from tlbench.suites.named_text import UnreadableText, read_text

#: Bytes: a page's text, not a book. The plan carries it.
LARGEST = 64_000
#: Bytes of a longer one that are read, to say how long it is.
MOST_READ = 64_000_000


def read_markdown(path: Path) -> str:
    """The text, with one form of line ends and without blank lines around it.

    Raises `TlbenchError`, with file and line where there is one, for a file that cannot be read, is not UTF-8, is
    empty, or has more than 64 kB.
    """
    try:
        text = read_text(path, MOST_READ, "Markdown")
    except UnreadableText as error:
        place = f"{path}:{error.line}" if error.line else str(path)
        raise TlbenchError(f"{place}: {error}") from None
    if (size := len(text.encode())) > LARGEST:
        raise TlbenchError(f"{path}: has {size:,} bytes; at most {LARGEST:,} are allowed; shorten it")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    if not lines.strip():
        raise TlbenchError(f"{path}: is empty; write the text of the page, or leave it out")
    return lines
