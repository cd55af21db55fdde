"""`kit plan`, as it is typed."""

import json
import shutil

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

import kit as package
from kit.cli import main
from kit.exports import version_folder
from tests.conftest import shared
from tests.exporting.parts import passing

LINES = 400


def kit(*arguments):
    return CliRunner().invoke(main, ["plan", *map(str, arguments)])


def write_plan(folder, trained):
    """A planned model, its offers and the log of later purchases."""
    random = np.random.default_rng(3)
    users = random.integers(150, size=LINES)
    items = (2 * random.integers(30, size=LINES) + users % 2) % 60
    times = 1_610_000_000 + np.sort(random.integers(0, 60 * 86_400, LINES))
    log = pl.DataFrame(
        {
            "user_id": [f"shopper-{user:03d}" if user < 140 else f"new-{user}" for user in users],
            "item_id": [f"i{item}" for item in items],
            "timestamp": times,
        }
    )
    log.write_csv(folder / "log.csv")
    offers = pl.DataFrame(
        {
            "item_id": [f"i{item}" for item in range(60)],
            "value": random.uniform(1, 9, 60).round(2),
            "stock": random.integers(0, 4, 60),
            "cost": random.uniform(0.5, 2, 60).round(2),
            "brand": [f"b{item % 3}" for item in range(60)],
            "own": [int(item < 30) for item in range(60)],
        }
    )
    offers.write_csv(folder / "offers.csv")
    shutil.copytree(trained.model, folder / "model")
    limits = ["--budget", "60", "--contacts", "2/30d", "--min-share", "own=0.2", "--gap", "0.1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kit.exports.verify", passing)
        result = kit(
            folder / "model",
            *("--offers", folder / "offers.csv", "--arrivals", folder / "log.csv", *limits),
        )
    assert result.exit_code == 0, result.output
    (folder / "output.txt").write_text(result.stdout)


@pytest.fixture(scope="session")
def planned(trained, tmp_path_factory):
    return shared(tmp_path_factory, "planned", lambda folder: write_plan(folder, trained))


@pytest.fixture
def model(planned, tmp_path, monkeypatch):
    """A copy of the planned model, as commands write into it."""
    monkeypatch.setattr("kit.exports.verify", passing)
    shutil.copytree(planned / "model", tmp_path / "model")
    return tmp_path / "model"


def test_a_plan_is_simulated_and_becomes_the_next_version(planned):
    output = (planned / "output.txt").read_text()
    for word in (
        "greedy",
        "random",
        "static prices",
        "refreshed prices",
        "of bound",
        "prices:    gap",
    ):
        assert word in output
    assert output.strip().endswith("2")
    card = json.loads((planned / "model" / "2" / "assets.extra" / "card.json").read_text())
    plan = card["plan"]
    assert (plan["budget"], plan["contacts"], plan["window_days"]) == (60, 2, 30)
    assert plan["shares"] == {"own": pytest.approx(0.2)}
    assert {result["policy"] for result in plan["results"]} >= {"greedy", "refreshed prices"}
    assert all(result["of_bound"] <= 1 for result in plan["results"])
    assert all(result["spent"] <= 60 for result in plan["results"])
    assert any("only an experiment" in limit for limit in card["limits"])


def test_the_export_recommends_within_limits(planned):
    export = package.load(planned / "model")
    offers = pl.read_csv(planned / "offers.csv")
    stock = dict(zip(offers["item_id"], offers["stock"], strict=True))
    users = [f"shopper-{number:03d}" for number in range(40)]
    user = next(user for user in users if len(export.recommend_within(user)))
    first = export.recommend_within(user, k=20)
    assert first.columns == ["item_id", "name", "score", "value", "price"]
    assert all(stock[item] > 0 for item in first["item_id"])
    gone = first["item_id"][0]
    assert gone not in export.recommend_within(user, stock_left={gone: 0})["item_id"]
    assert not len(export.recommend_within(user, contacts=2))
    assert not len(export.recommend_within(user, budget_left=0.1))
    left, free = dict.fromkeys(stock, 1), dict.fromkeys(stock, -9.0)
    history = ["i3", "i5"]
    answer = export.recommend_within(history=history, k=3, stock_left=left, price=free)
    assert len(answer) == 3
    assert len(export.recommend("shopper-003", k=3)) == 3


