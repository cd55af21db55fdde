"""Two exports side by side."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kit.cli._open_export import EXAMPLE_FOLDER, checked_version, trust_option
from kit.console import Command, echo, echo_json, print_table, quiet_tensorflow
from kit.errors import UserError
from kit.tasks import ExportComparison, compare_exports, compare_logged, number_or_none

if TYPE_CHECKING:
    from kit.metrics import Estimate
    from kit.tasks import LoggedComparison, MetricComparison

TOP = 10


@click.command(cls=Command, example=f"kit compare {EXAMPLE_FOLDER}/1 {EXAMPLE_FOLDER}/2")
@click.argument("first", metavar="A", type=click.Path(path_type=Path))
@click.argument("second", metavar="B", type=click.Path(path_type=Path))
@click.option("--data", "source", metavar="SOURCE", help="The data.  [default: those of B]")
@click.option(
    "--users",
    "max_users",
    type=click.IntRange(min=1),
    help="Most users recommenders are measured on.  [default: as many as kit train measured]",
)
@click.option(
    "--logged",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Random impressions: user, item, reward and propensity of each; then recommenders are "
    "compared by what they would have earned.",
)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    help=f"Items of a list, each shown as often as the others, with --logged.  [default: {TOP}]",
)
@click.option("--user-column", metavar="NAME", help="Of --logged.  [default: by common names]")
@click.option("--item-column", metavar="NAME", help="Of --logged.  [default: by common names]")
@click.option("--reward-column", metavar="NAME", help="Of --logged.  [default: by common names]")
@click.option(
    "--propensity-column", metavar="NAME", help="Of --logged.  [default: by common names]"
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, see above.")
@trust_option
def compare(
    first: Path,
    second: Path,
    source: str | None,
    max_users: int | None,
    logged: Path | None,
    top: int | None,
    as_json: bool,
    trust: bool,
    **columns: str | None,
) -> None:
    """Compare two exports on the test part of the same data, opened and split as for B.

    A and B are versions, labels as in saved_models/shop/canary, or folders of models. Differences
    are B minus A, with paired 95 % bootstrap intervals. Recommenders also show how much of the
    lists is the same and which items moved.

    With --logged the value of each recommender is estimated off-policy, by IPS, SNIPS and the
    doubly robust estimator, with intervals over users.

    --json prints {"verdict", "results": [{"protocol", "verdict", "metrics": {NAME: {"first",
    "second", "difference", "low", "high"}}}], "overlap", "movers", "latency_ms"}.
    """
    of_log = {f"--{name.replace('_', '-')}": value for name, value in columns.items()}
    _check(source, max_users, logged, {"--top": top, **of_log})
    first, second = (checked_version(folder, trust=trust) for folder in (first, second))
    quiet_tensorflow()
    if logged is not None:
        from kit.data import ImpressionColumns

        names = {name.removesuffix("_column"): value for name, value in columns.items()}
        _print_logged(
            compare_logged(
                first,
                second,
                logged,
                columns=ImpressionColumns(**names),
                top=top or TOP,
                trust=trust,
            ),
            as_json,
        )
        return
    found = compare_exports(first, second, source, max_users=max_users, trust=trust)
    if as_json:
        echo_json(_document(found))
        return
    for line in (*found.notes, *found.warnings):
        echo(line)
    for result in found.results:
        print_table(result.protocol, ["", "A", "B", "B - A", "95 %", ""], _rows(result))
    if found.overlap:
        shares = ", ".join(f"{share:.1%} of the {k} best" for k, share in found.overlap.items())
        echo(f"same:      {shares}")
    if found.movers is not None and len(found.movers):
        rows = [
            [name, f"{a:.1%}", f"{b:.1%}", f"{change:+.1%}"]
            for name, a, b, change in found.movers.select(
                "name", "first", "second", "change"
            ).rows()
        ]
        print_table("share of the lists of 10", ["item", "A", "B", "change"], rows)
    for name, (middle, most) in zip("AB", found.latency, strict=False):
        echo(f"latency {name}: {middle:.2f} ms a request of one row, 95th percentile {most:.2f} ms")
    echo(f"verdict:   B against A: {found.verdict}")


def _check(
    source: str | None, max_users: int | None, logged: Path | None, others: dict[str, object]
) -> None:
    """Refuse options of the other comparison."""
    if logged is not None:
        others = {"--data": source, "--users": max_users}
    for name, value in others.items():
        if value is None:
            continue
        if logged is None:
            message, remedy = f"{name} needs --logged.", "Add --logged FILE, or leave it out."
        else:
            message = f"{name} does not go with --logged, which has users and items of its own."
            remedy = "Leave one of them out."
        raise UserError(message, where=name, expected="options of one comparison", remedy=remedy)


def _print_logged(found: "LoggedComparison", as_json: bool) -> None:
    gaps = found.differences()
    estimates = [value.estimates() for value in found.values]
    if as_json:
        echo_json(
            {
                "verdict": found.verdict,
                "rows": found.rows,
                "users": found.users,
                "top": found.top,
                "logged": found.logged,
                "matched": list(found.matched),
                "effective": [value.effective_rows for value in found.values],
                "unknown": list(found.unknown),
                "values": {
                    name: {
                        part: {
                            end: number_or_none(getattr(one, end))
                            for end in ("mean", "low", "high")
                        }
                        for part, one in zip(
                            ("first", "second", "difference"),
                            (estimates[0][name], estimates[1][name], gap),
                            strict=True,
                        )
                    }
                    for name, gap in gaps.items()
                },
                "warnings": list(found.warnings),
            }
        )
        return
    echo(
        f"logged:    {found.rows:,} impressions of {found.users:,} users, mean reward "
        f"{_shown(found.logged)}"
    )
    for name, value, matched, unknown in zip(
        "AB", found.values, found.matched, found.unknown, strict=True
    ):
        echo(
            f"{name}:         shows the item of {matched:,} rows, which are as good as "
            f"{value.effective_rows:,.0f} of equal weight; does not know {unknown:,} users"
        )
    for line in found.warnings:
        echo(line)
    rows = [
        [
            name,
            *(_with_interval(one[name]) for one in estimates),
            _shown(gap.mean, "+"),
            f"{_shown(gap.low, '+')} to {_shown(gap.high, '+')}",
        ]
        for name, gap in gaps.items()
    ]
    print_table(
        f"mean reward of what lists of {found.top} show, with 95 % intervals",
        ["", "A", "B", "B - A", "95 %"],
        rows,
    )
    echo(f"verdict:   B against A: {found.verdict}, by the doubly robust estimator")


def _with_interval(one: "Estimate") -> str:
    return f"{_shown(one.mean)} ({_shown(one.low)} to {_shown(one.high)})"


def _shown(value: float, sign: str = "") -> str:
    """A number of four decimal places, or of four digits where it is large."""
    return f"{value:{sign}.4f}" if abs(value) < 1e4 else f"{value:{sign}.4g}"


def _rows(result: "MetricComparison") -> list[list[str]]:
    rows = []
    for place, (name, (a, b, gap)) in enumerate(result.metrics.items()):
        interval = "-" if gap.low != gap.low else f"{gap.low:+.4f} to {gap.high:+.4f}"
        verdict = "" if place else result.verdict
        rows.append([name, f"{a:.4f}", f"{b:.4f}", f"{gap.mean:+.4f}", interval, verdict])
    return rows


def _document(found: ExportComparison) -> dict[str, object]:
    results = []
    for result in found.results:
        metrics = {
            row["metric"]: {n: v for n, v in row.items() if n not in ("protocol", "metric")}
            for row in found.table().iter_rows(named=True)
            if row["protocol"] == result.protocol
        }
        results.append({"protocol": result.protocol, "verdict": result.verdict, "metrics": metrics})
    return {
        "verdict": found.verdict,
        "results": results,
        "overlap": {str(k): share for k, share in found.overlap.items()},
        "movers": [] if found.movers is None else found.movers.to_dicts(),
        "latency_ms": [{"median": middle, "p95": most} for middle, most in found.latency],
    }
