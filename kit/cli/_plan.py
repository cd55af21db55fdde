"""Planning what to show within stock, budget and contacts."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kit.cli._open_export import EXAMPLE_FOLDER, checked_version, trust_option
from kit.cli._parts import Destination, write_table
from kit.config import PlanOptions
from kit.console import Command, echo, options, print_table, quiet_tensorflow
from kit.errors import UserError

if TYPE_CHECKING:
    from kit.planning import PolicyResult

EXAMPLE = f"kit plan {EXAMPLE_FOLDER} --offers offers.csv --arrivals log.csv"
COLUMNS = ["policy", "value", "of bound", "gain", "95 %", "really bought", "shown"]


@click.command(cls=Command, example=EXAMPLE)
@click.argument("folder", type=click.Path(path_type=Path))
@options(PlanOptions, "plan")
@click.option(
    "--refresh",
    is_flag=True,
    help="Find the prices of the latest plan again, for the stock of --stock, and export them.",
)
@click.option(
    "--assign",
    "users",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Assign an item of the latest plan to each user of a file, into --output.",
)
@click.option(
    "--stock",
    metavar="FILE",
    help="What is left: a table with item_id and stock, for --refresh and --assign.",
)
@click.option(
    "--output",
    metavar="FILE",
    help="Where --assign writes user_id, item_id and value: .csv, .tsv, .jsonl or .parquet.",
)
@click.option(
    "--max-age",
    type=click.FloatRange(min=0, min_open=True),
    metavar="DAYS",
    help="Refuse --assign by a plan that is older.",
)
@trust_option
def plan(
    folder: Path,
    plan: PlanOptions,
    refresh: bool,
    users: Path | None,
    stock: str | None,
    output: str | None,
    max_age: float | None,
    trust: bool,
) -> None:
    """Plan what to show to whom when stock, budget or contacts are short: a new version.

    Each item gets a price, what showing it has to be worth at least, and the version the signature
    recommend_within. Scores become probabilities of a purchase by the earlier part of the arrivals;
    the later part is simulated.
    """
    if refresh and users is not None:
        raise click.UsageError("Give one of --refresh, --assign.")
    _check_options(refresh, users, stock, output, max_age)
    checked_version(folder, trust=trust)
    quiet_tensorflow()
    if refresh:
        _refresh(folder, plan, stock, trust)
    elif users is not None:
        _assign(folder, plan, users, stock, str(output), max_age, trust)
    else:
        _plan(folder, plan, trust)


def _check_options(
    refresh: bool,
    users: Path | None,
    stock: str | None,
    output: str | None,
    max_age: float | None,
) -> None:
    if refresh and stock is None:
        raise click.UsageError("--refresh needs what is left: --stock FILE")
    if users is not None and output is None:
        raise click.UsageError("--assign needs a place for its answer: --output FILE")
    if users is None and (output is not None or max_age is not None):
        raise click.UsageError("--output and --max-age belong to --assign.")
    if stock is not None and not refresh and users is None:
        raise click.UsageError("--stock belongs to --refresh and --assign; a plan has --offers.")


def _plan(folder: Path, options: PlanOptions, trust: bool) -> None:
    from kit.planning import plan

    made = plan(folder, options, trust=trust)
    for line in made.lines:
        echo(line)
    print_table(made.protocol, COLUMNS, [_cells(result) for result in made.results])
    echo("gain:      simulated, beyond greedy: the best of what is left to everyone who comes")
    echo(f"model:     {made.version}")


def _cells(result: "PolicyResult") -> list[str]:
    is_first = result.gain_low == result.gain_high
    interval = f"{result.gain_low:,.2f} to {result.gain_high:,.2f}"
    gain = ["", ""] if is_first else [f"{result.gain:,.2f}", interval]
    return [
        result.policy,
        f"{result.value:,.2f}",
        f"{result.of_bound:.3f}",
        *gain,
        f"{result.bought:,.2f}",
        f"{result.shown:,}",
    ]


def _refresh(folder: Path, options: PlanOptions, stock: str | None, trust: bool) -> None:
    from kit.planning import refresh

    version, prices = refresh(
        folder,
        stock,
        visits=options.visits,
        budget=options.budget,
        gap=options.gap,
        trust=trust,
    )
    echo(f"prices:    gap {prices.gap:.2%} after {prices.steps} steps")
    echo(f"model:     {version}")


def _assign(
    folder: Path,
    options: PlanOptions,
    users: Path,
    stock: str | None,
    output: str,
    max_age: float | None,
    trust: bool,
) -> None:
    from kit.data import read_user_ids
    from kit.planning import assign_users, check_age

    destination = Destination.of(output, as_json=False)
    if max_age is not None:
        check_age(folder, max_age)
    ids = read_user_ids(users)
    answer = assign_users(
        folder, ids, stock=stock, budget=options.budget, gap=options.gap, trust=trust
    )
    if not len(answer):
        raise UserError(
            "No user gets an item.",
            where=str(users),
            expected="users that an item is left for",
            remedy="Correct the stock.",
        )
    write_table(destination, answer)
    worth = float(answer["value"].sum())
    echo(f"assigned:  {len(answer):,} of {len(ids):,} users, expected value {worth:,.2f}")
    echo(f"output:    {output}")
