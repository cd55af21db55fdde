"""Options of plans: what can be shown to whom, and within which limits."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from kit.config._data import SEED
from kit.config._options import Options, option
from kit.errors import UserError

DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class PlanOptions(Options):
    """What can be shown, to whom, and within which limits.

    Example:

    >>> PlanOptions(contacts="2/30d").contact_limit()
    (2, 2592000)
    """

    group: ClassVar[str] = "Plan"

    offers: Any = option(
        None,
        "What can be shown: a table with item_id, its value and stock, and maybe its cost.",
        metavar="FILE",
    )
    arrivals: Any = option(
        None,
        "A log of purchases after the training: who came when and bought what. Its earlier part "
        "calibrates and prices, its later part is simulated.",
        metavar="SOURCE",
    )
    value_column: str = option(
        "value", "Column of what a purchase is worth, such as the margin.", metavar="NAME"
    )
    stock_column: str = option("stock", "Column of how often an item can be shown.", metavar="NAME")
    cost_column: str = option(
        "cost", "Column of what showing an item takes from the budget.", metavar="NAME"
    )
    budget: float | None = option(None, "What can be spent.  [default: no limit]", min=0)
    contacts: str | None = option(
        None,
        "How often a user may be shown something, as TIMES/DAYSd: 2/30d.  [default: no limit]",
        metavar="TIMES/DAYSd",
    )
    min_share: tuple[str, ...] = option(
        (),
        "The least share of what is shown: of each value of a column of the offers, or of the "
        "items that a column of 0 and 1 marks; repeatable.",
        metavar="COLUMN=SHARE",
    )
    visits: int | None = option(
        None,
        "Visits that stock and budget are for.  [default: as many as are simulated]",
        min=1,
        metavar="NUMBER",
    )
    fit_share: float = option(
        0.5,
        "The share of the visits, from the first on, that calibrates and prices.",
        above=0,
        below=1,
        metavar="SHARE",
    )
    candidates: int | None = option(
        None,
        "Items with a user's best scores that are ranked by value.  [default: the catalogue where "
        "it can be scored at once, else 400]",
        min=1,
        metavar="NUMBER",
    )
    gap: float = option(
        0.01,
        "Prices are good enough when (bound - reached) / bound is at most this.",
        above=0,
        below=1,
    )
    seed: int = option(0, "Random seed.", min=0, max=SEED, metavar="NUMBER")

    def contact_limit(self) -> tuple[int | None, int]:
        """How often within how many seconds.

        Raises:
            UserError: it is not written so, or nothing could be shown.
        """
        if self.contacts is None:
            return None, 0
        found = re.fullmatch(r"(\d+)/(\d+)d", self.contacts.strip())
        if found is None or not int(found[2]):
            raise UserError(
                f"The limit of contacts {self.contacts!r} cannot be read.",
                where="--contacts",
                expected="TIMES/DAYSd, such as 2/30d: twice within 30 days",
            )
        if not int(found[1]):
            raise UserError(
                "With a limit of 0 contacts nothing can be shown.",
                where="--contacts",
                expected="1 or more",
                remedy="Raise the limit, or leave --contacts out.",
            )
        return int(found[1]), int(found[2]) * DAY

    def min_shares(self) -> dict[str, float]:
        """Column to share.

        Raises:
            UserError: one is not written so, or is no share.
        """
        shares = {}
        for text in self.min_share:
            column, _, share = text.rpartition("=")
            try:
                shares[column] = float(share)
            except ValueError:
                shares[column] = -1.0
            if not column or not 0 < shares[column] <= 1:
                raise UserError(
                    f"The minimum share {text!r} cannot be read.",
                    where="--min-share",
                    expected="COLUMN=SHARE with a share above 0 and at most 1, such as brand=0.1",
                )
        return shares
