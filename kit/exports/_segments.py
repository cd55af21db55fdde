"""Segments of users: groups of similar ones, whether they repeat, and what they are."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data import Dataset, Histories
from kit.errors import UserError
from kit.exports._card import RetrievalCard
from kit.exports._read_card import recommender_card
from kit.metrics import adjusted_rand

SEEDS = 5
STARTS, STEPS = 4, 30
# Centres are fitted to so many users at most; all get the nearest one.
FITTED_USERS = 10_000
USERS_OF_A_SEGMENT = 10
REPEATS = 0.5
# An item describes a segment if so many of its users, and such a share, interacted with it.
SUPPORT, SUPPORT_SHARE, ITEMS = 5, 0.02, 3
BOUND = 1.645  # of a normal distribution, at 95 %
A_DAY = 86_400


@dataclass(frozen=True)
class Users:
    """The users that an export knows.

    Args:
        ids: of the users.
        vectors: float32 [users, dim], their queries.
        owned: items they interacted with, rows of `items`.
        items: names of the items.
    """

    ids: Sequence[str]
    vectors: NDArray[np.float32]
    owned: Histories
    items: Sequence[str]


@dataclass(frozen=True)
class Segments:
    """Groups of users.

    Args:
        table: a row for each segment, the largest first: `segment`, from 1; `users`, their number;
            `users_share`; `interactions_share`; with a log also `weight_share` and
            `days_since_last` (median), null where it states no weights or times; and `items`, the
            most over-represented ones, a list of `name` and `lift`: how many times larger their
            share of the segment's users is than of all.
        users: `user_id` and `segment`.
        seeds: mean adjusted Rand index of the groups of five seeds.
        halves: of the groups that centres of two halves of the users give to all, the mean over
            five divisions.
        centres: float64 [segments, dim], of what was grouped.
        by: "vectors" or "rfm".
    """

    table: pl.DataFrame
    users: pl.DataFrame
    seeds: float
    halves: float
    centres: NDArray[np.float64] = field(repr=False)
    by: str = "vectors"

    @property
    def repeats(self) -> bool:
        """Whether other seeds and other users would give similar groups."""
        return min(self.seeds, self.halves) >= REPEATS

    def check_repeats(
        self, *, force: bool = False, remedy: str = "Ask for fewer segments."
    ) -> None:
        """Refuse groups that do not repeat.

        Args:
            force: do not.
            remedy: what to do instead.

        Raises:
            UserError: they do not repeat.
        """
        if force or self.repeats:
            return
        raise UserError(
            "These groups do not repeat: another seed, or half of the users, gives others.",
            where=f"{len(self.table)} segments of {len(self.users):,} users",
            expected=f"an adjusted Rand index of at least {REPEATS}; it is {self.seeds:.2f} over "
            f"seeds, {self.halves:.2f} over halves",
            remedy=remedy,
        )


def check_can_hold_segments(version: Path) -> RetrievalCard:
    """The card of an export that another version with segments can be made of.

    Raises:
        UserError: it is a two-stage model.
    """
    card = recommender_card(version)
    if isinstance(card, RetrievalCard):
        return card
    raise UserError(
        "A two-stage model cannot be given a signature of segments: its second stage cannot be "
        "written again.",
        where=str(version),
        expected="a model of one stage, such as kit train two-tower makes",
        remedy="Describe its users without a new version: --no-export",
    )


def segment_users(
    users: Users, count: int, *, log: Dataset | None = None, by: str = "vectors", seed: int = 0
) -> Segments:
    """Group users by k-means on their vectors or on their recency, frequency and amount.

    Vectors are scaled to length 1, so that the direction counts: what users like, not how active
    they are.

    Args:
        users: of an export.
        count: of segments.
        log: interactions with times or weights, to describe the segments.
        by: "vectors", or "rfm": of the log, logarithms of the days since the last interaction, of
            the number of interactions, and of the sum of weights, as far as it states them.
        seed: of the first centres.

    Raises:
        UserError: there are too few users, or too few different ones, or no log with times.

    Source: Lloyd (1982), Arthur and Vassilvitskii (2007); of stability by halves: Ben-Hur,
    Elisseeff and Guyon (2002).
    """
    if len(users.ids) < USERS_OF_A_SEGMENT * count:
        raise UserError(
            f"{len(users.ids):,} users are too few for {count} segments.",
            where="--count",
            expected=f"at least {USERS_OF_A_SEGMENT} users for each segment",
            remedy="Ask for fewer segments.",
        )
    facts = _facts(users, log)
    if by == "vectors":
        lengths = np.linalg.norm(users.vectors, axis=1, keepdims=True)
        points = users.vectors / np.maximum(lengths, 1e-12)
    elif facts["days"] is None:
        raise UserError(
            "Recency is not known: there is no log with times.",
            where="the log of interactions",
            expected="a column of times",
        )
    else:
        known = [np.log1p(one) for one in facts.values() if one is not None]
        points = np.stack([(one - one.mean()) / max(one.std(), 1e-12) for one in known], 1)
    points = points.astype(np.float64)
    rng = np.random.default_rng(seed)
    some = rng.permutation(len(points))[:FITTED_USERS]
    sample = points[some]
    centres = [_centres(sample, count, np.random.default_rng([seed, n])) for n in range(SEEDS)]
    seeds = _agreement([_nearest(sample, one) for one in centres])
    halves = []
    for _ in range(SEEDS):
        drawn = rng.permutation(len(sample))
        parts = (drawn[: len(drawn) // 2], drawn[len(drawn) // 2 :])
        groups = [_nearest(sample, _centres(sample[part], count, rng)) for part in parts]
        halves.append(_agreement(groups))
    best = min(centres, key=lambda one: _spread(sample, one))
    segment = _nearest(points, best)
    sizes = np.bincount(segment, minlength=count)
    if not sizes.all():
        raise UserError(
            f"The users fill only {np.count_nonzero(sizes)} of {count} segments.",
            where="the vectors of the users",
            expected="as many different ones as segments",
            remedy="Ask for fewer segments.",
        )
    # The largest is the first.
    order = np.argsort(-sizes, kind="stable")
    segment = np.argsort(order)[segment]
    return Segments(
        _described(users, segment, count, facts),
        pl.DataFrame({"user_id": [*users.ids], "segment": segment + 1}),
        seeds,
        float(np.mean(halves)),
        best[order],
        by,
    )


def _centres(
    points: NDArray[np.float64], count: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """The best of several k-means++ runs, float64 [count, dim]."""
    # SciPy is imported when it is needed.
    from scipy.cluster.vq import kmeans2

    found: list[NDArray[np.float64]] = []
    with warnings.catch_warnings():
        # Of a cluster that became empty; another start is better then.
        warnings.simplefilter("ignore")
        for _ in range(STARTS):
            found.append(kmeans2(points, count, STEPS, minit="++", seed=rng)[0])
    return min(found, key=lambda centres: _spread(points, centres))


def _nearest(points: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.int64]:
    from scipy.cluster.vq import vq

    nearest: NDArray[np.int64] = vq(points, centres)[0].astype(np.int64)
    return nearest


def _spread(points: NDArray[np.float64], centres: NDArray[np.float64]) -> float:
    from scipy.cluster.vq import vq

    return float((vq(points, centres)[1] ** 2).sum())


def _agreement(groups: Sequence[NDArray[np.int64]]) -> float:
    return float(np.mean([adjusted_rand(*pair) for pair in combinations(groups, 2)]))


def _facts(users: Users, log: Dataset | None) -> dict[str, NDArray[np.float64] | None]:
    """Of each user the days since the last interaction, their number, and the sum of weights."""
    counts = users.owned.lengths.astype(np.float64)
    facts: dict[str, Any] = {"days": None, "interactions": counts, "weight": None}
    if log is None:
        return facts
    place = {user: row for row, user in enumerate(users.ids)}
    row = np.array([place.get(user, -1) for user in log.user_ids])[log.train.user]
    known, row = row >= 0, row[row >= 0]
    facts["interactions"] = np.bincount(row, minlength=len(users.ids)).astype(np.float64)
    if log.train.time is not None:
        last = np.full(len(users.ids), int(log.train.time.min()))
        np.maximum.at(last, row, log.train.time[known])
        facts["days"] = (int(log.train.time.max()) - last) / A_DAY
    if log.train.weight is not None:
        weight = np.maximum(log.train.weight[known].astype(np.float64), 0)
        facts["weight"] = np.bincount(row, weight, minlength=len(users.ids))
    return facts


def _described(
    users: Users,
    segment: NDArray[np.int64],
    count: int,
    facts: dict[str, NDArray[np.float64] | None],
) -> pl.DataFrame:
    sizes = np.bincount(segment, minlength=count)

    def share(values: NDArray[np.float64] | None) -> list[float | None]:
        if values is None:
            return [None] * count
        total = max(float(values.sum()), 1e-12)
        return [float(values[segment == one].sum()) / total for one in range(count)]

    days = facts["days"]
    last = [
        None if days is None else float(np.median(days[segment == one])) for one in range(count)
    ]
    return pl.DataFrame(
        {
            "segment": np.arange(1, count + 1),
            "users": sizes,
            "users_share": sizes / len(segment),
            "interactions_share": share(facts["interactions"]),
            "weight_share": pl.Series(share(facts["weight"]), dtype=pl.Float64),
            "days_since_last": pl.Series(last, dtype=pl.Float64),
            "items": pl.Series(
                _over_represented(users, segment, sizes),
                dtype=pl.List(pl.Struct({"name": pl.String, "lift": pl.Float64})),
            ),
        }
    )


def _over_represented(
    users: Users, segment: NDArray[np.int64], sizes: NDArray[np.int64]
) -> list[list[dict[str, Any]]]:
    width = len(users.items)
    pairs = np.unique(users.owned.row_of_each_item * width + users.owned.items)
    cells = segment[pairs // width] * width + pairs % width
    counts = np.bincount(cells, minlength=len(sizes) * width).reshape(len(sizes), width)
    of_all = np.maximum(counts.sum(0), 1) / len(segment)
    described = []
    for size, with_item in zip(sizes, counts, strict=True):
        lift = with_item / size / of_all
        lift[with_item < max(SUPPORT, SUPPORT_SHARE * size)] = 0
        # By a lower bound: of rare items, the largest lifts are chance.
        bound = lift * (1 - BOUND / np.sqrt(np.maximum(with_item, 1)))
        best = np.argsort(-bound, kind="stable")[:ITEMS]
        described.append(
            [{"name": users.items[n], "lift": float(lift[n])} for n in best if lift[n] > 1]
        )
    return described
