"""Warnings and notes about a data set."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from kit.data._dataset import Dataset
from kit.data._events import Events, user_counts
from kit.data._split import FEWEST_TEST_USERS, LEAST_TEST_SHARE

LEAST_SHARE_WITH_TWO_ITEMS = 0.1
MOST_DENSITY = 0.8
MOST_OF_ONE_USER = 0.25
MOST_COPIES = 0.05
MOST_REPEATS = 0.5
SAMPLE = 50_000


def data_warnings(dataset: Dataset) -> list[str]:
    """One sentence for everything that should be known before a model is trained.

    Args:
        dataset: the split data.

    Returns:
        Warnings, empty for ordinary data: too few users of valid or test to evaluate, parts that
        repeat each other's rows, users with a single item, users who all have the same items, and
        one user with most of the rows.

    Example:

    >>> from kit.data._source import open_source
    >>> from kit.data._split import split
    >>> data_warnings(split(open_source("online-retail")))
    []
    """
    return [
        *(warning for part in ("valid", "test") for warning in _unmeasurable(dataset, part)),
        *(warning for part in ("valid", "test") for warning in _repeated(dataset, part)),
        *_unlearnable(dataset),
    ]


def testable_users(dataset: Dataset, part: str) -> tuple[int, int]:
    """Users of a part who are in train, with an item of the part that is in train; all its users.

    Args:
        dataset: the split data.
        part: "valid" or "test".
    """
    events: Events = getattr(dataset, part)
    is_warm = (events.user < dataset.num_users) & (events.item < dataset.num_items)
    seen, warm = np.zeros((2, len(dataset.user_ids)), bool)
    seen[events.user] = True
    warm[events.user[is_warm]] = True
    return int(warm.sum()), int(seen.sum())


def _unmeasurable(dataset: Dataset, part: str) -> list[str]:
    testable, users = testable_users(dataset, part)
    if testable >= FEWEST_TEST_USERS and testable >= LEAST_TEST_SHARE * users:
        return []
    share = f"{testable:,} of {users:,} {part} users ({testable / max(users, 1):.1%})"
    found = f"Only {share}" if testable else f"None of the {users:,} {part} users"
    if not users:
        found = f"The {part} part is empty: no user"
    found += " can be evaluated, as train has to have both the user and an item"
    purpose = (
        "early stopping and settings are chosen by them"
        if part == "valid"
        else "metrics and their comparison with baselines mean little"
    )
    remedy = "give more data"
    if dataset.split_method == "time":
        remedy += ", or use --split leave-one-out"
    elif dataset.split_method == "given":
        remedy = f"give {part} rows of users and items in train"
    return [f"{found}; {purpose}. Remedy: {remedy}."]


def _repeated(dataset: Dataset, part: str) -> list[str]:
    events: Events = getattr(dataset, part)
    if not len(events):
        return []
    if len(events) > SAMPLE:
        rows = np.random.default_rng(0).choice(len(events), SAMPLE, replace=False)
        events = events.where(np.sort(rows))
    sampled = np.zeros(len(dataset.user_ids), bool)
    sampled[events.user] = True
    names = ["train", "valid"] if part == "test" else ["train"]
    pairs, copies = np.zeros((2, len(events)), bool)
    for name in names:
        earlier: Events = getattr(dataset, name).of_users(sampled)
        found, same = _shared_pairs(events, earlier, len(dataset.item_ids))
        pairs |= found
        copies |= same
    earlier_parts = " or ".join(names)
    warnings = []
    if dataset.split_method == "given" and copies.mean() > MOST_COPIES:
        warnings.append(
            f"{copies.mean():.0%} of the {part} rows are copies of rows of {earlier_parts}: "
            "metrics say little about new data. Remedy: remove the copies from one of the files."
        )
    elif pairs.mean() > MOST_REPEATS:
        warnings.append(
            f"{pairs.mean():.0%} of the {part} rows repeat an item that the user has in "
            f"{earlier_parts}; such rows are not evaluated. Remedy: --include-seen ranks them, too."
        )
    return warnings


def _shared_pairs(events: Events, earlier: Events, num_items: int) -> tuple[np.ndarray, np.ndarray]:
    """bool [rows]: whether user and item occur earlier, and whether at the same time, too."""
    keys, known = (part.user * np.int64(num_items) + part.item for part in (events, earlier))
    pairs = np.isin(keys, known)
    if events.time is None or earlier.time is None:
        return pairs, pairs
    copies = np.zeros(len(events), bool)
    # Only rows of shared pairs are compared by time.
    of_pairs = np.isin(known, keys)
    seen = set(zip(known[of_pairs].tolist(), earlier.time[of_pairs].tolist(), strict=True))
    rows = np.flatnonzero(pairs)
    found = zip(keys[rows].tolist(), events.time[rows].tolist(), strict=True)
    copies[rows] = [key in seen for key in found]
    return pairs, copies


def _unlearnable(dataset: Dataset) -> list[str]:
    warnings = []
    train, users = dataset.train, dataset.num_users
    first, several = np.zeros(users, np.int32), np.zeros(users, bool)
    first[train.user[::-1]] = train.item[::-1]
    several[train.user[train.item != first[train.user]]] = True
    if several.mean() < LEAST_SHARE_WITH_TWO_ITEMS:
        warnings.append(
            f"Only {several.sum():,} of {users:,} train users ({several.mean():.1%}) have two "
            "different items, so little can be learned of what goes together. Remedy: name a "
            "column of persons with --user-column, not one of orders or sessions."
        )
    parts = [train, dataset.valid, dataset.test]
    cells = len(dataset.user_ids) * len(dataset.item_ids)
    # Counting the distinct pairs is only worth it where they can be that many.
    if sum(map(len, parts)) > MOST_DENSITY * cells:
        density = user_counts(parts, len(dataset.item_ids)).sum() / cells
        if density > MOST_DENSITY:
            warnings.append(
                f"Nearly all users have the same items ({density:.0%} of all pairs of user and "
                "item occur), so there is little left to recommend. Remedy: keep only the rows "
                "that show a choice."
            )
    most = np.bincount(train.user).max() / len(train)
    if most > max(MOST_OF_ONE_USER, 5 / users):
        warnings.append(
            f"One user has {most:.0%} of the train rows. Remedy: if it is a placeholder, a bot or "
            "a shared account, remove its rows."
        )
    return warnings


class Read(Protocol):
    """A source, a dataset or a table: `cleaning` and `notes` say how it was read."""

    @property
    def cleaning(self) -> "Sequence[Step]": ...

    @property
    def notes(self) -> Sequence[str]: ...

    @property
    def rows_read(self) -> int: ...


class Step(Protocol):
    """A step of cleaning: what was dropped, and how many rows."""

    @property
    def name(self) -> str: ...

    @property
    def rows(self) -> int: ...

    @property
    def of_log(self) -> bool: ...


def note_lines(data: Read) -> list[str]:
    """Lines on what was dropped and what is strange."""
    lines = []
    for step in data.cleaning:
        share = f" ({100 * step.rows / data.rows_read:.1f} %)" if data.rows_read else ""
        lines.append(
            f"dropped:   {step.rows:,} {step.name}{share}"
            if step.of_log
            else f"note:      {step.rows:,} {step.name}"
        )
    return lines + [f"note:      {note}" for note in data.notes]
