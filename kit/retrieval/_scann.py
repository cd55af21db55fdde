"""Approximate search with ScaNN, through TFRS; its operations are no part of TensorFlow."""

from importlib import import_module
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.errors import UserError
from kit.retrieval._exact import without
from kit.retrieval._recall import Sample, recall_of, samples
from kit.retrieval._tfrs import tfrs

FEWEST = 16  # ScaNN's codebooks have 16 entries, each of which is a vector at first.
RESCORED, FEWEST_RESCORED = 4, 100


class ScannIndex(tf.Module):
    """The best candidates of each query by dot product, through TFRS' ScaNN layer.

    Whatever loads the export needs ScaNN's operations: Python after `import scann`, or a
    TensorFlow Serving that was built with them.

    Args:
        vectors: float32 [candidates, dim].
        queries: float32 [n, dim], queries like those to come; by default the candidates
            themselves. Half of at most 1,000 chooses how many leaves are searched, the other half
            measures.
        excluded: int32 [n, m], candidates each of these queries will leave out; negative is
            padding.
        recall: share of the 10 best candidates that a search should find; if all leaves together
            do not find as many, they are all searched.
        seed: of the choice of queries.

    Attributes:
        recall: share of the 10 best found, measured on the other half of the queries.
        custom_ops: the operations needed, by the Python module that registers them.

    Raises:
        UserError: there is no ScaNN for this TensorFlow, or there are fewer than 16 candidates.
        ValueError: a vector that is not finite.

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
        """Scores and candidates, best first.

        As many more candidates are fetched as may have to go.

        Args:
            queries: float32 [batch, dim].
            excluded: int32 [batch, n], candidates to leave out, negative is padding; or None.
            k: at most the number of candidates.

        Returns:
            float32 and int32 [batch, k]; where a list ends early, the lowest float and -1.
        """
        queries = tf.convert_to_tensor(queries)
        if excluded is None:
            excluded = tf.zeros([tf.shape(queries)[0], 0], tf.int32)
        fetched = tf.minimum(k + tf.shape(excluded)[1], self.size)
        compared = tf.maximum(RESCORED * fetched, FEWEST_RESCORED)
        # Many exclusions take more leaves, or nothing would be left of the nearest.
        least = -(-compared * self._leaves // self.size)
        leaves = tf.minimum(tf.maximum(self._leaves_searched, least), self._leaves)
        found = self._from_module(self._searcher).search_batched_parallel(
            queries, fetched, compared, leaves
        )
        return without(found.distances, found.indices, excluded, k)

    def vectors_of(self, codes: Any) -> Any:
        """Vectors of candidates: int32 [...] -> float32 [..., dim]; zeros for a negative code."""
        known = tf.cast(codes >= 0, tf.float32)[..., None]
        return tf.gather(self._vectors, tf.maximum(codes, 0)) * known

    def scores_of(self, query: Any, codes: Any) -> Any:
        """Scores [1, n] of candidates int32 [n] for a query [1, dim]."""
        return tf.matmul(query, self.vectors_of(codes), transpose_b=True)

    def scan(self, query: Any, parts: Any) -> tuple[Any, Any]:
        """Scores of all candidates for one query [1, dim], and the candidates: [1, candidates]."""
        return tf.matmul(query, self._vectors, transpose_b=True), tf.range(self.size)[None]

    def _recall_on(self, sample: Sample) -> float:
        k = sample.neighbours.shape[1]
        _, found = self.search(sample.queries, sample.excluded, k)
        return recall_of(found.numpy(), sample.neighbours)

    @property
    def _vectors(self) -> Any:
        return tf.ensure_shape(self._searcher.dataset, [self.size, self._dim])
