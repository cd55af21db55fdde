"""What cannot be forecast ends the command with status 2 and says what, where and what to do."""

from datetime import date, timedelta

import pytest
from click.testing import CliRunner

from kit.cli import main

DAYS = [(date(2024, 1, 1) + timedelta(days=n)).isoformat() for n in range(60)]


def csv(values, header="date,y", days=DAYS, then=lambda value: ""):
    lines = [f"{day},{value}{then(value)}" for day, value in zip(days, values, strict=True)]
    return "\n".join([header, *lines, ""])


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
