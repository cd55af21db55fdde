"""Which index a catalogue gets."""

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
# Up to here a product with all candidates takes no longer than a request does anyway.
EXACT_UP_TO = 50_000


class CandidateIndex(Scannable, Protocol):
    """Finds the candidates that score highest for a query; see `ExactIndex` for the methods."""

    size: int
    recall: float

    def search(self, queries: Any, excluded: Any, k: int) -> tuple[Any, Any]:
        """Scores and candidates [batch, k] without int32 [batch, n]; negative is padding."""

    def vectors_of(self, codes: Any) -> Any:
        """Vectors of candidates: int32 [...] -> float32 [..., dim]; zeros for a negative code."""


@dataclass(frozen=True)
class IndexSettings:
    """How candidates are searched.

    Args:
        kind: "exact" scores every candidate, "inverted-file" only those in lists near the query,
            with operations every TensorFlow has; "scann" needs the operations of ScaNN wherever
            the model is loaded. "auto" is exact up to 50,000 candidates, an inverted file above.
        recall: share of the 10 best that a search has to find where not every candidate is scored.
        rows: how an inverted file keeps its vectors.

    Raises:
        ValueError: a value outside what is allowed.

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
        """The kind for so many candidates, with "auto" decided."""
        if self.kind == "auto":
            return "exact" if size <= EXACT_UP_TO else "inverted-file"
        return self.kind


def index_for(
    settings: IndexSettings,
    vectors: NDArray[np.float32],
    queries: NDArray[np.float32] | None = None,
    excluded: NDArray[np.int32] | None = None,
) -> CandidateIndex:
    """The index that the settings ask for.

    Args:
        settings: which, and how good.
        vectors: float32 [candidates, dim].
        queries: float32 [n, dim], queries like those to come, for what is tuned or measured.
        excluded: int32 [n, m], what each of these queries leaves out; negative is padding.

    Raises:
        UserError: ScaNN is asked for and has no operations for this TensorFlow, or TensorFlow
            Recommenders does not load.
        ValueError: an inverted file without vectors, or with one that is not finite.

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
