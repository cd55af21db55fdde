"""Features of the candidates for the ranking stage."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.data import Events, histories
from kit.retrieval import item_cooccurrence, nearest_neighbours, unit_rows

RECENT = 64
LATEST = 5
FADING = 10.0
NEIGHBOURS = 64
WINDOWS = (7, 30)
A_DAY = 86_400


@dataclass(frozen=True)
class CandidateTables:
    """Item statistics at one point in time.

    Args:
        vectors: float32 [items, dim], of unit length.
        neighbours: int32 [items, n], the most similar items by co-occurrence, ascending; -1 is
            padding.
        likeness: float32 [items, n], cosine similarities of the neighbours.
        numbers: float32 [items, m], further numerical features of each item.
        names: names of the columns of `numbers`.
    """

    vectors: NDArray[np.float32]
    neighbours: NDArray[np.int32]
    likeness: NDArray[np.float32]
    numbers: NDArray[np.float32]
    names: tuple[str, ...]

    @classmethod
    def of(
        cls, vectors: NDArray[np.float32], past: Sequence[Events], num_users: int
    ) -> "CandidateTables":
        """Compute the tables from past events.

        Args:
            vectors: float32 [items, dim], item vectors without bias.
            past: past events; items beyond the vectors are skipped.
            num_users: number of known users.

        Example:

        >>> events = Events(np.array([0, 0]), np.array([1, 0]), np.array([0, 86_400]), None)
        >>> tables = CandidateTables.of(np.eye(2, dtype=np.float32), [events], num_users=1)
        >>> tables.names
        ('taken', 'taken in 7 days', 'taken in 30 days', 'days since first taken')
        """
        size = len(vectors)
        known = [events.where(events.item < size) for events in past]
        owned = histories(known, num_users).matrix(size)
        neighbours, likeness = nearest_neighbours(item_cooccurrence(owned, NEIGHBOURS), NEIGHBOURS)
        item = np.concatenate([events.item for events in known])
        columns = {"taken": np.bincount(item, minlength=size)}
        if all(events.time is not None for events in known):
            time = np.concatenate([events.time for events in known])
            now = time.max(initial=0)
            for days in WINDOWS:
                recent = item[time > now - days * A_DAY]
                columns[f"taken in {days} days"] = np.bincount(recent, minlength=size)
            first = np.full(size, now)
            np.minimum.at(first, item, time)
            columns["days since first taken"] = (now - first) / A_DAY
        return cls(
            vectors=unit_rows(vectors),
            neighbours=neighbours,
            likeness=likeness,
            numbers=np.log1p(np.stack(list(columns.values()), axis=1)).astype(np.float32),
            names=tuple(columns),
        )


class CandidateFeatures(tf.Module):
    """Features of a user's candidates for the ranking stage, in core TensorFlow operations.

    They use the last 64 items of the history. `similar` is the mean cosine similarity of a
    candidate with these items. `together` is the sum, over the distinct items of the history, of
    the co-occurrence cosines with the candidate; `together lately` weights each item by
    exp(-n / 10), where n is the number of items after its last occurrence.

    Args:
        tables: item statistics.

    Call arguments:
        history: int32 [batch, length], items oldest first; negative codes are padding.
        candidates: int32 [batch, n], best first; negative codes are padding.
        retrieval: float32 [batch, n], retrieval scores of the candidates.

    Returns:
        Feature name to float32 [batch, n].

    Example:

    >>> events = Events(np.array([0, 0]), np.array([1, 0]), None, None)
    >>> tables = CandidateTables.of(np.eye(2, dtype=np.float32), [events], num_users=1)
    >>> history, candidates = tf.constant([[1]]), tf.constant([[0]])
    >>> features = CandidateFeatures(tables)(history, candidates, tf.constant([[0.5]]))
    >>> {name: float(value[0, 0]) for name, value in features.items() if "together" in name}
    {'together': 1.0, 'together lately': 1.0}
    """

    def __init__(self, tables: CandidateTables) -> None:
        super().__init__()
        self._names = tables.names
        self._vectors, self._neighbours, self._likeness, self._numbers = (
            tf.Variable(table, trainable=False)
            for table in (tables.vectors, tables.neighbours, tables.likeness, tables.numbers)
        )

    @property
    def names(self) -> list[str]:
        """Names of the features, in order."""
        return [*OF_THE_PAIR, *self._names]

    def vectors_of(self, items: Any) -> Any:
        """Unit vectors of items: int32 [...] -> float32 [..., dim]; any for negative codes."""
        return tf.gather(self._vectors, tf.maximum(items, 0))

    def __call__(self, history: Any, candidates: Any, retrieval: Any) -> dict[str, Any]:
        recent, age = _latest(history)
        had = tf.cast(recent >= 0, tf.float32)
        items = tf.maximum(candidates, 0)
        vectors = self.vectors_of(recent) * had[..., None]
        similar = tf.matmul(self.vectors_of(items), vectors, transpose_b=True)
        together, lately = self._together(items, recent, age)
        place = tf.range(tf.shape(candidates)[1], dtype=tf.float32)
        length = tf.reduce_sum(tf.cast(history >= 0, tf.float32), axis=1, keepdims=True)
        pairs = (
            retrieval,
            retrieval - retrieval[:, :1],
            tf.math.log1p(place)[None],
            tf.math.log1p(length),
            _mean(similar, had),
            _mean(similar, had * tf.cast(age < LATEST, tf.float32)),
            tf.reduce_max(tf.pad(similar, [[0, 0], [0, 0], [0, 1]]), axis=2),
            together,
            lately,
        )
        numbers = tf.unstack(tf.gather(self._numbers, items), axis=2)
        shape = tf.shape(retrieval)
        return {
            name: tf.broadcast_to(value, shape)
            for name, value in zip(self.names, (*pairs, *numbers), strict=True)
        }

    def _together(self, items: Any, recent: Any, age: Any) -> tuple[Any, Any]:
        # Latest first, so that a repeated item is matched at its last occurrence.
        recent, age = recent[:, ::-1], tf.broadcast_to(age[:, ::-1], tf.shape(recent))
        order = tf.argsort(recent, axis=1, stable=True)
        had, age = (tf.gather(x, order, batch_dims=1) for x in (recent, age))
        # A sentinel after the last entry, for neighbours that are not in the history.
        had = tf.pad(had, [[0, 0], [0, 1]], constant_values=tf.int32.max)
        faded = tf.pad(tf.exp(-age / FADING), [[0, 0], [0, 1]])
        neighbours = tf.gather(self._neighbours, items)
        flat = tf.reshape(neighbours, [tf.shape(neighbours)[0], -1])
        place = tf.minimum(
            tf.raw_ops.LowerBound(sorted_inputs=had, values=flat), tf.shape(had)[1] - 1
        )
        is_had = (flat >= 0) & tf.equal(tf.gather(had, place, batch_dims=1), flat)
        likeness = tf.reshape(tf.gather(self._likeness, items), tf.shape(flat))
        likeness *= tf.cast(is_had, tf.float32)
        both = (likeness, likeness * tf.gather(faded, place, batch_dims=1))
        plain, lately = (tf.reduce_sum(tf.reshape(x, tf.shape(neighbours)), axis=2) for x in both)
        return plain, lately


OF_THE_PAIR = (
    "retrieval",
    "below the best",
    "place",
    "history",
    "similar",
    "similar lately",
    "most similar",
    "together",
    "together lately",
)


def _latest(history: Any) -> tuple[Any, Any]:
    """The last items, int32 [batch, n], left-padded with -1, and their ages, float32 [1, n]."""
    known = tf.argsort(tf.cast(history >= 0, tf.int32), axis=1, stable=True)
    recent = tf.maximum(tf.gather(history, known, batch_dims=1)[:, -RECENT:], -1)
    age = tf.range(tf.shape(recent)[1])[::-1]
    return recent, tf.cast(age, tf.float32)[None]


def _mean(similar: Any, weights: Any) -> Any:
    total = tf.linalg.matvec(similar, weights)
    return total / tf.maximum(tf.reduce_sum(weights, axis=1, keepdims=True), 1)


def defined_features(
    tables: CandidateTables,
    history: NDArray[np.int32],
    items: NDArray[np.integer],
    retrieval: NDArray[np.float32],
) -> dict[str, NDArray[np.float32]]:
    """Reference implementation of `CandidateFeatures` for one user, in NumPy.

    Args:
        tables: item statistics.
        history: int32 [length], items oldest first.
        items: int [n], candidates; negative codes are padding.
        retrieval: float32 [n], retrieval scores of the candidates.
    """
    recent = history[-RECENT:]
    age = np.arange(len(recent))[::-1]
    at = np.maximum(items, 0)
    similar = tables.vectors[at] @ tables.vectors[recent].T
    likeness = np.zeros_like(similar)
    for place, item in enumerate(recent):
        if item in recent[place + 1 :]:
            continue
        likeness[:, place] = (tables.likeness[at] * (tables.neighbours[at] == item)).sum(axis=1)
    nothing = np.zeros((len(items), 1), np.float32)
    latest = similar[:, max(len(recent) - LATEST, 0) :]
    columns = {
        "retrieval": retrieval,
        "below the best": retrieval - retrieval[0],
        "place": np.log1p(np.arange(len(items))),
        "history": np.full(len(items), np.log1p(len(history))),
        "similar": similar.sum(axis=1) / max(len(recent), 1),
        "similar lately": latest.sum(axis=1) / max(latest.shape[1], 1),
        "most similar": np.hstack([similar, nothing]).max(axis=1),
        "together": likeness.sum(axis=1),
        "together lately": likeness @ np.exp(-age / FADING),
        **dict(zip(tables.names, tables.numbers[at].T, strict=True)),
    }
    return {name: np.asarray(column, np.float32) for name, column in columns.items()}
