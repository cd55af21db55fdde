"""Check series on their grid: gaps, the kind of the target, outliers, leaks."""

import numpy as np
from numpy.typing import NDArray

from kit.data.series._covariates import Covariate
from kit.data.series._frequency import Frequency
from kit.errors import UserError

MOST_GAPS = 0.8
# A value so many times the 90th percentile of its series is named.
OUTLIER = 20
SHOWN = 3
# Correlations with the target at which a known column is refused, and warned of.
LEAK, SUSPECT = 0.999, 0.95
FEWEST_PAIRS = 8


def check_gaps(values: NDArray[np.float64], name: str, frequency: Frequency) -> None:
    """Raise where hardly any step has a value."""
    share = float(np.isnan(values).mean())
    if share > MOST_GAPS:
        raise UserError(
            f"{share:.0%} of the {frequency.name}s of the series have no value.",
            where=name,
            expected=f"a value for most {frequency.name}s",
            remedy="If no row means nothing was sold, give --gaps zero; else a coarser --every.",
        )


def outcome_of(
    values: NDArray[np.float64],
    series: tuple[str, ...],
    outcome: str | None,
    name: str,
    frequency: Frequency,
    first: int,
) -> str:
    """The kind of the target, found or as the user says, if that is possible."""
    observed = values[~np.isnan(values)]
    if outcome is None:
        if (observed < 0).any():
            return "real"
        return "count" if (observed == np.floor(observed)).all() else "positive"
    if outcome != "real" and (observed < 0).any():
        row, place = np.argwhere(values < 0)[0]
        raise UserError(
            f"The target is negative: {values[row, place]:g} ({int((observed < 0).sum()):,} such "
            f"{frequency.name}s).",
            where=f"{name}, series '{series[row]}' at {frequency.texts([first + place])[0]}",
            expected=f"numbers from 0, as --outcome {outcome} says",
            remedy="Set returns off against sales, --returns net, leave them out, --returns drop, "
            "or give --outcome real.",
        )
    if outcome == "count" and (observed != np.floor(observed)).any():
        row, place = np.argwhere(~np.isnan(values) & (values != np.floor(values)))[0]
        raise UserError(
            f"The target is no whole number: {values[row, place]:g}.",
            where=f"{name}, series '{series[row]}' at {frequency.texts([first + place])[0]}",
            expected="whole numbers, as --outcome count says",
            remedy="Give --outcome positive.",
        )
    return outcome


def outliers(
    values: NDArray[np.float64], series: tuple[str, ...], frequency: Frequency, first: int
) -> list[str]:
    """Lines on the few largest values that are far above the rest of their series."""
    sizes = np.abs(np.nan_to_num(values))
    nonzero = np.where(sizes > 0, sizes, np.nan)
    has_values = ~np.isnan(nonzero).all(axis=1)
    usual = np.full(len(values), np.inf)
    if has_values.any():
        usual[has_values] = np.nanquantile(nonzero[has_values], 0.9, axis=1)
    far = np.argwhere(sizes > OUTLIER * usual[:, None])
    order = np.argsort([-sizes[row, place] for row, place in far], kind="stable")
    lines = [
        f"warning: '{series[row]}' at {frequency.texts([first + place])[0]}: "
        f"{values[row, place]:,.6g}, more than {OUTLIER} times what the series usually reaches"
        for row, place in far[order[:SHOWN]]
    ]
    if len(far) > SHOWN:
        lines.append(f"warning: and {len(far) - SHOWN:,} more such values")
    return lines


def check_no_leak(
    values: NDArray[np.float64], covariate: Covariate, gaps: str, has_row: NDArray[np.bool_]
) -> list[str]:
    """Raise where a known column tells the target of the same step; else lines of warning.

    Args:
        values: the target, float64 [series, steps].
        covariate: of the same steps.
        gaps: what steps without a row are.
        has_row: which steps have one.
    """
    name, where = covariate.name, f"column {covariate.name}"
    is_known = ~covariate.missing
    if gaps == "zero":
        # Where no row means that nothing was sold, a value only where there is a row tells sales.
        begun = np.cumsum(has_row, axis=1) > 0
        without = begun & ~has_row
        if without.any() and not is_known[without].any():
            raise UserError(
                f"'{name}' has no value for any of the {int(without.sum()):,} steps without a "
                "row, so it tells whether something is sold.",
                where=where,
                expected="a value for every step, also where nothing is sold",
                remedy=f"Add rows for these steps with a target of 0 and '{name}', or leave it "
                "out of --known.",
            )
    found = _correlation(values, covariate)
    if found >= LEAK:
        raise UserError(
            f"'{name}' is the target, or follows from it: their correlation is {found:.3f}.",
            where=where,
            expected="columns whose values are known before the target is",
            remedy=f"Leave it out of --known; if it is known in advance, forecast without {name}.",
        )
    if found >= SUSPECT:
        return [
            f"warning: '{name}' moves with the target (correlation {found:.2f}); leave it out of "
            "--known if it is not known in advance"
        ]
    return []


def _correlation(values: NDArray[np.float64], covariate: Covariate) -> float:
    """How far a covariate explains the target within series, from 0 to 1."""
    both = ~np.isnan(values) & ~covariate.missing
    # A series has to have more values than there are texts, which would explain them by chance.
    groups = max(1, len(covariate.categories))
    both &= both.sum(axis=1, keepdims=True) >= FEWEST_PAIRS * groups
    target = _scaled(np.where(both, values, np.nan))
    if not covariate.categories:
        other = _scaled(np.where(both, covariate.values, np.nan))
        usable = both & ~np.isnan(target) & ~np.isnan(other)
        return float(abs((target * other)[usable].mean())) if usable.any() else 0.0
    usable = both & ~np.isnan(target)
    series = np.flatnonzero(usable) // usable.shape[1]
    group, target = series * (1 + groups) + covariate.values[usable].astype(int), target[usable]
    sums, count = np.bincount(group, target), np.bincount(group)
    between = (sums**2 / np.maximum(count, 1)).sum()
    return float(np.sqrt(between / max((target**2).sum(), 1e-12)))


def _scaled(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Rows with mean 0 and deviation 1; NaN where a row is constant."""
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    centred = values - np.nansum(values, axis=1, keepdims=True, dtype=np.float64) / count
    deviation = np.sqrt(np.nansum(centred**2, axis=1, keepdims=True) / count)
    scaled: NDArray[np.float64] = centred / np.where(deviation > 1e-9, deviation, np.nan)
    return scaled
