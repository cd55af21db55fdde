"""Recommenders made by hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from kit.data import Attributes, Histories
from kit.exporting import Recommender, RecommenderParts
from kit.exports import SignatureCheck, _verify
from kit.exports._loaders import C_LIBRARY
from kit.retrieval import IndexSettings

LOWEST = float(np.finfo(np.float32).min)
ITEMS = ["a b", "it's", 'say "x"', "čaj 茶", "🫖", "plain", "007", "last one"]
USERS = ["ann", "bo o", "ćira", "has nearly all"]
OWNED = [[0, 2], [5], [], [7, 6, 5, 4, 3, 2, 1]]
VALUES = ("kind=tea", "kind=čaj 茶", "made=here")
TOKENS = [[1, 0], [1, 3], [2, 0], [1, 2], [0, 0], [3, 0], [3, 1], [2, 3]]


def lists(rows: list[list[int]]) -> Histories:
    offsets = np.cumsum([0, *map(len, rows)])
    return Histories(offsets, np.array([i for row in rows for i in row], np.int32))


def hand_made(dim: int = 3, seed: int = 0) -> RecommenderParts:
    """Random vectors; the last column is the item's bias and the query's constant 1."""
    random = np.random.default_rng(seed)
    users = random.normal(size=(len(USERS), dim + 1)).astype(np.float32)
    users[:, -1] = 1
    return RecommenderParts(
        user_ids=USERS,
        item_ids=ITEMS,
        user_vectors=users,
        item_vectors=random.normal(size=(len(ITEMS), dim + 1)).astype(np.float32),
        owned=lists(OWNED),
        popularity=np.array([0.1, 0.5, 0.2, 0.9, 0.3, 0.7, 0.4, 0.6], np.float32),
        attributes=Attributes(VALUES, np.array(TOKENS, np.int32)),
    )


def recommender(
    *, k: int = 5, exclude_seen: bool = True, seed: int = 0, index: IndexSettings | None = None
) -> Recommender:
    return Recommender(hand_made(seed=seed), k=k, exclude_seen=exclude_seen, index=index)


def asked(function, *values) -> tuple[list[list[str]], np.ndarray]:
    """Item ids as text, and scores."""
    answer = function(*values)
    return [[i.decode() for i in row] for row in answer["item_id"].numpy()], answer["score"].numpy()


def c_library_only(patch: pytest.MonkeyPatch) -> None:
    """Verify by the loader that takes half a second; the others import TensorFlow for Python."""
    patch.setattr(_verify, "LOADERS", (C_LIBRARY,))


def passing(version: Path, *, trust: bool) -> list[SignatureCheck]:
    """Instead of `verify`, where a test is not about it: no process of its own."""
    assert trust
    assert json.loads((version / "assets.extra" / "recorded.json").read_text()) is not None
    return [SignatureCheck("serving_default", True, 0.0, 0, "")]
