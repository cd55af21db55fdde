"""Exports of forecasters with a hierarchy: all series in, coherent forecasts of all groups out."""

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data.series import SeriesData
from kit.exporting._calendar import dates_of, holidays_of
from kit.exporting._forecasting import ServedForecaster
from kit.exporting._traced import Untracked
from kit.models import Forecaster, Reconciliation


class ServedHierarchy(ServedForecaster):
    """The graph of the export of a forecaster with a hierarchy, see `ServedForecaster`.

    The signatures `totals` and `totals_from_id` take all series at once, in any order; sums are
    taken by index.

    Args:
        model: the trained model.
        data: its series.
        tail: how often values deviate how far, see `kit.models.tail_probability`.
        reconciliation: makes forecasts coherent.
    """

    def __init__(
        self,
        model: Forecaster,
        data: SeriesData,
        tail: NDArray[np.float32],
        reconciliation: Reconciliation,
    ) -> None:
        super().__init__(model, data, tail)
        groups, hierarchy = reconciliation.groups, reconciliation.hierarchy
        self._group_weights = [weight.value for weight in groups.variables]
        self._reconciliation = Untracked(reconciliation)
        gain = reconciliation.gain
        self._gain = None if gain is None else tf.Variable(gain, trainable=False)
        self._size = len(data.series)
        # Each series once for each level, and the group that it is added to.
        self._series_of = np.tile(np.arange(self._size, dtype=np.int32), len(hierarchy.levels))
        self._group_of = hierarchy.places.ravel().astype(np.int32)

        of_id, whole = self._request_specs.value
        start = whole["start"]
        whole = {name: self._of_all(spec) for name, spec in whole.items()} | {"start": start}
        of_id = {name: whole[name] for name in of_id}
        self._of_all_series = {
            name: tf.function(function, autograph=False).get_concrete_function(**inputs)
            for name, function, inputs in (
                ("totals", self._totals, whole),
                ("totals_from_id", self._totals_from_id, of_id),
            )
        }

    def signatures(self) -> dict[str, Any]:
        return {**super().signatures(), **self._of_all_series}

    def _of_all(self, spec: tf.TensorSpec) -> tf.TensorSpec:
        shape = [None, self._size, *spec.shape.as_list()[1:]]
        return tf.TensorSpec(shape, spec.dtype, spec.name)

    def _totals(self, start: Any, **inputs: Any) -> dict[str, Any]:
        flat = {name: _flat(values) for name, values in inputs.items()}
        return self._coherent(*self._read(start=tf.repeat(start, self._size), **flat))

    def _totals_from_id(self, **inputs: Any) -> dict[str, Any]:
        return self._coherent(
            *self._read_id(**{name: _flat(values) for name, values in inputs.items()})
        )

    def _coherent(self, inputs: dict[str, Any], step: Any) -> dict[str, Any]:
        model, reconciliation = self._model.value, self._reconciliation.value
        hierarchy, size, horizon = reconciliation.hierarchy, self._size, model.horizon
        codes = tf.reshape(inputs["series"], [-1, size])
        message = "series_id has to hold each series of the training data once."
        complete = tf.reduce_all(tf.sort(codes, axis=1) == tf.range(1, size + 1))
        with tf.control_dependencies([tf.debugging.Assert(complete, [message])]):
            order = tf.argsort(codes, axis=1)
        answer = tf.reshape(self._answer(inputs), [-1, size, horizon, 1 + len(model.levels)])
        answer = tf.gather(answer, order, batch_dims=1)
        history = tf.reshape(inputs["history"], [-1, size, model.lookback])
        history = tf.gather(history, order, batch_dims=1)
        step = tf.reshape(step, [-1, size])[:, 0]
        groups = self._answer_groups(history, step)
        mean = answer[:, :, :, 0]
        if self._gain is not None:
            mean += tf.matmul(self._gain, groups[:, :, :, 0] - self._sums(mean))
        mean = tf.maximum(mean, 0.0) if reconciliation.nonnegative else mean
        totals = self._sums(mean)
        quantiles = [self._shifted(answer, mean), self._shifted(groups, totals)]
        count = tf.shape(codes)[0]
        names, levels = hierarchy.names, hierarchy.level_names
        return {
            "time": dates_of(self._steps(step), self._data.value.frequency),
            "group": tf.repeat(tf.constant([names]), count, axis=0),
            "group_level": tf.repeat(tf.constant([levels]), count, axis=0),
            "mean": totals,
            "quantile": quantiles[1],
            "level": tf.repeat(tf.constant([model.levels], tf.float32), count, axis=0),
            "series_mean": tf.gather(mean, codes - 1, batch_dims=1),
            "series_quantile": tf.gather(quantiles[0], codes - 1, batch_dims=1),
        }

    def _shifted(self, answer: Any, mean: Any) -> Any:
        """Quantiles by coherent expected values, as `Reconciliation.quantiles` has them."""
        before, quantile = answer[:, :, :, :1], answer[:, :, :, 1:]
        shift = mean[:, :, :, None] - before
        if not self._reconciliation.value.nonnegative:
            return quantile + shift
        share = tf.where(before > 0, quantile / tf.maximum(before, 1e-9), 1.0)
        return tf.maximum(quantile + shift * tf.clip_by_value(share, 0.0, 1.0), 0.0)

    def _answer_groups(self, history: Any, step: Any) -> Any:
        """Forecasts of the groups by themselves: [batch, groups, horizon, 1 + levels]."""
        groups, calendar = self._reconciliation.value.groups, self._data.value.holidays
        observed = tf.math.is_finite(history)
        begun = tf.cumsum(tf.cast(observed, tf.int32), axis=2) > 0
        values = tf.where(observed, history, 0.0)
        missing = self._sums(tf.cast(begun & ~observed, tf.float32)) > 0
        missing |= self._sums(tf.cast(begun, tf.float32)) == 0
        totals = tf.where(missing, np.float32(np.nan), self._sums(values))
        count, size = tf.shape(totals)[0], groups.num_series
        steps = tf.repeat(step, size)
        inputs = {
            "history": tf.reshape(totals, [-1, groups.lookback]),
            "series": tf.tile(tf.range(1, size + 1), [count]),
            "phase": steps % self._data.value.frequency.cycle,
        }
        if calendar is not None:
            inputs["known"] = holidays_of(self._steps(steps), calendar)[:, :, None]
        answer = tf.cast(groups(inputs, training=False), tf.float32)
        return tf.reshape(answer, [-1, size, groups.horizon, 1 + len(groups.levels)])

    def _sums(self, values: Any) -> Any:
        """Sums of the series of each group: [batch, series, n] to [batch, groups, n]."""
        by_series = tf.gather(tf.transpose(values, [1, 0, 2]), self._series_of)
        size = self._reconciliation.value.groups.num_series
        return tf.transpose(
            tf.math.unsorted_segment_sum(by_series, self._group_of, size), [1, 0, 2]
        )


def _flat(values: Any) -> Any:
    """Rows of all series below each other: [batch, series, ...] to [batch x series, ...]."""
    return tf.reshape(values, tf.concat([[-1], tf.shape(values)[2:]], axis=0))
