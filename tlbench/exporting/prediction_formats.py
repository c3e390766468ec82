"""Predictions of items as text: CSV and JSON with every probability, and as a table for reading."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tlbench.core.run_spec import label_budget
from tlbench.exporting.item_predictions import ItemPredictions
from tlbench.leaderboard.renderers import formats, render
from tlbench.leaderboard.tables.cells import Cell, Column, Table, count
from tlbench.plugins.manager import PluginHost


def as_text(found: ItemPredictions, form: str, which: str, host: PluginHost) -> str:
    """The items that `which` leaves (see `ItemPredictions.only`), in a format.

    Raises `TlbenchError` for a format that there is not.
    """
    rows = found.only(which)
    if form == "csv":
        text: str = found.frame().iloc[rows].to_csv(index=False, lineterminator="\n")
        return text
    if form == "json":
        return _as_json(found, rows)
    host.find("renderers", form)
    return render([table_of(found, rows, which)], form, host)


def all_formats(host: PluginHost) -> list[str]:
    """Their names."""
    return sorted({"csv", "json", *formats(host)})


def table_of(found: ItemPredictions, rows: Sequence[int], which: str = "all") -> Table:
    """A row for each item, with the probability of what is predicted and of the label."""
    columns = [Column("item", "item", "left"), Column("label", "label", "left")]
    columns.append(Column("prediction", "prediction", "left"))
    if not found.clusters:
        columns.append(Column("correct", "", "left"))
    chances = found.probabilities
    if chances is not None:
        columns.append(Column("p", "p"))
        if not found.clusters:
            columns.append(Column("p_label", "p(label)"))
    if found.beside:
        columns.append(Column(found.beside, found.beside, "left"))
        columns.append(Column(f"{found.beside}_correct", "", "left"))
    return Table(_title(found), columns, [_row(found, row) for row in rows], _caption(found, which), [*found.notes])


def _row(found: ItemPredictions, row: int) -> list[Cell]:
    label, predicted = int(found.labels[row]), int(found.classes[row])
    cells = [Cell(found.items[row]), Cell(found.class_names[label]), Cell(found.names[predicted])]
    if not found.clusters:
        cells.append(Cell("" if label == predicted else "✗"))
    if found.probabilities is not None:
        shown = [predicted] if found.clusters else [predicted, label]
        cells += [_chance(found.probabilities[row, place]) for place in shown]
    if found.beside:
        other = int(found.beside_classes[row])
        cells += [Cell(found.class_names[other]), Cell("" if other == label else "✗")]
    return cells


def _chance(value: Any) -> Cell:
    return Cell(f"{float(value):.3f}", float(value))


def _title(found: ItemPredictions) -> str:
    record = found.record
    what = f"{record.setting}{label_budget(record.shots)}, {record.backbone}, seed {record.seed}"
    return f"{record.variant} on {record.spec.pair} · {what} · step {found.checkpoint} · run {record.run_key[:8]}"


def _caption(found: ItemPredictions, which: str) -> str:
    number = len(found.items)
    if found.clusters:
        return f"{count(number, 'test item')} of {found.record.target!r} in {len(found.class_names)} clusters"
    right = int(found.correct.sum())
    text = f"{count(number, 'test item')} of {found.record.target!r}, {right} right ({100 * right / number:.1f} %)"
    if found.beside:
        helped, hurt = len(found.only("helped")), len(found.only("hurt"))
        other = int(found.beside_correct.sum())
        text += f"; {found.beside} has {other} right: {helped} are right here alone, {hurt} are right there alone"
    return f"{text}. ✗: wrong" if which == "all" else f"{text}. Shown are those that are {which}. ✗: wrong"


def _as_json(found: ItemPredictions, rows: Sequence[int]) -> str:
    record = found.record
    about = {
        "run_key": record.run_key,
        "variant": record.variant,
        "pair": record.spec.pair,
        "setting": record.setting,
        "shots": record.shots,
        "backbone": record.backbone,
        "seed": record.seed,
        "checkpoint": found.checkpoint,
        "class_names": list(found.class_names),
        "beside": found.beside,
        "notes": list(found.notes),
    }
    return json.dumps({**about, "items": [_item(found, row) for row in rows]}, indent=1, ensure_ascii=False) + "\n"


def _item(found: ItemPredictions, row: int) -> dict[str, Any]:
    item: dict[str, Any] = {
        "item": found.items[row],
        "label": found.class_names[found.labels[row]],
        "prediction": found.names[found.classes[row]],
    }
    if not found.clusters:
        item["correct"] = bool(found.correct[row])
    if found.beside:
        item[found.beside.replace("-", "_")] = found.class_names[found.beside_classes[row]]
    if found.probabilities is not None:
        # Nine digits tell any two numbers of 32 bits apart.
        chances = (float(f"{value:.9g}") for value in found.probabilities[row])
        item["probabilities"] = dict(zip(found.names, chances, strict=True))
    return item
