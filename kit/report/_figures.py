"""Figures of a report, as SVG that inherits the colours of the page."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kit.metrics import Estimate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Placeholders that no figure uses; in the SVG the page's colours, light or dark, replace them.
INK, SOFT, GRID, MODEL, OTHER = "#010203", "#040506", "#070809", "#0a0b0c", "#0d0e0f"
PAGE_COLOURS = {INK: "ink", SOFT: "soft", GRID: "grid", MODEL: "model", OTHER: "other"}
FROM_HEAD_TO_TAIL = ("#0b3c6f", "#1f6fb5", "#5ba3d9", "#a9d0ec", "#dceaf5")
SHELVES = (0.01, 0.05, 0.2, 0.5, 1.0)
SHELF_NAMES = ("top 1 %", "to 5 %", "to 20 %", "to 50 %", "other half")
LOSS = "training loss"
MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"
WIDTH = 4.9  # inches: 353 points, about the width of a phone, so that text keeps its size there


def comparison(systems: dict[str, Estimate], *, model: str, metric: str) -> str:
    """Bars of one metric with their intervals, best first.

    Args:
        systems: name to estimate; those without a value are left out.
        model: the one to highlight.
        metric: its name, the label of the axis.

    Returns:
        An `<svg>` element.
    """
    shown = [(name, x) for name, x in systems.items() if np.isfinite(x.mean)]
    shown.sort(key=lambda pair: pair[1].mean)
    with Drawing("comparison", height=0.55 + 0.36 * len(shown)) as drawing:
        axes = drawing.axes()
        ends = [x.mean if np.isnan(x.high) else x.high for _, x in shown]
        reach = max([*ends, 1e-9])
        for place, ((name, x), end) in enumerate(zip(shown, ends, strict=True)):
            axes.barh(place, x.mean, height=0.6, color=MODEL if name == model else OTHER)
            axes.plot([x.low, x.high], [place, place], color=INK, linewidth=1.2)
            axes.text(end + 0.02 * reach, place, decimals(x.mean), va="center", color=INK)
        axes.set_yticks(range(len(shown)), [name for name, _ in shown])
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.set_xlim(0, reach * 1.16)
        axes.set_xlabel(metric)
        axes.xaxis.set_major_formatter(lambda value, _: decimals(value, 2))
        axes.grid(axis="x", color=GRID, linewidth=0.6)
    return drawing.svg


def training_figure(
    epochs: Sequence[float], loss: Sequence[float], valid: Sequence[float], *, metric: str
) -> str:
    """Training loss and validation metric by epoch, the best epoch marked.

    Args:
        epochs: numbers of the epochs.
        loss: training loss of each epoch; nan where unknown.
        valid: validation metric after each epoch; nan where unknown, possibly everywhere.
        metric: its name.

    Returns:
        An `<svg>` element.
    """
    curves = [
        (name, np.asarray(values, dtype=float))
        for name, values in ((LOSS, loss), (f"{metric} on valid", valid))
    ]
    curves = [(name, values) for name, values in curves if np.isfinite(values).any()]
    with Drawing("training", height=0.4 + 1.45 * len(curves)) as drawing:
        from matplotlib.ticker import MaxNLocator

        panels = drawing.figure.subplots(len(curves), sharex=True, squeeze=False)[:, 0]
        for axes, (name, values) in zip(panels, curves, strict=True):
            style_axes(axes)
            axes.set_title(name, loc="left", color=INK, fontsize=9)
            axes.plot(epochs, values, color=MODEL, marker="." if len(epochs) < 40 else "")
            axes.grid(axis="y", color=GRID, linewidth=0.6)
            axes.margins(y=0.18)
            if name != LOSS:
                axes.yaxis.set_major_formatter(lambda value, _: decimals(value, 2))
        if np.isfinite(valid).any():
            best = int(np.nanargmax(valid))
            for axes in panels:
                axes.axvline(epochs[best], color=SOFT, linewidth=0.8, linestyle=(0, (3, 3)))
            panels[-1].plot(epochs[best], valid[best], "o", color=MODEL, markersize=6)
            # In the title, where no curve can run through it.
            title = f"{panels[-1].get_title(loc='left')}: best {decimals(valid[best])}"
            panels[-1].set_title(
                f"{title}, epoch {epochs[best]:.4g}", loc="left", color=INK, fontsize=9
            )
        panels[-1].set_xlabel("epoch")
        panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    return drawing.svg


def deletion_figure(removed: Sequence[float], curves: Mapping[str, Sequence[Estimate]]) -> str:
    """What is lost when items of the history are removed, with intervals.

    Args:
        removed: shares of the history.
        curves: name to the loss at each share; the first one is highlighted.

    Returns:
        An `<svg>` element.
    """
    with Drawing("deletion", height=2.2) as drawing:
        axes = drawing.axes()
        places = np.array([0.0, *removed])
        for (name, curve), colour in zip(curves.items(), (MODEL, OTHER), strict=True):
            mean, low, high = (
                np.array([0.0, *(getattr(x, end) for x in curve)])
                for end in ("mean", "low", "high")
            )
            axes.fill_between(places, low, high, color=colour, alpha=0.25, linewidth=0)
            axes.plot(places, mean, color=colour, marker=".", label=name)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
        axes.set_xlabel("removed items of the history")
        axes.set_ylabel("lost margin", color=SOFT)
        axes.grid(axis="y", color=GRID, linewidth=0.6)
        axes.legend(frameon=False, labelcolor=INK, fontsize=8)
    return drawing.svg


def long_tail(shares: dict[str, NDArray[np.float64]]) -> str:
    """How interactions and recommendations spread over the catalogue, by popularity of the items.

    Args:
        shares: name of a row to the shares of its `SHELVES`, as of `shelf_shares`.

    Returns:
        An `<svg>` element.
    """
    with Drawing("long-tail", height=0.75 + 0.36 * len(shares)) as drawing:
        axes = drawing.axes()
        for place, row in enumerate(reversed(shares.values())):
            left = 0.0
            for shelf, share in enumerate(row):
                axes.barh(
                    place,
                    share,
                    left=left,
                    height=0.72,
                    color=FROM_HEAD_TO_TAIL[shelf],
                    label=SHELF_NAMES[shelf] if place == 0 else None,
                )
                if share >= 0.05:
                    colour = "#ffffff" if shelf < 2 else "#10243a"
                    centre = left + share / 2
                    axes.text(
                        centre,
                        place,
                        f"{100 * share:.0f}",
                        ha="center",
                        va="center",
                        color=colour,
                        fontsize=8,
                    )
                left += share
        axes.set_yticks(range(len(shares)), list(reversed(shares)))
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.set_xlim(0, 1)
        axes.set_xticks([])
        drawing.figure.legend(
            loc="outside upper center",
            ncols=len(SHELVES),
            frameon=False,
            labelcolor=INK,
            fontsize=8,
            handlelength=0.9,
            handletextpad=0.4,
            columnspacing=1.0,
        )
    return drawing.svg


def shelf_shares(
    items: NDArray[np.integer], popularity: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Shares of items in each of the `SHELVES` of the catalogue, most popular first.

    Args:
        items: int [n], codes with repeats; negative ones do not count.
        popularity: [catalogue], larger is more popular; ties by the smaller code.

    Returns:
        float64 [shelves], with sum 1; zeros where there is no item.

    Example:

    >>> shelf_shares(np.array([1, 1, 0, -1]), np.array([2, 9])).round(2)
    array([0.67, 0.  , 0.  , 0.  , 0.33])
    """
    rank = np.empty(len(popularity), np.int64)
    rank[np.argsort(-popularity, kind="stable")] = np.arange(len(popularity))
    # An item stands on the first shelf that reaches up to it; the best is always on a shelf.
    ends = np.ceil(np.array(SHELVES) * len(popularity))
    shelves = np.searchsorted(ends, rank[items[items >= 0]], side="right")
    return np.bincount(shelves, minlength=len(SHELVES)) / max(len(shelves), 1)


