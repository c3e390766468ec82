"""Names that mean something to a terminal, a spreadsheet, a page, LaTeX, or a shell."""

from __future__ import annotations

import random
from collections.abc import Iterator

#: What names are made of: each of these means something to a terminal, a spreadsheet, a page, LaTeX, or a shell.
PIECES = (
    *("\x1b[31m", "\x1b]0;title\a", "\0", "\a", "\b", "\r", "\n", "\t", "\x9b2J", "\x7f", "\u202e", "\u2066"),
    *("\u200f", "\u2028", "\ufeff", "\u00ad", "\ue000", "\U000e0041", "<script>alert(1)</script>", "</script>"),
    *("<img src=x onerror=alert(1)>", "<!--", "-->", "]]>", "&amp;", "&#27;", '"', "'", "`", "```", "${7*7}"),
    *("{{7*7}}", "{%raw%}", "javascript:", "\\input{/etc/passwd}", "\\end{document}", "$\\frac", "^^5c", "%", "&"),
    *("#", "_", "{", "}", "~", "^", "\\\\", "\\", "=1+1", "+cmd|'/C calc'!A0", "-2", "@SUM(1)", "|", "||", "*b*"),
    *("__b__", "[a](http://x)", "![a](http://x)", "<http://x>", "1. ", "- ", "> ", "    ", "  ", "ß", "é", "e\u0301"),
    *("Ω", "ж", "漢字", "שלום", "م", "👩\u200d🔬", "😀", "½", "ð", "𝔸", "\u0300", "a", "b", "dann", "fine-tune", "0"),
    *("1e5", "nan", "±", "−", "⚑", "†", "…", "*", ":", "/", "..", "%s", "{0}", "a" * 60),
)


def names(count: int, seed: int = 0) -> Iterator[str]:
    """So many different names, each piece among them at least once where there is room for all."""
    random_ = random.Random(seed)
    seen: set[str] = set()
    for piece in PIECES[:count]:
        seen.add(f"{piece}{len(seen)}")
        yield f"{piece}{len(seen) - 1}"
    while len(seen) < count:
        name = "".join(random_.choice(PIECES) for _ in range(random_.randrange(1, 6))) + str(len(seen))
        if name not in seen:
            seen.add(name)
            yield name
