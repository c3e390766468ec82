"""The page over all suites: what each asks, what became of published figures, and where transfer did harm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tabulate import tabulate

from tlbench.evaluation.reproduction import Outcome
from tlbench.evaluation.statistics import MIN_SEEDS
from tlbench.evaluation.verdicts import VERDICTS
from tlbench.leaderboard.analysis.result_set import ResultSet
from tlbench.leaderboard.claims.sections import OUTCOMES, verdict_counts
from tlbench.leaderboard.renderers.markdown import escape, render
from tlbench.leaderboard.tables.cells import Table, count
from tlbench.publishing.harm_counts import Harm, harm_of_all
from tlbench.publishing.run_environment import device, last_day

#: With more cells that hurt, their list is folded.
_FOLDED_FROM = 12

PUBLISHED = (
    "Figures that were published elsewhere, and what ours say of them; each suite's page has the rule, and how far "
    "ours are from those whose protocol is not comparable."
)
CROSS_CHECKED = "Figures that nobody published: other software, run for the purpose, gave them. The rule is the same."

RULES = """## The rules

- **The metric** is the first of the suite's file, on the target test split; with clusters, clustering accuracy. A mean
  is over pairs of means over seeds, with its 95 % interval over seeds.
- **Verdicts** are on strategies that use something of the target; seeds and, of accuracies, test items are both taken
  for samples. A cell helps or hurts at a false-discovery rate of 5 % over the cells of its table: an exploration. It
  does not matter where the 90 % interval of its gap lies within a region that the suite states, a point by default. A
  cell whose training did not learn its source is counted apart. A strategy has one test over pairs, Holm-corrected.
- **Selection.** Tables rank by the suite's own protocol, which sees no target test label. `target-test` is recorded to
  show what it would add, is marked, and ranks nothing.
- **Noise.** Every cell is run with every seed of its suite; a row of fewer seeds, or a pair left out, is no row.
- **The same for all.** Splits, budget, seeds, references and validation data are the host's. A strategy may have
  parameters and a grid of its own, which are chosen without target test labels.
- **Each record** has its date, commit, hardware, versions and command; each suite's page sums them up, and names the
  contributor where its runs were submitted.

## How to check it

    tlbench publish FOLDER/SUITE --check        the pages are what the records give
    tlbench verify FOLDER/SUITE --sample 3      some runs again, here

`FOLDER` is the folder of this page.

## How to submit

    tlbench run SUITE
    tlbench submit SUITE --contributor 'YOUR NAME' --note 'paper: …'
    tlbench submit submissions/SUITE --check

