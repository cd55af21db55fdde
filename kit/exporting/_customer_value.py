"""Exports of models of customer value: an id or a history in, value and its interval out."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data.purchases import PurchaseData
from kit.exporting._blanks import IdTable
from kit.exporting._saved_model import export
from kit.exports import CustomerValueCard, SignatureCheck, sample_user
from kit.models import COVERAGE, CustomerValue
from kit.progress import stage

SECONDS_OF_A_DAY = 86_400
YEAR = 365
OUTPUTS = ("value_mean", "value_low", "value_high", "buys_probability")
CASES = 4
# Customers that do not exist, by whom requests by id are recorded.
SAMPLES = CASES - 1


class ServedCustomerValue(tf.Module):
    """The graph of the export, in operations that stock TensorFlow Serving has.

    Args:
        model: the trained and calibrated model.
        data: its purchases; the values of its customers after their end are kept for requests by
            id.
    """

    def __init__(self, model: CustomerValue, data: PurchaseData) -> None:
        super().__init__()
        # The Keras model is not tracked: only its variables and its traced computation are saved.
        self._weights = [weight.value for weight in model.variables]
        users = [*data.users.tolist(), *map(sample_user, range(SAMPLES))]
        codes = tf.range(1, len(users) + 1, dtype=tf.int32)
        names = tf.constant(users, tf.string)
        self._codes = IdTable(tf.lookup.KeyValueTensorInitializer(names, codes), default_value=0)
        latest = with_sample_values(latest_values(model, data))
        self._values = tf.Variable(latest, trainable=False)
        seasons = season_table(data)
        self._seasons = tf.Variable(seasons, trainable=False)
        last, usual = data.first + len(seasons) - 1, tf.constant(latest[:1])

        def from_id(user_id: Any) -> dict[str, Any]:
            return _outputs(tf.gather(self._values, self._codes.lookup(user_id)))

        def from_history(amount: Any, time: Any, asked_at: Any) -> dict[str, Any]:
            amounts, ages = days_of(amount, time, asked_at, model.length)
            day = asked_at // SECONDS_OF_A_DAY
            # After the days whose season is known those of a year before count.
            day -= YEAR * ((tf.maximum(day - last, 0) + YEAR - 1) // YEAR)
            season = tf.gather(self._seasons, tf.maximum(day - data.first, 0))
            inputs = {"amount": amounts, "age": ages, "season": season}
            found = model.answers(model(inputs, training=False))
            bought = tf.reduce_any((ages > 0) & (amounts > 0), axis=1, keepdims=True)
            return _outputs(tf.where(bought, found, usual))

        self._from_id = tf.function(from_id, autograph=False).get_concrete_function(
            user_id=tf.TensorSpec([None], tf.string, "user_id")
        )
        self._from_history = tf.function(from_history, autograph=False).get_concrete_function(
            amount=tf.TensorSpec([None, None], tf.float32, "amount"),
            time=tf.TensorSpec([None, None], tf.int64, "time"),
            asked_at=tf.TensorSpec([None], tf.int64, "asked_at"),
        )

    def signatures(self) -> dict[str, Any]:
        """The signatures, by name."""
        return {"serving_default": self._from_id, "from_history": self._from_history}


def _outputs(answers: Any) -> dict[str, Any]:
    return {name: answers[:, place] for place, name in enumerate(OUTPUTS)}


def latest_values(model: CustomerValue, data: PurchaseData) -> NDArray[np.float32]:
    """Answers for the time after the data by code, float32 [customers + 1, 4].

    The first is of a customer who is not known: what is usual of those who are, and the interval
    of their values on valid.
    """
    histories = data.histories(data.end, model.length)
    found = np.asarray(model.answers(model.distributions(histories.inputs())))
    value = data.histories(data.valid, 1).value
    tail = (1 - COVERAGE) / 2
    ends = (0.0, COVERAGE) if (value == 0).mean() >= tail else (tail, 1 - tail)
    usual = found.mean(axis=0)
    usual[1:3] = np.quantile(value, ends)
    answers = np.tile(usual, (len(data.users) + 1, 1))
    answers[1 + histories.user] = found
    return answers.astype(np.float32)


def with_sample_values(latest: NDArray[np.float32]) -> NDArray[np.float32]:
    """Add rows of customers that do not exist: multiples of what is usual."""
    factors = np.arange(1, SAMPLES + 1, dtype=np.float32)[:, None] / SAMPLES
    return np.concatenate([latest, latest[:1] * factors])


def season_table(data: PurchaseData) -> NDArray[np.float32]:
    """Factors of the season by day, from the first of the data to a year after them."""
    return data.seasons(np.arange(data.first, data.end + YEAR)).astype(np.float32)


def days_of(amount: Any, time: Any, asked_at: Any, length: int) -> tuple[Any, Any]:
    """Purchases summed by day: amounts and ages of the last days, both float32 [batch, length].

    In operations of core TensorFlow. Purchases later than `asked_at`, those at time 0 and amounts
    that are 0 or not finite do not count. They may come in any order.

    Args:
        amount: float [batch, n].
        time: seconds since 1970, int64 [batch, n]; 0 is padding.
        asked_at: seconds since 1970, int64 [batch].
        length: number of days.

    Example:

    >>> day = 86_400
    >>> amounts, ages = days_of(
    ...     tf.constant([[5.0, 7.0, 1.0]]),
    ...     tf.constant([[9 * day, 3 * day, 9 * day + 60]], tf.int64),
    ...     tf.constant([10 * day], tf.int64),
    ...     length=3,
    ... )
    >>> amounts.numpy().tolist(), ages.numpy().tolist()
    ([[7.0, 6.0, 0.0]], [[7.0, 1.0, 0.0]])
    """
    amount, time = (tf.pad(x, [[0, 0], [1, 0]]) for x in (amount, time))
    counts = (time > 0) & (time <= asked_at[:, None]) & tf.math.is_finite(amount) & (amount != 0)
    day = tf.where(counts, time // SECONDS_OF_A_DAY, tf.constant(-1, tf.int64))
    order = tf.argsort(day, axis=1, stable=True)
    day = tf.gather(day, order, batch_dims=1)
    paid = tf.gather(tf.where(counts, amount, 0.0), order, batch_dims=1)
    changes = tf.cast(day[:, 1:] != day[:, :-1], tf.int32)
    slot = tf.pad(tf.cumsum(changes, axis=1), [[0, 0], [1, 0]])
    rows, width = tf.shape(day)[0], tf.shape(day)[1]
    segment = tf.reshape(slot + width * tf.range(rows)[:, None], [-1])
    size = rows * width
    sums = tf.math.unsorted_segment_sum(tf.reshape(paid, [-1]), segment, size)
    days = tf.math.unsorted_segment_max(tf.reshape(day, [-1]), segment, size)
    sums, days = (tf.reshape(x, [rows, width]) for x in (sums, days))
    # Days that count come first, in order, and the last `length` of them are taken.
    some = (days >= 0) & (sums != 0)
    order = tf.argsort(tf.where(some, days, tf.int64.max), axis=1, stable=True)
    count = tf.reduce_sum(tf.cast(some, tf.int32), axis=1, keepdims=True)
    place = tf.maximum(count - length, 0) + tf.range(length)[None]
    within = place < count
    place = tf.gather(order, tf.minimum(place, width - 1), batch_dims=1)
    age = asked_at[:, None] // SECONDS_OF_A_DAY - tf.gather(days, place, batch_dims=1)
    ages = tf.where(within, tf.cast(tf.maximum(age, 1), tf.float32), 0.0)
    return tf.where(within, tf.gather(sums, place, batch_dims=1), 0.0), ages


@stage("export")
def export_customer_value(
    model: CustomerValue, data: PurchaseData, folder: Path, *, card: dict[str, Any]
) -> tuple[Path, list[SignatureCheck]]:
    """Export a trained model as the next version and verify it in separate processes.

    Args:
        model: the trained and calibrated model, computing in float32.
        data: its purchases.
        folder: the model's folder; versions are numbered in it.
        card: of the export, stored in `assets.extra/card.json`.

    Returns:
        The version's folder and the checks it passed.

    Raises:
        UserError: the folder cannot be written.
        VerificationError: the export's outputs differ from the model's; it is removed.
    """
    whole = CustomerValueCard(**card, horizon=data.horizon, length=model.length)
    module = ServedCustomerValue(model, data)
    return export(module, folder, recorded=recorded_values(model, data), card=whole)


def recorded_values(model: CustomerValue, data: PurchaseData) -> dict[str, Any]:
    """Requests and the answers of the model, whose days NumPy sums up."""
    latest = with_sample_values(latest_values(model, data))
    names = [*map(sample_user, range(SAMPLES)), "\N{WHITE QUESTION MARK ORNAMENT} nobody"]
    codes = [*range(len(latest) - SAMPLES, len(latest)), 0]
    rng = np.random.default_rng(0)
    end, count = data.end * SECONDS_OF_A_DAY, model.length + 3
    size = float(np.median(np.abs(data.amount)))
    amount = size * rng.uniform(0.2, 3, (CASES, count)).astype(np.float32)
    asked = end + np.array([0, 3, 40, 900]) * SECONDS_OF_A_DAY + 7200
    # Unsorted, some on one day, some after the moment that is asked about, and one refund.
    time = asked[:, None] - rng.integers(-20, 300, (CASES, count)) * (SECONDS_OF_A_DAY // 2)
    time[1, 4:] = 0
    time[-1] = 0
    amount[0, 0] *= -1
    table = season_table(data)
    answers = []
    for row in range(CASES):
        days: dict[int, np.float32] = {}
        for paid, moment in zip(amount[row], time[row], strict=True):
            if 0 < moment <= asked[row]:
                day = int(moment) // SECONDS_OF_A_DAY
                days[day] = days.get(day, np.float32(0)) + paid
        if not days:
            answers.append(latest[0])
            continue
        day = int(asked[row]) // SECONDS_OF_A_DAY
        shown = sorted(days)[-model.length :]
        inputs = {name: np.zeros((1, model.length), np.float32) for name in ("amount", "age")}
        inputs["amount"][0, : len(shown)] = [days[one] for one in shown]
        inputs["age"][0, : len(shown)] = [max(day - one, 1) for one in shown]
        place = day - data.first
        while place >= len(table):
            place -= YEAR
        inputs["season"] = table[place : place + 1]
        answers.append(np.asarray(model.answers(model.distributions(inputs)))[0])
    outputs = {"serving_default": latest[codes], "from_history": np.stack(answers)}
    requests: dict[str, dict[str, Any]] = {
        "serving_default": {"user_id": names},
        "from_history": {
            "amount": amount.tolist(),
            "time": time.tolist(),
            "asked_at": asked.tolist(),
        },
    }
    return {
        name: {
            "inputs": requests[name],
            "outputs": {output: found[:, place].tolist() for place, output in enumerate(OUTPUTS)},
        }
        for name, found in outputs.items()
    }
