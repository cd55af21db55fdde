"""Split interactions: in time, at random, leave-one-out or as given."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np

from kit.data._dataset import PARTS, Codes, Dataset, encode
from kit.data._partition import TEST, TRAIN, Rows, at_random, by_time, given, leave_one_out, places
from kit.data._source import Source
from kit.errors import UserError

METHODS: dict[str, Callable[[Rows], tuple[np.ndarray, str]]] = {
    "time": by_time,
    "leave-one-out": leave_one_out,
    "random": at_random,
    "given": given,
}

# With fewer users, intervals are too wide to tell a model from a baseline.
FEWEST_TEST_USERS = 200
LEAST_TEST_SHARE = 0.1


def split(
    source: Source,
    method: str | None = None,
    *,
    seed: int = 0,
    valid_share: float = 0.1,
    test_share: float = 0.1,
) -> Dataset:
    """Split a source and encode its ids.

    Rows of valid and test whose user or item is not in train are kept and counted.

    Args:
        source: what `open_source` returned.
        method: "time": global, by quantiles of time, rows of one time are never torn apart;
            "leave-one-out": of each user with at least 3 events the last is test, the last but one
            valid; "random": shares of each user's rows, at least one each of users with at least 3;
            "given": the parts of the source. None: given if there are parts; else time if there is
            a time column, or leave-one-out where a split by time leaves fewer than 200 testable
            users or fewer than 10 % of the users of its test part, and leave-one-out more; else
            random. A user is testable with a test row whose user and item are both in train.
        seed: of the random split.
        valid_share: share of the rows for valid ("time" and "random", and where a given split
            lacks valid: of its train).
        test_share: share of the rows for test ("time" and "random").

    Raises:
        UserError: unknown method, the source lacks what it needs, or train or test stays empty.

    Example:

    >>> from kit.data._source import open_source
    >>> split(open_source("online-retail", limit=10_000), "leave-one-out").split_method
    'leave-one-out'
    """
    if not (0 < valid_share < 1 and 0 < test_share < 1 and valid_share + test_share < 1):
        raise ValueError(f"Shares {valid_share} and {test_share} leave nothing for train.")
    frame = source.interactions
    if method is not None and method not in METHODS:
        raise UserError(
            f"There is no split '{method}'.", where="--split", expected=", ".join(METHODS)
        )
    user, item = Codes.of(frame["user_id"]), Codes.of(frame["item_id"])
    rows = Rows(
        user=user.codes,
        time=frame["time"].to_numpy() if "time" in frame.columns else None,
        given=frame["part"].to_physical().to_numpy() if "part" in frame.columns else None,
        seed=seed,
        valid_share=valid_share,
        test_share=test_share,
    )
    if method is None:
        method, part, words = _by_default(rows, item.codes)
    else:
        part, words = METHODS[method](rows)
    for number in (TRAIN, TEST):
        if not (part == number).any():
            raise UserError(
                f"The split leaves nothing in {PARTS[number]} ({words}; {len(part):,} rows).",
                where=source.name,
                expected="rows in train and in test",
                remedy="Give more rows, or another --split.",
            )
    return encode(source, part, user=user, item=item, split=words, method=method)


def _by_default(rows: Rows, item: np.ndarray) -> tuple[str, np.ndarray, str]:
    """Method, parts and protocol where none was chosen."""
    if rows.given is not None or rows.time is None:
        method = "random" if rows.given is None else "given"
        return method, *METHODS[method](rows)
    part, words = by_time(rows)
    testable, users = _testable_users(rows.user, item, part)
    if testable >= FEWEST_TEST_USERS and testable >= LEAST_TEST_SHARE * users:
        return "time", part, words
    other, other_words = leave_one_out(rows)
    if _testable_users(rows.user, item, other)[0] <= testable:
        return "time", part, words
    name, colon, protocol = other_words.partition(":")
    reason = f" (default; a time split could test only {testable:,} of {users:,} users)"
    return "leave-one-out", other, name + reason + colon + protocol


def _testable_users(user: np.ndarray, item: np.ndarray, part: np.ndarray) -> tuple[int, int]:
    """Users of test whom train knows with an item to find that it knows, and all users of test."""
    test = np.flatnonzero(part == TEST)
    is_warm = np.ones(len(test), bool)
    for codes in (user, item):
        in_train = np.zeros(1 + int(codes.max(initial=0)), bool)
        in_train[codes[part == TRAIN]] = True
        is_warm &= in_train[codes[test]]
    return len(np.unique(user[test[is_warm]])), len(np.unique(user[test]))


def split_train_by_time(dataset: Dataset, *, share: float = 0.2, seed: int = 0) -> Dataset:
    """The later part of train as the valid part of the earlier one.

    Users and items keep their codes, also those without an earlier event. Test stays as it is and
    is not to be used. Without times a random part of the rows is the later one. Where few users of
    the later part have an earlier event (fewer than 200, or than 10 %), the last events of each
    user are the later part if more users have then.

    Args:
        dataset: the split data.
        share: of train's rows in the later part.
        seed: of the draw without times.

    Raises:
        UserError: one of the parts is empty.

    Example:

    >>> from kit.data._source import open_source
    >>> dataset = split(open_source("online-retail", limit=5000))
    >>> cut = split_train_by_time(dataset)
    >>> len(cut.train) + len(cut.valid) == len(dataset.train)
    True
    """
    order = dataset.train.time
    if order is None:
        order = np.random.default_rng(seed).random(len(dataset.train))
    later = order >= np.quantile(order, 1 - share, method="higher")
    if later.all() or not later.any():
        raise UserError(
            "Train cannot be cut in two in time: all of it happened at once.",
            where=dataset.name,
            expected="events at several times",
            remedy="Give more rows, or train one stage: kit train two-tower.",
        )
    if dataset.train.time is not None:
        later = _with_more_users(dataset, later, share)
    # Of prepared data the histories on disk hold all of train: this is no longer one of them.
    values: dict[str, Any] = {field.name: getattr(dataset, field.name) for field in fields(Dataset)}
    parts = {"train": dataset.train.where(~later), "valid": dataset.train.where(later)}
    return Dataset(**values | parts)


def _with_more_users(dataset: Dataset, later: np.ndarray, share: float) -> np.ndarray:
    """The cut, or one of each user's events where it leaves too few users with both parts."""
    user = np.asarray(dataset.train.user)
    users = len(np.unique(user[later]))
    with_both = len(np.intersect1d(user[later], user[~later]))
    if with_both >= FEWEST_TEST_USERS and with_both >= LEAST_TEST_SHARE * users:
        return later
    rank, size = places(user, dataset.train.time)
    of_each = (size > 1) & (rank >= size - np.maximum(size * share, 1).astype(np.int64))
    return of_each if len(np.unique(user[of_each])) > with_both else later