def decimals(value: float, digits: int = 4) -> str:
    """A number as tables show it: `.0834`; a dash for nan.

    Example:

    >>> decimals(0.08341), decimals(1.25, 2), decimals(-0.5) == MINUS + ".5000"
    ('.0834', '1.25', True)
    """
    if not np.isfinite(value):
        return DASH
    text = f"{abs(value):.{digits}f}"
    text = text.removeprefix("0") if digits else text
    return f"{MINUS}{text}" if value < 0 and any(d in text for d in "123456789") else text


def style_axes(axes: Any) -> None:
    """Frame, ticks and labels in the page's soft colours."""
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GRID)
    axes.tick_params(colors=SOFT, labelsize=8.5, length=2, pad=3)
    axes.xaxis.label.set_color(SOFT)
    axes.set_axisbelow(True)


class Drawing:
    """A figure with its own settings: the user's backend and rcParams do not change."""

    figure: "Figure"
    svg: str

    def __init__(self, name: str, *, height: float) -> None:
        self.name, self.height = name, height

    def __enter__(self) -> "Drawing":
        # Importing matplotlib needs a second.
        import matplotlib
        from matplotlib.figure import Figure

        self._settings = matplotlib.rc_context(
            {
                "svg.fonttype": "none",
                "svg.hashsalt": self.name,
                "font.size": 9,
                "axes.linewidth": 0.6,
                "lines.linewidth": 1.6,
                "axes.unicode_minus": True,
            }
        )
        self._settings.__enter__()
        self.figure = Figure(figsize=(WIDTH, self.height), layout="constrained")
        return self

    def axes(self) -> Any:
        axes = self.figure.subplots()
        style_axes(axes)
        return axes

    def __exit__(self, *raised: Any) -> None:
        try:
            if raised[0] is None:
                self.svg = self._rendered()
        finally:
            self._settings.__exit__(*raised)

    def _rendered(self) -> str:
        file = io.StringIO()
        self.figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
        svg = file.getvalue()
        svg = svg[svg.index("<svg") :]
        svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.DOTALL)
        svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
        svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
        svg = re.sub(r"font(-family)?: ([\d.]+px )?[^;\"]*sans-serif", _own_font, svg)
        for stand_in, name in PAGE_COLOURS.items():
            svg = svg.replace(stand_in, f"var(--{name})")
        # Several figures share a page, and so its namespace of ids.
        return re.sub(r'(\bid="|url\(#|href="#)', rf"\1{self.name}-", svg)


def _own_font(found: re.Match[str]) -> str:
    return f"font: {found[2]}sans-serif" if found[2] else "font-family: sans-serif"
