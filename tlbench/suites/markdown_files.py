"""Hand-written text of a page: a Markdown file, beside the suite file or the published page."""

from __future__ import annotations

from pathlib import Path

from tlbench.errors import TlbenchError
from tlbench.files import UnfitFile, read_file

#: Bytes: a page's text, not a book. The plan carries it.
LARGEST = 64_000
#: Bytes of a longer one that are read, to say how long it is.
MOST_READ = 64_000_000


def read_markdown(path: Path) -> str:
    """The text, with one form of line ends and without blank lines around it.

    Raises `TlbenchError`, with file and line where there is one, for a file that cannot be read, is not UTF-8, is
    empty, or has more than 64 kB.
    """
    if path.is_dir():
        raise TlbenchError(f"{path}: is a directory; give the Markdown file itself")
    try:
        content = read_file(path, MOST_READ)
        text = content.decode("utf-8-sig")
    except FileNotFoundError:
        raise TlbenchError(f"{path}: does not exist (looked for in {str(path.resolve().parent)!r})") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        byte = error.object[error.start]
        message = f"{path}:{line}: a byte that is not UTF-8 (0x{byte:02x}); save the file as UTF-8"
        raise TlbenchError(message) from None
    except (OSError, ValueError, UnfitFile) as error:  # ValueError: a path with a null byte
        raise TlbenchError(f"{path}: cannot be read: {error}") from None
    if len(content) > LARGEST:
        raise TlbenchError(f"{path}: has {len(content):,} bytes; at most {LARGEST:,} are allowed; shorten it")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    if not lines.strip():
        raise TlbenchError(f"{path}: is empty; write the text of the page, or leave it out")
    return lines
