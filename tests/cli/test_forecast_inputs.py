"""What cannot be forecast ends the command with status 2 and says what, where and what to do."""

from datetime import date, timedelta

import pytest
from click.testing import CliRunner

from kit.cli import main

DAYS = [(date(2024, 1, 1) + timedelta(days=n)).isoformat() for n in range(60)]


def csv(values, header="date,y", days=DAYS, then=lambda value: ""):
    lines = [f"{day},{value}{then(value)}" for day, value in zip(days, values, strict=True)]
    return "\n".join([header, *lines, ""])


def grouped(*groups):
    """Counts of four series with columns a, b, ...: the groups of each."""
    header = f"sku,date,y,{','.join('abc'[: len(groups[0])])}"
    rows = [
        f"s{number},{day},{n % 7},{','.join(of)}"
        for number, of in enumerate(groups)
        for n, day in enumerate(DAYS)
    ]
    return "\n".join([header, *rows, ""])


COUNTS = [(7 * n * n + 3 * n) % 11 for n in range(60)]
BAD = {
    "no time": (csv(COUNTS, "number,y"), "", "No column is recognised as the time"),
    "no target": (csv(COUNTS, "date,a,b", then=lambda x: ",1"), "", "recognised as the target"),
    "ambiguous dates": ("date,y\n03/04/2011,1\n04/05/2011,2\n", "", "can be read in 2 ways"),
    "mixed dates": (csv(COUNTS, days=[*DAYS[:-1], "31.2.2024"]), "", "row 61"),
    "one hour twice": (
        "time,y\n2024-10-27 01:00,1\n2024-10-27 02:00,2\n2024-10-27 02:00,3\n2024-10-27 03:00,4\n",
        "",
        "daylight saving",
    ),
    "duplicates": (csv([*COUNTS, 1], days=[*DAYS, DAYS[3]]), "", "Two rows are of one day"),
    "text": (csv([*COUNTS[:-1], "closed"]), "", "The target 'closed' is no number"),
    "infinite": (csv([*COUNTS[:-1], "inf"]), "", "y"),
    "negative counts": (csv([*COUNTS[:-1], -4]), "--outcome count", "--returns net"),
    "long horizon": (csv(COUNTS), "--horizon 60", "too few for a horizon of 60"),
    "shorter than horizon and season": (csv(COUNTS[:20], days=DAYS[:20]), "", "too few"),
    "no grid": (csv(COUNTS[:3], days=["2024-01-01", "2024-01-04", "2024-01-07"]), "", "3 days"),
    "leak": (csv(COUNTS, "date,y,sold", then=lambda x: f",{x}"), "--known sold", "'sold' is the"),
    "no such column": (csv(COUNTS, "date,y,price", then=lambda x: ",1"), "--known prize", "price"),
    "unknown in the future": (
        csv(
            [*COUNTS[:-9], *[""] * 9],
            "date,y,weather",
            then=lambda x: "," if x == "" else f",{int(x) % 3 + 0.5}",
        ),
        "--known weather",
        "not known in advance",
    ),
    "static without series": (
        csv(COUNTS, "date,y,brand", then=lambda x: ",a"),
        "--static brand --target-column y",
        "no column names the series",
    ),
    "levels that do not nest": (
        grouped("nx", "sx", "ny", "sy"),
        "--hierarchy a,b",
        "'b' does not nest in 'a': its group x is in n and in s",
    ),
    "a series in two groups": (
        grouped("n", "n", "s", "s").replace("s0,2024-01-09,1,n", "s0,2024-01-09,1,s"),
        "--hierarchy a",
        "Series 's0' is in two groups of 'a': n and s",
    ),
    "a series in no group": (
        grouped("n", "n", "s", " "),
        "--hierarchy a",
        "Series 's3' is in no group of 'a'",
    ),
    "more levels than the series identify": (
        grouped("nw", "nx", "sy", "sz"),
        "--hierarchy a,b",
        "Each group of 'b' is one series",
    ),
    "the same level twice": (
        grouped("nx", "nx", "sy", "sy"),
        "--hierarchy a,b",
        "'b' groups the series exactly as 'a' does",
    ),
    "one group only": (grouped("n", "n", "n", "n"), "--hierarchy a", "are in one group of 'a': n"),
    "groups without series": (
        csv(COUNTS, "date,y,region", then=lambda x: ",n"),
        "--hierarchy region --target-column y",
        "'region' groups series, but no column names the series",
    ),
    "groups that are known": (
        grouped("n", "n", "s", "s"),
        "--hierarchy a --known a",
        "Column 'a' is named as known and as hierarchy",
    ),
    "no such level": (grouped("n", "n", "s", "s"), "--hierarchy area", "area"),
    "groups with gaps": (
        "sku,date,y,a\n"
        + "".join(
            f"s{k},{day},{n % 7},{'nnss'[k]}\n"
            for k in range(4)
            for n, day in enumerate(DAYS)
            if (n + 5 * k) % 10
        ),
        "--hierarchy a --gaps missing --horizon 3",
        "No group of the hierarchy has values of",
    ),
    "an encoder of a published network": (
        csv(COUNTS),
        "--model patchtst --encoder conv",
        "patchtst has a network of its own",
    ),
    "known columns of a published network": (
        csv(COUNTS, "date,y,price", then=lambda x: f",{(int(x) * 7) % 5 + 1}"),
        "--model dlinear --known price --horizon 5",
        "DLinear does not read known columns: price",
    ),
    "no such country": (csv(COUNTS), "--holidays QQ", "holidays"),
    "no series": (
        csv(COUNTS, "date,y,series", then=lambda x: ","),
        "",
        "60 rows without series",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_forecast_is_refused(name, tmp_path):
    content, options, words = BAD[name]
    file = tmp_path / "sales.csv"
    file.write_text(content)
    line = ["train", "forecasting", "--data", str(file), *options.split()]
    line += ["--output", str(tmp_path / "model"), "--report", str(tmp_path / "report")]
    answer = CliRunner().invoke(main, line)
    assert answer.exit_code == 2, answer.output
    assert words in answer.output
    assert "where: " in answer.output
    assert not (tmp_path / "model").exists()
