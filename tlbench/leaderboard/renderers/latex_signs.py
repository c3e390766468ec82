"""Signs of names that LaTeX has no letter for: each as a command of its standard fonts, or as its number."""

from __future__ import annotations

import unicodedata

#: Combining marks as commands that every font encoding has.
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0323": "d", "\u0327": "c", "\u0331": "b",
}  # fmt: skip
_LETTERS = {
    "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "å": "aa", "Å": "AA", "ł": "l", "Ł": "L",
    "ı": "i", "§": "S", "¶": "P", "©": "copyright", "£": "pounds",
}  # fmt: skip
#: From U+03B1 on, in Unicode's order; a dot where LaTeX uses a Latin letter.
_GREEK = (
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    ".", "pi", "rho", "varsigma", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
)  # fmt: skip
_MATHS = {
    "×": "times", "÷": "div", "≥": "geq", "≠": "neq", "≈": "approx", "←": "leftarrow", "↔": "leftrightarrow",
    "⇒": "Rightarrow", "∈": "in", "∑": "sum", "∂": "partial", "∇": "nabla", "√": "surd", "°": "circ", "′": "prime",
    "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Φ": "Phi",
    "Ψ": "Psi", "Ω": "Omega", "µ": "mu",
    **{chr(0x3B1 + index): name for index, name in enumerate(_GREEK) if name != "."},
}  # fmt: skip
_OTHERS = {"‘": "`", "’": "'", "“": "``", "”": "''", "„": ",,", "\u00a0": "~", "\u200c": "", "\u200d": "", "ο": "o"}
_DIGITS = {sign: value for value, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}

_KNOWN = {
    **{char: rf"\{name}{{}}" for char, name in _LETTERS.items()},
    **{char: rf"$\{name}$" for char, name in _MATHS.items()},
    **{char: rf"\textsuperscript{{{value}}}" for char, value in _DIGITS.items()},
    **_OTHERS,
}


def sign(char: str) -> str:
    """What stands for a sign beyond ASCII that has no command of its own in the table of the renderer.

    Letters that pdflatex knows stay as they are; what no font of it has is its number, as in `<U+1F600>`.
    """
    if char in _KNOWN:
        return _KNOWN[char]
    parts = unicodedata.normalize("NFD", char)
    if len(parts) == 2 and parts[0].isascii() and parts[0].isalpha() and parts[1] in _ACCENTS:
        return char if ord(char) < 0x100 else rf"\{_ACCENTS[parts[1]]}{{{parts[0]}}}"
    if char in _ACCENTS:  # alone, behind whatever sign it was put on
        return rf"\{_ACCENTS[char]}{{}}"
    return rf"\textless{{}}U+{ord(char):04X}\textgreater{{}}"
