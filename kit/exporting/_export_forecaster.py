"""Export a forecaster: its card, requests with the answers of the live model, verification."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.data.series import Covariate, SeriesData
from kit.exporting._forecasting import (
    LEAST_PROBABILITY,
    ServedForecaster,
    covariate_names,
    latest_values,
    parts_of,
    static_values,
)
from kit.exporting._saved_model import export
from kit.exporting._totals import ServedHierarchy
from kit.exports import ForecastingCard, SignatureCheck, covariate_inputs
from kit.models import Forecaster, Reconciliation, deviation, tail_probability
from kit.progress import stage

CASES = 5
# Inputs of a signature, of the model, and the first steps.
Request = tuple[dict[str, Any], dict[str, Any], NDArray[np.int64]]


@stage("export")
def export_forecaster(
    model: Forecaster,
    data: SeriesData,
    folder: Path,
    *,
    tail: NDArray[np.float32],
    card: dict[str, Any],
    reconciliation: Reconciliation | None = None,
) -> tuple[Path, list[SignatureCheck]]:
    """Export a trained model as the next version and verify it in separate processes.

    Args:
        model: the trained model, computing in float32.
        data: its training data.
        folder: the model's folder; versions are numbered in it.
        tail: how often values deviate how far, of `kit.evaluation.deviation_tail`.
        card: of the export, stored in `assets.extra/card.json`.
        reconciliation: of the forecasts of a hierarchy, whose totals are then served as well.

    Returns:
        The version's folder and the checks it passed.

    Raises:
        UserError: the folder cannot be written.
        VerificationError: the export's outputs differ from the model's; it is removed.
    """
    whole = ForecastingCard(
        **card,
        every=data.frequency.name,
        horizon=data.horizon,
        lookback=model.lookback,
        levels=list(model.levels),
        series=list(data.series),
        known=[_described(one) for one in data.requested],
        static=[_described(one) for one in data.static],
        start=data.frequency.texts([data.first + data.steps])[0],
    )
    recorded = recorded_forecasts(model, data, tail)
    if reconciliation is None:
        return export(ServedForecaster(model, data, tail), folder, recorded=recorded, card=whole)
    recorded |= recorded_totals(model, data, reconciliation)
    module = ServedHierarchy(model, data, tail, reconciliation)
    return export(module, folder, recorded=recorded, card=whole)


def _described(covariate: Covariate) -> dict[str, Any]:
    kind = "text" if covariate.categories else "number"
    values = {"values": list(covariate.categories)} if covariate.categories else {}
    return {"name": covariate.name, "kind": kind, **values}


def recorded_forecasts(
    model: Forecaster, data: SeriesData, tail: NDArray[np.float32]
) -> dict[str, Any]:
    """Requests with invented histories and the answers of the model; dates by Python's calendar."""
    names = [*data.series[: CASES - 2], "", "\N{WHITE QUESTION MARK ORNAMENT} nothing"]
    codes = np.array([*range(1, len(names) - 1), 0, 0])
    rng = np.random.default_rng(0)
    size = float(np.nanmean(np.abs(data.values)))
    history = size * rng.uniform(0, 2, (len(names), model.lookback + 3)).astype(np.float32)
    history[0, ::5] = np.nan
    history[-2, :-2] = np.nan
    history[-1] = np.nan
    starts = data.first + data.steps + np.arange(len(names)) * 31
    given, of_id = _requests(model, data, (names, codes), history, starts, rng)
    calls = {
        "serving_default": given,
        "from_id": of_id,
        "explain": given,
        "explain_from_id": of_id,
    }
    recorded = {name: _recorded(model, data, name, *call) for name, call in calls.items()}
    value = size * rng.uniform(0, 4, (len(names), model.horizon)).astype(np.float32)
    value[0, 0] = np.nan
    return recorded | {"anomaly": _recorded_anomaly(model, data, *given, value, tail)}


def _requests(
    model: Forecaster,
    data: SeriesData,
    series: tuple[list[str], NDArray[np.int64]],
    history: NDArray[np.float32],
    starts: NDArray[np.int64],
    rng: np.random.Generator,
) -> tuple[Request, Request]:
    """Requests with a history and by id, with invented covariates.

    Args:
        model: the model.
        data: its series.
        series: ids and codes.
        history: of each.
        starts: the first steps to forecast.
        rng: draws covariates.
    """
    names, codes = series
    frequency = data.frequency
    follows = np.full(len(names), data.first + data.steps)
    known = [_invented(one, (len(names), model.horizon), rng) for one in data.requested]
    static = [_invented(one, (len(names),), rng) for one in data.static]
    known_names, static_names = covariate_inputs(*covariate_names(data))
    of_id: dict[str, Any] = {"series_id": names} | {
        name: one.raw(one.values).tolist()
        for name, one in zip(known_names.values(), known, strict=True)
    }
    whole = {
        **of_id,
        "history": history.tolist(),
        "start": frequency.texts(starts),
        **{
            name: one.raw(one.values).tolist()
            for name, one in zip(static_names.values(), static, strict=True)
        },
    }

    def asked(window: Any, steps: Any, features: Any) -> dict[str, Any]:
        found = {"history": window, "series": codes, "phase": steps % frequency.cycle}
        values = [one.values for one in known]
        if data.holidays is not None:
            values.append(data.holidays.of_steps(steps[:, None] + np.arange(model.horizon)))
        if values:
            found["known"] = np.stack(values, axis=-1)
        return found | ({"static": features} if data.static else {})

    given = np.stack([one.values for one in static], axis=-1) if static else None
    padding = np.full((len(names), model.lookback), np.nan, np.float32)
    window = np.concatenate([padding, history], axis=1)[:, -model.lookback :]
    latest = asked(latest_values(data, model.lookback)[codes], follows, static_values(data)[codes])
    return (whole, asked(window, starts, given), starts), (of_id, latest, follows)


