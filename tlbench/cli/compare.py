"""`tlbench compare A B`: two variants of a suite, or two result folders, run by run. Imports no torch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tlbench.cli import options
from tlbench.cli.leaderboard import suite_folder
from tlbench.errors import TlbenchError, unknown
from tlbench.records.plan_file import PLAN_FILE

if TYPE_CHECKING:
    import pandas as pd

    from tlbench.leaderboard.analysis.result_set import ResultSet
    from tlbench.suites.filters import Filters

EPILOG = """Examples:

  tlbench compare dann fine-tune --suite digits

  tlbench compare digits/dann digits/oracle --setting inductive --metric macro_f1

  tlbench compare digits/dann digits/fine-tune --setting inductive --shots 5 --pair 'syn:*'

  tlbench compare results/digits results-before/digits     variant by variant"""

#: As a suite's name may be; variants of a grid hold other signs too, such as brackets.
_SUITE = re.compile(r"[\w.-]+")


def compare(
    a: Annotated[
        str, typer.Argument(metavar="A", help="A variant, SUITE/VARIANT, or the folder of a suite's records.")
    ],
    b: Annotated[str, typer.Argument(metavar="B", help="Another variant or folder, of the same kind as A.")],
    suite: Annotated[
        str | None,
        typer.Option("--suite", metavar="SUITE", help="Suite of the variants (default: the only one with records)."),
    ] = None,
    results: options.Results = options.RESULTS,
    metric: Annotated[str | None, typer.Option(help="The metric to compare (default: the suite's first).")] = None,
    selection: Annotated[str | None, typer.Option(help="A selection protocol (default: the suite's).")] = None,
    pair: options.Pairs = None,
    backbone: options.Backbones = None,
    seed: options.Seeds = None,
    setting: options.Settings = None,
    shots: options.Shots = None,
    format_: options.Format = "table",
    debug: options.Debug = False,
) -> int:
    """Compare two variants of a suite, or two result folders: A minus B, paired per seed and pair, with intervals."""
    from tlbench.leaderboard.analysis.run_differences import differences
    from tlbench.leaderboard.leaderboard import metric_and_protocol
    from tlbench.leaderboard.renderers import render
    from tlbench.leaderboard.tables.comparison import compare as tables_of
    from tlbench.records.item_correctness import stored_correct

    filters = options.filters(pair=pair, backbone=backbone, seed=seed, setting=setting, shots=shots)
    first, second = _folders(a, b, filters, suite) or _variants(a, b, filters, suite, results)
    asked = metric_and_protocol(first.result_set, metric, selection)
    if asked[1] == "all":
        raise TlbenchError(
            f"--selection all: one protocol at a time; recorded: {', '.join(first.result_set.protocols())}"
        )
    metric_and_protocol(second.result_set, *asked)
    correct = stored_correct(first.folder), stored_correct(second.folder)
    frames = first.frame(asked[1]), second.frame(asked[1])
    tables = tables_of(*frames, *asked, (first.name, second.name), correct, first.result_set.plan.rope)
    if first.variant is None:
        tables[-1].notes += differences(first.result_set, second.result_set)
    for table in tables if first.variant else []:
        table.title = f"{first.result_set.plan.suite} · {table.title}"
    typer.echo(render(tables, format_))
    return 0


@dataclass(frozen=True)
class _Side:
    """A or B: its name in the table, where its records are, and which variant of them it is (None: all)."""

    name: str
    folder: Path
    result_set: ResultSet
    variant: str | None = None

    def frame(self, selection: str) -> pd.DataFrame:
        """Its runs; of a grid, those that the protocol chose. Raises `TlbenchError` where it chose none."""
        from tlbench.leaderboard.analysis.row_selection import with_choices

        frame = with_choices(self.result_set, selection).frame
        if self.variant is None:
            return frame
        if self.variant not in set(frame["variant"]):
            if self.variant not in {cell.family for cell in self.result_set.cells}:
                raise TlbenchError(f"the filters leave nothing of {self.variant!r}; leave one out")
            raise TlbenchError(
                f"{self.variant!r} is a grid, of which the protocol {selection!r} chooses no member; "
                "name a member, or another protocol, as in --selection source-val"
            )
        return frame[frame["variant"] == self.variant]


def _folders(a: str, b: str, filters: Filters, suite: str | None) -> tuple[_Side, _Side] | None:
    """Two folders of records; None where neither is one, so that they are variants."""
    from tlbench.leaderboard.analysis.result_set import load_result_set
    from tlbench.leaderboard.analysis.run_differences import check_same_data
    from tlbench.leaderboard.leaderboard import filtered

    paths = (Path(a), Path(b))
    there = [path for path in paths if (path / PLAN_FILE).is_file()]
    if suite:
        return None
    if not there and all(path.is_dir() for path in paths):
        raise TlbenchError(
            f"{a} and {b} are folders without {PLAN_FILE}; give those of one suite, as in results/digits, "
            "or, if variants are meant, --suite SUITE"
        )
    if not there:
        return None
    if len(there) == 1:
        other = next(path for path in paths if path not in there)
        raise TlbenchError(
            f"{there[0]} is a folder of records, and {other} is none (it has no {PLAN_FILE}); "
            "give two folders, as in results/digits, or two variants of one suite"
        )
    if paths[0].resolve() == paths[1].resolve():
        raise TlbenchError(f"{a} and {b} are the same folder; give two")
    result_sets = (load_result_set(paths[0]), load_result_set(paths[1]))
    check_same_data(*result_sets, (a, b))
    return _Side(a, paths[0], filtered(result_sets[0], filters)), _Side(b, paths[1], filtered(result_sets[1], filters))


def _variants(a: str, b: str, filters: Filters, suite: str | None, results: Path) -> tuple[_Side, _Side]:
    """Two variants of one suite."""
    from tlbench.leaderboard.analysis.result_set import load_result_set
    from tlbench.leaderboard.leaderboard import filtered

    prefixes, names = zip(*(_split(name) for name in (a, b)), strict=True)
    folder = _suite_folder([*filter(None, (suite, *prefixes))], results)
    result_set = load_result_set(folder)
    known = {name for cell in result_set.cells for name in (cell.variant, cell.family) if name}
    for name in names:
        if name not in known:
            hint = (
                f" The folder {name} has no {PLAN_FILE}, so it is no folder of records." if Path(name).is_dir() else ""
            )
            raise TlbenchError(f"{unknown('variant', name, known)} (suite {folder.name}).{hint}")
    if names[0] == names[1]:
        others = ", ".join(sorted(known - {names[0]}))
        raise TlbenchError(f"A and B are both {names[0]!r}; compare it with another of {folder.name}: {others}")
    result_set = filtered(result_set, filters)
    return _Side(names[0], folder, result_set, names[0]), _Side(names[1], folder, result_set, names[1])


def _split(name: str) -> tuple[str, str]:
    """`suite/variant` in two; the first is empty where there is none."""
    suite, slash, variant = name.partition("/")
    return (suite, variant) if slash and _SUITE.fullmatch(suite) else ("", name)


def _suite_folder(named: list[str], results: Path) -> Path:
    """The folder of the suite that is named, or of the only one there is."""
    if len(set(named)) > 1:
        folders = " ".join(str(results / name) for name in dict.fromkeys(named))
        raise TlbenchError(
            f"two variants of one suite can be compared, and these are of {' and '.join(dict.fromkeys(named))}; "
            f"two suites are compared as folders: tlbench compare {folders}"
        )
    if named:
        return suite_folder(named[0], results)
    found = sorted(path.parent for path in results.glob(f"*/{PLAN_FILE}"))
    if not found:
        raise TlbenchError(f"no records in {results}; run a suite first (tlbench run SUITE), or name --results DIR")
    if len(found) > 1:
        raise TlbenchError(f"--suite is missing; {results} holds {', '.join(path.name for path in found)}")
    return found[0]
