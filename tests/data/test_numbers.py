import json
from pathlib import Path

import polars as pl
import pytest

from kit.data import open_source, read_numbers, to_weights
from kit.data.table import Feature, RankingColumns, Schema, open_ranking, schema_from
from kit.errors import UserError
from tests.data.files import grid, write


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["$1,234.50", "$2", "-$3.5"], [1234.5, 2, -3.5]),
        (["€ 12,50", "1.234,50 €", "€-3"], [12.5, 1234.5, -3]),
        (["R$ 10,00", "R$ 1.000,00"], [10, 1000]),
        (["12 USD", "USD 1.5"], [12, 1.5]),
        (["12%", "7.5 %", "0"], [12, 7.5, 0]),
        (["(12.50)", "($1,000)", "3"], [-12.5, -1000, 3]),
        (["1 234,5", "1\u202f234\u202f567", "12"], [1234.5, 1234567, 12]),
        (["1'234.50", "7"], [1234.5, 7]),
        (["1,23,456.50", "12"], [123456.5, 12]),
        (["1.234.567", "1"], [1234567, 1]),
        (["1e5", "2.5E-3", "+7"], [100000, 0.0025, 7]),
        (["\u22125", "\u20136", "7,5"], [-5, -6, 7.5]),
        (["0.123", "1.234"], [0.123, 1.234]),
        (["0,123", "1,234"], [0.123, 1.234]),
        (["1,234", "2.5"], [1234, 2.5]),
        ([".5", "5."], [0.5, 5]),
    ],
)
def test_a_column_is_read_by_one_convention(cells: list[str], expected: list[float]) -> None:
    found = read_numbers(pl.Series(cells))
    assert found.values.to_list() == expected
    assert not found.odd.any()
    assert not found.is_guessed


def test_what_is_in_doubt_everywhere_is_said() -> None:
    found = read_numbers(pl.Series(["1,234", "999"]))
    assert found.values.to_list() == [1234, 999]
    assert found.is_guessed
    assert read_numbers(pl.Series(["1,234", "999"]), ",").values.to_list() == [1.234, 999]
    # Programs write so.
    assert read_numbers(pl.Series(["1.234", "999"])).values.to_list() == [1.234, 999]


@pytest.mark.parametrize(
    ("cells", "odd"),
    [
        (["12%", *["3"] * 9], "12%"),
        (["€5", *["$3"] * 9], "€5"),
        (["12,5", *["1.5"] * 9], "12,5"),
        (["1.5", *["1,25"] * 9], "1.5"),
        (["12a", *["3"] * 9], "12a"),
        (["5-6", *["3"] * 9], "5-6"),
        (["(5", *["3"] * 9], "(5"),
        (["1 23", *["3"] * 9], "1 23"),
        (["$5€", *["3"] * 9], "$5€"),
        (["0x1F", *["3"] * 9], "0x1F"),
    ],
)
def test_cells_of_another_form_are_no_numbers(cells: list[str], odd: str) -> None:
    found = read_numbers(pl.Series(cells))
    assert found.odd.to_list() == [cell == odd for cell in cells]
    assert found.values[0] is None


@pytest.mark.parametrize(
    ("numbers", "others", "expected"),
    [
        (1000, ["unknown"], True),
        (10, ["unknown"] * 10, True),
        (100, ["x"] * 4, True),
        (100, ["x"] * 10, False),
        (100, [f"{n}a" for n in range(4)], True),
        (150, [f"{n}a" for n in range(7)], False),
        (2000, [f"{n}a" for n in range(15)], True),
        (0, ["x", "y"], False),
        (10, ["NA", "-", "?", "\\N"], True),
    ],
)
def test_a_few_odd_cells_do_not_make_a_text_of_numbers(
    numbers: int, others: list[str], expected: bool
) -> None:
    cells = pl.Series([*map(str, range(numbers)), *others])
    assert read_numbers(cells).is_column() is expected


def table(tmp_path: Path, *cells: str) -> str:
    values = [*cells, *(str(20 + 37 * n % 60) for n in range(400 - len(cells)))]
    rows = "".join(f"{n % 2}\t{value}\n" for n, value in enumerate(values))
    return write(tmp_path / "table.tsv", "click\tage\n" + rows)


@pytest.mark.parametrize("cell", ["unknown", "missing", "x", "#VALUE", "12.5%", "€", "?!"])
def test_one_odd_cell_leaves_a_number_a_number_and_is_said(tmp_path: Path, cell: str) -> None:
    source = open_ranking(table(tmp_path, "31", cell))
    assert [(f.name, f.kind) for f in source.schema.features] == [("age", "number")]
    assert source.features["age"].is_nan().sum() == 1
    [note] = source.notes
    assert note.startswith("age: 1 of 400 cells is not a number and read as missing")
    assert f"'{cell}' in" in note
    assert note.endswith("table.tsv, row 3")


@pytest.mark.parametrize("cell", [".", "#N/A", "NULL", "\\N", "n/a", "", " ", "\u00a0"])
def test_missing_numbers_are_missing_without_a_word(tmp_path: Path, cell: str) -> None:
    source = open_ranking(table(tmp_path, cell))
    assert source.schema.features[0].kind == "number"
    assert source.features["age"].is_nan().sum() == 1
    assert source.notes == ()


@pytest.mark.parametrize(
    ("cell", "value"), [("$12.50", 12.5), ("12,5", 12.5), ("1,234.50", 1234.5), ("1 234", 1234)]
)
def test_one_number_written_otherwise_is_read(tmp_path: Path, cell: str, value: float) -> None:
    source = open_ranking(table(tmp_path, cell))
    assert source.features["age"][0] == value
    assert source.notes == ()


