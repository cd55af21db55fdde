"""Order quantities by the export of a forecaster."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kit.cli._open_export import checked_version, trust_option
from kit.cli._write_table import output_option, write_table
from kit.console import Command, echo, quiet_tensorflow
from kit.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kit.data.series import SeriesData
    from kit.evaluation import OrderTerms

EXAMPLE = "kit order saved_models/forecasting --cost 6 --price 10 --steps 7 --output orders.csv"


@click.command(cls=Command, example=EXAMPLE)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--cost", type=float, metavar="NUMBER", help="What a unit costs.")
@click.option("--price", type=float, metavar="NUMBER", help="What a unit is sold for.")
@click.option(
    "--salvage",
    type=float,
    default=0.0,
    show_default=True,
    metavar="NUMBER",
    help="What a unit that is left over is worth.",
)
@click.option(
    "--terms",
    metavar="FILE",
    help="Costs by series: a table with series_id, cost, price and perhaps salvage.",
)
@click.option(
    "--steps",
    "--lead-days",
    "steps",
    type=click.IntRange(min=1),
    metavar="STEPS",
    help="Steps that an order has to cover, until the next one arrives.  [default: the horizon]",
)
@click.option(
    "--stock",
    metavar="FILE",
    help="What is in stock or on its way: a table with series_id and stock.",
)
@click.option(
    "--history",
    metavar="FILE",
    help="The latest values, in the form of the training data.  [default: the end of these]",
)
@click.option("--known", metavar="FILE", help="The known columns in the steps to forecast.")
@output_option
@trust_option
def order(
    folder: Path,
    cost: float | None,
    price: float | None,
    salvage: float,
    terms: str | None,
    steps: int | None,
    stock: str | None,
    history: str | None,
    known: str | None,
    output: Path | None,
    trust: bool,
) -> None:
    """Order what is best between sales missed and units left over, as a table.

    It has series_id, the order, what it fills the stock up to, and the expected demand. The stock
    covers the demand in a share of cases that costs and price decide: (price - cost) / (price -
    salvage). How far demand is from its forecast is learned on valid. Before ordering, the same
    rule is tried on test, against the mean of four seasons with a safety stock for the same share.
    """
    if terms is None and (cost is None or price is None):
        raise click.UsageError("Give --cost and --price, or --terms FILE.")
    version = checked_version(folder, trust=trust)
    from kit.exports import ForecastingCard, read_card
    from kit.tasks import TASKS

    card = read_card(version)
    if not isinstance(card, ForecastingCard):
        raise UserError(
            "Only forecasts of demand tell what to order.",
            where=str(version),
            expected=f"an export of kit train forecasting; this one is of the task {card.task}",
        )
    task: Any = TASKS["forecasting"]
    data: SeriesData = task.open_again(card, None)
    if data.outcome == "real":
        raise UserError(
            "The target has values below 0, so it is no demand.",
            where=data.name,
            expected="a target from 0",
            remedy="Train on sales with --outcome count or positive.",
        )
    steps = steps or card.horizon
    if steps > card.horizon:
        raise UserError(
            f"An order for {steps} {card.every}s needs forecasts that far ahead.",
            where="--steps",
            expected=f"at most {card.horizon}, the horizon of the export",
            remedy=f"Train with --horizon {steps}.",
        )
    quiet_tensorflow()
    import numpy as np
    import polars as pl

    from kit import evaluation
    from kit.exports import SeriesForecaster

    agreed = _terms(data.series, cost, price, salvage, terms)
    model = SeriesForecaster(version, trust=trust)
    valid, test = (task.forecasts(card, model.model, data, part) for part in ("valid", "test"))
    rule = evaluation.OrderRule.fitted(valid, steps)
    found = evaluation.backtest_orders(data, test, rule, agreed, steps)
    saving = found.saving
    interval = f", 95 % {saving.low:.1%} to {saving.high:.1%}" if found.resampled else ""
    echo(
        f"backtest:  {len(data.series):,} series, orders for {steps} {card.every}s from "
        f"{data.origins} origins of test cost {found.ours.sum():,.6g}, the mean of "
        f"{4 * data.frequency.season} {card.every}s with a safety stock {found.theirs.sum():,.6g}: "
        f"{saving.mean:.1%} less{interval}",
        err=True,
    )
    echo(
        f"           demand met {found.served[0]:.1%} against {found.served[1]:.1%}, left over "
        f"{found.left[0]:,.0f} against {found.left[1]:,.0f} units",
        err=True,
    )
    answer = model.forecast(history, known=known, totals=False)
    names = answer["series_id"].unique(maintain_order=True).to_list()
    quantiles = answer.select(f"q{level:g}" for level in card.levels).to_numpy()
    total, spread = evaluation.totals_of(
        answer["mean"].to_numpy().reshape(len(names), -1),
        quantiles.reshape(len(names), -1, len(card.levels)),
        steps,
    )
    ratio = _terms(names, cost, price, salvage, terms).ratio
    whole = data.outcome == "count"
    level = rule.orders(total, spread, ratio, whole=whole)
    there = _by_series(names, stock, {"stock": 0.0})["stock"] if stock else np.zeros(len(names))
    columns = {
        "series_id": names,
        "order": np.maximum(level - there, 0),
        "up_to": level,
        "expected": total,
    }
    write_table(pl.DataFrame(columns, schema_overrides={"series_id": pl.String}), output, "orders")


def _terms(
    names: Sequence[str],
    cost: float | None,
    price: float | None,
    salvage: float,
    file: str | None,
) -> "OrderTerms":
    """Costs and prices, of all series or of each."""
    import numpy as np

    from kit.evaluation import OrderTerms

    if file is None:
        values = {"cost": cost, "price": price, "salvage": salvage}
        found = {name: np.array(value, np.float64) for name, value in values.items()}
    else:
        found = _by_series(names, file, {"cost": cost, "price": price, "salvage": salvage})
    terms = OrderTerms(**found)
    wrong = ~((terms.salvage < terms.cost) & (terms.cost < terms.price) & (terms.cost >= 0))
    if wrong.any():
        place = int(np.flatnonzero(np.ravel(wrong))[0])
        of = f" of series '{names[place]}'" if wrong.ndim else ""
        cost, price, salvage = (float(np.ravel(x)[place]) for x in found.values())
        raise UserError(
            f"No order pays: cost {cost:g}, price {price:g}, salvage {salvage:g}{of}.",
            where=file or "--cost, --price, --salvage",
            expected="salvage below cost, cost from 0 and below price",
        )
    return terms


def _by_series(
    names: Sequence[str], file: str, defaults: Mapping[str, float | None]
) -> "dict[str, NDArray[Any]]":
    """Numbers of each series from a table; what has no default must be there for each series."""
    import numpy as np
    import polars as pl

    from kit.data import read_numbers, read_table

    frame = read_table(file).frame
    needed = ["series_id", *(name for name, value in defaults.items() if value is None)]
    if missing := [name for name in needed if name not in frame.columns]:
        raise UserError(
            f"There is no column '{missing[0]}'.",
            where=file,
            expected=f"series_id, {', '.join(defaults)}; found: {', '.join(frame.columns)}",
            remedy="Rename the columns.",
        )
    ids = frame["series_id"].cast(pl.String)
    if ids.is_duplicated().any():
        raise UserError(
            f"Series '{ids.filter(ids.is_duplicated())[0]}' has several rows.",
            where=file,
            expected="one row for each series",
        )
    place = {name: number for number, name in enumerate(ids)}
    rows = np.array([place.get(name, len(ids)) for name in names])
    found = {}
    for name, default in defaults.items():
        values = np.full(len(ids) + 1, np.nan if default is None else default)
        if name in frame.columns:
            read = read_numbers(frame[name]).values.cast(pl.Float64).to_numpy()
            values[:-1] = np.where(np.isnan(read), values[-1], read)
        found[name] = values[rows]
        bad = np.isnan(found[name]) | np.isinf(found[name])
        bad |= (found[name] < 0) & (name == "stock")
        if bad.any():
            one = int(np.argmax(bad))
            told = "is below 0" if found[name][one] < 0 else "is not known"
            raise UserError(
                f"The {name} of series '{names[one]}' {told}.",
                where=f"{file}, column {name}",
                expected="a number for each series",
                remedy="Add it" + ("." if default is None else ", or leave its cell empty."),
            )
    return found
