"""Text files that a suite names, as bytes from a regular file of at most so many; what is wrong with one is told."""

from __future__ import annotations

from pathlib import Path

from tlbench.errors import TlbenchError
from tlbench.files import UnfitFile, read_file


class UnreadableText(TlbenchError):
    """What is wrong with a file, and on which line; 0 stands for the file as a whole."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


def read_text(path: Path, largest: int, kind: str) -> str:
    """The text of a file in UTF-8; `kind` is what it holds, as `CSV`. Raises `UnreadableText`."""
    try:
        if path.is_dir():
            raise UnreadableText(0, f"is a directory; give the {kind} file itself")
        return read_file(path, largest).decode("utf-8-sig")
    except FileNotFoundError:
        raise UnreadableText(0, f"does not exist (looked for in {str(path.resolve().parent)!r})") from None
    except UnicodeDecodeError as error:
        line, byte = error.object[: error.start].count(b"\n") + 1, error.object[error.start]
        raise UnreadableText(line, f"a byte that is not UTF-8 (0x{byte:02x}); save the file as UTF-8") from None
    except (OSError, ValueError, UnfitFile) as error:  # ValueError: a path with a null byte
        raise UnreadableText(0, f"cannot be read: {error}") from None
