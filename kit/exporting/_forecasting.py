"""Exports of forecasters: a history in, quantiles with their dates out."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data.series import Frequency, SeriesData
from kit.exporting._blanks import IdTable
from kit.exporting._saved_model import export
from kit.exports import ForecastingCard, SignatureCheck
from kit.models import Forecaster
from kit.progress import stage

ISO = r"\d{4}-\d{2}-\d{2}([T ]\d{2}(:\d{2}.*)?)?"
# Of the proleptic Gregorian calendar, whose 400 years have so many days; years begin in March.
DAYS_OF_400_YEARS, DAYS_TO_1970 = 146_097, 719_468
CASES = 5


class ServedForecaster(tf.Module):
    """The graph of the export, in operations that stock TensorFlow Serving has.

    Args:
        model: the trained model.
        data: its series, the last values of which are kept for requests by id.
    """

    def __init__(self, model: Forecaster, data: SeriesData) -> None:
        super().__init__()
        # The Keras model is not tracked: only its variables and its traced computation are saved.
        self._weights = [weight.value for weight in model.variables]
        frequency, lookback = data.frequency, model.lookback
        names = tf.constant(list(data.series))
        self._codes = IdTable(
            tf.lookup.KeyValueTensorInitializer(
                names, tf.range(1, len(data.series) + 1, dtype=tf.int32)
            ),
            default_value=0,
        )
        self._latest = tf.Variable(latest_values(data, lookback), trainable=False)

        def forecast(code: Any, history: Any, step: Any) -> dict[str, Any]:
            inputs = {"history": history, "series": code, "phase": step % frequency.cycle}
            answer = tf.cast(model(inputs, training=False), tf.float32)
            levels = tf.constant([model.levels], tf.float32)
            steps = step[:, None] + tf.range(model.horizon, dtype=tf.int64)
            return {
                "time": dates_of(steps, frequency),
                "mean": answer[:, :, 0],
                "quantile": answer[:, :, 1:],
                "level": tf.repeat(levels, tf.shape(answer)[0], axis=0),
            }

        def predict(series_id: Any, history: Any, start: Any) -> dict[str, Any]:
            missing = tf.fill([tf.shape(history)[0], lookback], np.float32(np.nan))
            padded = tf.concat([missing, history], axis=1)[:, -lookback:]
            return forecast(self._codes.lookup(series_id), padded, step_of(start, frequency))

        def from_id(series_id: Any) -> dict[str, Any]:
            code = self._codes.lookup(series_id)
            step = tf.fill(tf.shape(code), tf.constant(data.first + data.steps, tf.int64))
            return forecast(code, tf.gather(self._latest, code), step)

        name = tf.TensorSpec([None], tf.string, "series_id")
        self._predict = tf.function(predict, autograph=False).get_concrete_function(
            series_id=name,
            history=tf.TensorSpec([None, None], tf.float32, "history"),
            start=tf.TensorSpec([None], tf.string, "start"),
        )
        self._from_id = tf.function(from_id, autograph=False).get_concrete_function(series_id=name)

    def signatures(self) -> dict[str, Any]:
        """The signatures, by name."""
        return {"serving_default": self._predict, "from_id": self._from_id}


def latest_values(data: SeriesData, lookback: int) -> NDArray[np.float32]:
    """The last values of each series by code, NaN where there are none: [series + 1, lookback]."""
    found = np.full((len(data.series) + 1, lookback), np.nan, np.float32)
    last = data.values[:, -lookback:]
    found[1:, lookback - last.shape[1] :] = last
    return found


def step_of(date: Any, frequency: Frequency) -> Any:
    """Numbers of the steps that ISO dates lie in, int64, in operations of core TensorFlow.

    Args:
        date: strings such as 2024-05-31 or 2024-05-31T18:00:00, of any shape.
        frequency: counts the steps.

    Example:

    >>> from kit.data.series import FREQUENCIES
    >>> step_of(tf.constant(["1970-01-02", "2000-03-01T07:00:00"]), FREQUENCIES["hour"]).numpy()
    array([    24, 264415])
    """
    date = tf.strings.strip(date)
    is_date = tf.reduce_all(tf.strings.regex_full_match(date, ISO))
    message = "start has to be a date such as 2024-05-31 or 2024-05-31T18:00:00."
    with tf.control_dependencies([tf.debugging.Assert(is_date, [message, date])]):
        padded = tf.strings.join([date, "T00"])
    year, month, day, hour = (
        tf.strings.to_number(tf.strings.substr(padded, place, length), tf.int64)
        for place, length in ((0, 4), (5, 2), (8, 2), (11, 2))
    )
    if frequency.name == "month":
        return (year - 1970) * 12 + month - 1
    years = year - tf.cast(month <= 2, tf.int64)
    era, of_era = years // 400, years % 400
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    days = era * DAYS_OF_400_YEARS + of_era * 365 + of_era // 4 - of_era // 100 + of_year
    days -= DAYS_TO_1970
    if frequency.name == "hour":
        return days * 24 + hour
    return (days + 3) // 7 if frequency.name == "week" else days


def dates_of(step: Any, frequency: Frequency) -> Any:
    """The ISO dates at which steps begin, in operations of core TensorFlow.

    Source: Hinnant (2014), chrono-compatible low-level date algorithms.

    Example:

    >>> from kit.data.series import FREQUENCIES
    >>> dates_of(tf.constant([0, 59], tf.int64), FREQUENCIES["day"]).numpy().tolist()
    [b'1970-01-01', b'1970-03-01']
    """
    if frequency.name == "month":
        return _joined(1970 + step // 12, step % 12 + 1, tf.ones_like(step))
    scale = {"hour": lambda x: x // 24, "day": lambda x: x, "week": lambda x: 7 * x - 3}
    days = scale[frequency.name](step) + DAYS_TO_1970
    era, of_era = days // DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS
    years = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * years + years // 4 - years // 100)
    place = (5 * of_year + 2) // 153
    day = of_year - (153 * place + 2) // 5 + 1
    month = (place + 2) % 12 + 1
    date = _joined(era * 400 + years + tf.cast(month <= 2, tf.int64), month, day)
    if frequency.name != "hour":
        return date
    return tf.strings.join([date, "T", _digits(step % 24, 2), ":00:00"])


def _joined(year: Any, month: Any, day: Any) -> Any:
    return tf.strings.join([_digits(year, 4), _digits(month, 2), _digits(day, 2)], separator="-")


def _digits(number: Any, width: int) -> Any:
    return tf.strings.as_string(number, width=width, fill="0")


@stage("export")
def export_forecaster(
    model: Forecaster, data: SeriesData, folder: Path, *, card: dict[str, Any]
) -> tuple[Path, list[SignatureCheck]]:
    """Export a trained model as the next version and verify it in separate processes.

    Args:
        model: the trained model, computing in float32.
        data: its training data.
        folder: the model's folder; versions are numbered in it.
        card: of the export, stored in `assets.extra/card.json`.

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
    )
    module = ServedForecaster(model, data)
    return export(module, folder, recorded=recorded_forecasts(model, data), card=whole)


