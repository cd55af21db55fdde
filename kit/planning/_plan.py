"""Make plans: calibrate, price, simulate on held-out visits, and export."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kit.config import PlanOptions
from kit.data import Columns
from kit.errors import UserError
from kit.exporting import OfferPlan
from kit.planning._choose import SLACK, chosen_step, lowered, refreshed
from kit.planning._exact import linear_program
from kit.planning._limits import Limits, check_feasible
from kit.planning._offers import OfferTable, read_offers
from kit.planning._prices import Candidates, Prices, find_prices
from kit.planning._report import PolicyResult, compared
from kit.planning._simulate import Policy, simulate
from kit.planning._values import Values, calibrated
from kit.planning._versions import export_plan, opened, scores_of, total, where
from kit.planning._visits import Visits, read_visits
from kit.progress import stage

# Of the visits that prices are found with, those that find them when steps are chosen.
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
    for name in ("offers", "arrivals"):
        if getattr(options, name) is None:
            raise UserError(
                f"There are no {name}.",
                where=f"--{name}",
                expected="a table of what can be shown, and a log of who came",
                remedy=f"Give --{name} FILE.",
            )
    contacts, window = options.contact_limit()
    shares = options.min_shares()
    offers = read_offers(
        options.offers,
        parts.item_ids,
        value_column=options.value_column,
        stock_column=options.stock_column,
        cost_column=options.cost_column,
        needs_cost=options.budget is not None,
    )
    limits = _limits(offers, shares, options, contacts, window)
    check_feasible(limits, offers.value, where(options.offers))
    with stage("read"):
        visits, lines = read_visits(
            options.arrivals, list(parts.user_ids), list(parts.item_ids), columns=Columns(weight="")
        )
    if contacts is not None and visits.time is None:
        raise UserError(
            "The log has no times, so contacts within days cannot be counted.",
            where=where(options.arrivals),
            expected="a column of times",
            remedy="Add it, or leave --contacts out.",
        )
    scores = scores_of(parts, card, options.candidates, len(np.unique(visits.user)))
    cut = min(max(1, round(len(visits) * options.fit_share)), len(visits) - 1)
    fit, held = visits.part(0, cut), visits.part(cut, len(visits))
    expected = options.visits or len(held)
    with stage("calibrate"):
        values = Values(scores, *calibrated(scores, fit), offers.value)
    with stage("price"):
        first = max(1, round(FIRST * len(fit)))
        step = chosen_step(
            values,
            fit.part(first, len(fit)),
            _prices(values, fit.part(0, first), limits.scaled(first / expected), options.gap),
            limits,
            expected,
            scale := _mean_best(values, fit),
            seed=options.seed,
        )
        prices = _prices(values, fit, limits.scaled(len(fit) / expected), options.gap)
        sample_gap = _sample_gap(values, fit, limits, options.seed)
    with stage("simulate"):
        of_held = limits.scaled(len(held) / expected).whole(options.seed)
        bound = _prices(values, held, of_held, options.gap).bound
        asked = lowered(prices, limits, SLACK * scale)
        free = np.zeros_like(asked)
        runs = simulate(
            values,
            held,
            of_held,
            [
                Policy("greedy", free),
                Policy("random", None),
                Policy("static prices", asked, prices.budget),
                refreshed(prices, limits, step, scale),
            ],
            seed=options.seed,
        )
        results = compared(runs, bound, of_held, seed=options.seed)
    with stage("price"):
        values = Values(scores, *calibrated(scores, visits), offers.value)
        final = _prices(values, visits, limits.scaled(len(visits) / expected), options.gap)
    made = OfferPlan(
        value=offers.value,
        cost=offers.cost if options.budget is not None else np.zeros_like(offers.cost),
        price=total(lowered(final, limits, SLACK * scale), final, limits),
        stock=limits.stock,
        member=limits.member,
        visits=_visits_by_user(visits, len(parts.user_ids)),
        known=values.known,
        popular=values.popular,
        contacts=contacts,
        candidates=None if scores.width == scores.items else scores.width,
    )
    days = None if visits.per_day is None else expected / visits.per_day
    now = datetime.now(UTC)
    about = {
        "visits": expected,
        "made": now.isoformat(timespec="seconds"),
        "ends": None
        if days is None
        else (now + timedelta(days=days)).isoformat(timespec="seconds"),
        "budget": options.budget,
        "contacts": contacts,
        "window_days": window // 86_400,
        "shares": dict(zip(limits.names, limits.shares.tolist(), strict=True)),
        "slack": SLACK * scale,
        "step": step,
        "gap": prices.gap,
        "sample_gap": sample_gap,
        "simulated_visits": len(held),
        "bound": bound,
        "results": [vars(result) for result in results],
    }
    new = export_plan(parts, card, made, about, version)
    known = int((visits.user >= 0).sum())
    lines = [
        f"offers:    {int((offers.value > 0).sum()):,} of {len(offers.value):,} items, "
        f"stock {limits.stock.sum():,.0f} for {expected:,} visits",
        f"visits:    {len(fit):,} calibrate and price, {len(held):,} are simulated; "
        f"{known:,} of known users",
        *(f"note:      {line}" for line in lines),
        f"prices:    gap {prices.gap:.2%} after {prices.steps} steps; bound of a sample "
        f"{sample_gap:.2%} above its linear program",
    ]
    protocol = (
        f"{len(held):,} later visits, prices of the {len(fit):,} before; one item a visit, "
        f"{'the whole catalogue' if made.candidates is None else f'{made.candidates} candidates'}; "
        "value is the model's own estimate"
    )
    return Plan(new, results, bound, prices.gap, sample_gap, protocol, lines, made)


def _limits(
    offers: OfferTable,
    shares: dict[str, float],
    options: PlanOptions,
    contacts: int | None,
    window: int,
) -> Limits:
    named = {
        name: (member, share)
        for column, share in shares.items()
        for name, member in offers.members(column, where(options.offers)).items()
    }
    members = [member for member, _ in named.values()]
    items = len(offers.value)
    return Limits(
        stock=np.floor(offers.stock),
        cost=offers.cost,
        budget=options.budget,
        member=np.array(members, np.float32).reshape(-1, items),
        shares=np.array([share for _, share in named.values()], np.float32),
        names=list(named),
        contacts=contacts,
        window=window,
    )


def _prices(values: Values, visits: Visits, limits: Limits, gap: float) -> Prices:
    allowed = visits.allowed(limits.contacts, limits.window)
    users, counts = np.unique(visits.user[allowed], return_counts=True)
    return find_prices(values.candidates(users, counts), limits, gap=gap)


def _mean_best(values: Values, visits: Visits) -> float:
    users, counts = np.unique(visits.user, return_counts=True)
    best = np.concatenate([own.max(axis=1) for _, own, _ in values.rows(users)])
    return float(best @ counts / counts.sum())


def _sample_gap(values: Values, visits: Visits, limits: Limits, seed: int) -> float:
    """By how much the bound of prices lies above the linear program of a few users and items."""
    rng = np.random.default_rng(seed)
    users, counts = np.unique(visits.user, return_counts=True)
    rows = np.sort(rng.permutation(len(users))[:SAMPLED_USERS])
    found = list(values.rows(users[rows]))
    own, codes = np.concatenate([v for _, v, _ in found]), [items for _, _, items in found]
    items = (
        np.tile(np.arange(own.shape[1], dtype=np.int32), (len(own), 1))
        if any(code is None for code in codes)
        else np.concatenate([code for code in codes if code is not None])
    )
    best = np.argsort(-own, axis=1)[:, :SAMPLED_ITEMS]
    some = Candidates(
        np.take_along_axis(items, best, axis=1),
        np.take_along_axis(own, best, axis=1),
        counts[rows].astype(np.float32),
    )
    some = replace(some, items=np.where(some.values > 0, some.items, -1))
    limits = limits.scaled(float(counts[rows].sum() / counts.sum()))
    limits = replace(limits, member=limits.member[:0], shares=limits.shares[:0])
    exact = linear_program(some, limits)
    if exact <= 0:
        return 0.0
    return find_prices(some, limits, gap=1e-3).bound / exact - 1


def _visits_by_user(visits: Visits, users: int) -> NDArray[np.float32]:
    counts = np.bincount(np.where(visits.user < 0, users, visits.user), minlength=users + 1)
    return counts.astype(np.float32)
