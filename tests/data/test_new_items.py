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
