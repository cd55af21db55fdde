"""The course of training, as a section of a report."""

import math

import numpy as np

from kit.evaluation._figures import training
from kit.evaluation._report_html import figure


def training_section(history: list[dict[str, float]], metric: str | None) -> str:
    """Loss and metric by epoch; nothing where neither is known.

    Args:
        history: a dict an epoch.
        metric: the key that holds the metric on valid, or None.
    """
    if not history:
        return ""

    def column(key: str | None) -> list[float]:
        return [float(row[key]) if key in row else math.nan for row in history]

    epochs = [row.get("epoch", number) for number, row in enumerate(history, start=1)]
    loss, valid = column("loss"), column(metric)
    if not np.isfinite([*loss, *valid]).any():
        return ""
    name = (metric or "").removeprefix("valid").strip(" _")
    kept = (
        f" The dashed line marks the best epoch on valid, whose weights were kept; where {name} "
        "falls behind it while the loss keeps falling, the model overfits."
        if np.isfinite(valid).any()
        else ""
    )
    return "<h2>Training</h2>" + figure(
        training(epochs, loss, valid, metric=name), f"By epoch.{kept}"
    )