SUITE is the name of a built-in suite, or a TOML file of your own, with `--plugin FILE.py` for a strategy in one file.
Send the folder `submissions/SUITE` as a pull request. The check is what it has to pass: checksums; run keys recomputed
from what they stand for; every run that the suite asks for, and no other, with the data, references and metrics it asks
for; checkpoints as their protocol chooses them; scores of the predicted classes (accuracy, F1) recomputed from the
predictions; and some runs, drawn by chance, made again. A run that failed, or a cell in which the method harms, is part
of the result: do not leave it out, for then nothing passes. Code that comes with a submission could do anything, so
whoever checks one reads it first, and runs the check (`--run-code`) where there are no secrets."""


def summary(result_sets: Mapping[str, ResultSet], notes: str, validators: Sequence[Table] = ()) -> str:
    """The page in Markdown, from result sets by the names of their folders. `notes` is hand-written text.

    `validators` are the tables of these over all of them.
    """
    found = harm_of_all(result_sets)
    sections = [
        "# Published tables",
        notes,
        _suites(result_sets),
        _figures(result_sets),
        _strategies(found),
        _hurt(found),
        _validators(validators),
        RULES,
    ]
    return "\n\n".join(text.strip("\n") for text in sections if text) + "\n"


def _validators(tables: Sequence[Table]) -> str:
    if not tables:
        return ""
    text = (
        "Selection protocols as competitors: how much accuracy on the target test split each lost to the best choice, "
        "and won over one by chance. `tlbench leaderboard FOLDER/SUITE --validators` shows the same of one suite."
    )
    return "\n\n".join(["## Which validator chooses best", text, render(tables, level=3).strip("\n")])


def _table(head: Sequence[str], rows: Sequence[Sequence[object]], numbers: int = 0) -> str:
    """A table whose last `numbers` columns stand at the right."""
    align = ["left"] * (len(head) - numbers) + ["right"] * numbers
    return tabulate(rows, headers=head, tablefmt="pipe", colalign=align, disable_numparse=True)


def _link(name: str) -> str:
    return f"[{escape(name)}]({name}/README.md)"


def _suites(result_sets: Mapping[str, ResultSet]) -> str:
    rows = [
        [
            _link(name),
            escape(result_set.plan.summary),
            _devices(result_set),
            escape(result_set.plan.contributor) or "the project",
            last_day(result_set),
            len(result_set.records),
            _seeds(result_set),
        ]
        for name, result_set in result_sets.items()
    ]
    head = ["suite", "question", "device", "contributor", "last run", "runs", "seeds"]
    return "## Suites\n\n" + _table(head, rows, numbers=2)


def _seeds(result_set: ResultSet) -> str:
    """How many; too few for an interval are said to be a look and no result."""
    seeds = len(result_set.plan.seeds)
    return f"{seeds}, no intervals" if seeds < MIN_SEEDS else str(seeds)


def _devices(result_set: ResultSet) -> str:
    shown = (
        device({key: record.provenance.get(key) for key in ("device", "cpu")}) for record in result_set.records.values()
    )
    return escape("; ".join(sorted({text for text in shown if text})))


def _figures(result_sets: Mapping[str, ResultSet]) -> str:
    with_figures = {name: result_set for name, result_set in result_sets.items() if result_set.plan.claims}
    published = {name: verdict_counts(result_set) for name, result_set in with_figures.items()}
    checks = {name: verdict_counts(result_set, cross_checks=True) for name, result_set in with_figures.items()}
    parts = [
        _figures_table("## Published figures beside ours", PUBLISHED, published),
        _figures_table("## Cross-checks", CROSS_CHECKED, checks),
    ]
    return "\n\n".join(part for part in parts if part)


def _figures_table(heading: str, text: str, all_counts: Mapping[str, Mapping[Outcome, int]]) -> str:
    counts = {name: found for name, found in all_counts.items() if any(found.values())}
    if not counts:
        return ""
    rows = [[_link(name), *(found[outcome] for outcome in OUTCOMES)] for name, found in counts.items()]
    rows.append(["all", *(sum(found[outcome] for found in counts.values()) for outcome in OUTCOMES)])
    table = _table(["suite", *OUTCOMES], rows, numbers=len(OUTCOMES))
    return f"{heading}\n\n{text}\n\n{table}"


def _strategies(found: Mapping[str, Harm]) -> str:
    names = sorted({name for suite in found.values() for name in suite.verdicts})
    if not names:
        return ""
    text = (
        "Cells (a variant that adapts, on a pair, in one setting and label budget) by their verdict: "
        f"{' / '.join(VERDICTS)}. By each suite's own metric and selection protocol, at a false-discovery rate of 5 % "
        "over the cells of a table."
    )
    if shared := sum(suite.elsewhere for suite in found.values()):
        again = f"{count(shared, 'cell')} that a suite shares with one before it"
        text += f" A cell counts once: {again} {'is' if shared == 1 else 'are'} left out."
    shown = {name: suite for name, suite in found.items() if suite.verdicts}
    rows = [[escape(name), *(_cell(suite, name) for suite in shown.values())] for name in names]
    table = _table(["strategy", *map(_link, shown)], rows, numbers=len(shown))
    return f"## What transfer did\n\n{text}\n\n{table}"


def _cell(suite: Harm, name: str) -> str:
    verdicts = suite.verdicts.get(name)
    return " / ".join(str(verdicts[v]) for v in VERDICTS) if verdicts else ""


def _hurt(found: Mapping[str, Harm]) -> str:
    lines = [f"- {escape(line)}" for suite in found.values() for line in suite.lines]
    total = sum(suite.hurt for suite in found.values())
    if not lines:
        return "## Cells that hurt\n\nNone is shown to."
    listing = "\n".join(lines)
    if total > _FOLDED_FROM:
        listing = f"<details><summary>All {total}, with their gaps</summary>\n\n{listing}\n\n</details>"
    said = (
        "The gap is error minus that of the reference; above 0, transfer hurt. Of the cells of a table that are called "
        "helped or hurt, an expected share of at most 5 % is not."
    )
    return f"## Cells that hurt\n\n{said}\n\n{listing}"
