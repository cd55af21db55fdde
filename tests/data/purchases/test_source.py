"""Opening logs of purchases: what is named, and what is refused."""

from datetime import date

import polars as pl
import pytest
from click.testing import CliRunner

from kit.cli import main
from kit.data.purchases import PurchaseColumns, open_purchases
from kit.errors import UserError
from tests.data.purchases.logs import purchases

LOG = purchases()


def changed(rows=5, **columns):
    """The log with other values in its first rows."""
    head = LOG.head(rows).with_columns(**columns)
    return pl.concat([head, LOG.tail(-rows)], how="vertical_relaxed")


def as_text(frame, **columns):
    """The log as text tables hold it."""
    text = frame.cast({"amount": pl.String})
    return pl.concat([text.head(5).with_columns(**columns), text.tail(-5)])


def test_days_are_summed_by_customer():
    twice = pl.concat([LOG, LOG.head(3)])
    source, other = open_purchases(LOG), open_purchases(twice)
    assert len(source.users) == 300
    assert other.amount.sum() == pytest.approx(LOG["amount"].sum() + LOG["amount"][:3].sum())
    assert len(source.day) == len(other.day) == len(LOG)
    assert (source.user[:-1] <= source.user[1:]).all()


def test_refunds_are_named_and_subtracted():
    source = open_purchases(changed(amount=-pl.col("amount")))
    (note,) = source.notes
    assert note.startswith("5 refunds (negative amounts), ")
    assert (source.amount < 0).sum() == 5


def test_amounts_of_0_and_missing_ones_are_dropped():
    source = open_purchases(changed(amount=pl.Series([0.0, 0, 0, None, None])))
    dropped = {step.name: step.rows for step in source.cleaning}
    assert dropped == {"rows with an amount of 0": 3, "rows without amount": 2}


def test_a_customer_with_a_fifth_of_the_revenue_is_named():
    source = open_purchases(changed(rows=1, amount=pl.lit(float(LOG["amount"].sum()))))
    (note,) = source.notes
    assert note.startswith("warning: customer 'c000' has 50% of the revenue")


def test_an_id_of_unknown_buyers_is_left_out_or_kept_on_request():
    half = LOG.with_columns(
        customer_id=pl.when(pl.int_range(pl.len()) % 2 == 0)
        .then(pl.lit("cash"))
        .otherwise("customer_id")
    )
    left = open_purchases(half, anonymous="cash")
    assert "cash" not in left.users
    assert [step.name for step in left.cleaning] == ["rows of unknown buyers (cash)"]
    assert "cash" in open_purchases(half, anonymous="").users


def test_later_rows_are_left_out():
    source = open_purchases(changed(date=date(2999, 1, 1)), until="2023-12-31")
    assert [step.name for step in source.cleaning] == ["rows after 2023-12-31"]


REFUSED = {
    "one id of all unknown buyers": (
        LOG.with_columns(customer_id=pl.lit("guest")).head(800).vstack(LOG.tail(-800)),
        [],
        "One customer, 'guest', has ",
        "--anonymous 'guest'",
    ),
    "the future": (changed(date=date(2999, 1, 1)), [], "5 rows are in the future", "--until"),
    "mixed currencies in cells": (
        as_text(LOG, amount="$" + pl.col("amount")).with_columns(
            amount=pl.when(pl.int_range(pl.len()) == 7)
            .then("€" + pl.col("amount"))
            .otherwise("amount")
        ),
        [],
        "The amounts are in several currencies: $, €.",
        "Convert them",
    ),
    "mixed currencies in a column": (
        LOG.with_columns(
            currency=pl.when(pl.int_range(pl.len()) < 9)
            .then(pl.lit("EUR"))
            .otherwise(pl.lit("GBP"))
        ),
        [],
        "The amounts are in several currencies: EUR, GBP.",
        "Convert them",
    ),
    "words for amounts": (
        as_text(LOG, amount=pl.lit("much")),
        [],
        "The amount 'much' is no number (5 such rows).",
        "--amount-column",
    ),
    "refunds only": (
        LOG.with_columns(amount=-pl.col("amount")),
        [],
        "Refunds (",
        "Change the sign",
    ),
    "no amounts": (
        LOG.drop("amount"),
        [],
        "No column is recognised as the amount of the purchases.",
        "--amount-column",
    ),
    "no times": (LOG.drop("date"), [], "No column is recognised as the time.", "--time-column"),
    "zeros only": (
        LOG.with_columns(amount=pl.lit(0.0)),
        [],
        "No purchase is left",
        "Check the columns",
    ),
    "fewer than 200 customers": (
        LOG.filter(pl.col("customer_id") < "c150"),
        ["--horizon", "40"],
        "customers had bought by ",
        "longer log",
    ),
    "a horizon that is censored": (
        LOG,
        ["--horizon", "30", "--cut", "2023-05-20"],
        "The 30 days after 2023-05-20 are censored",
        "--cut 2023-05-10",
    ),
    "a log too short for the horizon": (
        LOG,
        ["--horizon", "90"],
        "too short for a horizon of 90 days",
        "shorter --horizon",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_learned_from_is_refused(case, tmp_path):
    frame, options, what, remedy = REFUSED[case]
    frame.write_csv(tmp_path / "log.csv")
    line = ["train", "customer-value", "--data", str(tmp_path / "log.csv"), *options]
    answer = CliRunner().invoke(main, [*line, "--report", str(tmp_path / "report")])
    assert answer.exit_code == 2, answer.output
    assert what in answer.stderr
    for part in ("where:", "expected:", "remedy:"):
        assert part in answer.stderr
    assert remedy in answer.stderr


def test_columns_may_be_named():
    renamed = LOG.rename({"customer_id": "who", "date": "when", "amount": "paid"})
    source = open_purchases(renamed, columns=PurchaseColumns("who", "when", "paid"))
    assert len(source.users) == 300
    with pytest.raises(UserError, match="One column is named for two roles"):
        open_purchases(renamed, columns=PurchaseColumns("who", "when", "who"))
