"""What is usual in the data of a `Forecaster`: levels and deviations of series and covariates."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.data.series import Covariate, SeriesData
from kit.evaluation._forecasting import nan_mean, open_phases, variances
from kit.models import Forecaster

STATIC_PENALTIES = (0.01, 0.1, 1.0, 10.0)


def set_usual(model: Forecaster, data: SeriesData) -> None:
    """What is usual in train: level and deviation of each series, of covariates, open phases."""
    train = data.values[:, : data.train_end]
    mean = np.nan_to_num(nan_mean(train))
    spread = np.sqrt(np.nan_to_num(variances(data)))
    middle = np.median(spread[spread > 0]) if (spread > 0).any() else 1.0
    spread = np.where(spread > 0, spread, middle)
    model.open.assign(open_phases(data).astype(np.float32))
    model.level.assign(np.concatenate([[np.median(mean)], mean]))
    model.spread.assign(np.concatenate([[middle], spread]))
    if model.known:
        usual = [_usual(one, data.train_end) for one in data.known]
        model.known_centre.assign(np.stack([centre for centre, _ in usual], axis=1))
        model.known_spread.assign(np.stack([deviation for _, deviation in usual], axis=1))
        model.known_share.assign(np.concatenate([_shares(one, data) for one in data.known]))
    if model.static:
        numbers = [
            np.zeros(1) if one.categories else one.values.astype(np.float64) for one in data.static
        ]
        model.static_centre.assign([np.nan_to_num(nan_mean(x[None]))[0] for x in numbers])
        centred = [
            x - centre for x, centre in zip(numbers, np.asarray(model.static_centre), strict=True)
        ]
        model.static_spread.assign([_positive(np.sqrt(nan_mean(x[None] ** 2)))[0] for x in centred])
        model.static_weight.assign(_of_static(model, data, mean, spread))


def _usual(covariate: Covariate, train_end: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and deviation of a number in train, of unknown series first: two [series + 1].

    Of numbers that vary within series; of flags, which have two values, all series have one.
    """
    count = 1 + len(covariate.values)
    if covariate.categories:
        return np.zeros(count), np.ones(count)
    train = covariate.values[:, :train_end].astype(np.float64)
    observed = train[~np.isnan(train)]
    if not len(observed):
        return np.zeros(count), np.ones(count)
    whole, deviation = observed.mean(), _positive(observed.std())
    if len(np.unique(observed)) <= 2:
        return np.full(count, whole), np.full(count, deviation)
    means = nan_mean(train)
    deviations = np.sqrt(nan_mean((train - means[:, None]) ** 2))
    deviations = np.where(np.nan_to_num(deviations) > 1e-6 * abs(whole), deviations, deviation)
    means = np.where(np.isnan(means), whole, means)
    return np.concatenate([[whole], means]), np.concatenate([[deviation], deviations])


def _positive(deviation: Any) -> Any:
    """Deviations to divide by: 1 where there is none."""
    return np.where(np.nan_to_num(deviation) > 1e-9, deviation, 1.0)


def _shares(covariate: Covariate, data: SeriesData) -> NDArray[np.float64]:
    """Shares of the categories in train, 0 of a number: float64 [features]."""
    if not covariate.categories:
        return np.zeros(1)
    codes = covariate.values[:, : data.train_end].astype(np.int64)
    counts = np.bincount(codes.ravel(), minlength=1 + len(covariate.categories))[1:]
    shares: NDArray[np.float64] = counts / max(1, counts.sum())
    return shares


def _of_static(
    model: Forecaster, data: SeriesData, mean: NDArray[Any], spread: NDArray[Any]
) -> NDArray[np.float64]:
    """Weights of the usual level and deviation of a series by its static features.

    A ridge over series, in logarithms of values from 0, its penalty chosen by leaving one series
    out. Where the features do not help so, a constant alone: what is usual.
    """
    features = np.asarray(
        model.static_features(np.stack([one.values for one in data.static], axis=1)), np.float64
    )
    regressors = np.concatenate([np.ones((len(features), 1)), features], axis=1)
    targets = np.stack([np.log1p(mean) if model.nonnegative else mean, np.log(spread)], axis=1)
    found = np.zeros((regressors.shape[1], 2))
    found[0] = np.median(targets, axis=0)
    if len(features) < 3:
        return found
    least = ((targets - found[0]) ** 2).mean(axis=0)
    for penalty in STATIC_PENALTIES:
        ridge = np.diag([0.0, *[penalty] * features.shape[1]])
        inverse = np.linalg.inv(regressors.T @ regressors + ridge)
        weights = inverse @ regressors.T @ targets
        leverage = np.minimum((regressors @ inverse * regressors).sum(axis=1), 1 - 1e-6)
        error = (((targets - regressors @ weights) / (1 - leverage)[:, None]) ** 2).mean(axis=0)
        found, least = np.where(error < least, weights, found), np.minimum(error, least)
    return found
