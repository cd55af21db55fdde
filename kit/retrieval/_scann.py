"""Approximate search with ScaNN, through TFRS; it needs custom operations."""

from importlib import import_module
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.errors import UserError
from kit.retrieval._exact import without
from kit.retrieval._recall import Sample, recall_of, samples
from kit.retrieval._tfrs import tfrs

FEWEST = 16  # The codebooks of ScaNN have 16 entries, which are initialized with vectors.
RESCORED, FEWEST_RESCORED = 4, 100


class ScannIndex(tf.Module):
    """Approximate search by dot product, with the ScaNN layer of TFRS.

    Whatever loads the export needs the operations of ScaNN: Python after `import scann`, or a build
    of TensorFlow Serving that includes them.

    Args:
        vectors: float32 [candidates, dim].
        queries: float32 [n, dim], representative queries; by default the candidates themselves. At
            most 1,000 are sampled: half of them tune the number of leaves to search, the others
            measure.
        excluded: int32 [n, m], candidates that each of these queries excludes; negative codes are
            padding.
        recall: target recall@10; if searching all leaves does not reach it, all are searched.
        seed: random seed of the sample of queries.

    Attributes:
        recall: recall@10, measured on the second half of the queries.
        custom_ops: the custom operations needed, by the Python module that registers them.

    Raises:
        UserError: ScaNN is not available for this TensorFlow, or there are fewer than 16
            candidates.
        ValueError: a vector is not finite.

    Source: Guo et al. (2020), Accelerating large-scale inference with anisotropic vector
    quantization.
    """

    parts = probes = 1
    custom_ops = {"scann": ["Scann>ScannSearchBatched", "Scann>TensorsToScann"]}  # noqa: RUF012

    def __init__(
        self,
        vectors: NDArray[np.float32],
        queries: NDArray[np.float32] | None = None,
        *,
        excluded: NDArray[np.int32] | None = None,
        recall: float = 0.95,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.size, self._dim = vectors.shape
        if self.size < FEWEST:
            raise UserError(
                f"{self.size} candidates are too few for ScaNN.",
                expected=f"at least {FEWEST}",
                remedy="Take --index exact.",
            )
        if not np.isfinite(vectors).all():
            raise ValueError("An index needs vectors that are finite.")
        self._leaves = int(self.size**0.5)
        with tfrs() as library:
            try:
                layer = library.layers.factorized_top_k.ScaNN(
                    num_leaves=self._leaves, num_reordering_candidates=FEWEST_RESCORED
                )
            except ImportError as error:
                raise UserError(
                    f"There is no ScaNN for TensorFlow {tf.__version__}.",
                    expected="scann 1.4.2 beside TensorFlow 2.20",
                    remedy="Take --index inverted-file, which every TensorFlow can search, or "
                    "install these versions.",
                ) from error
            layer.index(tf.constant(vectors))
        self._searcher = layer._serialized_searcher
        self._from_module = import_module("scann").scann_ops.searcher_from_module
        tuning, measuring = samples(vectors, queries, excluded, seed)
        self._leaves_searched = 1
        while self._leaves_searched < self._leaves and self._recall_on(tuning) < recall:
            self._leaves_searched *= 2
        self.recall = self._recall_on(measuring)

    def search(self, queries: Any, excluded: Any, k: int) -> tuple[Any, Any]:
        """The k best candidates of each query, best first.

        As many additional candidates are fetched as may be excluded.

        Args:
            queries: float32 [batch, dim].
            excluded: int32 [batch, n], candidates to exclude, negative codes are padding; or None.
            k: number of results, at most the number of candidates.

        Returns:
            Scores, float32 [batch, k], and codes, int32 [batch, k]; a list that is too short is
            padded with the lowest float and -1.
        """
        queries = tf.convert_to_tensor(queries)
        if excluded is None:
            excluded = tf.zeros([tf.shape(queries)[0], 0], tf.int32)
        fetched = tf.minimum(k + tf.shape(excluded)[1], self.size)
        compared = tf.maximum(RESCORED * fetched, FEWEST_RESCORED)
        # Many exclusions need more leaves, or none of the nearest candidates would be left.
        least = -(-compared * self._leaves // self.size)
        leaves = tf.minimum(tf.maximum(self._leaves_searched, least), self._leaves)
        results = self._from_module(self._searcher).search_batched_parallel(
            queries, fetched, compared, leaves
        )
        return without(results.distances, results.indices, excluded, k)

    def vectors_of(self, codes: Any) -> Any:
        """Vectors of candidates: int32 [...] -> float32 [..., dim]; zeros for negative codes."""
        is_candidate = tf.cast(codes >= 0, tf.float32)[..., None]
        return tf.gather(self._vectors, tf.maximum(codes, 0)) * is_candidate

    def scores_of(self, query: Any, codes: Any) -> Any:
        """Scores [1, n] of candidates int32 [n] for a query [1, dim]."""
        return tf.matmul(query, self.vectors_of(codes), transpose_b=True)

    def scan(self, query: Any, parts: Any) -> tuple[Any, Any]:
        """Scores of all candidates for one query [1, dim], and the candidates: [1, candidates]."""
        return tf.matmul(query, self._vectors, transpose_b=True), tf.range(self.size)[None]

    def _recall_on(self, sample: Sample) -> float:
        k = sample.neighbours.shape[1]
        _, retrieved = self.search(sample.queries, sample.excluded, k)
        return recall_of(retrieved.numpy(), sample.neighbours)

    @property
    def _vectors(self) -> Any:
        return tf.ensure_shape(self._searcher.dataset, [self.size, self._dim])
