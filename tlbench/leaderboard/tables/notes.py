"""The lines around a table: what it shows, of which data, and what its marks mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tlbench.core.run_spec import label_budget
from tlbench.evaluation.selection import DESCRIPTIONS
from tlbench.evaluation.statistics import MIN_SEEDS, Estimate
from tlbench.leaderboard.analysis.table_group import TableGroup
from tlbench.leaderboard.analysis.table_values import POOLING, REVERSE, TRIVIAL, CellKey
from tlbench.leaderboard.tables.cells import (
    COLD,
    DISHONEST,
    FAILED,
    FLAGGED,
    HELPS,
    HURTS,
    NO_MATTER,
    NO_STEPS,
    TESTED_ON,
    UNKNOWN,
    Column,
    count,
    metric_name,
)

SAME_RESULT = "same result for every seed, so no interval over seeds"
#: The protocol that reads target labels beside those of the label budget.
TARGET_VAL = "target-val"
REFERENCE_MEANINGS = {
    TRIVIAL: "majority: always the class that is most frequent among all training labels of the target",
    POOLING: "pooling: one classifier on the source's labels and the target's that the setting gives, together",
}
#: Targets that a caption names one by one.
NAMED_TARGETS = 6


def title(place: TableGroup, extra: str = "", budget: str | None = None) -> str:
    """What must never be mixed: suite, setting, label budget (or `budget`), backbone, evaluation, protocol."""
    first = place.cells[0]
    protocol = extra or f"selection: {place.selection}{further_labels(place)}"
    warning = f"{DISHONEST} " if place.selection == "target-test" else ""
    parts = (
        place.result_set.plan.suite,
        first.setting + (label_budget(first.shots) if budget is None else budget),
        place.result_set.shown_backbone(first.backbone),
        first.evaluation,
        warning + protocol,
    )
    return " · ".join(parts)


def further_labels(place: TableGroup) -> str:
    """The target labels that a protocol reads beside those of the label budget."""
    if place.selection != TARGET_VAL:
        return ""
    shots = place.cells[0].shots
    most = f"up to {shots} " if isinstance(shots, int) else ""
    return f", by {most}further target labels{' per class' if most else ''}"


def place_name(place: TableGroup) -> str:
    """A table among others of its suite: `inductive, 5 shots · small-cnn · held-out`."""
    first = place.cells[0]
    backbone = place.result_set.shown_backbone(first.backbone)
    return f"{first.setting}{label_budget(first.shots)} · {backbone} · {first.evaluation}"


def caption(place: TableGroup, *, over_pairs: bool) -> str:
    """What the numbers are, over how many pairs and seeds, and what was dropped."""
    return f"{measured(place, over_pairs=over_pairs)} {dropped(place, over_pairs)}".strip()


def measured(place: TableGroup, *, over_pairs: bool, of: str | None = None) -> str:
    """What the numbers are (by default the metric, in its unit), and over how many pairs and seeds."""
    unit = " in %" if place.scale.percent else ""
    interval = "mean" if place.few_seeds else "mean ± 95 % interval"
    pairs = count(len(place.pairs), "pair")
    mean = f" of the mean over {pairs}" if over_pairs and len(place.pairs) > 1 else ""
    over = f"{count(len(place.seeds), 'seed')}{mean}"
    where = TESTED_ON[place.cells[0].evaluation] + test_items(place)
    return f"{of or metric_name(place.metric) + unit} on {where}, {interval} over {over}."


def test_items(place: TableGroup) -> str:
    """` (25 items of north, 61 of south)`, of a user's own data: how little a number may rest on."""
    sizes = {cell.target: place.result_set.plan.test_examples.get(cell.target) for cell in place.cells}
    known = {target: size for target, size in sizes.items() if size is not None}
    if not place.result_set.plan.own_data or not known:
        return ""
    if len(known) > NAMED_TARGETS:
        fewest = min(known, key=lambda target: known[target])
        return f" ({known[fewest]} to {max(known.values())} items of {len(known)} targets, the fewest of {fewest})"
    first, *others = known.items()
    listing = [f"{count(first[1], 'item')} of {first[0]}", *(f"{size} of {target}" for target, size in others)]
    return f" ({', '.join(listing)})"


def references(place: TableGroup) -> list[str]:
    """What references are that not every table has."""
    return [REFERENCE_MEANINGS[name] for name in place.baselines if name in REFERENCE_MEANINGS]


def dropped(place: TableGroup, over_pairs: bool, only: str | None = None) -> str:
    """How many runs means leave out, by variant (or of one `only`); nothing unless that was asked for."""
    if not place.drop:
        return ""
    total = len(place.pairs) * len(place.seeds)
    lost = {}
    for variant in place.variants if only is None else [only]:
        shown = place.shown(variant)
        there = sum(len(place.by_seed(variant, pair)) for pair in place.pairs)
        lost[variant] = shown.left_out if shown and over_pairs else total - there
    named = ", ".join(f"{name} {number}" for name, number in lost.items() if number)
    return f"Dropped from means, of {total} runs each: {named}; rows may be over different pairs." if named else ""


def cannot_run(place: TableGroup) -> list[str]:
    """The strategies that have no row, since they are not applicable here."""
    by_reason: dict[str, list[str]] = {}
    for variant, reason in place.cannot_run.items():
        by_reason.setdefault(reason.removeprefix(f"{variant} is not applicable: "), []).append(variant)
    if not by_reason:
        return []
    listing = "; ".join(f"{', '.join(names)} ({reason.replace('; ', ', ')})" for reason, names in by_reason.items())
    return [f"not applicable, so without a row: {listing}"]


