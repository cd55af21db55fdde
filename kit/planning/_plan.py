"""Make a plan: calibrate, price, simulate on held-out visits, and export."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.config import PlanOptions
from kit.exporting import OfferPlan
from kit.planning._choose import chosen_follow, stock_prices
from kit.planning._demand import expected_visits, users_of
from kit.planning._exact import linear_program
from kit.planning._limits import Limits
from kit.planning._prices import Candidates, Prices, find_prices
from kit.planning._problem import Problem, read_problem
from kit.planning._report import PolicyResult, compared
from kit.planning._simulate import Policy, simulate
from kit.planning._values import Scores, Values, calibrated
from kit.planning._versions import DAY, export_plan, opened, scores_of
from kit.planning._visits import Visits
from kit.progress import stage

# Of the earlier visits, those that find prices while it is chosen how these follow the stock.
FIRST = 0.6
# Of the problem that is also solved by a linear program.
SAMPLED_USERS, SAMPLED_ITEMS = 200, 20


@dataclass(frozen=True)
class Plan:
    """A plan and what it brings in a simulation of held-out visits.

    Attributes:
        version: the folder of the new version.
        results: of each policy.
        bound: on the value of the simulated visits; no policy reaches more.
        gap: (bound - reached) / bound of the prices, on the visits they were found with.
        sample_gap: by how much their bound of a sample lies above its linear program, as a share.
        protocol: how it was simulated.
        lines: what else is printed.
        plan: what the export holds.
    """

    version: Path
    results: list[PolicyResult]
    bound: float
    gap: float
    sample_gap: float
    protocol: str
    lines: list[str]
    plan: OfferPlan = field(repr=False)

    @property
    def table(self) -> pl.DataFrame:
        """A row for each policy."""
        return pl.DataFrame([vars(result) for result in self.results])


@dataclass(frozen=True)
class Trial:
    """Prices of the earlier visits, and what they bring in the later ones.

    Args:
        results: of each policy.
        bound: on the value of the later visits.
        prices: of the earlier visits.
        follow: how much refreshed prices follow the stock.
        sample_gap: see `Plan`.
    """

    results: list[PolicyResult]
    bound: float
    prices: Prices
    follow: float
    sample_gap: float


def plan(folder: Path, options: PlanOptions, *, trust: bool = False) -> Plan:
    """Price what is scarce, simulate the prices on held-out visits, and export them.

    Args:
        folder: of the versions of a recommender.
        options: offers, arrivals and limits.
        trust: load the export even if it was changed or could do what no export of this kit does.

    Raises:
        UserError: offers, arrivals or limits cannot be used; or the export cannot.
    """
    version, card, parts = opened(folder, trust)
    user_ids = list(parts.user_ids)
    problem = read_problem(options, parts)
    scores = scores_of(parts, card, options.candidates, len(user_ids))
    tried = try_plan(scores, problem, user_ids, options)
    limits, visits = problem.limits, problem.visits
    with stage("price"):
        values = Values(scores, *calibrated(scores, visits), problem.offers.value)
        counts = expected_visits(visits, user_ids, limits)
        prices = _prices(values, counts, limits.scaled(len(visits) / problem.expected), options.gap)
    made = OfferPlan(
        value=problem.offers.value,
        cost=limits.cost,
        price=stock_prices(prices, limits, _mean_best(values, counts)),
        stock=limits.stock,
        member=limits.member,
        visits=counts,
        known=values.known,
        popular=values.popular,
        budget=limits.budget,
        budget_price=prices.budget,
        follow=tried.follow,
        contacts=limits.contacts,
        candidates=None if scores.width == scores.items else scores.width,
    )
    new = export_plan(parts, card, made, _about(problem, tried), version)
    shown = "the whole catalogue" if made.candidates is None else f"{made.candidates} candidates"
    protocol = (
        f"{len(problem.held):,} later visits, prices of the {len(problem.fit):,} before; one item "
        f"a visit, {shown}; value is the model's own estimate"
    )
    lines = _lines(problem, tried)
    return Plan(
        new,
        tried.results,
        tried.bound,
        tried.prices.gap,
        tried.sample_gap,
        protocol,
        lines,
        made,
    )


def try_plan(scores: Scores, problem: Problem, user_ids: list[str], options: PlanOptions) -> Trial:
    """Calibrate and price by the earlier visits, and simulate the later ones.

    Args:
        scores: of the export.
        problem: offers, limits and visits.
        user_ids: of the export.
        options: of the plan.
    """
    limits, fit, held, expected = problem.limits, problem.fit, problem.held, problem.expected
    with stage("calibrate"):
        values = Values(scores, *calibrated(scores, fit), problem.offers.value)

    def policy(visits: Visits) -> tuple[Policy, Prices]:
        counts = expected_visits(visits, user_ids, limits)
        prices = _prices(values, counts, limits.scaled(len(visits) / expected), options.gap)
        asked = stock_prices(prices, limits, _mean_best(values, counts))
        return Policy("static prices", asked, prices.budget), prices

    with stage("price"):
        first = max(1, round(FIRST * len(fit)))
        rest = fit.part(first, len(fit)) if first < len(fit) else fit
        follow = chosen_follow(
            values, rest, policy(fit.part(0, first))[0], limits, expected, seed=options.seed
        )
        static, prices = policy(fit)
        sample_gap = _sample_gap(values, fit, limits.scaled(len(fit) / expected), options.seed)
    with stage("simulate"):
        of_held = limits.scaled(len(held) / expected).whole(options.seed)
        users, counts = np.unique(
            held.user[held.allowed(limits.contacts, limits.window)], return_counts=True
        )
        bound = find_prices(values.candidates(users, counts), of_held, gap=options.gap).bound
        policies = [
            Policy("greedy", np.zeros(len(limits.stock), np.float32)),
            Policy("random", None),
            static,
            replace(static, name="refreshed prices", follow=follow),
        ]
        runs = simulate(values, held, of_held, policies, seed=options.seed)
    results = compared(runs, bound, of_held, seed=options.seed)
    return Trial(results, bound, prices, follow, sample_gap)


def _prices(values: Values, counts: NDArray[np.float32], limits: Limits, gap: float) -> Prices:
    return find_prices(values.candidates(*users_of(counts)), limits, gap=gap)


def _mean_best(values: Values, counts: NDArray[np.float32]) -> float:
    users, visits = users_of(counts)
    best = np.concatenate([own.max(axis=1) for _, own, _ in values.rows(users)])
    return float(best @ visits / max(visits.sum(), 1e-9))


def _sample_gap(values: Values, visits: Visits, limits: Limits, seed: int) -> float:
    """By how much the bound of prices lies above the linear program of a few users and items."""
    users, counts = np.unique(visits.user, return_counts=True)
    rows = np.sort(np.random.default_rng(seed).permutation(len(users))[:SAMPLED_USERS])
    found = list(values.rows(users[rows]))
    own, codes = np.concatenate([v for _, v, _ in found]), [items for _, _, items in found]
    items = (
        np.tile(np.arange(own.shape[1], dtype=np.int32), (len(own), 1))
        if any(code is None for code in codes)
        else np.concatenate([code for code in codes if code is not None])
    )
    best = np.argsort(-own, axis=1)[:, :SAMPLED_ITEMS]
    items, own = (np.take_along_axis(x, best, axis=1) for x in (items, own))
    some = Candidates(np.where(own > 0, items, -1), own, counts[rows].astype(np.float32))
    limits = limits.scaled(float(counts[rows].sum() / counts.sum()))
    exact = linear_program(some, limits)
    return find_prices(some, limits, gap=1e-3).bound / exact - 1 if exact > 0 else 0.0


def _about(problem: Problem, tried: Trial) -> dict[str, Any]:
    """What the card holds of a plan."""
    limits, per_day = problem.limits, problem.visits.per_day
    now = datetime.now(UTC)
    ends = None if per_day is None else now + timedelta(days=problem.expected / per_day)
    return {
        "visits": problem.expected,
        "made": now.isoformat(timespec="seconds"),
        "ends": None if ends is None else ends.isoformat(timespec="seconds"),
        "budget": limits.budget,
        "contacts": limits.contacts,
        "window_days": limits.window // DAY,
        "shares": dict(zip(limits.names, limits.shares.tolist(), strict=True)),
        "gap": tried.prices.gap,
        "sample_gap": tried.sample_gap,
        "simulated_visits": len(problem.held),
        "bound": tried.bound,
        "results": [vars(result) for result in tried.results],
    }


def _lines(problem: Problem, tried: Trial) -> list[str]:
    offered, prices = int((problem.offers.value > 0).sum()), tried.prices
    known = int((problem.visits.user >= 0).sum())
    return [
        f"offers:    {offered:,} of {len(problem.offers.value):,} items, stock "
        f"{problem.limits.stock.sum():,.0f} for {problem.expected:,} visits",
        f"visits:    {len(problem.fit):,} calibrate and price, {len(problem.held):,} are "
        f"simulated; {known:,} of known users",
        *(f"note:      {line}" for line in problem.notes),
        f"prices:    gap {prices.gap:.2%} after {prices.steps} steps; the bound of a sample lies "
        f"{tried.sample_gap:.2%} above its linear program",
    ]