def _recorded_anomaly(
    model: Forecaster,
    data: SeriesData,
    inputs: dict[str, Any],
    request: Any,
    starts: NDArray[np.int64],
    value: NDArray[np.float32],
    tail: NDArray[np.float32],
) -> dict[str, Any]:
    answer = np.asarray(model(request, training=False))
    found = np.asarray(tail_probability(deviation(model, request, value), tail))
    return {
        "inputs": {**inputs, "value": value.tolist()},
        "outputs": {
            "time": [data.frequency.texts(step + np.arange(model.horizon)) for step in starts],
            "mean": answer[:, :, 0].tolist(),
            "low": answer[:, :, 1].tolist(),
            "high": answer[:, :, -1].tolist(),
            "probability": found.tolist(),
            "score": (-np.log10(np.maximum(found, LEAST_PROBABILITY))).tolist(),
        },
    }


def _invented(covariate: Covariate, shape: tuple[int, ...], rng: Any) -> Covariate:
    """A covariate with invented values among those there are, some of them missing."""
    if covariate.categories:
        values = rng.integers(0, 1 + len(covariate.categories), shape)
    else:
        observed = covariate.values[~covariate.missing]
        low, high = (observed.min(), observed.max()) if len(observed) else (0, 1)
        values = np.where(rng.random(shape) < 0.1, np.nan, rng.uniform(low, high, shape))
    return Covariate(covariate.name, values.astype(np.float32), covariate.categories)


def _recorded(
    model: Forecaster, data: SeriesData, signature: str, inputs: Any, request: Any, starts: Any
) -> dict[str, Any]:
    answer = np.asarray(model(request, training=False))
    if signature.startswith("explain"):
        outputs = {
            "part": [parts_of(data)] * len(answer),
            "contribution": np.asarray(model.explain(request)).tolist(),
        }
    else:
        outputs = {
            "quantile": answer[:, :, 1:].tolist(),
            "level": [list(model.levels)] * len(answer),
        }
    times = [data.frequency.texts(step + np.arange(model.horizon)) for step in starts]
    return {
        "inputs": inputs,
        "outputs": {"time": times, "mean": answer[:, :, 0].tolist(), **outputs},
    }


def recorded_totals(
    model: Forecaster, data: SeriesData, reconciliation: Reconciliation
) -> dict[str, Any]:
    """Requests of all series, in reverse, with invented histories, and the coherent answers."""
    size = len(data.series)
    backwards = np.arange(size)[::-1]
    rng = np.random.default_rng(1)
    level = np.nan_to_num(np.nanmean(np.abs(data.values), axis=1))[backwards, None]
    steps = min(model.lookback, 2 * data.frequency.season)
    history = (level * rng.uniform(0, 2, (size, steps))).astype(np.float32)
    history[0, :2] = np.nan
    history[-1] = np.nan
    starts = np.full(size, data.first + data.steps + 31)
    series = [data.series[row] for row in backwards], backwards + 1
    given, of_id = _requests(model, data, series, history, starts, rng)
    return {
        "totals": _recorded_totals(model, data, reconciliation, *given),
        "totals_from_id": _recorded_totals(model, data, reconciliation, *of_id),
    }


def _recorded_totals(
    model: Forecaster,
    data: SeriesData,
    reconciliation: Reconciliation,
    inputs: dict[str, Any],
    request: dict[str, Any],
    starts: NDArray[np.int64],
) -> dict[str, Any]:
    groups, hierarchy = reconciliation.groups, reconciliation.hierarchy
    answer = np.asarray(model(request, training=False))[::-1]
    steps = np.full(groups.num_series, starts[0])
    asked = {
        "history": hierarchy.totals(request["history"][::-1]).astype(np.float32),
        "series": np.arange(1, groups.num_series + 1),
        "phase": steps % data.frequency.cycle,
    }
    ahead = starts[0] + np.arange(model.horizon)
    if data.holidays is not None:
        asked["known"] = np.tile(data.holidays.of_steps(ahead)[None, :, None], (len(steps), 1, 1))
    alone = np.asarray(groups(asked, training=False))
    mean = reconciliation.series(answer[:, :, 0], alone[:, :, 0])
    totals = hierarchy.sums(mean)
    of_series = reconciliation.quantiles(answer[:, :, 1:], answer[:, :, 0], mean)
    of_groups = reconciliation.quantiles(alone[:, :, 1:], alone[:, :, 0], totals)
    outputs = {
        "time": data.frequency.texts(ahead),
        "group": hierarchy.names,
        "group_level": hierarchy.level_names,
        "mean": totals.tolist(),
        "quantile": of_groups.tolist(),
        "level": list(model.levels),
        "series_mean": mean[::-1].tolist(),
        "series_quantile": of_series[::-1].tolist(),
    }
    whole = {name: [values] for name, values in inputs.items()}
    if "start" in inputs:
        whole["start"] = inputs["start"][:1]
    return {"inputs": whole, "outputs": {name: [values] for name, values in outputs.items()}}
