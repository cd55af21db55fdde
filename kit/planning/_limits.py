"""The limits of a plan."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kit.errors import UserError


@dataclass(frozen=True)
class Limits:
    """What a plan has to keep.

    Args:
        stock: float32 [items], how often each item can be shown.
        cost: float32 [items], what showing it takes from the budget.
        budget: what can be spent, or None.
        member: float32 [shares, items], 1 where an item counts for a minimum share.
        shares: float32 [shares], the least share of what is shown.
        names: of the shares.
        contacts: how often a user may be shown something within the window, or None.
        window: seconds.

    Example:

    >>> limits = Limits.of_stock(np.float32([4, 2]))
    >>> limits.scaled(0.5).stock.tolist()
    [2.0, 1.0]
    """

    stock: NDArray[np.float32]
    cost: NDArray[np.float32]
    budget: float | None
    member: NDArray[np.float32]
    shares: NDArray[np.float32]
    names: Sequence[str] = ()
    contacts: int | None = None
    window: int = 0

    @classmethod
    def of_stock(cls, stock: NDArray[np.float32]) -> "Limits":
        """Without a budget, minimum shares or contacts."""
        items = len(stock)
        none = np.zeros((0, items), np.float32)
        return cls(stock, np.zeros(items, np.float32), None, none, none[:, 0])

    def scaled(self, share: float) -> "Limits":
        """Of a period with this share of the visits."""
        budget = None if self.budget is None else self.budget * share
        return replace(self, stock=(self.stock * share).astype(np.float32), budget=budget)

    def whole(self, seed: int = 0) -> "Limits":
        """With stock in whole units: rounded up with the probability of the fraction."""
        least = np.floor(self.stock)
        up = np.random.default_rng(seed).random(len(least)) < self.stock - least
        return replace(self, stock=(least + up).astype(np.float32))


def check_feasible(limits: Limits, values: NDArray[np.float32], where: str) -> None:
    """Name the limit that nothing can meet.

    Args:
        limits: of the plan.
        values: float32 [items], above 0 where an item is offered.
        where: the source of the offers, for the message.

    Raises:
        UserError: there is no stock, the budget buys nothing, or a minimum share cannot be met.
    """
    offered = (values > 0) & (limits.stock >= 1)
    if not offered.any():
        raise UserError(
            "No offer can be shown: none has a value above 0 and a stock of 1 or more.",
            where=where,
            expected="at least one offer with both",
            remedy="Correct the columns of value and stock.",
        )
    if limits.budget is not None:
        least = float(limits.cost[offered].min())
        if least > limits.budget:
            raise UserError(
                f"The budget of {limits.budget:g} buys no offer: the cheapest costs {least:g}.",
                where="--budget",
                expected=f"{least:g} or more",
                remedy="Raise the budget, or lower the costs.",
            )
        offered &= limits.cost <= limits.budget
    for name, member, share in zip(limits.names, limits.member, limits.shares, strict=True):
        if not (offered & (member > 0)).any():
            raise UserError(
                f"The minimum share {name} cannot be met: no such offer can be shown.",
                where="--min-share",
                expected="a value that an offer with stock has",
                remedy="Leave the share out, or add such offers.",
            )
        rest = limits.shares[~(limits.member * member).any(axis=1)].sum() + share
        if rest > 1:
            raise UserError(
                f"The minimum shares are more than everything: {name} and those of other offers "
                f"add up to {rest:g}.",
                where="--min-share",
                expected="shares that add up to at most 1",
                remedy="Lower one of them.",
            )
