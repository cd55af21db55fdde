"""A made log of purchases."""

from datetime import date, timedelta

import numpy as np
import polars as pl

FIRST = date(2023, 1, 1)
DAYS, CUSTOMERS = 160, 300


def purchases(days: int = DAYS, customers: int = CUSTOMERS) -> pl.DataFrame:
    """Customers who buy at a rate and for an amount of their own, from a first day on."""
    rng = np.random.default_rng(0)
    rate = rng.gamma(1, 0.06, customers)
    size = rng.lognormal(3, 0.7, customers)
    first = rng.integers(0, days // 2, customers)
    bought = rng.random((customers, days)) < rate[:, None]
    bought[np.arange(customers), first] = True
    bought &= np.arange(days) >= first[:, None]
    user, day = np.nonzero(bought)
    amount = size[user] * rng.lognormal(0, 0.3, len(user))
    return pl.DataFrame(
        {
            "customer_id": [f"c{one:03}" for one in user],
            "date": [FIRST + timedelta(days=int(one)) for one in day],
            "amount": amount.round(2),
        }
    )
