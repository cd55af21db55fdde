"""Which inputs the predictions of an export depend on: of tables, customer values and forecasts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data.purchases import Histories, PurchaseData
from kit.data.series import SeriesData
from kit.data.table import Feature
from kit.errors import UserError
from kit.evaluation._forecast_windows import inputs_of, windows_of
from kit.evaluation._forecasting import Scales
from kit.exports import (
    CustomerValues,
    Drivers,
    Predictor,
    SeriesForecaster,
    check_enough_rows,
    correlated_groups,
    covariate_inputs,
    measure_drivers,
)

SECONDS_OF_A_DAY = 86_400
# A predicted value counts as this share of the mean value at least, as a deviance of 0 is infinite.
LEAST_VALUE = 1e-6
MOST_WINDOWS = 1 << 62


def drivers_of(
    export: Any,
    data: Any,
    *,
    group: Sequence[Sequence[str]] = (),
    repeats: int = 5,
    limit: int = 5000,
    seed: int = 0,
) -> Drivers:
    """How much worse predictions of test become without the information in a group of inputs.

    What predicts need not cause.

    - A table: its columns; log loss, see `Predictor.drivers`.
    - Customer values: the parts of a history, which together are all of it. `recency`: the days
      since the last purchase; `rhythm`: how many days with a purchase there are, and how far apart;
      `amounts`: what was paid on each. Where a customer gets more days than amounts, these repeat.
      The loss is the Poisson deviance of the value, as a share of the mean value.
    - Forecasts: `history`, `calendar`, `series` and the columns of covariates, exchanged between
      windows of test. The loss is twice the mean pinball loss, as a share of the mean absolute
      error of the seasonal naive forecast before each window.

    Args:
        export: as `kit.load` gives it.
        data: that it was trained on, or later ones of the same form, as `kit.open` gives them.
        group: lists of inputs to shuffle together, besides the correlated ones.
        repeats: shuffles of each group, at least 3.
        limit: of more customers, windows or rows, so many are drawn.
        seed: of the draws.

    Raises:
        UserError: there are too few rows, an input of `group` is not known, or the data do not suit
            the export.
    """
    if isinstance(export, Predictor):
        return export.drivers(data.test, group=group, repeats=repeats, limit=limit, seed=seed)
    if isinstance(export, CustomerValues) and isinstance(data, PurchaseData):
        return _of_values(export, data, group, repeats, limit, seed)
    if isinstance(export, SeriesForecaster) and isinstance(data, SeriesData):
        return _of_forecasts(export, data, group, repeats, limit, seed)
    raise UserError(
        "Drivers cannot be measured of this export with these data.",
        where=f"{type(export).__name__}, {type(data).__name__}",
        expected="an export of kit train ranking, customer-value or forecasting, and data of the "
        "same kind",
        remedy="Recommendations are explained by kit explain.",
    )


def history_parts(
    histories: Histories, shuffled: Sequence[str], order: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Amounts and ages of histories, parts of which are those of other customers.

    Args:
        histories: of customers.
        shuffled: among "recency", "rhythm" and "amounts".
        order: the customer, int64 [n], that each takes these parts from.

    Returns:
        Amounts and ages, float32 [n, length], see `Histories`.

    Example:

    >>> two = Histories(
    ...     np.arange(2),
    ...     np.float32([[5, 7], [9, 0]]),
    ...     np.float32([[30, 10], [2, 0]]),
    ...     np.ones(2, np.float32),
    ...     np.zeros(2),
    ... )
    >>> amounts, ages = history_parts(two, ["rhythm"], np.array([1, 0]))
    >>> amounts.tolist(), ages.tolist()
    ([[7.0, 0.0], [9.0, 9.0]], [[10.0, 0.0], [22.0, 2.0]])
    """
    same = np.arange(len(order))
    of = {name: order if name in shuffled else same for name in ("recency", "rhythm", "amounts")}
    counts = (histories.age > 0).sum(axis=1)
    last = np.take_along_axis(histories.age, counts[:, None] - 1, axis=1)
    rhythm, paying = of["rhythm"], of["amounts"]
    count = counts[rhythm][:, None]
    place = np.arange(histories.age.shape[1])
    shown = place < count
    ages = histories.age[rhythm] - last[rhythm] + last[of["recency"]]
    # From the latest day on, so that the latest amounts stay the latest.
    back = (count - 1 - place) % counts[paying][:, None]
    amounts = np.take_along_axis(
        histories.amount[paying], counts[paying][:, None] - 1 - back, axis=1
    )
    zero = np.float32(0)
    return np.where(shown, amounts, zero), np.where(shown, ages, zero)


def _of_values(
    export: CustomerValues,
    data: PurchaseData,
    group: Sequence[Sequence[str]],
    repeats: int,
    limit: int,
    seed: int,
) -> Drivers:
    histories = data.histories(data.test, export.card.length).sample(limit, seed)
    value, count = histories.value, len(histories.user)
    mean = value.mean() if count and value.any() else 1.0
    users = [""] * count
    asked = np.full(count, data.test * SECONDS_OF_A_DAY)

    def losses(shuffled: Sequence[str], order: NDArray[np.int64]) -> NDArray[np.float64]:
        amounts, ages = history_parts(histories, shuffled, order)
        times = np.where(ages > 0, data.test - ages.astype(np.int64), 0) * SECONDS_OF_A_DAY
        inputs = {"amount": amounts, "time": times, "asked_at": asked}
        found = export.ask(users, "from_history", inputs)["value_mean"].to_numpy() / mean
        return _poisson_deviance(value / mean, np.maximum(found.astype(np.float64), LEAST_VALUE))

    days = (histories.age > 0).sum(axis=1)
    facts = {
        "recency": np.where(histories.age > 0, histories.age, np.inf).min(axis=1, initial=np.inf),
        "rhythm": days,
        "amounts": histories.amount.sum(axis=1) / np.maximum(days, 1),
    }
    table = pl.DataFrame({name: values.astype(np.float64) for name, values in facts.items()})
    return _measured(
        losses, table, [Feature(name, "number") for name in facts], group, repeats, seed
    )


