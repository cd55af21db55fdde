"""Use a plan: find its prices again, and assign its offers to users."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from kit.errors import UserError
from kit.exports import recommender_card, version_folder
from kit.planning._assign import assign
from kit.planning._choose import stock_prices
from kit.planning._demand import users_of
from kit.planning._limits import check_feasible
from kit.planning._offers import read_offers
from kit.planning._prices import Candidates, Prices, find_prices
from kit.planning._problem import named
from kit.planning._values import Values
from kit.planning._versions import (
    export_plan,
    limits_of,
    opened,
    planned,
    scores_of,
    with_budget,
)
from kit.progress import stage


def refresh(
    folder: Path,
    stock: Any,
    *,
    visits: int | None = None,
    budget: float | None = None,
    gap: float = 0.01,
    trust: bool = False,
) -> tuple[Path, Prices]:
    """Find the prices of a plan again for the stock that is left, and export them.

    Args:
        folder: of the versions; the latest one has a plan.
        stock: a table with item_id and stock; items that it does not name have none left.
        visits: still to come; None takes those of the plan by the time that is left of it.
        budget: what is left of it; None takes that of the plan.
        gap: see `find_prices`.
        trust: see `plan`.

    Returns:
        The folder of the new version, and the prices.
    """
    version, card, parts = opened(folder, trust)
    made, about = planned(version, card, parts)
    left = read_offers(stock, parts.item_ids, needs_value=False)
    to_come = visits or _visits_left(about, version)
    about = with_budget(about, budget, version)
    limits = replace(limits_of(made, about), stock=left.stock)
    check_feasible(limits, made.value, named(stock))
    values = Values.of_plan(scores_of(parts, card, made.candidates, 1), made)
    users, counts = users_of(made.visits)
    seen = counts * (to_come / max(float(counts.sum()), 1.0))
    with stage("price"):
        prices = find_prices(values.candidates(users, seen), limits, gap=gap)
    best = np.concatenate([own.max(axis=1) for _, own, _ in values.rows(users)])
    asked = stock_prices(prices, limits, float(best @ seen / to_come))
    changed = replace(
        made,
        price=asked,
        stock=limits.stock,
        budget=limits.budget,
        budget_price=prices.budget,
    )
    about = {**about, "visits": to_come, "made": _now(), "gap": prices.gap}
    return export_plan(parts, card, changed, about, version), prices


def assign_users(
    folder: Path,
    user_ids: list[str],
    *,
    stock: Any = None,
    budget: float | None = None,
    gap: float = 0.01,
    trust: bool = False,
) -> pl.DataFrame:
    """Assign one item of the plan to each of some users, within all limits exactly.

    Args:
        folder: of the versions; the latest one has a plan.
        user_ids: each once.
        stock: see `refresh`; None takes that of the plan.
        budget: what can be spent; None takes that of the plan.
        gap: see `find_prices`.
        trust: see `plan`.

    Returns:
        user_id, item_id and value, a row for each user who gets an item.
    """
    version, card, parts = opened(folder, trust)
    made, about = planned(version, card, parts)
    limits = limits_of(made, with_budget(about, budget, version))
    if stock is not None:
        limits = replace(limits, stock=read_offers(stock, parts.item_ids, needs_value=False).stock)
    check_feasible(limits, made.value, named(version if stock is None else stock))
    place = {user: code for code, user in enumerate(parts.user_ids)}
    users = np.array([place.get(user, -1) for user in user_ids])
    values = Values.of_plan(scores_of(parts, card, made.candidates, len(users)), made)
    with stage("price"):
        prices = find_prices(values.candidates(users, np.ones(len(users))), limits, gap=gap)
    asked = prices.asked(limits)
    some = values.candidates(users, np.ones(len(users)))
    listed: Candidates = some(asked)[0] if callable(some) else some
    with stage("assign"):
        items = assign(listed, limits, prices)
    rows = np.flatnonzero(items >= 0)
    at = (listed.items[rows] == items[rows, None]).argmax(axis=1)
    return pl.DataFrame(
        {
            "user_id": [user_ids[row] for row in rows],
            "item_id": [parts.item_ids[item] for item in items[rows]],
            "value": listed.values[rows, at],
        }
    )


def check_age(folder: Path, days: float) -> None:
    """Refuse a plan that is too old.

    Args:
        folder: of the versions; the latest one has a plan.
        days: most days since its prices were found.

    Raises:
        UserError: it is older.
    """
    version = version_folder(folder)
    made = (recommender_card(version).plan or {}).get("made")
    age = datetime.now(UTC) - datetime.fromisoformat(made) if made else timedelta.max
    if age > timedelta(days=days):
        raise UserError(
            f"The prices are of {made}, more than {days:g} days ago."
            if made
            else "The export has no plan.",
            where=str(version),
            expected=f"prices of the last {days:g} days",
            remedy=f"Find them again: kit plan {folder} --refresh --stock FILE",
        )


def _visits_left(about: dict[str, Any], version: Path) -> int:
    """Visits that are left of a plan, as if they came evenly."""
    if about.get("ends") is not None:
        ends, made = (datetime.fromisoformat(about[name]) for name in ("ends", "made"))
        left = (ends - datetime.now(UTC)) / max(ends - made, timedelta(seconds=1))
        if left > 0:
            return max(1, int(about["visits"] * left))
    raise UserError(
        "It is not known how many visits are still to come: the plan has ended, or its log had no "
        "times.",
        where=str(version),
        expected="--visits NUMBER",
        remedy="Give --visits, or plan again with new arrivals.",
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
