"""Choose and build the index of a catalogue."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from kit.retrieval._exact import ExactIndex
from kit.retrieval._filter import Scannable
from kit.retrieval._inverted_file import InvertedFile
from kit.retrieval._scann import ScannIndex

Kind = Literal["auto", "exact", "inverted-file", "scann"]
Rows = Literal["float32", "bfloat16", "int8"]
# Up to this size, scoring all candidates takes no longer than the rest of a request.
EXACT_UP_TO = 50_000


class CandidateIndex(Scannable, Protocol):
    """Finds the candidates that score highest for a query; see `ExactIndex` for the methods."""

    size: int
    recall: float

    def search(self, queries: Any, excluded: Any, k: int) -> tuple[Any, Any]:
        """Scores and candidates [batch, k], excluding int32 [batch, n]; negative is padding."""

    def vectors_of(self, codes: Any) -> Any:
        """Vectors of candidates: int32 [...] -> float32 [..., dim]; zeros for negative codes."""


@dataclass(frozen=True)
class IndexSettings:
    """Settings of the candidate index.

    Args:
        kind: "exact" scores every candidate; "inverted-file" only those in the lists nearest to the
            query, with core TensorFlow operations; "scann" needs the operations of ScaNN wherever
            the model is loaded. "auto" is "exact" up to 50,000 candidates, else "inverted-file".
        recall: target recall@10 of approximate search.
        rows: dtype of the vectors in an inverted file.

    Raises:
        ValueError: a value is not allowed.

    Example:

    >>> IndexSettings().chosen(1_000_000)
    'inverted-file'
    """

    kind: Kind = "auto"
    recall: float = 0.95
    rows: Rows = "float32"

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"kind is one of {', '.join(get_args(Kind))}, not {self.kind!r}.")
        if not 0 < self.recall <= 1:
            raise ValueError(f"recall is above 0 and at most 1, not {self.recall}.")
        if self.rows not in get_args(Rows):
            raise ValueError(f"rows is one of {', '.join(get_args(Rows))}, not {self.rows!r}.")

    def chosen(self, size: int) -> str:
        """The kind of index for this number of candidates, with "auto" resolved."""
        if self.kind == "auto":
            return "exact" if size <= EXACT_UP_TO else "inverted-file"
        return self.kind


def index_for(
    settings: IndexSettings,
    vectors: NDArray[np.float32],
    queries: NDArray[np.float32] | None = None,
    excluded: NDArray[np.int32] | None = None,
) -> CandidateIndex:
    """Build the index that the settings ask for.

    Args:
        settings: kind, target recall and dtype.
        vectors: float32 [candidates, dim].
        queries: float32 [n, dim], representative queries to tune and measure the index with.
        excluded: int32 [n, m], candidates that each of these queries excludes; negative is padding.

    Raises:
        UserError: ScaNN is requested but not available for this TensorFlow, or TensorFlow
            Recommenders cannot be imported.
        ValueError: no vectors, or a vector that is not finite.

    Example:

    >>> index_for(IndexSettings("inverted-file"), np.eye(4, dtype=np.float32)).recall
    1.0
    """
    match settings.chosen(len(vectors)):
        case "exact":
            return ExactIndex(vectors)
        case "scann":
            return ScannIndex(vectors, queries, excluded=excluded, recall=settings.recall)
        case _:
            return InvertedFile(
                vectors, queries, excluded=excluded, recall=settings.recall, rows=settings.rows
            )