@pytest.mark.slow
def test_a_refresh_prices_what_is_left(model, planned, tmp_path):
    offers = pl.read_csv(planned / "offers.csv").select("item_id", pl.col("stock") // 2)
    offers.write_csv(tmp_path / "now.csv")
    arguments = ("--refresh", "--stock", tmp_path / "now.csv", "--visits", 50, "--budget", 30)
    arguments = (*arguments, "--gap", 0.1)
    result = kit(model, *arguments)
    assert result.exit_code == 0, result.output
    assert "gap" in result.stdout
    stock = dict(zip(offers["item_id"], offers["stock"], strict=True))
    shown = package.load(model).recommend_within("shopper-003", k=20)
    assert all(stock[item] > 0 for item in shown["item_id"])
    card = json.loads((version_folder(model) / "assets.extra" / "card.json").read_text())
    assert (card["plan"]["visits"], card["plan"]["budget"]) == (50, 30)
    # A changed catalogue has no prices any more, and the command says so.
    (tmp_path / "gone.txt").write_text("i3\n")
    indexed = CliRunner().invoke(
        main, ["index", str(model), "--remove", str(tmp_path / "gone.txt")]
    )
    assert "plan again" in indexed.stdout
    with pytest.raises(package.errors.UserError, match="has no plan"):
        package.load(model).recommend_within("shopper-003")


def test_users_are_assigned_within_all_limits(model, planned, tmp_path):
    users = [f"shopper-{number:03d}" for number in range(100)] + ["nobody"]
    (tmp_path / "users.txt").write_text("\n".join(users))
    output = tmp_path / "who.csv"
    arguments = (
        "--assign",
        tmp_path / "users.txt",
        "--output",
        output,
        "--max-age",
        1,
        "--gap",
        0.1,
    )
    result = kit(model, *arguments)
    assert result.exit_code == 0, result.output
    answer = pl.read_csv(output)
    assert answer.columns == ["user_id", "item_id", "value"]
    assert answer["user_id"].n_unique() == len(answer) > 20
    offers = pl.read_csv(planned / "offers.csv")
    joined = answer.join(offers, on="item_id", how="left")
    use = joined.group_by("item_id").agg(pl.len(), pl.col("stock").first())
    assert (use["len"] <= use["stock"]).all()
    assert joined["cost"].sum() <= 60
    assert joined["own"].mean() >= 0.2


OFFERS = "item_id,value,stock,cost,brand\ni1,2,3,1,x\ni2,4,2,2,y\n"


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("item_id,stock\ni1,2\n", "", "no column 'value'"),
        ("item_id,value\ni1,2\n", "", "no column 'stock'"),
        ("item_id,value,stock\ni1,2,-3\n", "", "'-3' cannot be used"),
        ("item_id,value,stock\ni1,nan,3\n", "", "cannot be used"),
        ("item_id,value,stock\ni1,,3\n", "", "cannot be used"),
        ("item_id,value,stock\ni1,2,3\nwhat,2,3\n", "", "not items of the export: what"),
        ("item_id,value,stock\ni1,2,3\ni1,2,3\n", "", "more than one row"),
        ("item_id,value,stock\ni1,2,0\ni2,0,3\n", "", "No offer can be shown"),
        ("item_id,value,stock\ni1,2,3\n", "--budget 5", "no column 'cost'"),
        (OFFERS.replace("3,1,x", "3,0,x"), "--budget 5", "costs nothing"),
        (OFFERS, "--budget 0.5", "buys no offer"),
        (OFFERS, "--contacts 0/30d", "0 contacts"),
        (OFFERS, "--contacts often", "cannot be read"),
        (OFFERS, "--min-share brand", "cannot be read"),
        (OFFERS, "--min-share colour=0.1", "no such column"),
        (OFFERS, "--min-share brand=0.7", "more than everything: brand=x"),
        (OFFERS.replace("2,3,1,x", "2,0,1,x"), "--min-share brand=0.1", "brand=x cannot be met"),
    ],
)
def test_offers_and_limits_that_cannot_be_met_are_named(
    planned, tmp_path, content, options, message
):
    file = tmp_path / "offers.csv"
    file.write_text(content)
    log = planned / "log.csv"
    result = kit(planned / "model", "--offers", file, "--arrivals", log, *options.split())
    assert result.exit_code == 2, result.output
    assert message in " ".join(result.output.split())
    assert "expected:" in result.output


HEADER = "user_id,item_id\n"
MANY = "".join(f"u{n},i{n}\n" for n in range(40))


@pytest.mark.parametrize(
    ("log", "options", "message"),
    [
        (HEADER + MANY, "--contacts 2/30d", "log has no times"),
        (HEADER + MANY.replace(",i", ",x"), "", "No item of the log"),
        ("user_id,item_id\na,i1\nb,i2\n", "", "2 visits"),
        ("", "--budget -1", "-1"),
    ],
)
def test_arrivals_that_cannot_be_used_are_named(planned, tmp_path, log, options, message):
    (tmp_path / "offers.csv").write_text(OFFERS)
    (tmp_path / "log.csv").write_text(log)
    arguments = ("--offers", tmp_path / "offers.csv", "--arrivals", tmp_path / "log.csv")
    result = kit(planned / "model", *arguments, *options.split())
    assert result.exit_code == 2, result.output
    assert message in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("", "There are no offers"),
        ("--refresh", "--stock FILE"),
        ("--assign users.txt", "--output FILE"),
        ("--output who.csv", "belong to --assign"),
        ("--stock now.csv", "belongs to --refresh"),
        ("--refresh --assign users.txt", "Give one of"),
    ],
)
def test_options_that_do_not_fit_are_refused(planned, options, message):
    result = kit(planned / "model", *options.split())
    assert result.exit_code == 2, result.output
    assert message in " ".join(result.output.split())


def test_an_export_without_a_plan_and_an_old_one_are_refused(model, planned, tmp_path):
    (tmp_path / "users.txt").write_text("shopper-001\n")
    arguments = ("--assign", tmp_path / "users.txt", "--output", tmp_path / "who.csv")
    result = kit(planned / "model" / "1", *arguments)
    assert (result.exit_code, "has no plan" in result.output) == (2, True)
    result = kit(model, *arguments, "--max-age", "0.0000001")
    assert (result.exit_code, "days ago" in " ".join(result.output.split())) == (2, True)
    result = kit(planned / "model" / "1", "--refresh", "--stock", planned / "offers.csv")
    assert (result.exit_code, "has no plan" in result.output) == (2, True)
