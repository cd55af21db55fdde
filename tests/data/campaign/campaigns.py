"""Small campaigns whose effects are known."""

import numpy as np
import polars as pl


def campaign(rows=1200, arms=2, seed=0, tell=0.0):
    """A mail makes only women visit; men visit anyway. `tell` sends it to the older ones."""
    rng = np.random.default_rng(seed)
    woman, age = rng.random(rows) < 0.5, rng.integers(18, 80, rows)
    share = 1 / (1 + np.exp(-tell * (age - 50) / 15))
    arm = np.where(rng.random(rows) < share, rng.integers(1, arms, rows), 0)
    rate = np.where(woman, 0.1 + 0.35 * (arm > 0), 0.4)
    return pl.DataFrame(
        {
            "customer_id": [f"c{n:05}" for n in range(rows)],
            "sex": np.where(woman, "f", "m"),
            "age": age,
            "arm": np.array(["control", "mail", "coupon"])[arm],
            "visit": (rng.random(rows) < rate).astype(int),
            "propensity": np.where(arm > 0, share / (arms - 1), 1 - share),
        }
    )
