import polars as pl
import pytest

from kit.data._weights import to_weights
from kit.errors import UserError


@pytest.mark.parametrize("values", [[5, 0, None], [5.0, 0.0, None], ["5", " 0 ", ""]])
def test_numbers_and_text_become_float64(values: list[object]) -> None:
    weights = to_weights(pl.Series(values), where="a", first_row=2)
    assert weights.dtype == pl.Float64
    assert weights.to_list() == [5.0, 0.0, None]


@pytest.mark.parametrize("bad", ["-1", "many", "-$3", -1.0])
def test_a_weight_that_cannot_be_used_is_named_with_its_row(bad: object) -> None:
    good = "1" if isinstance(bad, str) else 1.0
    with pytest.raises(UserError, match=r"column w, row 3(.|\n)*--weight-column ''"):
        to_weights(pl.Series([good, bad]), where="a.csv, column w", first_row=2)


def test_types_that_are_no_weights() -> None:
    with pytest.raises(UserError, match="not weights"):
        to_weights(pl.Series([[1]]), where="a", first_row=1)
