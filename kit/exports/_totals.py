"""Coherent forecasts of all series and of the groups of a hierarchy, by an export."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

SERIES = "series"
"""The lowest level of a hierarchy, that of the series themselves."""


def ask_totals(model: Any, signature: str, inputs: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """The answer of `totals` or `totals_from_id` to one request of all series, without its batch.

    Args:
        model: the loaded SavedModel.
        signature: its name.
        inputs: of all series; `start` of each.
    """
    import tensorflow as tf

    request = {
        name: tf.constant(values[:1] if name == "start" else [values])
        for name, values in inputs.items()
    }
    answer = model.signatures[signature](**request)
    return {name: tensor.numpy()[0] for name, tensor in answer.items()}


def with_totals(
    columns: Mapping[str, Any],
    plan: Mapping[str, NDArray[Any]],
    before: Mapping[str, NDArray[Any]] | None,
    levels: Sequence[float],
) -> pl.DataFrame:
    """The table of a forecast with coherent values, its level, and rows of the groups first.

    Args:
        columns: of the series, as they are forecast one by one.
        plan: the answer of `ask_totals`.
        before: that of the plan as it was before it was changed; None where it was not.
        levels: of the quantiles.
    """
    count, horizon = plan["mean"].shape
    own = plan["series_mean"].ravel()
    series = {**columns, "mean": own}
    if any(name.startswith("why ") for name in columns):
        series["why reconciliation"] = own - columns["mean"]
    groups: dict[str, Any] = {
        "series_id": np.repeat(_texts(plan["group"]), horizon),
        "level": np.repeat(_texts(plan["group_level"]), horizon),
        "time": np.tile(_texts(plan["time"]), count),
        "mean": plan["mean"].ravel(),
    }
    for place, level in enumerate(levels):
        series[f"q{level:g}"] = plan["series_quantile"][:, :, place].ravel()
        groups[f"q{level:g}"] = plan["quantile"][:, :, place].ravel()
    if before is not None:
        for rows, name in ((series, "series_mean"), (groups, "mean")):
            rows["mean_plan"] = before[name].ravel()
            rows["difference"] = rows["mean"] - rows["mean_plan"]
    order = ["series_id", "level", *(name for name in series if name != "series_id")]
    whole = pl.DataFrame(series | {"level": [SERIES] * len(own)}).select(order)
    return pl.concat([pl.DataFrame(groups), whole], how="diagonal_relaxed").select(order)


def _texts(values: NDArray[Any]) -> NDArray[Any]:
    return np.array([value.decode() for value in values], object)