def _poisson_deviance(
    actual: NDArray[np.float64], expected: NDArray[np.float64]
) -> NDArray[np.float64]:
    ratio = np.where(actual > 0, actual, 1.0) / expected
    logs = np.where(actual > 0, actual * np.log(ratio), 0.0)
    return np.asarray(2 * (logs - actual + expected))


def _of_forecasts(
    export: SeriesForecaster,
    data: SeriesData,
    group: Sequence[Sequence[str]],
    repeats: int,
    limit: int,
    seed: int,
) -> Drivers:
    card, series = export.card, np.array(data.series, object)
    rows, origins = windows_of(data, "test", card.lookback, MOST_WINDOWS)
    scale = Scales.of(data, "test").absolute.ravel()
    actual = data.actual("test").reshape(len(rows), -1)
    kept = np.flatnonzero(~np.isnan(scale) & ~np.isnan(actual).all(axis=1))
    if len(kept) > limit:
        kept = np.sort(np.random.default_rng(seed).choice(kept, limit, replace=False))
    rows, origins, scale, actual = rows[kept], origins[kept], scale[kept], actual[kept]
    known, static = ([one.name for one in x] for x in (data.requested, data.static))
    known_names, static_names = covariate_inputs(known, static)
    steps = origins[:, None] + np.arange(data.horizon)
    inputs: dict[str, dict[str, NDArray[Any]]] = {
        "history": {"history": inputs_of(data, (rows, origins), card.lookback)["history"]},
        "calendar": {"start": np.array(data.frequency.texts(data.first + origins), object)},
        "series": {"series_id": series[rows]},
        **{
            one.name: {known_names[one.name]: one.raw(one.values[rows[:, None], steps])}
            for one in data.requested
        },
        **{one.name: {static_names[one.name]: one.raw(one.values[rows])} for one in data.static},
    }

    def losses(shuffled: Sequence[str], order: NDArray[np.int64]) -> NDArray[np.float64]:
        given = {
            name: values[order] if part in shuffled else values
            for part, tensors in inputs.items()
            for name, values in tensors.items()
        }
        names = given.pop("series_id").tolist()
        answer = export.ask(names, "serving_default", given)
        return _pinball(actual, answer["quantile"], card.levels) / scale

    # A row for each step, so that the values of covariates are compared at the same steps. What was
    # before and the calendar stand for themselves.
    flat = {
        "history": np.zeros(steps.size),
        "calendar": np.zeros(steps.size),
        "series": np.repeat(series[rows], data.horizon),
        **{name: inputs[name][known_names[name]].ravel() for name in known},
        **{name: np.repeat(inputs[name][static_names[name]], data.horizon) for name in static},
    }
    texts = {one.name for one in (*data.requested, *data.static) if one.categories} | {"series"}
    features = [Feature(name, "category" if name in texts else "number") for name in flat]
    table = pl.DataFrame(
        {
            name: values.astype(str) if name in texts else values.astype(np.float64)
            for name, values in flat.items()
        }
    )
    # A feature of a series follows from which one it is.
    group = [*group, ["series", *static]]
    return _measured(losses, table, features, group, repeats, seed, rows=len(rows), inputs=inputs)


def _pinball(
    actual: NDArray[np.float64], quantile: NDArray[np.floating], levels: Sequence[float]
) -> NDArray[np.float64]:
    """Twice the pinball loss of windows, mean over the levels and the steps that are known."""
    known = ~np.isnan(actual)
    below = np.where(known, actual, 0)[..., None] - quantile
    level = np.array(levels)
    loss = 2 * np.maximum(level * below, (level - 1) * below).mean(axis=-1)
    return np.asarray(np.where(known, loss, 0).sum(axis=1) / known.sum(axis=1))


def _measured(
    losses: Callable[[Sequence[str], NDArray[np.int64]], NDArray[np.float64]],
    table: pl.DataFrame,
    features: Sequence[Feature],
    group: Sequence[Sequence[str]],
    repeats: int,
    seed: int,
    *,
    rows: int | None = None,
    inputs: Mapping[str, Mapping[str, NDArray[Any]]] | None = None,
) -> Drivers:
    count = len(table) if rows is None else rows
    check_enough_rows(count)
    groups = correlated_groups(table, features, group)
    constant: list[str] = []
    for name, tensors in (inputs or {}).items():
        if all(len(values) and (values == values[:1]).all() for values in tensors.values()):
            constant.append(name)
    varied = [[name for name in names if name not in constant] for names in groups]
    found = measure_drivers(
        losses, count, [names for names in varied if names], repeats=repeats, seed=seed
    )
    return replace(found, constant=tuple(constant))
