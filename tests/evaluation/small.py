"""Small data sets and reports, made by hand."""

import numpy as np
import polars as pl

from kit.data import CleaningStep, Dataset, Events
from kit.evaluation import evaluate, item_knn, popular, ranking_task
from kit.models import RetrievalLoss
from kit.report import Example, RankingReport


def events(*rows: tuple[int, ...]) -> Events:
    """Events of (user, item) or (user, item, time)."""
    table = np.array(rows, np.int64) if rows else np.empty([0, 2], np.int64)
    time = table[:, 2] if table.shape[1] == 3 else None
    return Events(table[:, 0].astype(np.int32), table[:, 1].astype(np.int32), time, None)


def dataset(train, valid, test, *, num_users, num_items, method="time", **more) -> Dataset:
    """A data set of encoded events; users and items past `num_...` are cold."""
    parts = [events(*rows) for rows in (train, valid, test)]
    users = max([num_users, *(part.user.max(initial=-1) + 1 for part in parts)])
    items = max([num_items, *(part.item.max(initial=-1) + 1 for part in parts)])
    cold = {
        f"{name}_rows_of_cold_{what}": int((getattr(part, what[:-1]) >= known).sum())
        for name, part in (("valid", parts[1]), ("test", parts[2]))
        for what, known in (("users", num_users), ("items", num_items))
    }
    return Dataset(
        **{
            "name": "by hand",
            "user_ids": np.array([f"secret-user-{n}" for n in range(users)], object),
            "item_ids": np.array([f"item-{n}" for n in range(items)], object),
            "num_users": num_users,
            "num_items": num_items,
            "train": parts[0],
            "valid": parts[1],
            "test": parts[2],
            "items": None,
            "users": None,
            "split": f"{method}: by hand",
            "split_method": method,
            "cold": cold,
            "cleaning": (),
            "licence": "",
            **more,
        }
    )


# Users 0 to 2 and items 0 to 4 are in train; user 3 and item 5 are cold.
TRAIN = [(0, 0, 1), (0, 1, 2), (1, 1, 3), (1, 2, 4), (2, 1, 5), (2, 3, 6), (2, 4, 7)]
VALID = [(0, 2, 10), (1, 1, 11), (1, 3, 12), (3, 0, 13), (0, 5, 14)]
TEST = [(0, 2, 20), (0, 3, 21), (1, 4, 22), (1, 5, 23), (2, 0, 24), (3, 0, 25), (3, 1, 26)]


def shop(method: str = "time", **more) -> Dataset:
    return dataset(TRAIN, VALID, TEST, num_users=3, num_items=5, method=method, **more)


def random_dataset(users: int = 60, items: int = 25, seed: int = 0) -> Dataset:
    """Random users whose items come in two tastes; a tenth of the rows each for valid and test."""
    random = np.random.default_rng(seed)
    rows = []
    for user in range(users):
        half = items // 2
        liked = random.choice(half, size=6, replace=False) + (user % 2) * half
        any_item = random.choice(items, size=2, replace=False)
        rows += [(user, item, time) for time, item in enumerate({*liked, *any_item})]
    order = random.permutation(len(rows))
    rows = [rows[n] for n in order]
    first_test, first_valid = int(0.9 * len(rows)), int(0.8 * len(rows))
    # Every user and item stands in train at least once.
    train = rows[:first_valid] + [(u, u % items, 0) for u in range(users)]
    return dataset(
        train,
        rows[first_valid:first_test],
        rows[first_test:],
        num_users=users,
        num_items=items,
        items=pl.DataFrame(
            {
                "item_id": [f"item-{n}" for n in range(items)],
                "title": [f"<b>Title & {n}</b>" for n in range(items)],
            }
        ),
        cleaning=(CleaningStep("exact duplicate rows", 7),),
        licence="Made by <hand>.",
    )


def small_report(**changes) -> RankingReport:
    """A report whose model is ItemKNN, on random data."""
    data = random_dataset()
    valid_task, test_task = ranking_task(data, "valid"), ranking_task(data, "test")
    cold_task = ranking_task(data, "test", who="cold")
    values = {
        "recipe": "two-tower",
        "command": "kit train two-tower --data 'a & b.csv'",
        "dataset": data,
        "settings": {"dim": 8, "loss": RetrievalLoss(), "split": None},
        "valid_task": valid_task,
        "valid": evaluate(valid_task, item_knn(data)),
        "test_task": test_task,
        "test": evaluate(test_task, item_knn(data)),
        "baselines": {"popular": evaluate(test_task, popular(data))},
        "left_out": {"EASE": "too many items"},
        "cold_users": (cold_task, evaluate(cold_task, popular(data))),
        "history": [
            {"epoch": 1, "seconds": 0.5, "loss": 2.0, "valid NDCG@10": 0.1},
            {"epoch": 2, "seconds": 0.4, "loss": 1.5, "valid NDCG@10": 0.3},
            {"epoch": 3, "seconds": 0.4, "loss": 1.2, "valid NDCG@10": 0.2},
        ],
        "seconds": {"prepare": 0.25, "train": 1.5},
        "examples": [Example(["<i>Old</i>"], [("New & <new>", 1.25, ["<i>Old</i>"])])],
    }
    return RankingReport(**{**values, **changes})
