"""Code executed as a notebook's cells are: in one namespace that calls itself `__main__`, each with its own lines."""

from __future__ import annotations

import functools
import itertools
import linecache

_NUMBERS = itertools.count(1)


class Notebook:
    """Cells, executed one after the other."""

    def __init__(self) -> None:
        self.names: dict = {"__name__": "__main__"}

    def cell(self, source: str) -> Notebook:
        file = f"<ipython-input-{next(_NUMBERS)}-0123abcd>"
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        exec(compile(source, file, "exec", dont_inherit=True), self.names)
        return self

    def __getitem__(self, name: str):
        return self.names[name]


#: A strategy whose code needs everything that can be written out: imports, literals, functions, a class to build on.
CELLS = [
    "import math\nimport torch.nn.functional as F\nfrom typing import Literal\nimport tlbench\n",
    "SMOOTHING = 0.1\nSCALES = {'source': (1.0, [2, None]), 'limit': float('inf')}\n",
    "def scaled(value):\n    return value * factor()\n\ndef factor():\n    return math.exp(0) * SCALES['source'][0]\n",
    """class Base(tlbench.GradientStrategy):
    settings = {"transductive"}

    class Params(tlbench.Params):
        how: Literal["mean", "sum"] = "mean"
""",
    '''class MixupDA(Base):
    """Smoothed labels.

    As in the paper."""

    same_label_space = True

    def loss(self, model, batch, progress):
        logits = model(batch.source.inputs)
        loss = F.cross_entropy(logits, batch.source.labels, label_smoothing=SMOOTHING, reduction=self.params.how)
        return scaled(loss)
''',
]


def notebook(**changed: str) -> Notebook:
    """The cells above; a keyword is replaced by its text in all of them."""
    made = Notebook()
    for source in CELLS:
        made.cell(functools.reduce(lambda text, change: text.replace(*change), changed.items(), source))
    return made
