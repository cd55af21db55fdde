"""Time of a training step against rows and processes: the kit beside stock Keras.

\b
    python benchmarks/scale.py
    python benchmarks/scale.py --quick
    python benchmarks/scale.py --rows 100000,1000000 --rounds 9 --output FOLDER

Two embedding tables, trained by one process, by two in step, and by two with two parameter servers,
all started by `kit launch` on loopback. Every round starts each of them anew; in them stock Keras
and the kit take turns at each size, on fresh random ids at every step. With two workers stock `fit`
fails, which is shown, and stock Keras is trained by a loop of its own. What does not fit into the
free memory is left out and named. 7 minutes on 2 quiet cores, 20 on busy ones; at 4 million rows
the stock step wants 12 GB.

What the figures mean for 100 million users is worked out in docs/scale.md.
"""

import json
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.scale_figure import image
from benchmarks.scale_plan import SETTINGS, bytes_free, own_loopback, run, split_by_memory
from benchmarks.scale_tables import markdown, protocol, remarks, tables
from kit.console import Command, print_table

QUICK = {"rows": [10_000, 100_000], "rounds": 1}


def parsed_rows(context: click.Context, option: click.Parameter, value: str) -> list[int]:
    try:
        return sorted({int(part) for part in value.split(",")})
    except ValueError:
        raise click.BadParameter("numbers by commas are expected: 100000,1000000") from None


def measured(rows: list[int], rounds: int) -> dict[str, Any]:
    """Everything that scale.json holds."""
    before = os.getloadavg()[0]
    blocks: list[dict[str, Any]] = []
    left_out: dict[tuple[str, str, int], None] = {}
    click.echo("how stock fit ends with 2 workers", err=True)
    stock_fit = run(SETTINGS["two"], [("stock", rows[0])], stock_fit=True)
    for number in range(rounds):
        for name, setting in SETTINGS.items():
            click.echo(f"round {number + 1} of {rounds}: {setting.name}", err=True)
            fitting, too_large = split_by_memory(setting, rows, bytes_free())
            left_out |= {(name, *block): None for block in too_large}
            for block in run(setting, fitting) if fitting else []:
                blocks.append({"setting": name, "round": number, **block})
    # In another round there may have been room.
    done = {(block["setting"], block["peer"], block["rows"]) for block in blocks}
    return {
        "rows": rows,
        "rounds": rounds,
        "cores": os.cpu_count(),
        "load_average": [before, os.getloadavg()[0]],
        "libraries": {name: version(name) for name in ("tensorflow", "keras")},
        "own_loopback": bool(own_loopback()),
        "stock_fit": stock_fit,
        "left_out": [block for block in left_out if block not in done],
        "blocks": blocks,
    }


@click.command(
    "scale",
    cls=Command,
    help=__doc__,
    context_settings={"max_content_width": 100},
    example="python benchmarks/scale.py --quick",
)
@click.option(
    "--rows",
    default="100000,1000000,4000000",
    show_default=True,
    callback=parsed_rows,
    help="Rows a table, by commas.",
)
@click.option("--rounds", type=click.IntRange(min=1), default=4, show_default=True)
@click.option("--quick", is_flag=True, help="One round of 10,000 and 100,000 rows.")
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path("reports/scale"), show_default=True
)
def main(rows: list[int], rounds: int, quick: bool, output: Path) -> None:
    settings: dict[str, Any] = QUICK if quick else {"rows": rows, "rounds": rounds}
    output.mkdir(parents=True, exist_ok=True)
    found = measured(**settings)
    (output / "scale.json").write_text(json.dumps(found))
    (output / "scale.md").write_text(markdown(found))
    image(found, output / "scale.png")
    for table in tables(found):
        print_table(*table)
    print(f"Protocol: {protocol(found)}.")
    for line in remarks(found):
        print(f"{line}.")
    print(f"figures, tables and image  {output}")


if __name__ == "__main__":
    main()
