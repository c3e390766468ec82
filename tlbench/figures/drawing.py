"""Drawings of what the figures' data say, with matplotlib."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from textwrap import wrap
from types import MappingProxyType
from typing import Any

from tlbench.core.plain_text import plain
from tlbench.figures.style import COLOURS, COLUMN, GAP_COLOURS, GREY, look
from tlbench.leaderboard.tables.cells import FAILED, HELPS, HURTS, VERDICT_MARKS, signed_text

#: Names longer than this are cut, so that they leave room for what they name.
LONGEST = 24
#: With more classes than these, a map does not name them.
NAMED = 12
Figure = Any
#: Verdicts whose mark stands in a cell of a heatmap.
MARKED = ("helps", "hurts", "training failed")


def draw_heatmap(data: Mapping[str, Any], title: str) -> Figure:
    """A panel for each strategy, sources as rows and targets as columns, gaps coloured around zero."""
    panels, rows, columns = data["panels"], data["sources"], data["targets"]
    across = min(len(panels), 2 if len(columns) <= 3 else 1)
    down = math.ceil(len(panels) / across)
    width = COLUMN if len(columns) <= 8 else 2 * COLUMN
    figure, axes = _axes(down, across, (width, 0.5 + down * (0.75 + 0.22 * len(rows))))
    gaps = [abs(cell["gap"]) for panel in panels for cell in panel["cells"] if _is_effect(cell)]
    most = max(gaps, default=1.0) or 1.0
    for axis, panel in zip(axes, panels, strict=False):
        image = _panel(axis, panel, rows, columns, most)
    for axis in axes[len(panels) :]:
        axis.remove()
    bar = figure.colorbar(image, ax=axes[: len(panels)], location="bottom", shrink=0.7, aspect=30)
    bar.outline.set_visible(False)
    failed = f", {FAILED} failed" if any(map(_has_failed, panels)) else ""
    bar.set_label(f"{data['gap']}{_of(data['unit'])}; {HELPS} helps, {HURTS} hurts{failed}")
    _entitle(figure, title)
    return figure


def _is_effect(cell: Mapping[str, Any]) -> bool:
    """Whether a cell has a gap that is one of transfer: that of a failed training is none, and bears no colour."""
    return cell["gap"] is not None and cell["verdict"] != "training failed"


def _has_failed(panel: Mapping[str, Any]) -> bool:
    return any(cell["verdict"] == "training failed" for cell in panel["cells"])


def _panel(axis: Any, panel: Mapping[str, Any], rows: list[str], columns: list[str], most: float) -> Any:
    import numpy as np

    values = np.full((len(rows), len(columns)), np.nan)
    for cell in panel["cells"]:
        if cell["gap"] is not None:
            at = rows.index(cell["source"]), columns.index(cell["target"])
            values[at] = cell["gap"] if _is_effect(cell) else np.nan
            mark = VERDICT_MARKS[cell["verdict"]] if cell["verdict"] in MARKED else ""
            dark = _is_effect(cell) and abs(cell["gap"]) > 0.6 * most
            text = signed_text(cell["gap"], 1) + mark
            colour = "white" if dark else "black"
            axis.text(at[1], at[0], text, ha="center", va="center", fontsize=6, color=colour)
    image = axis.imshow(values, cmap=GAP_COLOURS, vmin=-most, vmax=most, aspect="auto")
    axis.set_xlabel("target")
    axis.set_ylabel("source")
    axis.set_xticks(range(len(columns)), [_short(name) for name in columns], rotation=35, ha="right")
    axis.set_yticks(range(len(rows)), [_short(name) for name in rows])
    axis.tick_params(length=0)
    axis.set_title(_short(panel["variant"]))
    axis.set_facecolor("#ececec")
    for side in axis.spines.values():
        side.set_visible(False)
    return image


def draw_frontier(data: Mapping[str, Any], title: str) -> Figure:
    """Quality over seconds of a run, with intervals; a line joins what nothing else beats at its price."""
    from matplotlib import ticker

    figure, (axis,) = _axes(1, 1, (COLUMN, 2.5))
    for index, point in enumerate(data["points"]):
        filled = {} if point["on_frontier"] else {"markerfacecolor": "white"}
        axis.errorbar(
            point["seconds"],
            point["value"],
            yerr=point["by"],
            linestyle="none",
            capsize=2,
            elinewidth=0.8,
            label=_short(point["variant"]),
            **look(index),
            **filled,
        )
    best = sorted((p["seconds"], p["value"]) for p in data["points"] if p["on_frontier"])
    axis.step([x for x, _ in best], [y for _, y in best], where="post", color=GREY, linewidth=0.8, zorder=0)
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(ticker.MaxNLocator(5, prune="both"))
    axis.xaxis.set_major_formatter(ticker.FormatStrFormatter("%g"))
    axis.xaxis.set_minor_formatter(ticker.NullFormatter())
    axis.set_xlabel("seconds of a run, with what it shares")
    axis.set_ylabel(f"{data['metric']}{_of(data['unit'])}")
    axis.grid(alpha=0.3, linewidth=0.4)
    _legend(figure, axis)
    _entitle(figure, title)
    return figure


def draw_cd(data: Mapping[str, Any], title: str) -> Figure:
    """The critical-difference diagram (Demšar, JMLR 2006) by scikit-posthocs: who is joined is not told apart."""
    import pandas as pd
    import scikit_posthocs

    names = [_short(rank["variant"]) for rank in data["ranks"]]
    short = {rank["variant"]: _short(rank["variant"]) for rank in data["ranks"]}
    p_values = pd.DataFrame(1.0, index=names, columns=names)
    for first, second, p in data["p_values"]:
        p_values.loc[short[first], short[second]] = p_values.loc[short[second], short[first]] = p
    figure, (axis,) = _axes(1, 1, (COLUMN, 0.9 + 0.14 * len(names)))
    scikit_posthocs.critical_difference_diagram(
        dict(zip(names, (rank["rank"] for rank in data["ranks"]), strict=True)),
        p_values,
        ax=axis,
        label_fmt_left="{label} {rank:.2f}",
        label_fmt_right="{rank:.2f} {label}",
        text_h_margin=0.04,
        label_props={"fontsize": 6.5},
        crossbar_props={"color": "#D55E00", "linewidth": 2},
    )
    axis.set_title(
        f"average rank over {data['pairs']} pairs; critical difference {data['critical_difference']:.2f}", pad=14
    )
    _entitle(figure, title)
    return figure


def draw_curves(data: Mapping[str, Any], title: str) -> Figure:
    """Means over runs by step, with the range of the runs."""
    panels = data["panels"]
    figure, axes = _axes(len(panels), 1, (COLUMN, 0.6 + 1.5 * len(panels)))
    names = list(dict.fromkeys(line["variant"] for panel in panels for line in panel["lines"]))
    for axis, panel in zip(axes, panels, strict=True):
        for line in panel["lines"]:
            steps = [point["step"] for point in line["points"]]
            colours = look(names.index(line["variant"]))
            low, high = ([point[end] for point in line["points"]] for end in ("low", "high"))
            axis.fill_between(steps, low, high, color=colours["color"], alpha=0.15, linewidth=0)
            means = [point["mean"] for point in line["points"]]
            axis.plot(steps, means, label=_short(line["variant"]), markevery=max(1, len(steps) // 6), **colours)
        axis.set_ylabel(panel["title"])
        axis.grid(alpha=0.3, linewidth=0.4)
    axes[-1].set_xlabel("step")
    _legend(figure, max(axes, key=lambda axis: len(axis.lines)))
    _entitle(figure, title)
    return figure


def draw_shots(data: Mapping[str, Any], title: str) -> Figure:
    """A panel over all pairs and one for each target: a line for each row, dashed across where no budget changes it."""
    panels, budgets = data["panels"], data["budgets"]
    across = min(2, len(panels))
    down = math.ceil(len(panels) / across)
    figure, axes = _axes(down, across, (COLUMN if across == 1 else 2 * COLUMN, 0.7 + 1.9 * down))
    names = list(dict.fromkeys(line["variant"] for panel in panels for line in panel["lines"]))
    for axis, panel in zip(axes, panels, strict=False):
        for line in panel["lines"]:
            _budget_line(axis, line, budgets, names.index(line["variant"]), len(names))
        axis.set_title(_short(panel["title"], 40))
        axis.set_xticks(range(len(budgets)), budgets)
        axis.set_xlim(-0.4, len(budgets) - 0.4)
        if data["unit"] == "%":  # an interval of t may reach beyond what there is
            low, high = axis.get_ylim()
            axis.set_ylim(max(low, -2.0), min(high, 102.0))
        axis.grid(alpha=0.3, linewidth=0.4)
    for axis in axes[len(panels) :]:
        axis.remove()
    for axis in axes[: len(panels) : across]:
        axis.set_ylabel(f"{data['metric']}{_of(data['unit'])}")
    _legend(figure, max(axes[: len(panels)], key=lambda axis: len(axis.get_legend_handles_labels()[1])))
    _entitle(figure, title)
    return figure


def _budget_line(axis: Any, line: Mapping[str, Any], budgets: list[str], index: int, of: int) -> None:
    """Beside one another, so that no interval hides another."""
    style, label = look(index), _short(line["variant"])
    aside = (index / max(of - 1, 1) - 0.5) * 0.24
    if level := line.get("level"):
        axis.axhline(level["value"], color=style["color"], linestyle="--", linewidth=0.9, label=label, zorder=1)
        if level["by"] is not None:
            place = {"capsize": 2, "elinewidth": 0.8, "color": style["color"]}
            axis.errorbar(len(budgets) - 0.6 + aside / 2, level["value"], yerr=level["by"], **place)
        return
    points = line["points"]
    at = [budgets.index(point["budget"]) + aside for point in points]
    axis.errorbar(
        at,
        [point["value"] for point in points],
        yerr=[math.nan if point["by"] is None else point["by"] for point in points],
        linestyle=":" if line["reference"] else "-",
        capsize=2,
        elinewidth=0.8,
        label=label,
        **style,
    )


def draw_embedding(data: Mapping[str, Any], title: str) -> Figure:
    """A map for each variant: classes by colour and by name, source as circles, target as crosses."""
    panels = data["panels"]
    across = min(2, len(panels))
    down = math.ceil(len(panels) / across)
    figure, axes = _axes(down, across, (COLUMN, 0.55 + down * COLUMN / across))
    for axis, panel in zip(axes, panels, strict=False):
        _map(axis, panel["points"], data["classes"])
        axis.set_title(f"{_short(panel['title'])} ($d_A$ = {panel['distance']:.2f})")
    for axis in axes[len(panels) :]:
        axis.remove()
    for name, marker in zip(("source", "target"), _DOMAIN_MARKERS, strict=True):
        axes[0].scatter([], [], marker=marker, s=14, color=GREY, linewidths=0.8, label=name)
    _legend(figure, axes[0])
    _entitle(figure, title)
    return figure


#: Of source and target items: a dot covers what lies under it, a cross does not.
_DOMAIN_MARKERS = (".", "x")


def _map(axis: Any, points: list[list[float]], classes: list[str]) -> None:
    import numpy as np
    from matplotlib import patheffects

    x, y, label, domain = np.array(points).T
    colours = class_colours(len(classes))
    for number, colour in enumerate(colours):
        for of, marker in enumerate(_DOMAIN_MARKERS):
            chosen = (label == number) & (domain == of)
            axis.scatter(
                x[chosen], y[chosen], s=(9, 6)[of], marker=marker, color=colour, linewidths=(0, 0.5)[of], alpha=0.8
            )
        here = (label == number) & (domain == 0)
        if len(classes) <= NAMED and here.any():
            text = axis.text(
                np.median(x[here]), np.median(y[here]), _short(classes[number], 10), ha="center", fontsize=6
            )
            text.set_path_effects([patheffects.withStroke(linewidth=1.5, foreground="white")])
    axis.set_xticks([])
    axis.set_yticks([])
    for side in axis.spines.values():
        side.set_visible(True)


def class_colours(number: int) -> list[Any]:
    """A colour for each class: as of the series where there are enough, else along a map of even steps."""
    from matplotlib import colormaps

    if number <= len(COLOURS):
        return list(COLOURS[:number])
    return [colormaps["turbo"](0.05 + 0.9 * index / (number - 1)) for index in range(number)]


#: How each kind of figure is drawn from its data, under a title.
DRAWINGS: Mapping[str, Callable[[Mapping[str, Any], str], Figure]] = MappingProxyType(
    {
        "heatmap": draw_heatmap,
        "frontier": draw_frontier,
        "cd": draw_cd,
        "curves": draw_curves,
        "shots": draw_shots,
        "embedding": draw_embedding,
    }
)


def _axes(down: int, across: int, size: tuple[float, float]) -> tuple[Any, list[Any]]:
    from matplotlib.figure import Figure as MplFigure

    figure = MplFigure(figsize=size)
    return figure, list(figure.subplots(down, across, squeeze=False).flat)


def _entitle(figure: Any, title: str) -> None:
    """What the figure is of, on as many lines as the width asks for."""
    characters = int(22 * figure.get_figwidth())
    figure.suptitle("\n".join(wrap(_short(title, 160), characters)), fontsize=6, color=GREY)


def _legend(figure: Any, axis: Any) -> None:
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(3, len(labels)), frameon=False)


def _of(unit: str) -> str:
    return f" in {unit}" if unit else ""


def _short(name: str, most: int = LONGEST) -> str:
    """A name on one line, its signs of mathematics taken as they are."""
    text = plain(name).replace("$", r"\$")
    return text if len(text) <= most else text[: most - 1] + "…"
