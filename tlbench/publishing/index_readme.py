"""The page over all suites: what each asks, what became of published figures, and where transfer did harm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tabulate import tabulate

from tlbench.evaluation.verdicts import VERDICTS
from tlbench.leaderboard.analysis.result_set import ResultSet
from tlbench.leaderboard.claims.sections import OUTCOMES, verdict_counts
from tlbench.leaderboard.renderers.markdown import escape
from tlbench.publishing.harm_counts import Harm, harm
from tlbench.publishing.run_environment import device, last_day

#: With more cells that hurt, their list is folded.
_FOLDED_FROM = 12

RULES = """## The rules

- **The metric** is the first of the suite's file, on the target test split; with clusters, clustering accuracy. A mean
  is over pairs of means over seeds, with its 95 % interval over seeds. A cell helps or hurts where a paired t-test over
  seeds says so after Holm's correction over the cells of its table.
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


def summary(result_sets: Mapping[str, ResultSet], notes: str) -> str:
    """The page in Markdown, from result sets by the names of their folders. `notes` is hand-written text."""
    found = {name: harm(result_set) for name, result_set in result_sets.items()}
    sections = [
        "# Published tables",
        notes,
        _suites(result_sets),
        _figures(result_sets),
        _strategies(found),
        _hurt(found),
        RULES,
    ]
    return "\n\n".join(text.strip("\n") for text in sections if text) + "\n"


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
            len(result_set.plan.seeds),
        ]
        for name, result_set in result_sets.items()
    ]
    head = ["suite", "question", "device", "contributor", "last run", "runs", "seeds"]
    return "## Suites\n\n" + _table(head, rows, numbers=2)


def _devices(result_set: ResultSet) -> str:
    shown = (
        device({key: record.provenance.get(key) for key in ("device", "cpu")}) for record in result_set.records.values()
    )
    return escape("; ".join(sorted({text for text in shown if text})))


def _figures(result_sets: Mapping[str, ResultSet]) -> str:
    counts = {name: verdict_counts(result_set) for name, result_set in result_sets.items() if result_set.plan.claims}
    if not counts:
        return ""
    rows = [[_link(name), *(found[outcome] for outcome in OUTCOMES)] for name, found in counts.items()]
    rows.append(["all", *(sum(found[outcome] for found in counts.values()) for outcome in OUTCOMES)])
    text = "Figures that were published elsewhere, and what ours say of them; each suite's page has the rule."
    table = _table(["suite", *OUTCOMES], rows, numbers=len(OUTCOMES))
    return f"## Published figures beside ours\n\n{text}\n\n{table}"


def _strategies(found: Mapping[str, Harm]) -> str:
    names = sorted({name for suite in found.values() for name in suite.verdicts})
    if not names:
        return ""
    rows = [[escape(name), *(_cell(suite, name) for suite in found.values())] for name in names]
    text = (
        "Cells (a variant that adapts, on a pair, in one setting and label budget) by their verdict: "
        f"{' / '.join(VERDICTS)}. By each suite's own metric and selection protocol, at a false-discovery rate of 5 % "
        "over the cells of a table; runs that several suites share count in each of them."
    )
    table = _table(["strategy", *map(_link, found)], rows, numbers=len(found))
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
    return f"## Cells that hurt\n\nThe gap is error minus that of the reference; above 0, transfer hurt.\n\n{listing}"