def about_data(place: TableGroup) -> list[str]:
    """How splits were drawn, what was left out, and which test examples stand in a source too."""
    plan, pairs = place.result_set.plan, {cell.pair for cell in place.cells}
    said = [note.text for note in plan.notes if any(map(note.is_about, pairs))]
    asked = {(source, cell.target) for cell in place.cells for source in cell.source}
    found = [shared.text for shared in plan.shared if (shared.source, shared.target) in asked]
    return [*said, *([f"duplicates across domains: {'; '.join(found)}"] if found else [])]


def same_for_every_seed(place: TableGroup, *, over_pairs: bool) -> list[str]:
    """What has no interval although there are seeds for one: whole rows, or rows on single pairs."""
    if over_pairs:
        rows = [name for name in place.variants if _is_same(place.overall(name))]
    else:
        found = {name: [pair for pair in place.pairs if _is_same(place.at(name, pair))] for name in place.variants}
        rows = [row_on(name, pairs, len(place.pairs)) for name, pairs in found.items() if pairs]
    return [f"{SAME_RESULT}: {'; '.join(rows)}"] if rows else []


def row_on(name: str, pairs: Sequence[str], of: int) -> str:
    """A row, with the pairs that it is about where these are not all."""
    return name if len(pairs) == of else f"{name} on {', '.join(pairs)}"


def _is_same(found: Estimate | None) -> bool:
    return found is not None and found.same_for_every_seed


def marks(
    place: TableGroup, columns: Iterable[Column], texts: Iterable[tuple[str, ...]], only: str | None = None
) -> list[str]:
    """One line for each mark that stands in the table, and for what is shown at another step than the others.

    `only`: the flags of this variant.
    """
    present = {mark for cell in texts for mark in cell}
    lines = list(place.choices)
    if place.selection == "target-test":
        lines.append(f"{DISHONEST} chosen by the target test score: shown for comparison, never ranked")
    elif place.selection == REVERSE:
        lines.append(f"{REVERSE} takes the last step, and chooses among members of a grid by {DESCRIPTIONS[REVERSE]}")
    elif place.selection in DESCRIPTIONS and place.selection != "last":
        lines.append(f"{place.selection} chooses checkpoints by {DESCRIPTIONS[place.selection]}")
    if place.at_last_step:
        names = ", ".join(sorted(place.at_last_step))
        lines.append(f"{names}: not scored by {place.selection}, shown at the last step")
    if any(column.name == "rank" for column in columns) and place.ranks:
        lines.append(_rank_note(place))
    meanings = {
        HELPS: "transfer is shown to help",
        HURTS: "transfer is shown to hurt",
        NO_MATTER: "no matter",
        UNKNOWN: "unknown",
        FAILED: "training failed",
    }
    lines += [f"{mark} {meaning}" for mark, meaning in meanings.items() if mark in present]
    if NO_STEPS in present:
        lines.append(f"{NO_STEPS} not trained by steps: speed of the backbone, not to be compared")
    if COLD in present:
        lines.append(f"{COLD} predicted by a process that has trained nothing, so still cold: not to be compared")
    return lines + (_flags(place, only) if FLAGGED in present else [])


def _rank_note(place: TableGroup) -> str:
    unranked = [name for name in place.strategies if name not in place.ranks and name not in place.cannot_run]
    baseline = f" and {place.rank_baseline[0]}, the baseline without transfer" if place.rank_baseline else ""
    baseline = (
        baseline.replace("without transfer", "without adaptation") if place.setting == "transductive" else baseline
    )
    holes = f"; not ranked for want of runs: {', '.join(unranked)}" if unranked else ""
    bootstrap = ", 95 % interval by bootstrap over pairs" if len(place.pairs) >= MIN_SEEDS else ""
    shared = "; pairs that share domains are not independent" if bootstrap and _share_domains(place) else ""
    return (
        f"rank: average over {count(len(place.pairs), 'pair')}{bootstrap}{shared}, of the strategies{baseline}{holes}"
    )


def _share_domains(place: TableGroup) -> bool:
    """Whether a domain is in several pairs."""
    pairs = {(tuple(cell.source), cell.target) for cell in place.cells}
    domains = [name for sources, target in pairs for name in (*sources, target)]
    return len(set(domains)) < len(domains)


def _flags(place: TableGroup, only: str | None = None) -> list[str]:
    """The sanity flags, without the number of the single run that follows the colon."""
    found: dict[str, dict[CellKey, None]] = {}
    for spot, cells in place.by_spot.items():
        for flag in flags_of(place, cells.values()) if only in (None, spot[0]) else ():
            found.setdefault(flag.partition(":")[0], {})[spot] = None
    return [f"{FLAGGED} {flag}: {_listing(spots)}" for flag, spots in found.items()]


def _listing(spots: Iterable[CellKey]) -> str:
    """`a on x:y, x:z; b on x:y`: each variant once."""
    by_variant: dict[str, list[str]] = {}
    for variant, pair in spots:
        by_variant.setdefault(variant, []).append(pair)
    return "; ".join(f"{variant} on {', '.join(pairs)}" for variant, pairs in by_variant.items())


def flags_of(place: TableGroup, cells: Iterable[object]) -> list[str]:
    """Sanity flags of the records behind some cells."""
    keys = [getattr(cell, "run_key", "") for cell in cells]
    records = [place.result_set.records[key] for key in keys if key in place.result_set.records]
    return [flag for record in records for flag in record.flags]
