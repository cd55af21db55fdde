"""Segments of users in the graph of an export: who is nearest to which centre."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.exporting._traced import traced

if TYPE_CHECKING:
    from kit.exporting._recorded import RecordedCases

TOLERANCE = 1e-4
SMALLEST = 1e-12
# Of users and histories that the model does not know.
NO_SEGMENT, NO_DISTANCE = 0, -1.0


@dataclass(frozen=True)
class SegmentCentres:
    """The centres of segments, and what these are called.

    Args:
        centres: float32 [segments, dim], of user vectors without their constant, scaled to length
            1; segments are numbered in this order, from 1.
        names: of the segments, such as the items that describe them.

    Example:

    >>> SegmentCentres(np.eye(2, dtype=np.float32), ["tea", "coffee"]).nearest(
    ...     np.float32([[0.0, 3.0]])
    ... )
    (array([2]), array([0.]))
    """

    centres: NDArray[np.float32]
    names: list[str]

    def nearest(self, vectors: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Segments, int64 [users], from 1, and distances to their centres, float64 [users].

        Args:
            vectors: float32 [users, dim], of any length.
        """
        points = vectors.astype(np.float64)
        points /= np.maximum(np.linalg.norm(points, axis=1, keepdims=True), SMALLEST)
        distances = np.linalg.norm(points[:, None] - self.centres[None].astype(np.float64), axis=2)
        place = distances.argmin(axis=1)
        return place + 1, distances[np.arange(len(place)), place]


class Segmented(tf.Module):
    """The signatures `segment` and `segment_history` of a `RecommenderGraph` of vectors."""

    # Of the graph.
    _user_code: Any
    _item_code: Any
    _user_vectors: Any
    _of_history: Any
    _has_segments = False

    def _hold_segments(self, segments: SegmentCentres) -> None:
        """Have the signatures of segments."""
        self._has_segments = True
        self._centres = tf.Variable(segments.centres, trainable=False)
        # Segment 0 is that of the unknown.
        self._segment_names = tf.constant(["", *segments.names])

    @traced(when="_has_segments")
    def segment_centres(self) -> dict[str, Any]:
        """Centres and names; not a signature, so servers do not expose it."""
        return {"centres": self._centres.value(), "names": self._segment_names[1:]}

    @traced(tf.TensorSpec([None], tf.string, "user_id"), when="_has_segments")
    def segment(self, user_id: Any) -> dict[str, Any]:
        """The segment of a user: its number, name, and the distance to its centre.

        Vectors are scaled to length 1, so that a distance is between 0 and 2. Unknown users are in
        segment 0, which has no name, at the distance -1.
        """
        code = self._user_code.lookup(user_id)
        return self._segment_of(code >= 0, self._user_vectors(code))

    @traced(tf.TensorSpec([None, None], tf.string, "history"), when="_has_segments")
    def segment_history(self, history: Any) -> dict[str, Any]:
        """`segment` of a new user by the history; unknown items are ignored."""
        return self._segment_of(*self._of_history(self._item_code.lookup(history)))

    def _segment_of(self, known: Any, queries: Any) -> dict[str, Any]:
        # Behind the vector stand its constant, and maybe votes.
        vectors = queries[:, : self._centres.shape[1]]
        length = tf.norm(vectors, axis=1, keepdims=True)
        points = vectors / tf.maximum(length, SMALLEST)
        size = tf.reduce_sum(tf.square(self._centres), axis=1)
        # The length of a point is the same for all centres.
        place = tf.argmin(
            size - 2 * tf.matmul(points, self._centres, transpose_b=True),
            axis=1,
            output_type=tf.int32,
        )
        # Without the difference of large numbers, which is inexact near a centre.
        distance = tf.norm(points - tf.gather(self._centres, place), axis=1)
        segment = tf.where(known, place + 1, NO_SEGMENT)
        return {
            "segment": segment,
            "name": tf.gather(self._segment_names, segment),
            "distance": tf.where(known, distance, NO_DISTANCE),
        }


def recorded_segments(
    segments: SegmentCentres, cases: "RecordedCases", module: Any
) -> dict[str, Any]:
    """The graph's segments, after each of them was found again by NumPy.

    Args:
        segments: of the export.
        cases: requests and their vectors.
        module: the exported graph.

    Raises:
        RuntimeError: the graph and NumPy disagree.
    """
    found = {}
    width = segments.centres.shape[1]
    requests = {
        "segment": cases.embeddings["embed_user"],
        "segment_history": (cases.rankings["from_history"][0], cases.history_queries),
    }
    for name, (inputs, queries) in requests.items():
        asked = tf.constant(next(iter(inputs.values())), tf.string)
        answer = {key: x.numpy() for key, x in module.signatures()[name](asked).items()}
        vectors = queries[:, :width]
        known = np.append(np.ones(len(vectors) - 1, np.bool_), False)
        if name == "segment_history":
            known[:-1] = cases.recent.lengths > 0
        _, expected = segments.nearest(vectors)
        chosen = segments.centres[np.maximum(answer["segment"] - 1, 0)]
        points = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), SMALLEST)
        own = np.linalg.norm(points - chosen, axis=1)
        # Of two centres that are equally near, either is right.
        close = np.allclose(answer["distance"][known], expected[known], atol=TOLERANCE)
        close &= np.allclose(own[known], expected[known], atol=TOLERANCE)
        close &= bool((answer["segment"][~known] == NO_SEGMENT).all())
        if not close:
            raise RuntimeError(f"{name}: the graph and NumPy disagree on segments.")
        text = [one.decode() for one in answer.pop("name")]
        outputs = {key: values.tolist() for key, values in answer.items()}
        found[name] = {"inputs": inputs, "outputs": {**outputs, "name": text}}
    return found
