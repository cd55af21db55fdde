"""Logistic regressions of uplift (S- and T-learner), the response model, and whether arms are drawn
at random."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.optimize
import scipy.sparse as sparse
from numpy.typing import NDArray

from kit.data.campaign import CampaignData, CampaignRows
from kit.data.table import TableEncoder
from kit.metrics import Estimate, auc, bootstrap_aucs, log_losses
from kit.models import LinearUplift, encoded_inputs, number_ranges
from kit.progress import stage

PENALTIES = (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
# On the weights that all arms share.
SHARED = 30.0
FOLDS = 4
ITERATIONS = 100
# Of the check of randomisation: an arm that was drawn at random fails it once in 200 times.
LEVEL = 0.99
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CampaignMatrix:
    """Features of a campaign as the columns of `kit.models.LinearUplift`.

    Args:
        data: the split campaign.
        encoder: of its features.
        empty: a linear model without weights.
        parts: part to its columns, float64 [rows, columns].
    """

    data: CampaignData
    encoder: TableEncoder
    empty: LinearUplift
    parts: Mapping[str, sparse.csr_matrix]

    @classmethod
    def of(cls, data: CampaignData, encoder: TableEncoder) -> "CampaignMatrix":
        """Of all parts of a campaign."""
        encoded = {
            part: encoder.encode(getattr(data, part).features, whole=True)
            for part in ("train", "valid", "test")
        }
        model = _linear(data, encoder, number_ranges(encoded["train"], encoder))
        return cls(
            data, encoder, model, {part: _columns(model, found) for part, found in encoded.items()}
        )

    @property
    def train(self) -> tuple[sparse.csr_matrix, CampaignRows]:
        """Columns and rows of train."""
        return self.parts["train"], self.data.train

    @property
    def complete(self) -> tuple[sparse.csr_matrix, CampaignRows]:
        """Columns and rows of train and valid."""
        columns = sparse.vstack([self.parts["train"], self.parts["valid"]]).tocsr()
        return columns, self.data.train_and_valid()

    @property
    def arms(self) -> int:
        """Number of arms, with the control."""
        return len(self.data.arms)

    def model(self, table: Floats, bias: Floats) -> LinearUplift:
        """A linear model with these weights, float64 [columns, arms] and [arms]."""
        found = _linear(self.data, self.encoder, self.empty.edges)
        found.set_weights([table.astype(np.float32), bias.astype(np.float32)])
        return found


def _linear(
    data: CampaignData, encoder: TableEncoder, edges: Mapping[str, list[float]]
) -> LinearUplift:
    return LinearUplift(encoded_inputs(encoder), data.arms, edges)


def _columns(model: LinearUplift, encoded: Mapping[str, NDArray[Any]]) -> sparse.csr_matrix:
    places, shares = (
        np.concatenate([np.asarray(one) for one in found], axis=1)
        for found in zip(*model.codes(encoded), strict=True)
    )
    rows, width = places.shape
    starts = np.arange(0, rows * width + 1, width)
    values = (shares.ravel().astype(np.float64), places.ravel(), starts)
    return sparse.csr_matrix(values, shape=(rows, model.rows))


@dataclass(frozen=True)
class LinearLearner:
    """A learner of uplift by logistic regression.

    Args:
        penalty: weight of the squared norm that was chosen.
        train: fitted on train, to be compared on valid.
        complete: fitted on train and valid with the same penalty.
    """

    penalty: float
    train: LinearUplift
    complete: LinearUplift


@stage("baselines")
def t_learner(matrix: CampaignMatrix) -> LinearLearner:
    """T-learner: a logistic regression of the outcome for each arm, on its rows alone.

    Args:
        matrix: of the campaign.
    """
    return _learner(matrix, _t_weights)


@stage("baselines")
def s_learner(matrix: CampaignMatrix) -> LinearLearner:
    """S-learner: one logistic regression on features, arm, and their products.

    With a large penalty on the products the arm changes all odds by one factor.

    Args:
        matrix: of the campaign.
    """
    return _learner(matrix, _s_weights)


def _learner(matrix: CampaignMatrix, weights: "Weights") -> LinearLearner:
    penalty = _penalty(matrix, weights)
    found = (
        matrix.model(*weights(columns, rows, matrix.arms, penalty))
        for columns, rows in (matrix.train, matrix.complete)
    )
    return LinearLearner(penalty, *found)


def _t_weights(
    columns: sparse.csr_matrix, rows: CampaignRows, arms: int, penalty: float
) -> tuple[Floats, Floats]:
    """Weights of all arms, float64 [columns, arms] and [arms]."""
    norm = np.full(columns.shape[1], penalty)
    own = (rows.arm == arm for arm in range(arms))
    found = np.stack([_fitted(columns[one], rows.outcome[one], norm) for one in own], axis=1)
    return found[:-1], found[-1]


def _s_weights(
    columns: sparse.csr_matrix, rows: CampaignRows, arms: int, penalty: float
) -> tuple[Floats, Floats]:
    """Weights of all arms, float64 [columns, arms] and [arms]."""
    width = columns.shape[1]
    norm = np.r_[np.full(width, SHARED), np.full(width * (arms - 1), penalty), np.zeros(arms - 1)]
    found = _fitted(_with_products(columns, rows.arm, arms), rows.outcome, norm)
    shared, products = found[:width], found[width : width * arms].reshape(arms - 1, width).T
    table = shared[:, None] + np.pad(products, ((0, 0), (1, 0)))
    return table, found[-1] + np.r_[0.0, found[width * arms : -1]]


Weights = Callable[[sparse.csr_matrix, CampaignRows, int, float], tuple[Floats, Floats]]


def _penalty(matrix: CampaignMatrix, weights: Weights) -> float:
    """The penalty that predicts effects best, by the R-loss in four folds of train.

    Of a row the R-loss is the squared rest of its outcome, less what is expected of it whatever the
    arm, and less its predicted effect times its treatment less the chance of it. Log loss would
    choose what predicts outcomes best: effects are a small part of them.

    Args:
        matrix: of the campaign.
        weights: fits a learner.

    Source: Nie and Wager (2021), Quasi-oracle estimation of heterogeneous treatment effects.
    """
    (columns, rows), arms = matrix.train, matrix.arms
    fold = np.random.default_rng(0).integers(0, FOLDS, len(rows))
    norm = np.full(columns.shape[1], SHARED)
    losses = np.zeros(len(PENALTIES))
    for one in range(FOLDS):
        known, held = np.flatnonzero(fold != one), np.flatnonzero(fold == one)
        usual = _fitted(columns[known], rows.outcome[known], norm)
        rest = rows.outcome[held] - _probabilities(columns[held], usual)
        for place, penalty in enumerate(PENALTIES):
            table, bias = weights(columns[known], rows[known], arms, penalty)
            response = 1 / (1 + np.exp(-(columns[held] @ table + bias)))
            losses[place] += _r_loss(rows[held], rest, response)
    return PENALTIES[int(np.argmin(losses))]


def _r_loss(rows: CampaignRows, rest: Floats, response: Floats) -> float:
    total = 0.0
    for arm in range(1, response.shape[1]):
        pair = (rows.arm == 0) | (rows.arm == arm)
        treated = (rows.arm == arm).astype(np.float64)
        chance = np.full(len(rows), treated[pair].mean())
        if response.shape[1] == 2:
            chance = np.where(rows.arm == arm, rows.propensity, 1 - rows.propensity)
        effect = response[:, arm] - response[:, 0]
        total += float(((rest - (treated - chance) * effect)[pair] ** 2).sum())
    return total


def _with_products(
    columns: sparse.csr_matrix, arm: NDArray[np.int64], arms: int
) -> sparse.csr_matrix:
    """Columns, their products with each arm but the control, and the arms."""
    treated = [sparse.diags((arm == one).astype(np.float64)) for one in range(1, arms)]
    of_arms = np.stack([arm == one for one in range(1, arms)], axis=1).astype(np.float64)
    parts = [columns, *(one @ columns for one in treated), sparse.csr_matrix(of_arms)]
    return sparse.hstack(parts).tocsr()


def response_model(matrix: CampaignMatrix, part: str) -> Floats:
    """Probability of the outcome whatever the arm, by logistic regression: likely buyers.

    It is fitted on train, for test on train and valid.

    Args:
        matrix: of the campaign.
        part: "valid" or "test".

    Returns:
        float64 [rows].
    """
    columns, rows = matrix.complete if part == "test" else matrix.train
    found = _fitted(columns, rows.outcome, np.full(columns.shape[1], SHARED))
    return _probabilities(matrix.parts[part], found)


@dataclass(frozen=True)
class Randomisation:
    """Whether the arm can be predicted from the features.

    Args:
        auc: arm to the AUC of telling it from all others, with its 99 % interval, on the rows of
            valid and test.
        telling: arm to the feature that tells it most.

    Example:

    >>> found = Randomisation({"mail": Estimate(0.5, 0.48, 0.52)}, {"mail": "age"})
    >>> found.is_random, found.line
    (True, 'the arm cannot be predicted from the features: AUC mail .500 (99 % .480 to .520)')
    """

    auc: Mapping[str, Estimate]
    telling: Mapping[str, str]

    @property
    def predicted(self) -> list[str]:
        """Arms that the features tell, the surest first."""
        found = [name for name, x in self.auc.items() if x.low > 0.5]
        return sorted(found, key=lambda name: -self.auc[name].mean)

    @property
    def is_random(self) -> bool:
        """Whether no arm can be told."""
        return not self.predicted

    @property
    def line(self) -> str:
        """In words."""
        found = ", ".join(
            f"{name} {_digits(x.mean)} (99 % {_digits(x.low)} to {_digits(x.high)})"
            for name, x in self.auc.items()
        )
        can = "cannot" if self.is_random else "can"
        return f"the arm {can} be predicted from the features: AUC {found}"


def _digits(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


@stage("check")
def randomisation(matrix: CampaignMatrix) -> Randomisation:
    """Whether arms were drawn at random: a logistic regression of each arm on the features.

    With two arms one of them says it all.

    Args:
        matrix: of the campaign.
    """
    data = matrix.data
    held = [data.valid, data.test]
    columns = sparse.vstack([matrix.parts["valid"], matrix.parts["test"]]).tocsr()
    estimates, telling = {}, {}
    for arm, name in list(enumerate(data.arms))[1 if len(data.arms) == 2 else 0 :]:
        is_arm = (data.train.arm == arm).astype(np.float64)
        found = _fitted(matrix.parts["train"], is_arm, np.full(columns.shape[1], SHARED))
        score = columns @ found[:-1]
        labels = np.concatenate([part.arm == arm for part in held]).astype(np.float64)
        tail = (1 - LEVEL) / 2
        low, high = np.quantile(bootstrap_aucs(labels, score), [tail, 1 - tail])
        estimates[name] = Estimate(auc(labels, score), float(low), float(high))
        telling[name] = _most_telling(matrix, found[:-1])
    return Randomisation(estimates, telling)


def _most_telling(matrix: CampaignMatrix, weights: Floats) -> str:
    """The feature whose weights spread the scores of train most."""
    model, columns = matrix.empty, matrix.parts["train"]
    spread = {}
    for one in model.inputs_of:
        name = one.name if one.kind == "number" else one.table_name
        size = len(model.edges[one.name]) + 2 if one.kind == "number" else one.size
        own = slice(model.starts[name], model.starts[name] + size)
        spread[one.name] = float(np.std(columns[:, own] @ weights[own]))
    return max(spread, key=lambda name: spread[name])


def _fitted(columns: sparse.csr_matrix, targets: Floats, penalty: Floats) -> Floats:
    """Weights of a logistic regression, the last one is the constant."""
    transposed = columns.T.tocsr()
    rate = np.clip(targets.mean(), 1e-6, 1 - 1e-6)
    start = np.r_[np.zeros(columns.shape[1]), np.log(rate / (1 - rate))]

    def loss(w: Floats) -> tuple[float, Floats]:
        logits = columns @ w[:-1] + w[-1]
        value = np.logaddexp(0, logits).sum() - targets @ logits + penalty @ w[:-1] ** 2 / 2
        wrong = 1 / (1 + np.exp(-logits)) - targets
        return value, np.append(transposed @ wrong + penalty * w[:-1], wrong.sum())

    options = {"maxiter": ITERATIONS}
    found: Floats = scipy.optimize.minimize(
        loss, start, jac=True, method="L-BFGS-B", options=options
    ).x
    return found


def _probabilities(columns: sparse.csr_matrix, w: Floats) -> Floats:
    logits: Floats = columns @ w[:-1] + w[-1]
    return 1 / (1 + np.exp(-logits))


def outcome_log_likelihood(rows: CampaignRows, response: NDArray[np.floating]) -> float:
    """Mean log-likelihood of the outcomes of rows in their own arms.

    Args:
        rows: a part.
        response: predicted probabilities under every arm, float [rows, arms].
    """
    own = response[np.arange(len(rows)), rows.arm]
    return -float(log_losses(rows.outcome, own).mean())
