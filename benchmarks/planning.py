"""Measure `kit plan` and write results/planning.json.

    python benchmarks/planning.py online-retail
    python benchmarks/planning.py movielens-100k --file ml-100k.inter
    python benchmarks/planning.py served
    python benchmarks/planning.py scale

online-retail: a linear model of the 1,500 items with most customers, from the log up to 1 September
2011; arrivals are the later invoices of customers that it knows, those of September fit and price,
those from October on are simulated. One item is shown each, a purchase is worth 40 % of the price,
stock goes by popularity: 0.3 or 0.6 units an invoice, rounded at random by three seeds.
movielens-100k: the last fifth of each user's ratings arrive, the first three tenths of these fit
and price, every purchase is worth 1. served: 100,000 requests to the signature of an export with
stock, budget and contacts, and its time beside serving_default. scale: prices for 100,000 users and
20,000 items from a user's 100 best.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
import polars as pl

RESULTS = Path(__file__).parent.parent / "results" / "planning.json"
ITEMS = 1500
SEPTEMBER, OCTOBER = (int(datetime(2011, month, 1, tzinfo=UTC).timestamp()) for month in (9, 10))
SHARES, SEEDS, CANDIDATES = (0.3, 0.6), (0, 1, 2), (40, None)
SETTINGS = ["--l2", "500", "--dropout", "0.2", "--half-life", "0"]
REQUESTS, AT_ONCE = 100_000, 10
BATCHES, ROUNDS = (1, 64), 60


def retail(folder: Path) -> tuple[pl.DataFrame, float]:
    """Write before.csv and after.csv; the values of items, and the share of visits that fits."""
    from kit.data import open_source

    source = open_source("online-retail")
    rows = source.interactions.cast({"user_id": pl.String, "item_id": pl.String})
    before = rows.filter(pl.col("time") < SEPTEMBER)
    users = before.group_by("item_id").agg(pl.col("user_id").n_unique().alias("users"))
    kept = users.sort("users", "item_id", descending=True).head(ITEMS)["item_id"]
    before = before.filter(pl.col("item_id").is_in(kept.implode()))
    after = rows.filter(pl.col("time") >= SEPTEMBER, pl.col("item_id").is_in(kept.implode()))
    after = after.filter(pl.col("user_id").is_in(before["user_id"].unique().implode()))
    visits = after.select("user_id", "time").unique()
    _write(before, folder / "before.csv")
    _write(after, folder / "after.csv")
    assert source.items is not None
    values = source.items.select("item_id", value=0.4 * pl.col("price").fill_null(0))
    return values, float((visits["time"] < OCTOBER).mean())


def movielens(file: Path, folder: Path) -> tuple[pl.DataFrame, float]:
    """The same of MovieLens."""
    rows = pl.read_csv(file, separator="\t", new_columns=["user_id", "item_id", "rating", "time"])
    rows = rows.cast({"user_id": pl.String, "item_id": pl.String, "time": pl.Int64}).sort("time")
    place = pl.int_range(pl.len()).over("user_id") / pl.len().over("user_id")
    _write(rows.filter(place < 0.8), folder / "before.csv")
    _write(rows.filter(place >= 0.8), folder / "after.csv")
    return rows.select("item_id").unique().with_columns(value=pl.lit(1.0)), 0.3


def _write(rows: pl.DataFrame, file: Path) -> None:
    rows.select("user_id", "item_id", timestamp="time").write_csv(file)


def trained(folder: Path, *options: str) -> Path:
    """A linear model of before.csv."""
    command = [sys.executable, "-m", "kit", "train", "linear", "--data", f"{folder}/before.csv"]
    places = ["--output", f"{folder}/model", "--report", f"{folder}/report", "--quiet"]
    subprocess.run([*command, *options, *SETTINGS, *places], check=True, stdout=subprocess.DEVNULL)
    return folder / "model" / "1"


def offers_of(values: pl.DataFrame, folder: Path, items: list[str], share: float, seed: int) -> Any:
    """Offers with stock by popularity, of which there are so many units a simulated visit."""
    users = pl.read_csv(folder / "before.csv", schema_overrides={"item_id": pl.String})
    users = users.group_by("item_id").agg(pl.col("user_id").n_unique().alias("users"))
    table = pl.DataFrame({"item_id": items}).join(users, on="item_id").join(values, on="item_id")
    units = share * table["users"].to_numpy() / table["users"].sum()
    return table, units, np.random.default_rng(seed)


def measured(
    name: str, prepare: Callable[[Path], tuple[pl.DataFrame, float]], *options: str
) -> dict[str, Any]:
    """Shares of the bound, by candidates and stock, for three seeds."""
    from kit.config import PlanOptions
    from kit.exporting import read_parts
    from kit.exports import recommender_card
    from kit.planning import read_problem, scores_of, try_plan

    found: dict[str, Any] = {}
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        values, fit_share = prepare(folder)
        version = trained(folder, *options)
        card, parts = recommender_card(version), read_parts(version)
        for candidates in CANDIDATES:
            scores = scores_of(parts, card, candidates, 1)
            for share in SHARES:
                runs = []
                for seed in SEEDS:
                    table, units, rng = offers_of(values, folder, parts.item_ids, share, seed)
                    plain = PlanOptions(
                        offers=table.with_columns(stock=pl.lit(1)),
                        arrivals=str(folder / "after.csv"),
                        fit_share=fit_share,
                        seed=seed,
                    )
                    expected = units * len(read_problem(plain, parts).held)
                    stock = np.floor(expected) + (rng.random(len(units)) < expected % 1)
                    given = table.with_columns(stock=pl.Series(stock.astype(int)))
                    chosen = PlanOptions(**{**vars(plain), "offers": given})
                    problem = read_problem(chosen, parts)
                    trial = try_plan(scores, problem, list(parts.user_ids), chosen)
                    runs.append(trial)
                    print(name, candidates, share, seed, trial.results, flush=True)
                key = f"{candidates or 'all'} candidates, stock {share}"
                found[key] = _summary(runs, len(problem.fit), len(problem.held))
    return found


def _summary(runs: list[Any], fit: int, held: int) -> dict[str, Any]:
    """Means over the seeds."""
    first = runs[0]

    def mean(numbers: Iterable[float]) -> float:
        return round(float(np.mean([*numbers])), 4)

    summary: dict[str, Any] = {
        "visits": {"fit": fit, "simulated": held},
        "seeds": list(SEEDS),
        "gap": mean(run.prices.gap for run in runs),
        "sample_gap": mean(run.sample_gap for run in runs),
        "bound": mean(run.bound for run in runs),
    }
    for place, policy in enumerate(result.policy for result in first.results):
        pairs = [(run.results[place], run.results[0]) for run in runs]
        summary[policy] = {
            "of_bound": mean(own.of_bound for own, _ in pairs),
            "least_of_bound": round(min(own.of_bound for own, _ in pairs), 4),
            "times_greedy": mean(own.value / greedy.value for own, greedy in pairs),
            "bought": mean(own.bought for own, _ in pairs),
            "bought_times_greedy": mean(own.bought / greedy.bought for own, greedy in pairs),
        }
    return summary


def served() -> dict[str, Any]:
    """Violations in many requests to an export, and what a request takes."""
    import tensorflow as tf

    import kit

    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        values, fit_share = retail(folder)
        version = trained(folder, "--include-seen")
        items = list(kit.load(version).card.names)
        table, units, rng = offers_of(values, folder, items, 0.3, 0)
        stock = np.floor(units * REQUESTS) + 1
        costs = rng.uniform(0.5, 2, len(units)).round(2)
        table = table.with_columns(stock=pl.Series(stock.astype(int)), cost=pl.Series(costs))
        budget = float(0.3 * (stock @ costs))
        limits = {"budget": budget, "contacts": "20/30d", "visits": REQUESTS}
        log = str(folder / "after.csv")
        plan = kit.plan(version.parent, table, log, fit_share=fit_share, gap=0.03, **limits)
        model = tf.saved_model.load(str(plan.version))
        users = np.array([user for user in model.users_with(tf.constant(5)).numpy()])
        return {
            **_requests(model, users, table, budget, 20),
            "cost": {str(batch): _cost(model, users[:batch]) for batch in BATCHES},
        }


def _requests(
    model: Any, users: Any, table: pl.DataFrame, budget: float, contacts: int
) -> dict[str, Any]:
    import tensorflow as tf

    rng = np.random.default_rng(0)
    names = table["item_id"].to_list()
    place = {name.encode(): row for row, name in enumerate(names)}
    left, costs = table["stock"].to_numpy().copy(), table["cost"].to_numpy()
    stated, had, shown, wrong = tf.constant([names] * AT_ONCE), dict[bytes, int](), 0, 0
    for start in range(0, REQUESTS, AT_ONCE):
        asked = rng.choice(users, AT_ONCE)
        counts = np.array([had.get(user, 0) for user in asked])
        answer = model.signatures["recommend_within"](
            user_id=tf.constant(asked),
            item_id=stated,
            stock_left=tf.constant([left] * AT_ONCE, tf.float32),
            price=tf.zeros([AT_ONCE, 0]),
            contacts=tf.constant(counts, tf.int32),
            budget_left=tf.fill([AT_ONCE], float(budget)),
            period_left=tf.fill([AT_ONCE], 1 - start / REQUESTS),
        )
        listed = [[place[item] for item in row if item] for row in answer["item_id"].numpy()]
        # The answers must keep the state that the requests stated.
        for count, row in zip(counts, listed, strict=True):
            wrong += sum(left[item] < 1 or costs[item] > budget for item in row)
            wrong += bool(row) and count >= contacts
        for user, row in zip(asked, listed, strict=True):
            item = next((i for i in row if left[i] >= 1 and costs[i] <= budget), None)
            if item is not None and had.get(user, 0) < contacts:
                left[item] -= 1
                budget -= costs[item]
                had[user] = had.get(user, 0) + 1
                shown += 1
    wrong += int((left < 0).sum()) + int(budget < 0) + sum(n > contacts for n in had.values())
    return {
        "requests": REQUESTS,
        "shown": shown,
        "violations": int(wrong),
        "budget_left": round(float(budget), 2),
    }


def _cost(model: Any, users: Any) -> dict[str, float]:
    """Milliseconds of processor time a request, and quartiles of their ratio, by turns."""
    import tensorflow as tf

    count = len(users)
    none = tf.zeros([count, 0])
    limits = {
        "item_id": tf.zeros([count, 0], tf.string),
        **{"stock_left": none, "price": none},
        "contacts": tf.zeros([count], tf.int32),
        "budget_left": tf.fill([count], 1e9),
        "period_left": tf.zeros([count]),
    }
    asked = tf.constant(users)
    calls = {
        "serving_default": lambda: model.signatures["serving_default"](user_id=asked),
        "recommend_within": lambda: model.signatures["recommend_within"](user_id=asked, **limits),
    }
    times: dict[str, list[float]] = {name: [] for name in calls}
    repeats = max(3, 60 // count)
    for _ in range(ROUNDS):
        for name, call in calls.items():
            begin = time.process_time()
            for _ in range(repeats):
                call()
            times[name].append((time.process_time() - begin) / repeats * 1000)
    first, second = (np.array(x[2:]) for x in times.values())
    return {
        "serving_default_ms": round(float(np.median(first)), 3),
        "recommend_within_ms": round(float(np.median(second)), 3),
        "ratio": round(float(np.median(second / first)), 3),
        "quartiles": np.quantile(second / first, [0.25, 0.75]).round(3).tolist(),
    }


def scale(users: int = 100_000, items: int = 20_000, count: int = 100) -> dict[str, Any]:
    """Seconds and memory of prices for many users, from vectors on."""
    import tensorflow as tf

    from kit.planning import Candidates, Limits, find_prices
    from kit.retrieval import ExactIndex, top_k

    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(items, 32)).astype(np.float32) / 4
    queries = rng.normal(size=(users, 32)).astype(np.float32)
    worth = rng.gamma(2, size=items).astype(np.float32)
    index = ExactIndex(vectors)
    search = tf.function(lambda some: top_k(index.scan(some, 1)[0], count), autograph=False)
    begin, processor = time.monotonic(), time.process_time()
    scores, codes = [], []
    for start in range(0, users, 1000):
        some = tf.constant(queries[start : start + 1000])
        found = search(some)
        scores.append(found[0].numpy())
        codes.append(found[1].numpy())
    searched = time.monotonic() - begin
    chosen = np.concatenate(codes)
    values = 0.3 / (1 + np.exp(3 - np.concatenate(scores))) * worth[chosen]
    stock = rng.poisson(1.5, items).astype(np.float32)
    some = Candidates(chosen, values.astype(np.float32), np.ones(users, np.float32))
    prices = find_prices(some, Limits.of_stock(stock), gap=0.01)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {
        "users": users,
        "items": items,
        "candidates": count,
        "seconds": round(time.monotonic() - begin, 1),
        "processor_seconds": round(time.process_time() - processor, 1),
        "seconds_of_search": round(searched, 1),
        "peak_gib": round(peak, 2),
        "gap": round(prices.gap, 4),
        "steps": prices.steps,
    }


def results_table(kept: dict[str, Any]) -> str:
    """Shares of the bound by data, candidates and stock, and the protocol."""
    lines = [
        "| data | candidates and stock | policy | of bound | least of 3 seeds | times greedy | "
        "really bought, times greedy |",
        "|---|---|---|---|---|---|---|",
    ]
    notes = []
    for data in ("online-retail", "movielens-100k"):
        if data not in kept:
            continue
        first = data
        for name, found in kept[data].items():
            for policy in ("greedy", "random", "static prices", "refreshed prices"):
                own = found[policy]
                numbers = [own["of_bound"], own["least_of_bound"], own["times_greedy"]]
                cells = [f"{x:.3f}" for x in (*numbers, own["bought_times_greedy"])]
                lines.append(f"| {' | '.join([first, name, policy, *cells])} |")
                first = name = ""
            visits, gap = found["visits"], found["gap"]
        notes.append(
            f"- {data}: prices of {visits['fit']:,} visits (gap {gap:.2%}), simulated on the "
            f"{visits['simulated']:,} that follow; one item a visit; seeds of stock 0, 1, 2."
        )
    if "served" in kept:
        found = kept["served"]
        ratios = "; ".join(
            f"{batch} at once {one['ratio']:.2f} ({one['quartiles'][0]:.2f} to "
            f"{one['quartiles'][1]:.2f})"
            for batch, one in found["cost"].items()
        )
        notes += [
            f"- {found['requests']:,} requests to the export for online-retail, with stock, budget "
            f"and contacts: {found['shown']:,} items shown, {found['violations']} violations.",
            "- Processor time of `recommend_within` over that of `serving_default`, by turns, "
            f"median and quartiles of {ROUNDS} rounds: {ratios}.",
        ]
    return "\n".join([*lines, "", *notes])


@click.command()
@click.argument("name", type=click.Choice(["online-retail", "movielens-100k", "served", "scale"]))
@click.option("--file", type=click.Path(path_type=Path), help="ml-100k.inter.")
def main(name: str, file: Path | None) -> None:
    """Measure one part and keep the others."""
    if name == "online-retail":
        found = measured(name, retail, "--include-seen")
    elif name == "movielens-100k":
        assert file is not None, "--file"
        found = measured(name, lambda folder: movielens(file, folder))
    else:
        found = {"served": served, "scale": scale}[name]()
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    RESULTS.write_text(json.dumps({**results, name: found}, indent=2) + "\n")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
