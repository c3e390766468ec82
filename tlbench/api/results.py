"""Results of a suite in Python: records, a frame, tables, figures. Imports no torch."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tlbench.api.arguments import Globs, filters_of
from tlbench.errors import TlbenchError, unknown
from tlbench.runner.run_suite import failed, result_set_of

if TYPE_CHECKING:
    import pandas as pd

    from tlbench.api.display import Figure, Leaderboard
    from tlbench.leaderboard.analysis.result_set import ResultSet
    from tlbench.records.record import Record


class Results:
    """What is stored of a suite, as it was when this was made.

    `folder` holds the records, `suite` is its name, `records` are those that were asked for, by run key.
    """

    def __init__(
        self, folder: Path, result_set: ResultSet, records: Mapping[str, Record], files: tuple[str, ...] = ()
    ) -> None:
        self.folder = folder
        self.suite = result_set.plan.suite
        self.records = dict(records)
        self._board = result_set
        self._files = files

    @property
    def failed(self) -> dict[str, Record]:
        """The records that are neither ok nor skipped, by run key."""
        return failed(self.records)

    def frame(self) -> pd.DataFrame:
        """Long form: a row for each run and selection protocol, also for runs that are missing; a copy."""
        return self._board.frame.copy()

    def leaderboard(
        self,
        by: str = "strategy",
        metric: str | None = None,
        selection: str | None = None,
        format: str | None = None,
    ) -> Leaderboard:
        """The tables of `tlbench leaderboard`: by strategy, pair, shots or source. As a text they are in `format`.

        Raises `TlbenchError` for a name that is not known.
        """
        from tlbench.api.display import Leaderboard
        from tlbench.leaderboard.leaderboard import leaderboard
        from tlbench.plugins.manager import plugin_host

        host = plugin_host(self._files)
        form = format or "table"
        host.find("renderers", form)  # an unknown one is told now, not when it is shown
        return Leaderboard(leaderboard(self._board, metric, by, selection), form, host)

    def figure(
        self,
        kind: str,
        *,
        setting: Globs = None,
        pair: Globs = None,
        strategy: Globs = None,
        backbone: Globs = None,
        shots: Globs = None,
        metric: str | None = None,
        selection: str | None = None,
    ) -> Figure:
        """A figure of one table, `heatmap`, `frontier`, `cd` or `curves`, or of label budgets, `shots`.

        It is of what the names and globs leave.

        Raises `TlbenchError` for a kind that there is not, where several tables are left, and where nothing can be
        drawn.
        """
        from tlbench.api.display import Figure
        from tlbench.figures.figure import STORED, figure_of

        if kind == "embedding":
            raise TlbenchError(
                "records hold no features, so an embedding makes runs again: tlbench figure embedding SUITE -o FILE"
            )
        if kind not in STORED:
            raise TlbenchError(unknown("figure", kind, STORED))
        asked = filters_of(setting=setting, pair=pair, strategy=strategy, backbone=backbone, shots=shots)
        shown = figure_of(kind, self._board, metric, selection, asked, "{}=")
        return Figure(kind, shown.data, shown.title)

    def __repr__(self) -> str:
        return f"<tlbench.Results of {self.suite!r}: {self._counted()}, in {self.folder}>"

    def _repr_html_(self) -> str:
        suite, counted, folder = (html.escape(text) for text in (self.suite, self._counted(), str(self.folder)))
        facts = f"<p><b>{suite}</b>: {counted}<br>{folder}</p>"
        troubles = [
            f"{record.status}: {record.variant} on {record.spec.pair}, seed {record.seed}"
            + (f": {record.error.message}" if record.error else "")
            for record in self.failed.values()
        ]
        items = "".join(f"<li>{html.escape(trouble)}</li>" for trouble in troubles)
        listed = f"<ul>{items}</ul>" if items else ""
        return f"{facts}\n{listed}\n{self.leaderboard()._repr_html_()}"

    def _counted(self) -> str:
        """`3 runs, all ok`, or how many have which status."""
        counts = Counter(record.status for record in self.records.values())
        missing = len(self._board.plan.run_keys - self.records.keys())
        said = [f"{number} {status}" for status, number in sorted(counts.items())]
        said += [f"{missing} missing"] if missing else []
        runs = f"{len(self.records) + missing} run{'' if len(self.records) + missing == 1 else 's'}"
        return f"{runs}, {'all ok' if [*counts] == ['ok'] and not missing else ', '.join(said) or 'none'}"


def load_results(folder_or_suite: str | Path, results: str | Path = "results") -> Results:
    """What is stored of a suite: by its name in the folder `results`, by its file, or a folder, published or not.

    Nothing is run. Raises `TlbenchError` where no records are, and as the command `leaderboard` does for damaged ones.
    """
    from tlbench.cli.leaderboard import suite_folder

    folder = suite_folder(str(folder_or_suite), Path(results))
    result_set = result_set_of(folder, None)
    return Results(folder, result_set, result_set.records)
