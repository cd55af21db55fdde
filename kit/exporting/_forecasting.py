"""Exports of forecasters: a history in, quantiles with their dates out."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data.series import SeriesData
from kit.exporting._blanks import IdTable
from kit.exporting._calendar import dates_of, holidays_of, step_of
from kit.exporting._traced import Untracked
from kit.exports import covariate_inputs
from kit.models import Forecaster, deviation, tail_probability

# Scores are powers of ten, at most 30.
LEAST_PROBABILITY, LOG_10 = 1e-30, float(np.log(10))
LEVEL, RECENT, SEASON, NETWORK, BOUNDS = "level", "recent values", "season", "network", "bounds"


class ServedForecaster(tf.Module):
    """The graph of the export, in operations that stock TensorFlow Serving has.

    Args:
        model: the trained model.
        data: its series, the last values of which are kept for requests by id.
        tail: how often values deviate how far, see `kit.models.tail_probability`.
    """

    def __init__(self, model: Forecaster, data: SeriesData, tail: NDArray[np.float32]) -> None:
        super().__init__()
        # The Keras model is not tracked: only its variables and its traced computation are saved.
        self._weights = [weight.value for weight in model.variables]
        self._model, self._data = Untracked(model), Untracked(data)
        self._tail = tf.Variable(tail, trainable=False)
        self._codes = _codes(data.series)
        self._latest = tf.Variable(latest_values(data, model.lookback), trainable=False)
        self._static = tf.Variable(static_values(data), trainable=False) if data.static else None
        known, static = covariate_inputs(*covariate_names(data))
        self._known_inputs, self._static_inputs = list(known.values()), list(static.values())
        covariates = dict(
            zip(
                (*self._known_inputs, *self._static_inputs),
                (*data.requested, *data.static),
                strict=True,
            )
        )
        self._texts = {
            name: _codes(one.categories) for name, one in covariates.items() if one.categories
        }

        # Traced once each, for requests with a history and by id.
        of_model = [self._specs()]
        self._answer = tf.function(
            lambda inputs: tf.cast(model(inputs, training=False), tf.float32),
            input_signature=of_model,
            autograph=False,
        )
        self._parts = tf.function(
            lambda inputs: tf.cast(model.explain(inputs), tf.float32),
            input_signature=of_model,
            autograph=False,
        )

        def spec(name: str, *shape: int | None) -> tf.TensorSpec:
            return tf.TensorSpec(shape, tf.string if name in self._texts else tf.float32, name)

        of_id = {"series_id": tf.TensorSpec([None], tf.string, "series_id")}
        of_id |= {name: spec(name, None, model.horizon) for name in self._known_inputs}
        whole = {
            **of_id,
            "history": tf.TensorSpec([None, None], tf.float32, "history"),
            "start": tf.TensorSpec([None], tf.string, "start"),
            **{name: spec(name, None) for name in self._static_inputs},
        }
        self._request_specs = Untracked((of_id, whole))
        judged = {**whole, "value": tf.TensorSpec([None, model.horizon], tf.float32, "value")}
        self._functions = {
            name: tf.function(function, autograph=False).get_concrete_function(**inputs)
            for name, function, inputs in (
                ("serving_default", lambda **inputs: self._forecast(*self._read(**inputs)), whole),
                ("from_id", lambda **inputs: self._forecast(*self._read_id(**inputs)), of_id),
                ("anomaly", self._anomaly, judged),
                ("explain", lambda **inputs: self._explain(*self._read(**inputs)), whole),
                (
                    "explain_from_id",
                    lambda **inputs: self._explain(*self._read_id(**inputs)),
                    of_id,
                ),
            )
        }

    def signatures(self) -> dict[str, Any]:
        """The signatures, by name."""
        return self._functions

    def _specs(self) -> dict[str, tf.TensorSpec]:
        """The inputs of the model."""
        model = self._model.value
        specs = {
            "history": tf.TensorSpec([None, model.lookback], tf.float32),
            "series": tf.TensorSpec([None], tf.int32),
            "phase": tf.TensorSpec([None], tf.int64),
        }
        if model.known:
            shape = [None, model.horizon, len(model.known)]
            specs["known"] = tf.TensorSpec(shape, tf.float32)
        if model.static:
            specs["static"] = tf.TensorSpec([None, len(model.static)], tf.float32)
        return specs

    def _read(
        self, series_id: Any, history: Any, start: Any, **covariates: Any
    ) -> tuple[dict[str, Any], Any]:
        """The inputs of the model, and the first steps, of a request with a history."""
        lookback = self._model.value.lookback
        missing = tf.fill([tf.shape(history)[0], lookback], np.float32(np.nan))
        step = step_of(start, self._data.value.frequency)
        padded = tf.concat([missing, history], axis=1)[:, -lookback:]
        padded.set_shape([None, lookback])
        inputs = {
            "history": padded,
            "series": self._codes.lookup(series_id),
            **self._known(covariates, step),
        }
        if self._static_inputs:
            features = [self._encoded(name, covariates[name]) for name in self._static_inputs]
            inputs["static"] = tf.stack(features, axis=-1)
        return self._with_phase(inputs, step), step

    def _read_id(self, series_id: Any, **covariates: Any) -> tuple[dict[str, Any], Any]:
        """The same of a request that follows the data."""
        data = self._data.value
        code = self._codes.lookup(series_id)
        step = tf.fill(tf.shape(code), tf.constant(data.first + data.steps, tf.int64))
        inputs = {
            "history": tf.gather(self._latest, code),
            "series": code,
            **self._known(covariates, step),
        }
        if self._static_inputs:
            inputs["static"] = tf.gather(self._static, code)
        return self._with_phase(inputs, step), step

    def _with_phase(self, inputs: dict[str, Any], step: Any) -> dict[str, Any]:
        return inputs | {"phase": step % self._data.value.frequency.cycle}

    def _known(self, covariates: Mapping[str, Any], step: Any) -> dict[str, Any]:
        values = [self._encoded(name, covariates[name]) for name in self._known_inputs]
        calendar = self._data.value.holidays
        if calendar is not None:
            values.append(holidays_of(self._steps(step), calendar))
        return {"known": tf.stack(values, axis=-1)} if values else {}

    def _encoded(self, name: str, values: Any) -> Any:
        if name in self._texts:
            return tf.cast(self._texts[name].lookup(values), tf.float32)
        return values

    def _steps(self, step: Any) -> Any:
        return step[:, None] + tf.range(self._model.value.horizon, dtype=tf.int64)

    def _forecast(self, inputs: dict[str, Any], step: Any) -> dict[str, Any]:
        model = self._model.value
        answer = self._answer(inputs)
        levels = tf.constant([model.levels], tf.float32)
        return {
            "time": dates_of(self._steps(step), self._data.value.frequency),
            "mean": answer[:, :, 0],
            "quantile": answer[:, :, 1:],
            "level": tf.repeat(levels, tf.shape(answer)[0], axis=0),
        }

    def _anomaly(self, value: Any, **request: Any) -> dict[str, Any]:
        """How unusual values are that followed a history."""
        inputs, step = self._read(**request)
        model = self._model.value
        answer = model(inputs, training=False)
        probability = tail_probability(deviation(model, inputs, value, answer), self._tail)
        return {
            "time": dates_of(self._steps(step), self._data.value.frequency),
            "mean": answer[:, :, 0],
            "low": answer[:, :, 1],
            "high": answer[:, :, -1],
            "probability": probability,
            "score": -tf.math.log(tf.maximum(probability, LEAST_PROBABILITY)) / LOG_10,
        }

    def _explain(self, inputs: dict[str, Any], step: Any) -> dict[str, Any]:
        contribution = self._parts(inputs)
        parts = tf.constant([parts_of(self._data.value)])
        return {
            "time": dates_of(self._steps(step), self._data.value.frequency),
            "mean": tf.reduce_sum(contribution, axis=-1),
            "part": tf.repeat(parts, tf.shape(contribution)[0], axis=0),
            "contribution": contribution,
        }


def parts_of(data: SeriesData) -> list[str]:
    """Names of what makes up a forecast, in the order of `Forecaster.explain`."""
    return [LEVEL, RECENT, SEASON, *(one.name for one in data.known), NETWORK, BOUNDS]


def _codes(names: Any) -> IdTable:
    """Codes from 1 of names; 0 of others."""
    values = tf.range(1, len(names) + 1, dtype=tf.int32)
    initializer = tf.lookup.KeyValueTensorInitializer(tf.constant(list(names)), values)
    return IdTable(initializer, default_value=0)


def covariate_names(data: SeriesData) -> tuple[list[str], list[str]]:
    """Of the covariates that requests give, and of the static features."""
    return [one.name for one in data.requested], [one.name for one in data.static]


def static_values(data: SeriesData) -> NDArray[np.float32]:
    """Static features by code, those of an unknown series missing: [series + 1, features]."""
    found = np.zeros((len(data.series) + 1, len(data.static)), np.float32)
    for place, one in enumerate(data.static):
        found[0, place] = 0 if one.categories else np.nan
        found[1:, place] = one.values
    return found


def latest_values(data: SeriesData, lookback: int) -> NDArray[np.float32]:
    """The last values of each series by code, NaN where there are none: [series + 1, lookback]."""
    found = np.full((len(data.series) + 1, lookback), np.nan, np.float32)
    last = data.values[:, -lookback:]
    found[1:, lookback - last.shape[1] :] = last
    return found
