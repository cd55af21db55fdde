"""Synthetic users, in addition to those of the data."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kit.data import Histories
from kit.exporting._recommender import RecommenderParts
from kit.exports import is_sample_user, sample_user
from kit.models import RetrievalModel, queries

COUNT = 32
MOST_ITEMS, SMALL = 20, 200
A_WEEK = 7 * 86_400
# Of synthetic histories where there are no real ones, in seconds since 1970.
SOME_TIME = 1_600_000_000
CHECKED = 16
TOLERANCE = 1e-4


def with_sample_users(
    model: RetrievalModel | None, parts: RecommenderParts, *, seed: int = 0
) -> RecommenderParts:
    """Add users whose histories are sampled from the catalogue.

    Answers to known users are recorded for these alone, so that no real history is in a file of the
    export.

    Args:
        model: the trained model; None if only its vectors are available, as when items are added.
        parts: of the export; returned unchanged if they have such users already.
        seed: of the sample.
    """
    if any(map(is_sample_user, parts.user_ids)):
        return parts
    rng = np.random.default_rng(seed)
    items = len(parts.item_ids)
    lengths = rng.integers(1, max(2, min(MOST_ITEMS, items)), COUNT)
    if items <= SMALL:
        # One has interacted with nearly every item, so that shorter lists are verified, too.
        lengths[0] = max(1, items - 1)
    drawn = [rng.choice(items, length, replace=False) for length in lengths]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    times = None
    if parts.owned.times is not None:
        gaps = rng.integers(1, A_WEEK, offsets[-1])
        latest = int(parts.owned.times.max(initial=0)) or SOME_TIME
        times = latest - gaps.sum() + np.cumsum(gaps)
    samples = Histories(offsets, np.concatenate(drawn).astype(np.int32), times)
    width = parts.user_vectors.shape[1]
    vectors = _queries(model, parts, samples) if width else np.empty((COUNT, 0), np.float32)
    return replace(
        parts,
        user_ids=[*parts.user_ids, *map(sample_user, range(COUNT))],
        user_vectors=np.concatenate([parts.user_vectors, vectors]),
        owned=_joined(parts.owned, samples),
        offers=parts.offers and parts.offers.for_users(len(parts.user_ids) + COUNT),
    )


def hold_users(model: RetrievalModel | None, parts: RecommenderParts, module: object) -> None:
    """Compare the graph with the model for some real users; nothing of this is stored.

    Args:
        model: the trained model; None if it is not available.
        parts: of the export.
        module: the graph, with `queries_of` and `history_of`.

    Raises:
        RuntimeError: their queries or histories differ.
    """
    real = np.flatnonzero([not is_sample_user(user) for user in parts.user_ids])
    if model is None or not len(real):
        return
    rng = np.random.default_rng(0)
    rows = rng.choice(real, min(CHECKED, len(real)), replace=False)
    names = [parts.user_ids[row] for row in rows]
    expected = queries(model, rows, parts.owned.take(rows))
    found = module.queries_of(np.array(names, object)).numpy()  # type: ignore[attr-defined]
    # Votes that follow the vectors are compared with recorded answers.
    found = found[:, : expected.shape[1]]
    histories = [
        [item.decode() for item in module.history_of(name).numpy()]  # type: ignore[attr-defined]
        for name in names
    ]
    owned = [
        [
            parts.item_ids[item]
            for item in parts.owned.items[slice(*parts.owned.offsets[[row, row + 1]])]
        ]
        for row in rows
    ]
    if histories != owned or not np.allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE):
        raise RuntimeError("Queries or histories of the graph differ from the model's.")


def sample_rows(user_ids: Sequence[str], count: int) -> NDArray[np.int64]:
    """Codes of the synthetic users.

    Raises:
        ValueError: there are none, see `with_sample_users`.
    """
    rows = [row for row, user in enumerate(user_ids) if is_sample_user(user)][:count]
    if not rows:
        raise ValueError("There are no sample users to record answers for.")
    return np.array(rows)


def _queries(
    model: RetrievalModel | None, parts: RecommenderParts, samples: Histories
) -> NDArray[np.float32]:
    if model is not None:
        return queries(model, np.full(len(samples), model.num_users), samples)
    encoder = parts.history_encoder
    if encoder is not None:
        codes = samples.padded(np.arange(len(samples)), length=MOST_ITEMS, shift=1) - 1
        return np.asarray(encoder.query(parts.item_vectors[codes], codes >= 0))
    mean = np.asarray(samples.matrix(len(parts.item_ids)) @ parts.item_vectors)
    mean /= samples.lengths[:, None]
    mean[:, -1] = 1
    return mean.astype(np.float32)


def _joined(first: Histories, second: Histories) -> Histories:
    times = None
    if first.times is not None and second.times is not None:
        times = np.concatenate([first.times, second.times])
    return Histories(
        np.concatenate([first.offsets, first.offsets[-1] + second.offsets[1:]]),
        np.concatenate([first.items, second.items]),
        times,
    )
