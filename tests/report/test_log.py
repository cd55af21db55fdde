"""The page of a log."""

import re

import polars as pl
import pytest

from kit.data import Columns, open_source
from kit.report import log_page
from tests.cli.answering import kit, refused


def shown(page):
    """The text of a page, without style and figures."""
    page = re.sub(r"<style>.*?</style>|<svg.*?</svg>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_command_writes_a_page_that_names_no_user(shop, tmp_path):
    file = tmp_path / "log.html"
    answer = kit(f"data {shop[0]} --items {shop[1]} --report {file}")
    assert answer.exit_code == 0, answer.output
    assert f"report:    {file}" in answer.stdout
    page = file.read_text()
    text = shown(page)
    assert "shopper" not in page
    assert "1,500 interactions of 150 users" in text
    assert "come back within 30 days" in text
    assert "Retention by cohort" in text
    assert page.count("<svg") == 1
    # Shoppers have all their items at other times: a basket is a user's items, here of one taste.
    assert "baskets: all items of one user" in text
    titles = re.findall(r'<td class="text">(.*?)</td>', page)
    assert titles
    assert {title.split()[0] for title in titles} <= {"Red", "Blue"}
    pairs = zip(titles[::2], titles[1::2], strict=True)
    assert all(one.split()[0] == other.split()[0] for one, other in pairs)
    assert "How to reproduce" in text


def test_a_log_without_times_has_pairs_alone(shop, tmp_path):
    pl.read_csv(shop[0]).select("user_id", "item_id").write_csv(tmp_path / "log.csv")
    text = shown(log_page(open_source(tmp_path / "log.csv")))
    assert "The log has no times: cohorts and repeat rates need them." in text
    assert "come back within" not in text
    assert "baskets: all items of one user" in text
    # Without titles, ids of items.
    assert re.search(r"\bi\d+ i\d+ \d", text)


def test_a_log_without_pairs_says_so(tmp_path):
    rows = pl.DataFrame({"user_id": [f"u{n // 2}" for n in range(80)]}).with_columns(
        item_id=pl.lit("i")
        + (pl.int_range(pl.len()) % 2 * 0 + pl.int_range(pl.len()) // 40).cast(pl.String),
        timestamp=1_600_000_000 + pl.int_range(pl.len()) * 40_000,
    )
    rows.write_csv(tmp_path / "log.csv")
    text = shown(log_page(open_source(tmp_path / "log.csv", columns=Columns())))
    assert "No basket has two items." in text
    assert "Retention by cohort" in text


def test_text_of_the_data_is_escaped(shop, tmp_path):
    items = pl.read_csv(shop[1]).with_columns(title=pl.lit("<script>") + pl.col("title"))
    items.write_csv(tmp_path / "items.csv")
    page = log_page(open_source(shop[0], items=tmp_path / "items.csv"))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("name", ["no/such/folder.html", "."])
def test_a_file_that_cannot_be_written_is_an_error(shop, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    said = refused(kit(f"data {shop[0]} --report {name}"))
    assert "cannot be written" in said or "is a directory" in said
