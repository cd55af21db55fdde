"""The features of candidates by their definitions, in NumPy."""

import numpy as np
from numpy.typing import NDArray

from kit.models._candidate_features import FADING, LATEST, RECENT, CandidateTables


def defined_features(
    tables: CandidateTables,
    history: NDArray[np.int32],
    items: NDArray[np.integer],
    retrieval: NDArray[np.float32],
) -> dict[str, NDArray[np.float32]]:
    """`kit.models.CandidateFeatures` of one person by its definition.

    Args:
        tables: what is known of the items.
        history: int32 [length], items oldest first.
        items: int [n], candidates; negative is padding.
        retrieval: float32 [n], their scores.
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
