"""How figures look: one column wide, readable in print, colours that the colour-blind tell apart."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: Width of one column of a paper with two, in inches.
COLUMN = 3.35
#: Okabe and Ito's colours, https://jfly.uni-koeln.de/color/, and with each a marker, so that no two are told apart by
#: colour alone.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000", "#8C7A00")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
GREY = "#6b6b6b"
#: Diverging around zero: red where transfer hurt, blue where it helped (ColorBrewer's RdBu).
GAP_COLOURS = "RdBu_r"

_SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.1,
    "lines.markersize": 4,
    "pdf.fonttype": 42,  # TrueType, embedded, so that text can be searched and journals accept it
    "svg.fonttype": "path",
    "svg.hashsalt": "tlbench",  # the same ids whenever it is drawn
    "figure.constrained_layout.use": True,
}


@contextmanager
def styled() -> Iterator[Any]:
    """Matplotlib without a display, in this style, whatever the user's own settings are."""
    import matplotlib as mpl

    with mpl.rc_context(), warnings.catch_warnings():
        # A sign that the font lacks is drawn as a box, and nobody could act on the warning.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield mpl


def look(index: int) -> dict[str, str]:
    """Colour and marker of the series with this number."""
    return {"color": COLOURS[index % len(COLOURS)], "marker": MARKERS[index % len(MARKERS)]}
