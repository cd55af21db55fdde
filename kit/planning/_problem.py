"""Read what a plan is made of: offers, limits and visits."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kit.config import PlanOptions
from kit.data import Columns
from kit.errors import UserError
from kit.exporting import RecommenderParts
from kit.planning._limits import Limits, check_feasible
from kit.planning._offers import OfferTable, read_offers
from kit.planning._visits import Visits, read_visits
from kit.progress import stage


@dataclass(frozen=True)
class Problem:
    """What can be shown within which limits, and who came.

    Args:
        offers: values, stock and costs.
        limits: for the expected visits.
        visits: of the log.
        fit: its earlier part, that calibrates and prices.
        held: its later part, that is simulated.
        expected: visits that the limits are for.
        notes: on how the log was read.
    """

    offers: OfferTable
    limits: Limits
    visits: Visits
    fit: Visits
    held: Visits
    expected: int
    notes: list[str]


def read_problem(options: PlanOptions, parts: RecommenderParts) -> Problem:
    """Read offers and arrivals, and check that the limits can be met.

    Args:
        options: of the plan.
        parts: of the export.

    Raises:
        UserError: something is missing, cannot be read, or cannot be met.
    """
    for name in ("offers", "arrivals"):
        if getattr(options, name) is None:
            raise UserError(
                f"There are no {name}.",
                where=f"--{name}",
                expected="a table of what can be shown, and a log of who came",
                remedy=f"Give --{name} FILE.",
            )
    contacts, _ = options.contact_limit()
    shares = options.min_shares()
    offers = read_offers(
        options.offers,
        parts.item_ids,
        value_column=options.value_column,
        stock_column=options.stock_column,
        cost_column=options.cost_column,
        needs_cost=options.budget is not None,
    )
    limits = _limits(offers, shares, options)
    check_feasible(limits, offers.value, named(options.offers))
    with stage("read"):
        visits, notes = read_visits(
            options.arrivals, list(parts.user_ids), list(parts.item_ids), columns=Columns(weight="")
        )
    if contacts is not None and visits.time is None:
        raise UserError(
            "The log has no times, so contacts within days cannot be counted.",
            where=named(options.arrivals),
            expected="a column of times",
            remedy="Add it, or leave --contacts out.",
        )
    cut = min(max(1, round(len(visits) * options.fit_share)), len(visits) - 1)
    fit, held = visits.part(0, cut), visits.part(cut, len(visits))
    return Problem(offers, limits, visits, fit, held, options.visits or len(held), notes)


def _limits(offers: OfferTable, shares: dict[str, float], options: PlanOptions) -> Limits:
    groups = {
        name: (member, share)
        for column, share in shares.items()
        for name, member in offers.members(column, named(options.offers)).items()
    }
    contacts, window = options.contact_limit()
    items = len(offers.value)
    return Limits(
        stock=np.floor(offers.stock),
        cost=offers.cost if options.budget is not None else np.zeros_like(offers.cost),
        budget=options.budget,
        member=np.array([member for member, _ in groups.values()], np.float32).reshape(-1, items),
        shares=np.array([share for _, share in groups.values()], np.float32),
        names=list(groups),
        contacts=contacts,
        window=window,
    )


def named(source: Any) -> str:
    """A source as messages name it."""
    return str(source) if isinstance(source, str | Path) else "the table"
