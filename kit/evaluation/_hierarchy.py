"""Fit and measure coherent forecasts: bottom-up or reconciled, whichever is better on valid."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kit.data.series import SeriesData
from kit.errors import UserError
from kit.evaluation._forecast_fit import fit_ridge
from kit.evaluation._forecast_quantiles import calibrate_quantiles
from kit.evaluation._forecast_windows import forecasts_of
from kit.evaluation._forecasting import Forecasts, Scales, point_metric
from kit.exports import SERIES
from kit.models import BOTTOM_UP, MINT, Forecaster, Reconciliation, mint_gain
from kit.progress import stage

# Folds of origins that the two methods are compared over, and the most numbers of a gain.
FOLDS, MOST_GAIN = 5, 1 << 24
# By which the weighted quantile loss of the series may grow.
LOSS_ALLOWED = 1.02


@dataclass(frozen=True)
class HierarchyFit:
    """Coherent forecasts by each method, and which of them is used.

    Args:
        methods: bottom-up and, where it can be estimated, MinT-shrink.
        chosen: the name of the one with the smaller error on valid; bottom-up where the quantiles
            of the series would lose by MinT-shrink.
        valid: method and level to the error on valid, by `point_metric`; of MinT-shrink with a
            covariance of other origins.
    """

    methods: Mapping[str, Reconciliation]
    chosen: str
    valid: Mapping[str, Mapping[str, float]]

    @property
    def reconciliation(self) -> Reconciliation:
        """The method that is used."""
        return self.methods[self.chosen]


def groups_of(data: SeriesData) -> SeriesData:
    """The groups of a hierarchy as series, of all levels one after the other.

    Of covariates they have the holidays.
    """
    hierarchy = data.hierarchy
    if hierarchy is None:
        raise ValueError("The series have no hierarchy.")
    values = hierarchy.totals(data.values)
    calendar = data.holidays
    known = () if calendar is None else (calendar.covariate(data.first, values.shape),)
    return replace(
        data,
        series=tuple(hierarchy.names),
        values=values,
        known=known,
        static=(),
        hierarchy=None,
    )


def check_groups(data: SeriesData) -> None:
    """Raise where no group has a stretch of train without a gap, which it could be learned from."""
    groups = groups_of(data)
    needed = min(groups.frequency.lookbacks) + data.horizon
    known = ~np.isnan(groups.values[:, : data.train_end])
    count = np.cumsum(np.pad(known, ((0, 0), (1, 0))), axis=1)
    needed = min(needed, data.train_end)
    if not (count[:, needed:] - count[:, :-needed] == needed).any():
        raise UserError(
            f"No group of the hierarchy has values of {needed} {data.frequency.name}s one after "
            "the other, as one of its series always has a gap.",
            where=data.name,
            expected="series with few gaps once they have begun",
            remedy="Fill them: --gaps zero; or leave --hierarchy out.",
        )


@stage("reconcile")
def fit_hierarchy(model: Forecaster, data: SeriesData) -> HierarchyFit:
    """Fit the forecasts of groups, and choose how they and those of series are made coherent.

    Groups are forecast by a ridge regression on their totals. MinT-shrink uses the covariance of
    the errors on valid; to compare it with bottom-up there, the covariance of each of five folds
    of origins comes from the others.

    Args:
        model: forecasts the series, trained.
        data: the split series, with a hierarchy.
    """
    above = groups_of(data)
    hierarchy = data.hierarchy
    assert hierarchy is not None
    groups = Forecaster.for_dataset(above, encoder="none", lookback=model.lookback)
    fit_ridge(groups, above)
    calibrate_quantiles(groups, above)
    adding = Reconciliation(hierarchy, groups, nonnegative=model.nonnegative)
    methods = {BOTTOM_UP: adding}
    series, totals = forecasts_of(model, data, "valid"), forecasts_of(groups, above, "valid")
    mean = adding.series(series.mean, totals.mean)
    valid = {BOTTOM_UP: _level_errors(data, mean)}
    loss = {BOTTOM_UP: _quantile_loss(adding, series, mean)}
    if data.origins > 1 and len(data.series) * len(above.series) <= MOST_GAIN:
        mean = np.empty_like(series.mean)
        for fold in np.array_split(np.arange(data.origins), min(FOLDS, data.origins)):
            others = np.isin(np.arange(data.origins), fold, invert=True)
            found = _mint(adding, series, totals, others)
            mean[:, fold] = found.series(series.mean[:, fold], totals.mean[:, fold])
        valid[MINT] = _level_errors(data, mean)
        loss[MINT] = _quantile_loss(adding, series, mean)
        methods[MINT] = _mint(adding, series, totals, np.ones(data.origins, bool))
    chosen = BOTTOM_UP
    if MINT in valid:
        ratios = [valid[MINT][level] / error for level, error in valid[BOTTOM_UP].items()]
        # Quantiles move with the mean: what helps the one must not cost the others.
        is_better = np.nanmean(ratios) < 1 and not loss[MINT] > LOSS_ALLOWED * loss[BOTTOM_UP]
        chosen = MINT if is_better else BOTTOM_UP
    return HierarchyFit(methods, chosen, valid)


def _mint(
    adding: Reconciliation, series: Forecasts, totals: Forecasts, origins: NDArray[np.bool_]
) -> Reconciliation:
    """MinT-shrink with the covariance of the errors from some origins."""
    errors = [
        (found.mean - found.actual)[:, origins].reshape(len(found.mean), -1).astype(np.float64)
        for found in (series, totals)
    ]
    gain, shrinkage = mint_gain(adding.hierarchy, *errors)
    return replace(adding, gain=gain, shrinkage=shrinkage)


def _quantile_loss(adding: Reconciliation, series: Forecasts, mean: NDArray[np.floating]) -> float:
    """The weighted quantile loss of the series whose quantiles are moved to coherent means."""
    moved = replace(
        series, mean=mean, quantile=adding.quantiles(series.quantile, series.mean, mean)
    )
    return moved.summary()["WQL"]


def _level_errors(data: SeriesData, mean: NDArray[np.floating]) -> dict[str, float]:
    """The error of each level on valid of coherent expected values [series, origins, horizon]."""
    metric = point_metric(data)
    return {
        level: found.summary()[metric] for level, found in _by_level(data, "valid", mean).items()
    }


def _by_level(
    data: SeriesData,
    part: str,
    mean: NDArray[np.floating],
    quantile: NDArray[np.floating] | None = None,
    of_groups: NDArray[np.floating] | None = None,
) -> dict[str, Forecasts]:
    """Coherent forecasts by level; quantiles of series and groups are NaN where none are given."""
    above, hierarchy = groups_of(data), data.hierarchy
    assert hierarchy is not None
    nothing = np.full((1, 1, 1, 5), np.nan, np.float32)
    whole = []
    for one, values, levels in (
        (above, hierarchy.sums(mean), of_groups),
        (data, mean, quantile),
    ):
        actual = one.actual(part).astype(np.float32)
        given = np.broadcast_to(nothing, (*actual.shape, 5)) if levels is None else levels
        overlap = data.stride < data.horizon
        whole.append(Forecasts(actual, values, given, Scales.of(one, part), overlap))
    names = np.array(hierarchy.level_names)
    return {level: whole[0].only(names == level) for level in hierarchy.levels} | {SERIES: whole[1]}


def forecasts_by_level(
    fit: HierarchyFit,
    data: SeriesData,
    series: Forecasts,
    baselines: Mapping[str, Forecasts],
    part: str = "test",
) -> dict[str, dict[str, Forecasts]]:
    """Level to system to forecasts: the chosen method, the others, the best baseline.

    Baselines forecast the series and are added up; at each level the one with the smallest error
    there is shown.

    Args:
        fit: of the hierarchy.
        data: the split series.
        series: forecasts of the model for the series, of this part.
        baselines: name to theirs.
        part: "valid" or "test".
    """
    above, metric = groups_of(data), point_metric(data)
    totals = forecasts_of(fit.reconciliation.groups, above, part)
    found: dict[str, dict[str, Forecasts]] = {}
    order = [fit.chosen, *(name for name in fit.methods if name != fit.chosen)]
    for name in order:
        method = fit.methods[name]
        mean = method.series(series.mean, totals.mean)
        of_series = method.quantiles(series.quantile, series.mean, mean)
        of_groups = method.quantiles(totals.quantile, totals.mean, method.hierarchy.sums(mean))
        for level, one in _by_level(data, part, mean, of_series, of_groups).items():
            found.setdefault(level, {})[name] = one
    summed = {name: _by_level(data, part, one.mean) for name, one in baselines.items()}
    for level, systems in found.items():
        errors = {name: one[level].summary()[metric] for name, one in summed.items()}
        best = min(errors, key=lambda name: np.nan_to_num(errors[name], nan=np.inf))
        systems[best] = summed[best][level]
    return found
