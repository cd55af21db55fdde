import polars as pl
import pytest

from kit.data import FeatureEncoder, read_new_items
from kit.errors import UserError

KNOWN = pl.DataFrame({"item_id": ["a", "b"], "title": ["red cup", "red mug"], "price": [1.0, 3.0]})


@pytest.fixture
def encoder():
    return FeatureEncoder.fit(KNOWN, key="item_id")


def test_columns_the_file_lacks_are_null(tmp_path, encoder):
    file = tmp_path / "new.csv"
    file.write_text("sku,title,extra\nx,Red pot,1\ny,,2\n")
    table, dropped, _ = read_new_items(file, encoder, item_column="sku")
    assert table["item_id"].to_list() == ["x", "y"]
    assert table["price"].null_count() == 2
    assert dropped == []
    encoded = encoder.encode(table)
    assert (encoded.tokens > 0).sum(axis=1).tolist() == [1, 0]
    assert encoded.numbers.tolist() == [[0.0], [0.0]]


def test_rows_without_an_id_are_counted(tmp_path, encoder):
    file = tmp_path / "new.csv"
    file.write_text("item_id,title\nx,Red pot\n,Red pan\n")
    table, dropped, _ = read_new_items(file, encoder)
    assert (len(table), [step.rows for step in dropped]) == (1, [1])


def test_a_file_without_a_known_feature_is_refused(tmp_path, encoder):
    file = tmp_path / "new.csv"
    file.write_text("item_id,colour\nx,red\n")
    with pytest.raises(UserError, match=r"none of the features(.|\n)*title, price"):
        read_new_items(file, encoder)


def test_new_items_are_read_as_the_model_knows_their_columns(tmp_path, encoder):
    file = tmp_path / "new.csv"
    file.write_text("item_id,title,price\n x\u00a0,1984,$2\ny,007,NA\n")
    table, _, notes = read_new_items(file, encoder)
    assert table.rows() == [("x", "1984", 2.0), ("y", "007", None)]
    assert notes == []


def test_a_new_item_without_a_number_is_refused_with_its_row(tmp_path, encoder):
    file = tmp_path / "new.csv"
    file.write_text("item_id,title,price\nx,a,1\ny,b,cheap\n")
    with pytest.raises(UserError, match=r"price is a number to the model, and 'cheap'") as raised:
        read_new_items(file, encoder)
    assert raised.value.where.endswith("new.csv, row 3")
