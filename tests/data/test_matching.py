from pathlib import Path

import polars as pl
import pytest

from kit.data import open_source, profile
from kit.data._matching import difference
from kit.data.table import RankingColumns, open_ranking
from kit.errors import UserError
from tests.data.files import write


def log(tmp_path: Path, users: list[str], items: list[str]) -> str:
    rows = [
        f"{user},{item},{1_700_000_000 + n}\n"
        for n, (user, item) in enumerate((u, i) for u in users for i in items)
    ]
    return write(tmp_path / "log.csv", "user_id,item_id,timestamp\n" + "".join(rows))


def table(tmp_path: Path, role: str, *ids: str) -> str:
    rows = "".join(f"{one},{n}\n" for n, one in enumerate(ids))
    return write(tmp_path / f"{role}s.csv", f"{role}_id,size\n{rows}")


def test_how_much_of_both_tables_matches_is_always_said(tmp_path: Path) -> None:
    source = open_source(
        log(tmp_path, ["a", "b", "c"], ["x", "y", "z", "w"]),
        items=table(tmp_path, "item", "x", "y", "z", "v", "u"),
        users=table(tmp_path, "user", "c", "b", "a"),
    )
    assert source.notes == (
        "3 of 4 items of the log (75.0 %) have a row in items.csv; "
        "2 of its 5 rows belong to no event",
        "3 of 3 users of the log (100.0 %) have a row in users.csv; "
        "0 of its 3 rows belong to no event",
    )
    assert ("Notes", "1", source.notes[0]) in profile(source).rows()


def test_ids_match_whatever_blanks_and_form_they_have(tmp_path: Path) -> None:
    file = log(tmp_path, ["7.0 ", "8.0"], ["\u00a03", "4", "5 "])
    items = tmp_path / "items.parquet"
    pl.DataFrame({"item_id": [3.0, 4.0, 5.0], "size": [1, 2, 3]}).write_parquet(items)
    source = open_source(file, items=str(items), users=table(tmp_path, "user", "7", "8\ufeff"))
    assert [note.split(";")[0][:28] for note in source.notes] == [
        "3 of 3 items of the log (100",
        "2 of 2 users of the log (100",
    ]
    assert source.interactions["user_id"].unique().sort().to_list() == ["7", "8"]


def test_little_that_matches_is_warned_of(tmp_path: Path) -> None:
    items = [f"i{n}" for n in range(10)]
    source = open_source(
        log(tmp_path, ["a", "b"], items), items=table(tmp_path, "item", "i1", "i77", "i78")
    )
    assert source.notes[1].startswith("warning: few items of the log have features")


@pytest.mark.parametrize(
    ("known", "ids", "cause"),
    [
        (["7", "8", "9"], ["0007", "0008", "0009"], "leading zeros, such as '7' and '0007'"),
        (["i7", "i8"], ["i7.0", "i8.0"], "a '.0' at the end"),
        (["item_7", "item_8"], ["7", "8"], "before the number, such as 'item_7' and '7'"),
        (["7", "8"], ["SKU-007", "SKU-008"], "before the number, such as '7' and 'SKU-007'"),
        (["ab", "cd"], ["AB", "CD"], "capital letters"),
        (["'7'", "'8'"], ["7", "8"], "quotes around them"),
        (["x", "y"], ["p", "q"], ""),
    ],
)
def test_the_cause_is_named_where_ids_differ_in_form(
    tmp_path: Path, known: list[str], ids: list[str], cause: str
) -> None:
    found = difference(pl.Series(known), pl.Series(ids))
    assert cause in found
    assert bool(cause) == bool(found)
    with pytest.raises(UserError, match="No item of the file occurs") as raised:
        open_source(log(tmp_path, ["a", "b"], known), items=table(tmp_path, "item", *ids))
    assert cause in raised.value.remedy


