"""The lists of many users: exact, in large batches, on all cores."""

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data import Histories, clean_id
from kit.errors import UserError
from kit.exports._loaded import LoadedExport
from kit.exports._narrowed import NOT_NARROWED, Narrowed
from kit.exports._sample_users import is_sample_user
from kit.retrieval import best_of, unpacked, votes

# Scores of one thread at a time: 64 MiB.
SCORES_AT_ONCE = 2**24
USERS_AT_ONCE = 256
ASKED_AT_ONCE = 1024
EXPLAINED_AT_ONCE = 1024


class BatchLists:
    """The lists of all known users, or of some, in frames of a few hundred users.

    Scores of one-stage models are computed here by products of matrices, whatever index the export
    searches by: the lists are exact, and may be longer than those of the export. Two-stage models
    are asked by their signature.

    Args:
        export: the export.
        users: their ids; unknown ones get the popular items. None are all known users.
        count: items in a list.
        narrowed: rules, the same for all.
        why: whether to add what explains each item.

    Raises:
        UserError: an item or a value of the rules is unknown, the lists would be longer than a
            two-stage model gives, or the export does not explain itself.
    """

    def __init__(
        self,
        export: LoadedExport,
        users: Sequence[str] | None,
        count: int,
        narrowed: Narrowed = NOT_NARROWED,
        *,
        why: bool = False,
    ) -> None:
        self._export, self._narrowed, self._why = export, narrowed, why
        if why:
            export.check_explains()
        # Also says what is wrong with the rules.
        popular_items, popular_scores = export.lists([""], count, narrowed)
        contents = export.contents()
        self._scores = None if contents is None else _Scores(export, contents, narrowed)
        known = export.user_ids() if contents is None else _text(contents["user_ids"])
        if self._scores is None and count > export.card.k:
            raise UserError(
                f"The export gives at most {export.card.k} items; got {count}.",
                where=str(export.version),
                expected=f"1 to {export.card.k}",
                remedy="Train it with a larger --top.",
            )
        self._codes = {user: code for code, user in enumerate(known) if not is_sample_user(user)}
        self.users: Sequence[str] = list(self._codes) if users is None else users
        self.is_listed = users is not None
        self._count = min(count, len(export.items))
        ids = self._scores.item_ids if self._scores is not None else list(export.card.names)
        self._place = {item.encode(): place for place, item in enumerate(ids)}
        if self._scores is None:
            self.size = ASKED_AT_ONCE
        else:
            self.size = max(1, min(USERS_AT_ONCE, SCORES_AT_ONCE // max(1, self._scores.width)))
            self._popular = self._popular_list(popular_items[0], popular_scores[0])
        self._ids = pl.Series([*ids, ""], dtype=pl.String)
        titles = [export.items.title(item) for item in ids]
        self._titles = pl.Series([*titles, None], dtype=pl.String)
        self.has_titles = export.items.has_titles

    @property
    def unknown(self) -> int:
        """The number of users that the model does not know."""
        return sum(self._code(user) < 0 for user in self.users)

    def _code(self, user: str) -> int:
        """The code of a user; -1 if the model does not know it."""
        code = self._codes.get(user)
        return self._codes.get(clean_id(user), -1) if code is None else code

    def frames(self, begin: int = 0, end: int | None = None) -> Iterator[pl.DataFrame]:
        """The lists of users `begin` to `end`, in their order.

        Yields:
            A row for each user and item: user_id, rank, item_id, score; title where items have
            titles; known_user where users were given; because_of and because_share with `why`.
        """
        end = len(self.users) if end is None else end
        starts = range(begin, end, self.size)
        if self._scores is None:
            for start in starts:
                yield self._frame(start, min(start + self.size, end))
            return
        workers = os.cpu_count() or 1
        with ThreadPoolExecutor(workers, "kit-batch") as threads:
            waiting: deque[Future[pl.DataFrame]] = deque()
            try:
                for start in starts:
                    stop = min(start + self.size, end)
                    waiting.append(threads.submit(self._frame, start, stop))
                    if len(waiting) > 2 * workers:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def _popular_list(
        self, items: NDArray[np.object_], scores: NDArray[np.float32]
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The popular list; of the longest lists it is filled up by the popularity itself."""
        assert self._scores is not None
        if self._count <= self._export.card.k:
            places = np.array([self._place.get(item, -1) for item in items], np.int32)
            return places, np.asarray(scores, np.float32)
        return self._scores.popular(self._count)

    def _frame(self, begin: int, end: int) -> pl.DataFrame:
        users = self.users[begin:end]
        items, scores = self._lists(users)
        row, place = np.nonzero(items >= 0)
        codes = items[row, place]
        columns: dict[str, Any] = {
            "user_id": pl.Series(users, dtype=pl.String).gather(row),
            "rank": pl.Series(place + 1, dtype=pl.Int32),
            "item_id": self._ids.gather(codes),
            "score": scores[row, place],
        }
        if self.has_titles:
            columns["title"] = self._titles.gather(codes)
        known = pl.Series([self._code(user) >= 0 for user in users], dtype=pl.Boolean)
        if self.is_listed:
            columns["known_user"] = known.gather(row)
        frame = pl.DataFrame(columns)
        if self._why:
            frame = frame.with_columns(self._reasons(frame, known.gather(row)))
        return frame

    def _lists(self, users: Sequence[str]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Places of items [users, count], -1 past the last, and their scores."""
        if self._scores is None:
            found, scores = self._export.lists(users, self._count, self._narrowed)
            flat = [self._place.get(item, -1) for item in found.ravel().tolist()]
            return np.array(flat, np.int32).reshape(found.shape), scores
        codes = np.array([self._code(user) for user in users], np.int64)
        is_known = codes >= 0
        items = np.full((len(users), self._count), -1, np.int32)
        values = np.zeros((len(users), self._count), np.float32)
        popular, popularity = self._popular
        items[~is_known, : len(popular)] = popular
        values[~is_known, : len(popular)] = popularity
        if is_known.any():
            places, best = self._scores.best(codes[is_known], self._count)
            items[is_known, : places.shape[1]] = places
            values[is_known, : places.shape[1]] = best
        return items, values

    def _reasons(self, frame: pl.DataFrame, known: pl.Series) -> list[pl.Series]:
        """What explains each item of known users."""
        texts: list[str | None] = [None] * len(frame)
        shares: list[float | None] = [None] * len(frame)
        rows = np.flatnonzero(known.to_numpy())
        for start in range(0, len(rows), EXPLAINED_AT_ONCE):
            some = rows[start : start + EXPLAINED_AT_ONCE]
            asked = frame[some]
            found = self._export.reasons(asked["user_id"].to_list(), asked["item_id"].to_list())
            for row, (names, share) in zip(some, found, strict=True):
                texts[row], shares[row] = "; ".join(names), share
        return [
            pl.Series("because_of", texts, pl.String),
            pl.Series("because_share", shares, pl.Float64),
        ]


def in_lists(frame: pl.DataFrame) -> pl.DataFrame:
    """Of the frames of `BatchLists` a row for each user, with columns of lists.

    Example:

    >>> rows = {"user_id": ["u", "u"], "rank": [1, 2], "item_id": ["a", "b"]}
    >>> in_lists(pl.DataFrame(rows)).rows()
    [('u', ['a', 'b'])]
    """
    of_user = [name for name in ("user_id", "known_user") if name in frame.columns]
    return frame.group_by(of_user, maintain_order=True).agg(pl.all().exclude("rank"))


class _Scores:
    """Scores of the items that the rules leave, of known users."""

    def __init__(
        self, export: LoadedExport, contents: Mapping[str, Any], narrowed: Narrowed
    ) -> None:
        item_ids = _text(contents["item_ids"])
        kept = np.arange(len(item_ids))
        if narrowed != NOT_NARROWED:
            is_kept = _passes(contents, narrowed.where)
            gone = set(narrowed.exclude)
            kept = np.array([c for c in kept if is_kept[c] and item_ids[c] not in gone], np.int64)
        self._columns = None if len(kept) == len(item_ids) else kept
        self.item_ids = [item_ids[code] for code in kept]
        self.width = len(item_ids)
        # Place of every item among those that are left.
        self._place = np.full(len(item_ids), -1, np.int32)
        self._place[kept] = np.arange(len(kept), dtype=np.int32)
        self._owned = Histories(contents["owned_offsets"], contents["owned_items"])
        self._users = contents["user_vectors"]
        self._popularity = contents["popularity"][kept]
        self._items = np.ascontiguousarray(contents["item_vectors"][kept].T)
        arrays = {
            name.partition("/")[2]: values for name, values in contents.items() if "/" in name
        }
        self._weights = unpacked(arrays) if arrays else None
        self._prior = contents["linear_prior"][kept] if "linear_prior" in contents else None
        self._excludes_seen = export.card.exclude_seen

    def best(
        self, users: NDArray[np.int64], count: int
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The best items that are left for some users."""
        owned = self._owned.take(users)
        if self._items.shape[0]:
            queries = self._users[users]
            # The last column of items is their bias.
            queries[:, -1] = 1
            scores = queries @ self._items
        else:
            scores = np.zeros((len(users), len(self.item_ids)), np.float32)
        if self._weights is not None:
            added = votes(owned.matrix(self.width), self._weights)
            scores += added if self._columns is None else added[:, self._columns]
        if self._prior is not None:
            scores += self._prior
        if self._excludes_seen:
            places = self._place[owned.items]
            scores[owned.row_of_each_item[places >= 0], places[places >= 0]] = -np.inf
        return best_of(scores, min(count, len(self.item_ids)))

    def popular(self, count: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The popular items that are left."""
        found, scores = best_of(self._popularity[None].copy(), min(count, len(self.item_ids)))
        return found[0], scores[0]


def _passes(contents: Mapping[str, Any], where: Sequence[str]) -> NDArray[np.bool_]:
    """Which items have the values: of one column any, of several columns all."""
    values, tokens = _text(contents["attribute_values"]), contents["attribute_tokens"]
    passes = np.ones(len(tokens), bool)
    for column in {value.partition("=")[0] for value in where}:
        wanted = [
            place + 1
            for place, value in enumerate(values)
            if value in where and value.partition("=")[0] == column
        ]
        passes &= np.isin(tokens, wanted).any(axis=1)
    return passes


def _text(values: NDArray[np.object_]) -> list[str]:
    return [value.decode() for value in values]
