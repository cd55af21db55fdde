import json
import warnings

import pytest
from click.testing import CliRunner

from kit.cli import main
from tests.exporting.parts import passing


def run(line):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        return CliRunner().invoke(main, line.split())


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        "--block sasrec --layers 1 --loss sampled --negatives 16 --split leave-one-out --time-gaps",
        "--encoder gru --loss gbce --weight-column amount --length 4 --include-seen",
        "--encoder conv --no-features --loss full --precision mixed_bfloat16 --limit 900",
    ],
)
def test_option_combinations(shop, tmp_path, monkeypatch, options):
    # No process of its own for the check, which other tests are about.
    monkeypatch.setattr("kit.exports.verify", passing)
    data, items = shop
    places = f"--output {tmp_path / 'model'} --report {tmp_path / 'report'}"
    line = f"train sequential --data {data} --items {items} --epochs 2 --dim 4 --quiet {places}"
    result = run(f"{line} {options}")
    assert result.exit_code == 0, result.output
    facts = json.loads((tmp_path / "report" / "metrics.json").read_text())
    words = options.split()
    for option in ("--encoder", "--block", "--loss", "--length"):
        if option in words:
            value = words[words.index(option) + 1]
            assert str(facts["settings"][option.removeprefix("--")]) == value
    assert facts["recipe"] == "sequential"
    assert ("items of the user kept in" in facts["test"]["protocol"]) == ("--include-seen" in words)
    card = json.loads((tmp_path / "model" / "1" / "assets.extra" / "card.json").read_text())
    assert card["recipe"] == "sequential"


@pytest.mark.parametrize(
    ("rows", "options", "said"),
    [
        (["a,x,1", "b,y,2", "c,z,3", "d,x,4"], "", "No user has two items"),
        ([f"u{n},i{k},{k}" for n in range(9) for k in range(5)], "--dim 5", "--dim"),
        (["a,x,1"], "--time-gaps --encoder gru", "takes no gaps of time"),
        (["a,x,1"], "--time-gaps --time-column no", "no"),
    ],
    ids=["sequences of one event", "a width that cannot be shared out", "gaps for gru", "no time"],
)
def test_what_cannot_be_trained_is_said(tmp_path, rows, options, said):
    data = tmp_path / "few.csv"
    data.write_text("\n".join(["user_id,item_id,time", *rows]) + "\n")
    places = f"--output {tmp_path / 'model'} --report {tmp_path / 'report'}"
    result = run(f"train sequential --data {data} --split time --quiet {places} {options}")
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert not (tmp_path / "model").exists()