def recorded_forecasts(model: Forecaster, data: SeriesData) -> dict[str, Any]:
    """Requests with invented histories and the answers of the model; dates by Python's calendar."""
    names = [*data.series[: CASES - 2], "", "\N{WHITE QUESTION MARK ORNAMENT} nothing"]
    codes = np.array([*range(1, len(names) - 1), 0, 0])
    rng = np.random.default_rng(0)
    size = float(np.nanmean(np.abs(data.values)))
    history = size * rng.uniform(0, 2, (len(names), model.lookback + 3)).astype(np.float32)
    history[0, ::5] = np.nan
    history[-2, :-2] = np.nan
    history[-1] = np.nan
    frequency = data.frequency
    starts = data.first + data.steps + np.arange(len(names)) * 31
    latest = latest_values(data, model.lookback)[codes]
    answers = {
        "serving_default": (history[:, -model.lookback :], starts),
        "from_id": (latest, np.full(len(names), data.first + data.steps)),
    }
    inputs: dict[str, dict[str, Any]] = {
        "serving_default": {
            "series_id": names,
            "history": history.tolist(),
            "start": frequency.texts(starts),
        },
        "from_id": {"series_id": names},
    }
    recorded = {}
    for name, (window, steps) in answers.items():
        request = {"history": window, "series": codes, "phase": steps % frequency.cycle}
        answer = np.asarray(model(request, training=False))
        recorded[name] = {
            "inputs": inputs[name],
            "outputs": {
                "time": [frequency.texts(step + np.arange(model.horizon)) for step in steps],
                "mean": answer[:, :, 0].tolist(),
                "quantile": answer[:, :, 1:].tolist(),
                "level": [list(model.levels)] * len(names),
            },
        }
    return recorded