def test_a_column_of_many_odd_cells_is_pointed_out(tmp_path: Path) -> None:
    source = open_ranking(table(tmp_path, *(f"{n}a" for n in range(60))))
    assert source.schema.features[0].kind == "category"
    [note] = source.notes
    assert "60 of 400 cells are not a number, the first '0a'" in note
    assert "row 2" in note


def test_a_category_of_different_values_is_pointed_out(tmp_path: Path) -> None:
    names = [f"name{n}" for n in range(195)]
    rows = "".join(f"{n % 2},{names[n % 195]}\n" for n in range(200))
    source = open_ranking(write(tmp_path / "a.csv", "click,who\n" + rows))
    [note] = source.notes
    assert "who: read as a category, though 195 of its 200 values are different" in note
    # The remedy works as it stands.
    with pytest.raises(UserError, match="No column is left"):
        open_ranking(source.name, columns=RankingColumns(ignore=["who"]))


def test_the_decimal_sign_of_training_holds_for_other_data(tmp_path: Path) -> None:
    source = open_ranking(table(tmp_path, "12,5", "3,75"))
    assert source.schema.features[0] == Feature("age", "number", decimal=",")
    read = schema_from(json.loads(source.schema.as_json()), where="card")
    assert read == source.schema
    (tmp_path / "other").mkdir()
    other = open_ranking(table(tmp_path / "other", "1,234"), schema=read)
    assert other.features["age"][0] == pytest.approx(1.234)


def test_an_unknown_decimal_sign_is_refused() -> None:
    content = {"features": [{"name": "age", "kind": "number", "decimal": ";"}]}
    with pytest.raises(UserError, match="no feature"):
        schema_from(content, where="card")


def test_a_number_of_the_schema_with_many_odd_cells_is_refused_with_a_row(tmp_path: Path) -> None:
    source = table(tmp_path, *["1"] * 5, *["x"] * 100)
    with pytest.raises(UserError, match=r"'x' is no number \(100 such cells\)") as raised:
        open_ranking(source, schema=Schema((Feature("age", "number"),), {}))
    assert raised.value.where.endswith("table.tsv, row 7")


ITEMS = ["price", "stock", "year", "rank", "zip"]


def items_of(tmp_path: Path, *odd: tuple[int, str, str]) -> pl.DataFrame:
    rows = [[f"{9.5 + n}", f"{n}", f"{1990 + n}", f"{n}", f"0{n % 10}139"] for n in range(25)]
    for row, column, cell in odd:
        rows[row][ITEMS.index(column)] = cell
    lines = ["\t".join([f"i{n}", *row]) for n, row in enumerate(rows)]
    file = write(tmp_path / "items.tsv", "\n".join(["\t".join(["item_id", *ITEMS]), *lines]) + "\n")
    found = open_source(write(tmp_path / "log.csv", grid(3, 25)), items=file)
    assert found.items is not None
    return found.items


def test_markers_in_a_table_of_items_are_as_empty_cells(tmp_path: Path) -> None:
    empty = items_of(tmp_path, (3, "price", ""), (4, "stock", ""), (5, "year", ""), (6, "rank", ""))
    marked = items_of(
        *(tmp_path, (3, "price", "NA"), (4, "stock", "?"), (5, "year", "n/a"), (6, "rank", "\\N"))
    )
    assert marked.schema == empty.schema
    assert marked.equals(empty)
    assert [empty[name].dtype for name in ITEMS] == [pl.Float64, *[pl.Int64] * 3, pl.String]


@pytest.mark.parametrize(
    ("cell", "value"), [("$1,234", 1234), ("unknown", None), ("x", None), ("inf", None)]
)
def test_one_odd_price_of_an_item_is_no_text(tmp_path: Path, cell: str, value: float) -> None:
    items = items_of(tmp_path, (3, "price", cell))
    assert items["price"].dtype == pl.Float64
    assert items["price"][3] == value


def test_what_is_not_finite_in_a_table_is_missing_and_said(tmp_path: Path) -> None:
    file = tmp_path / "items.parquet"
    values = [float("inf"), float("nan"), 1.5]
    pl.DataFrame({"item_id": ["i0", "i1", "i2"], "price": values}).write_parquet(file)
    source = open_source(write(tmp_path / "log.csv", grid(3, 3)), items=str(file))
    assert source.items is not None
    assert source.items["price"].to_list() == [None, None, 1.5]
    assert any("price: 1 numbers are not finite" in note for note in source.notes)


@pytest.mark.parametrize("cell", ["inf", "nan", "NULL", "", "many"])
def test_weights_that_are_none_are_dropped_with_their_rows(tmp_path: Path, cell: str) -> None:
    rows = [f"u{n % 7},i{n % 11},{cell if n == 5 else n % 5 + 1}\n" for n in range(150)]
    source = open_source(write(tmp_path / "log.csv", "user_id,item_id,rating\n" + "".join(rows)))
    assert ("rows without weight", 1) in [(step.name, step.rows) for step in source.cleaning]
    said = [note for note in source.notes if note.startswith("rating:")]
    assert len(said) == (cell in ("inf", "many"))
    assert all("row 7" in note for note in said)


def test_weights_have_decimal_commas(tmp_path: Path) -> None:
    rows = "user_id\titem_id\trating\na\tx\t4,5\nb\ty\t3,0\n"
    source = open_source(write(tmp_path / "log.tsv", rows))
    assert source.interactions["weight"].to_list() == [4.5, 3.0]


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
