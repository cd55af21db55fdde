"""Rules that assign each row to train, valid or test."""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from kit.errors import UserError

TRAIN, VALID, TEST = range(3)


@dataclass(frozen=True)
class Rows:
    """What the methods see of a source."""

    user: np.ndarray
    time: np.ndarray | None
    given: np.ndarray | None
    seed: int
    valid_share: float
    test_share: float


def by_time(rows: Rows) -> tuple[np.ndarray, str]:
    if rows.time is None:
        raise UserError(
            "The source has no time to split by.",
            where="--split time",
            expected="a time column",
            remedy="Name it with --time-column, or use --split random.",
        )
    part, first_valid, first_test = _cut(rows.time, rows.valid_share, rows.test_share)
    start, end = _said(first_valid), _said(first_test)
    zone = "" if start.isdecimal() else ", UTC"
    if first_valid == first_test:
        return part, f"time: train < {end} <= test, no valid (too few distinct times{zone})"
    shares = _shares(1 - rows.valid_share - rows.test_share, rows.valid_share, rows.test_share)
    return part, f"time: train < {start} <= valid < {end} <= test ({shares} of rows{zone})"


def _cut(time: np.ndarray, valid_share: float, test_share: float) -> tuple[np.ndarray, int, int]:
    """Parts by time, and the first times of valid and test."""
    n = len(time)
    starts = [int(n * (1 - valid_share - test_share)), int(n * (1 - test_share))]
    first_valid, first_test = (int(t) for t in np.partition(time, starts)[starts])
    # Many rows of one time may leave a part empty that the next time would fill.
    if first_valid == time.min():
        first_valid = _next(time, first_valid)
    if first_test <= first_valid:
        first_test = _next(time, first_valid)
    part = (time >= first_valid).astype(np.int8)
    part += time >= first_test
    return part, first_valid, first_test


def _next(time: np.ndarray, value: int) -> int:
    later = time[time > value]
    return int(later.min()) if len(later) else value


def leave_one_out(rows: Rows) -> tuple[np.ndarray, str]:
    rank, size = places(rows.user, rows.time)
    from_end = size - 1 - rank
    part = np.where(from_end == 0, TEST, np.where(from_end == 1, VALID, TRAIN))
    part = np.where(size < 3, TRAIN, part).astype(np.int8)
    order = "time" if rows.time is not None else "order of the file, as there is no time"
    return part, (
        f"leave-one-out: each user's last event is test, the last but one valid (by {order}); "
        "users with fewer than 3 events wholly in train"
    )


def at_random(rows: Rows) -> tuple[np.ndarray, str]:
    part = _shuffled(rows.user, rows.seed, rows.valid_share, rows.test_share)
    shares = _shares(1 - rows.valid_share - rows.test_share, rows.valid_share, rows.test_share)
    return part, (
        f"random: {shares} of each user's rows, seed {rows.seed}; "
        "users with fewer than 3 rows wholly in train"
    )


def _shuffled(user: np.ndarray, seed: int, valid_share: float, test_share: float) -> np.ndarray:
    rank, size = places(user, np.random.default_rng(seed).random(len(user)))
    enough = size >= 3
    tests = np.maximum((size * test_share).astype(np.int64), test_share > 0) * enough
    valids = np.maximum((size * valid_share).astype(np.int64), 1) * enough
    part = np.where(rank < tests, TEST, np.where(rank < tests + valids, VALID, TRAIN))
    return part.astype(np.int8)


def given(rows: Rows) -> tuple[np.ndarray, str]:
    if rows.given is None:
        raise UserError(
            "The source is not a given split.",
            where="--split given",
            expected="a folder with train.*, test.* and maybe valid.*, or a column split",
            remedy="Use --split time, leave-one-out or random.",
        )
    part = rows.given.astype(np.int8)
    there = "train and test as the source has them"
    if not (part == TEST).any():
        part[part == VALID] = TEST
        there = "test is its valid part"
    if (part == VALID).any():
        in_order = rows.time is not None and in_order_of_time(
            *(rows.time[part == number] for number in (TRAIN, VALID, TEST))
        )
        words = "given: train, valid and test as the source has them"
        return part, words + ("; ordered in time" if in_order else "")
    train = np.flatnonzero(part == TRAIN)
    share = f"{rows.valid_share:.0%}"
    if rows.time is not None:
        time = rows.time[train]
        place = int(len(time) * (1 - rows.valid_share))
        first_valid = int(np.partition(time, place)[place])
        if first_valid == time.min():
            first_valid = _next(time, first_valid)
        if first_valid == time.min():
            words = "no valid (train is one time)"
        else:
            part[train[time >= first_valid]] = VALID
            words = f"valid is the last {share} of train by time (from {_said(first_valid)})"
        if in_order_of_time(time, rows.time[part == TEST]):
            words += "; ordered in time"
    else:
        chosen = _shuffled(rows.user[train], rows.seed, rows.valid_share, 0.0) == VALID
        part[train[chosen]] = VALID
        words = f"valid is {share} of each user's rows of train at random, seed {rows.seed}"
    return part, f"given: {there}; {words}"


def in_order_of_time(*parts: np.ndarray | None) -> bool:
    """Whether no part begins before the end of the one before it.

    Args:
        parts: times of each part, the earliest part first; None where there are none. Empty parts
            do not count, and what all happened at one time has no order.
    """
    times = [part for part in parts if part is not None and len(part)]
    if len(times) < 2 or times[0].min() == times[-1].max():
        return False
    return all(a.max() <= b.min() for a, b in pairwise(times))


def places(user: np.ndarray, key: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Of each row: its place among the user's rows by key (or order), and how many they are."""
    order = np.lexsort((user,) if key is None else (key, user))
    sizes = np.bincount(user)
    starts = np.cumsum(sizes) - sizes
    rank = np.empty(len(user), np.int64)
    rank[order] = np.arange(len(user)) - np.repeat(starts, sizes)
    return rank, sizes[user]


def _said(time: int) -> str:
    """A time in words; small numbers are no dates but counters."""
    if abs(time) < 100_000_000:
        return str(time)
    moment = datetime.fromtimestamp(time, UTC)
    return moment.strftime("%Y-%m-%d" if time % 86_400 == 0 else "%Y-%m-%d %H:%M:%S")


def _shares(*shares: float) -> str:
    return "/".join(f"{100 * share:.4g}" for share in shares) + " %"