def test_a_row_that_is_there_twice_counts_once(tmp_path: Path) -> None:
    file = write(tmp_path / "items.csv", "item_id,size\nx,1\ny,2\nx ,1\ny,2\n")
    source = open_source(log(tmp_path, ["a", "b"], ["x", "y"]), items=file)
    assert source.items is not None
    assert source.items.rows() == [("x", 1), ("y", 2)]
    assert [(step.name, step.rows) for step in source.cleaning] == [
        ("repeated rows of items.csv", 2)
    ]


def test_rows_of_a_table_without_id_are_counted(tmp_path: Path) -> None:
    file = write(tmp_path / "items.csv", "item_id,size\nx,1\nNULL,2\n,3\nN/A,4\n")
    source = open_source(log(tmp_path, ["a", "b"], ["x", "y"]), items=file)
    assert [(step.name, step.rows) for step in source.cleaning] == [
        ("rows of items.csv without item (NULL, N/A)", 3)
    ]


def test_users_that_stand_for_nobody_are_dropped_and_named(tmp_path: Path) -> None:
    users = ["u1", "u2", "NULL", "nan", "", "undefined"]
    source = open_source(log(tmp_path, users, ["x", "y", "N/A"]))
    assert [(step.name, step.rows) for step in source.cleaning] == [
        ("rows without user (NULL, nan, undefined)", 12),
        ("rows without item (N/A)", 2),
    ]
    lines = profile(source).rows()
    assert ("Cleaning", "rows without user (NULL, nan, undefined)", "12 (66.7%) dropped") in lines
    assert len(source.interactions) == 4


def test_a_log_of_markers_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"'user_id' \(user\) is empty in every row"):
        open_source(log(tmp_path, ["NULL", "None"], ["x", "y"]))


@pytest.mark.parametrize("placeholder", ["0", "anonymous", "guest"])
def test_a_user_of_a_large_share_of_the_log_is_pointed_out(
    tmp_path: Path, placeholder: str
) -> None:
    items = [f"i{n}" for n in range(6)]
    rows = "".join(f"u{n},{items[n % 6]},{1_700_000_000 + n}\n" for n in range(60))
    rows += "".join(f"{placeholder},{items[n % 6]},{n}\n" for n in range(60))
    source = open_source(write(tmp_path / "a.csv", "user_id,item_id,timestamp\n" + rows))
    [note] = [note for note in source.notes if "has" in note]
    assert "one user has 60 of 120 rows" in note
    assert "50.0 %" in note


def test_ordinary_users_are_not_pointed_out(tmp_path: Path) -> None:
    assert open_source(log(tmp_path, ["a", "b", "c"], ["x", "y"])).notes == ()


def test_a_table_of_clicks_is_joined_by_the_same_ids(tmp_path: Path) -> None:
    rows = "".join(f"{u},{i},{n % 2}\n" for n, (u, i) in enumerate([("1", "x "), ("2", "y")] * 8))
    rows += "NULL,x,1\n"
    clicks = write(tmp_path / "clicks.csv", "user_id,item_id,click\n" + rows)
    users = write(tmp_path / "users.csv", "user_id,age\n1.0,30\n2.0,41\n")
    items = table(tmp_path, "item", "x", "\u00a0y")
    source = open_ranking(clicks, items=items, users=users)
    assert source.features["age"][:2].to_list() == ["30", "41"]
    assert source.features["size"][:2].to_list() == ["0", "1"]
    assert source.features["user_id"][-1] is None
    assert "2 of 2 items of the log (100.0 %) have a row in items.csv" in source.notes[0]
    assert "2 of 2 users" in source.notes[1]


def test_a_log_of_positives_drops_users_that_stand_for_nobody(tmp_path: Path) -> None:
    file = log(tmp_path, ["a", "b", "NULL", "\\N"], ["x", "y", "z"])
    source = open_ranking(file, is_log=True, columns=RankingColumns(time=""))
    assert [(step.name, step.rows) for step in source.cleaning] == [
        ("rows without user (NULL, \\N)", 6)
    ]
