"""Time of a step against rows, an image."""

from pathlib import Path
from typing import Any

from benchmarks.scale_plan import SETTINGS
from benchmarks.scale_tables import times_of

# Okabe and Ito's colours; stock and ours differ in the mark and the line too.
COLOURS = {"one": "#0072B2", "two": "#D55E00", "servers": "#009E73"}
LINES = {"ours": ("-", "o"), "stock": ("--", "s")}
NAMES = {"ours": "kit", "stock": "stock Keras"}
# Between labels, as a factor on the axis.
APART = 1.28


def image(run: dict[str, Any], file: Path) -> None:
    """Draw the median of every setting with its quartiles, named where its line ends.

    Args:
        run: of scale.json.
        file: where to, PNG.
    """
    # Matplotlib takes a second to import.
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullLocator

    figure = Figure(figsize=(9, 5.5), layout="constrained", dpi=150)
    axes = figure.subplots()
    most = max(run["rows"])
    ends: list[tuple[float, str, str]] = []
    for name, setting in SETTINGS.items():
        for peer in setting.peers:
            spreads = {x: times_of(run, (name, peer, x)) for x in run["rows"]}
            ran = {x: spread for x, spread in spreads.items() if spread is not None}
            if not ran:
                continue
            low, middle, high = zip(*ran.values(), strict=True)
            line, mark = LINES[peer]
            colour, label = COLOURS[name], f"{NAMES[peer]}, {setting.name}"
            axes.plot([*ran], middle, line, marker=mark, markersize=5, color=colour)
            axes.vlines([*ran], low, high, color=colour, linewidth=3, alpha=0.3)
            if most in ran:
                ends.append((middle[-1], label, colour))
            else:  # Other lines go on beside its end.
                place = (max(ran), high[-1] * 1.1)
                axes.annotate(label, place, color=colour, fontsize=9, ha="center", va="bottom")
    _name_ends(axes, most, ends)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(run["rows"], [f"{x / 1e6:g}M" if x >= 1e6 else f"{x:,}" for x in run["rows"]])
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.set_xlim(min(run["rows"]) / 1.2, most * 5)
    axes.set_xlabel("rows of each of two tables")
    axes.set_ylabel("ms a step")
    axes.set_title(
        "1,024 pairs a worker and step, dim 32, fresh ids; median and quartiles, 2 shared cores",
        fontsize=10,
        loc="left",
    )
    axes.grid(color="#e8e8e8", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(file)


def _name_ends(axes: Any, most: int, ends: list[tuple[float, str, str]]) -> None:
    lowest = 0.0
    for height, label, colour in sorted(ends):
        lowest = max(height, lowest * APART)
        axes.annotate(label, (most * 1.1, lowest), color=colour, fontsize=9, va="center")
