"""Two exports side by side."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kit.cli._open_export import EXAMPLE_FOLDER, checked_version, trust_option
from kit.console import Command, echo, echo_json, print_table, quiet_tensorflow
from kit.tasks import ExportComparison, compare_exports

if TYPE_CHECKING:
    from kit.tasks import Compared


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
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, see above.")
@trust_option
def compare(
    first: Path, second: Path, source: str | None, max_users: int | None, as_json: bool, trust: bool
) -> None:
    """Compare two exports on the test part of the same data, opened and split as for B.

    A and B are versions, labels as in saved_models/shop/canary, or folders of models. Differences
    are B minus A, with paired 95 % bootstrap intervals. Recommenders also show how much of the
    lists is the same and which items moved.

    --json prints {"verdict", "results": [{"protocol", "verdict", "metrics": {NAME: {"first",
    "second", "difference", "low", "high"}}}], "overlap", "movers", "latency_ms"}.
    """
    first, second = (checked_version(folder, trust=trust) for folder in (first, second))
    quiet_tensorflow()
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


def _rows(result: "Compared") -> list[list[str]]:
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
