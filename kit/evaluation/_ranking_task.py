"""Ranking tasks: users with their relevant, seen and known items."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kit.data import Dataset, Events, Histories, histories

Part = Literal["valid", "test"]
Who = Literal["warm", "cold"]

AFFORDABLE_SCORES = 2**29
FEWEST_USERS, MOST_USERS = 1_000, 5_000


def affordable_users(num_items: int, times: int = 1) -> int:
    """Number of users to sample for rankings that are repeated and need not cover all users.

    Args:
        num_items: size of the catalogue, which is ranked for each user.
        times: budget relative to a validation during training.

    Example:

    >>> affordable_users(1_000), affordable_users(1_000_000), affordable_users(1_000_000, times=4)
    (5000, 1000, 4000)
    """
    return times * min(max(AFFORDABLE_SCORES // num_items, FEWEST_USERS), MOST_USERS)


@dataclass(frozen=True)
class RankingTask:
    """Users of one part of a data set, aligned with their items.

    Args:
        part: "valid" or "test".
        users: int32 [users], codes of the data set.
        relevant: relevant items of each user; never empty.
        seen: items excluded from each user's ranking.
        known: history of each user, oldest first, that a recommender may use.
        popularity: float64 [items], share of the training users that interacted with the item.
        counts: rows and users that entered the task or were left out, by name.
        protocol: how the metrics are measured, in one sentence.
    """

    part: Part
    users: NDArray[np.int32]
    relevant: Histories
    seen: Histories
    known: Histories
    popularity: NDArray[np.float64]
    counts: dict[str, int]
    protocol: str

    @property
    def num_items(self) -> int:
        return len(self.popularity)

    @property
    def evaluated(self) -> str:
        """The share of the part's users and rows that could be evaluated, in one sentence."""
        users, of_users = self.counts["users_eligible"], self.counts["users_in_part"]
        rows, of_rows = self.counts["rows_evaluated"], self.counts["rows_in_part"]
        return (
            f"{users:,} of {of_users:,} {self.part} users ({users / max(of_users, 1):.1%}) and "
            f"{rows:,} of {of_rows:,} {self.part} rows ({rows / max(of_rows, 1):.1%}) could be "
            "evaluated"
        )


def ranking_task(
    dataset: Dataset,
    part: Part,
    *,
    who: Who = "warm",
    exclude_seen: bool = True,
    max_users: int | None = None,
    seed: int = 0,
) -> RankingTask:
    """Prepare the full ranking of one part.

    Recommenders know the items of train and, at test time, of valid, as exports do; these are the
    seen items. Rows whose item is not in train cannot be ranked; they are counted, as are rows that
    repeat a seen item.

    Args:
        dataset: the split data.
        part: "valid" or "test".
        who: "warm" users are in train, "cold" users are not.
        exclude_seen: whether seen items are excluded from the ranking and the relevant items.
        max_users: sample this many users at random; None uses all.
        seed: of the sample.

    Returns:
        The task, possibly without users.

    Example:

    >>> from kit.data import open_source, split
    >>> task = ranking_task(split(open_source("online-retail", limit=2000)), "test")
    >>> len(task.users) == len(task.relevant)
    True
    """
    events = getattr(dataset, part)
    is_who = (events.user < dataset.num_users) == (who == "warm")
    known_item = events.item < dataset.num_items
    everyone = len(dataset.user_ids)
    earlier = [dataset.train, dataset.valid] if part == "test" else [dataset.train]
    wanted = histories([events.where(is_who & known_item)], everyone)
    relevant = wanted.minus(earlier) if exclude_seen else wanted
    users = np.flatnonzero(relevant.lengths).astype(np.int32)
    eligible = len(users)
    rows_evaluated = _rows_in(relevant, events)
    if max_users is not None and eligible > max_users:
        users = np.sort(np.random.default_rng(seed).choice(users, max_users, replace=False))
    drawn = np.zeros(everyone, bool)
    drawn[users] = True
    of_users = [events.of_users(drawn) for events in earlier]
    known = histories(of_users, everyone, with_times=True).below(dataset.num_items).take(users)
    nothing = Histories(np.zeros(len(users) + 1, np.int64), np.empty(0, np.int32))
    counts = {
        "users": len(users),
        "users_eligible": eligible,
        "users_in_part": len(np.unique(events.user)),
        "rows_in_part": len(events),
        "rows_evaluated": rows_evaluated,
        "rows": int(np.sum(is_who)),
        "rows_item_not_in_train": int(np.sum(is_who & ~known_item)),
        "rows_repeating_seen": int(wanted.lengths.sum() - relevant.lengths.sum()),
    }
    return RankingTask(
        part=part,
        users=users,
        relevant=relevant.take(users),
        seen=known if exclude_seen else nothing,
        known=known,
        popularity=dataset.user_counts / max(dataset.num_users, 1),
        counts=counts,
        protocol=_protocol(dataset, part, who, exclude_seen, counts),
    )


def valid_task(dataset: Dataset, *, exclude_seen: bool = True) -> RankingTask:
    """What settings are chosen on: valid, of a large catalogue as many users as can be ranked soon.

    Args:
        dataset: the split data.
        exclude_seen: whether seen items are excluded from the ranking and the relevant items.
    """
    most = affordable_users(dataset.num_items)
    return ranking_task(dataset, "valid", exclude_seen=exclude_seen, max_users=most)


def _rows_in(lists: Histories, events: Events) -> int:
    """Number of events whose item is in the list of their user."""
    width = 1 + int(max(lists.items.max(initial=0), events.item.max(initial=0)))
    listed = lists.row_of_each_item * np.int64(width) + lists.items
    return int(np.isin(events.user * np.int64(width) + events.item, listed).sum())


def _protocol(
    dataset: Dataset,
    part: Part,
    who: Who,
    exclude_seen: bool,
    counts: dict[str, int],
) -> str:
    drawn = counts["users"] < counts["users_eligible"]
    people = f"{counts['users']:,} of {counts['users_eligible']:,} {who} users" + (
        " drawn at random" if drawn else ""
    )
    known = "train and valid" if part == "test" else "train"
    return (
        f"{part}, {people}; split {dataset.split}; full ranking of {dataset.num_items:,} items; "
        f"{known} items of the user {'left out' if exclude_seen else 'kept in'}; "
        f"recommenders know the user's {known} items; "
        "mean over users"
    )
