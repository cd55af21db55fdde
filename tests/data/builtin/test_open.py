import polars as pl

from kit.data import open_source, title_column


def test_online_retail_opens_with_what_was_dropped() -> None:
    source = open_source("online-retail")
    assert source.rows_read == 541_909
    assert source.rows_read - sum(step.rows for step in source.cleaning) == len(source.interactions)
    assert [step.name for step in source.cleaning] == [
        "cancellations",
        "rows without customer",
        "rows of no quantity",
        "codes that are not products",
        "exact duplicate rows",
    ]
    assert source.interactions.columns == ["user_id", "item_id", "time", "weight"]
    assert "CC BY 4.0" in source.licence


def test_online_retail_has_a_title_and_a_price_for_every_item() -> None:
    source = open_source("online-retail")
    assert source.items is not None
    assert source.items.schema == {"item_id": pl.String, "title": pl.String, "price": pl.Float64}
    assert set(source.items["item_id"]) == set(source.interactions["item_id"])
    assert source.items["item_id"].is_unique().all()
    assert source.items.null_count().row(0) == (0, 0, 0)
    assert title_column(source.items) == "title"
    hanger = source.items.filter(item_id="85123A")["title"].item()
    assert hanger == "WHITE HANGING HEART T-LIGHT HOLDER"
