"""A campaign that never was: customers, arms and visits drawn from formulas."""

import numpy as np
import polars as pl

ROWS, SEED = 20_000, 20_260
AREAS = ("city", "suburb", "country")
CHANNELS = ("web", "phone", "shop")
LICENCE = (
    "Synthetic: every row is drawn at random from formulas in kit/data/builtin/_campaign.py. No "
    "customer of it exists and no figure of it says anything of a market. Part of the kit, under "
    "its licence.\n"
)


def campaign_frame(rows: int = ROWS) -> pl.DataFrame:
    """Customers of a synthetic campaign with three arms, and who visited the shop afterwards.

    A mail makes those visit who have not been there for long and live in the country, who rarely
    visit without one; a coupon makes visits of any customer likelier by the same factor, so that
    it gains most with those who visit anyway. Arms are drawn at random: half of the customers get
    nothing, a quarter each a mail or a coupon.

    Args:
        rows: number of customers.

    Example:

    >>> campaign_frame(100).columns[-2:]
    ['arm', 'visit']
    """
    rng = np.random.default_rng(SEED)
    recency = rng.integers(1, 13, rows)
    spend = np.round(rng.lognormal(4.5, 0.9, rows), 2)
    orders = rng.poisson(1 + spend / 150)
    area = rng.choice(3, rows, p=[0.45, 0.35, 0.2])
    channel = rng.choice(3, rows, p=[0.5, 0.2, 0.3])
    loyal = rng.random(rows) < 0.4
    usual = -2.6 + 0.35 * (np.log(spend) - 4.5) + 0.6 * loyal - 0.12 * (recency - 6)
    usual = 1 / (1 + np.exp(-(usual + 0.25 * np.minimum(orders, 4))))
    persuaded = 0.22 * (recency > 6) * np.where(area == 2, 1.0, 0.35)
    visits = np.stack([usual, usual + persuaded * (1 - usual), np.minimum(1.55 * usual, 0.95)])
    arm = rng.choice(3, rows, p=[0.5, 0.25, 0.25])
    return pl.DataFrame(
        {
            "recency": recency,
            "spend": spend,
            "orders": orders,
            "area": np.array(AREAS)[area],
            "channel": np.array(CHANNELS)[channel],
            "loyal": np.where(loyal, "yes", "no"),
            "arm": np.array(["none", "mail", "coupon"])[arm],
            "visit": (rng.random(rows) < visits[arm, np.arange(rows)]).astype(np.int64),
        }
    )
