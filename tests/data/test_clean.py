import polars as pl
import pytest

from kit.data import (
    CleaningStep,
    _clean,
    check_variety,
    drop_duplicates,
    drop_incomplete,
    repeated_rows,
)
from kit.errors import UserError


def test_incomplete_rows_are_dropped_and_counted() -> None:
    frame = pl.DataFrame(
        {
            "user_id": ["a", None, "b", "c"],
            "item_id": ["x", "x", None, "y"],
            "time": [1, 2, 3, None],
            "weight": [1.0, None, 1.0, 1.0],
        }
    )
    kept, steps = drop_incomplete(frame, where="a.csv", names={})
    assert kept.rows() == [("a", "x", 1, 1.0)]
    assert steps == [
        CleaningStep("rows without user", 1),
        CleaningStep("rows without item", 1),
        CleaningStep("rows without time", 1),
    ]


@pytest.mark.parametrize(("column", "role"), [("user_id", "user"), ("time", "time")])
def test_a_column_of_nothing_is_an_error(column: str, role: str) -> None:
    frame = pl.DataFrame({"user_id": ["a"], "item_id": ["x"], "time": [1]})
    frame = frame.with_columns(pl.lit(None).alias(column))
    with pytest.raises(UserError, match=rf"'C' \({role}\) is empty in every(.|\n)*--{role}-column"):
        drop_incomplete(frame, where="a.csv", names={role: "C"})


def test_of_equal_rows_the_first_stays() -> None:
    frame = pl.DataFrame(
        {"user_id": list("aabaa"), "item_id": list("xxxyx"), "time": [1, 1, 1, 1, 2]}
    )
    kept, steps = drop_duplicates(frame)
    assert kept.rows() == [("a", "x", 1), ("b", "x", 1), ("a", "y", 1), ("a", "x", 2)]
    assert steps == [CleaningStep("exact duplicate rows", 1)]
    assert drop_duplicates(kept) == (kept, [])


@pytest.mark.parametrize("at_once", [64, 1 << 23])
def test_repeated_rows_equal_polars_own_answer(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_clean, "COMPARED_AT_ONCE", at_once)
    numbers = pl.int_range(2_000, eager=True)
    frame = pl.DataFrame({"user_id": (numbers * 7 % 31).cast(pl.String), "time": numbers * 5 % 17})
    expected = ~frame.select(pl.struct(pl.all()).is_first_distinct()).to_series()
    assert repeated_rows(frame).to_list() == expected.to_list()


@pytest.mark.parametrize("role", ["user", "item"])
def test_one_user_or_item_is_too_few(role: str) -> None:
    frame = pl.DataFrame({"user_id": ["a", "b"], "item_id": ["x", "y"]})
    frame = frame.with_columns(pl.lit("only").alias(f"{role}_id"))
    with pytest.raises(
        UserError, match=rf"only one {role}: 'only'(.|\n)*a\.csv(.|\n)*--{role}-col"
    ):
        check_variety(frame, where="a.csv")
