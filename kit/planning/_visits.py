"""Visits of a log: who came when, and what they bought."""

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.data import Columns, open_source
from kit.errors import UserError

FEWEST = 20
DAY = 86_400


@dataclass(frozen=True)
class Visits:
    """Visits in the order of their times; the rows of one user at one time are one visit.

    Args:
        user: int32 [visits], codes of the export; -1 for users it does not know.
        time: int64 [visits], seconds since 1970 UTC; None without times, every row is a visit then.
        offsets: int64 [visits + 1]; visit i bought `bought[offsets[i]:offsets[i + 1]]`.
        bought: int32, codes of items of the export.
    """

    user: NDArray[np.int32]
    time: NDArray[np.int64] | None
    offsets: NDArray[np.int64]
    bought: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.user)

    def part(self, start: int, stop: int) -> "Visits":
        """Consecutive visits."""
        first, last = self.offsets[start], self.offsets[stop]
        time = None if self.time is None else self.time[start:stop]
        offsets = self.offsets[start : stop + 1] - first
        return Visits(self.user[start:stop], time, offsets, self.bought[first:last])

    def drawn(self, rows: NDArray[np.integer]) -> "Visits":
        """Visits in another number: time passes faster or slower, so that users come as often."""
        lengths = np.diff(self.offsets)[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        bought = self.bought[np.repeat(self.offsets[rows], lengths) + within]
        time = None
        if self.time is not None:
            start, slower = self.time[:1], len(rows) / max(len(self), 1)
            time = (start + (self.time[rows] - start) * slower).astype(np.int64)
        return Visits(self.user[rows], time, offsets, bought)

    @property
    def visit_of_each(self) -> NDArray[np.int64]:
        """int64, the visit of every entry of `bought`."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    @property
    def per_day(self) -> float | None:
        """Visits a day; None without times."""
        if self.time is None or len(self) < 2:
            return None
        return len(self) * DAY / max(float(self.time[-1] - self.time[0]), 1.0)

    def allowed(self, contacts: int | None, window: int) -> NDArray[np.bool_]:
        """bool [visits]: those at which most can be shown within a limit of contacts."""
        allowed = np.ones(len(self), bool)
        if contacts is None or self.time is None:
            return allowed
        shown: dict[int, deque[int]] = {}
        for visit, (user, now) in enumerate(
            zip(self.user.tolist(), self.time.tolist(), strict=True)
        ):
            if user >= 0:
                last = shown.setdefault(user, deque())
                while last and last[0] <= now - window:
                    last.popleft()
                allowed[visit] = len(last) < contacts
                if allowed[visit]:
                    last.append(now)
        return allowed


def read_visits(
    source: Any, user_ids: list[str], item_ids: list[str], *, columns: Columns
) -> tuple[Visits, list[str]]:
    """Read a log of purchases.

    Args:
        source: what `--data` of recipes names.
        user_ids: of the export.
        item_ids: of the export.
        columns: names of its columns.

    Returns:
        The visits, and lines on what was read.

    Raises:
        UserError: the log cannot be read, or has nothing to do with the export.
    """
    log = open_source(source, columns=columns)
    rows = log.interactions
    users = pl.DataFrame({"user_id": user_ids, "user": np.arange(len(user_ids), dtype=np.int32)})
    items = pl.DataFrame({"item_id": item_ids, "item": np.arange(len(item_ids), dtype=np.int32)})
    rows = (
        rows.cast({"user_id": pl.String, "item_id": pl.String})
        .join(users, on="user_id", how="left", maintain_order="left")
        .join(items, on="item_id", how="left", maintain_order="left")
    )
    known = rows["item"].is_not_null()
    if not known.any():
        raise UserError(
            "No item of the log is in the export.",
            where=str(source),
            expected=f"ids such as {', '.join(item_ids[:3])}",
            remedy="Give the log of the catalogue that the export was trained on.",
        )
    has_time = "time" in rows.columns
    key = ["time", "user_id"] if has_time else ["row"]
    rows = rows if has_time else rows.with_row_index("row")
    grouped = rows.group_by(key).agg(pl.col("user").first(), pl.col("item").drop_nulls().unique())
    grouped = grouped.sort(key)
    if len(grouped) < FEWEST:
        raise UserError(
            f"The log has {len(grouped)} visits.",
            where=str(source),
            expected=f"at least {FEWEST}: an earlier part to find prices, a later one to try them",
            remedy="Give a longer log.",
        )
    lengths = grouped["item"].list.len().to_numpy().astype(np.int64)
    visits = Visits(
        grouped["user"].fill_null(-1).to_numpy().astype(np.int32),
        grouped["time"].to_numpy().astype(np.int64) if has_time else None,
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        grouped["item"].explode(empty_as_null=False).to_numpy().astype(np.int32)
        if lengths.sum()
        else np.empty(0, np.int32),
    )
    notes = list(log.notes)
    if missing := int((~known).sum()):
        notes.append(f"{missing:,} of {len(rows):,} rows of the log name items not in the export")
    return visits, notes
