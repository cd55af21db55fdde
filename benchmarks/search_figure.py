"""Recall against rate, an image."""

from pathlib import Path
from typing import Any

import numpy as np

# Okabe and Ito's colours, which differ for the colour-blind too, and a mark for each.
STYLES = {
    "kit float32": ("#0072B2", "o"),
    "kit bfloat16": ("#56B4E9", "s"),
    "kit int8": ("#009E73", "D"),
    "faiss IVFFlat": ("#D55E00", "^"),
    "hnswlib": ("#CC79A7", "v"),
}
EXACT = ("TFRS BruteForce", "#444444")
TICKS = (0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
LOWEST, HIGHEST = 0.55, 0.9995


def image(run: dict[str, Any], file: Path) -> None:
    """Draw one panel a mode and k: recall, more of it to the right, and queries a second.

    Args:
        run: of search.json.
        file: where to, PNG.
    """
    # Matplotlib takes a second to import.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 8), layout="constrained", dpi=150)
    modes = {"single": "one query at a time", "batch": f"batches of {run['batch']}"}
    ks = sorted({point["k"] for point in run["points"]})
    panels = figure.subplots(len(ks), len(modes), squeeze=False, sharex="row", sharey="row")
    for row, k in zip(panels, ks, strict=True):
        for axes, (mode, title) in zip(row, modes.items(), strict=True):
            _draw(axes, [point for point in run["points"] if point["k"] == k], mode)
            axes.set_title(title, fontsize=10, loc="left")
            axes.set_xlabel(f"recall@{k}")
            axes.axvline(_place(run["recall_at_least"]), color="#bbbbbb", linewidth=1, zorder=0)
        row[0].set_ylabel("queries a second")
    figure.suptitle(f"{run['size']:,} x {run['dim']}, {run['about']}; 1 thread", fontsize=10)
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    figure.savefig(file)


def _draw(axes: Any, points: list[dict[str, Any]], mode: str) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    for name, (colour, mark) in STYLES.items():
        curve = _envelope([point for point in points if point["name"] == name], mode)
        if curve:
            places, rates = zip(*curve, strict=True)
            axes.plot(places, rates, color=colour, marker=mark, markersize=5, label=name)
    exact = [x[mode]["queries_per_second"] for x in points if x["name"] == EXACT[0]]
    if exact:
        axes.axhline(exact[0], color=EXACT[1], linestyle="--", label=f"{EXACT[0]} (exact)")
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(lambda rate, _: f"{rate:,.0f}")
    axes.yaxis.set_minor_locator(NullLocator())
    lowest = max(LOWEST, min(x["recall"] for x in points) - 0.02)
    axes.set_xlim(_place(lowest), _place(HIGHEST) + 0.05)
    ticks = [x for x in TICKS if x >= lowest]
    axes.set_xticks([_place(x) for x in ticks], [f"{x:g}" for x in ticks])
    axes.tick_params(labelsize=8, length=2)
    axes.grid(color="#e8e8e8", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _envelope(points: list[dict[str, Any]], mode: str) -> list[tuple[float, float]]:
    """Place and rate of the points that no other beats in both recall and rate."""
    kept: list[tuple[float, float]] = []
    for point in sorted(points, key=lambda x: (-x["recall"], -x[mode]["queries_per_second"])):
        rate = point[mode]["queries_per_second"]
        if point["recall"] >= LOWEST and (not kept or rate > kept[-1][1]):
            kept.append((_place(min(point["recall"], HIGHEST)), rate))
    return kept[::-1]


def _place(recall: float) -> float:
    """Each ten times fewer misses take the same width."""
    return float(-np.log10(1 - recall))
