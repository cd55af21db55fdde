import pytest

from kit.data.table import Feature, RankingColumns, Schema, open_ranking
from kit.errors import UserError
from tests.data.files import delimited, write


@pytest.fixture
def clicks(tmp_path):
    """Two users, three items, one row without a label and one without a time."""
    return write(
        tmp_path / "clicks.csv",
        delimited(
            "user_id item_id timestamp price click",
            "u1 a 100 1.5 1",
            "u1 b 300 inf 0",
            "u2 a 200 2.5 0",
            "u2 c 400 3.5 ",
            "u2 b  4.5 1",
        ),
    )


def test_a_table_is_cleaned_and_says_how(clicks):
    source = open_ranking(clicks)
    assert source.features.columns == ["user_id", "item_id", "price"]
    assert source.features["user_id"].to_list() == ["u1", "u1", "u2"]
    assert source.labels["click"].to_list() == [1, 0, 0]
    assert source.roles == {
        "user": "user_id",
        "item": "item_id",
        "time": "timestamp",
        "group": "user_id",
    }
    assert source.values["time"].to_list() == [100, 300, 200]
    assert [(step.name, step.rows) for step in source.cleaning] == [
        ("infinite numbers of price, now missing", 1),
        ("rows without label", 1),
        ("rows without time", 1),
    ]
    assert source.rows_read == 5


def test_roles_can_be_named_and_left_out(clicks):
    columns = RankingColumns(labels=["click"], time="", group="item_id", ignore=["price"])
    source = open_ranking(clicks, columns=columns)
    assert source.roles == {"user": "user_id", "item": "item_id", "group": "item_id"}
    # The time is then a feature like any other.
    assert source.features.columns == ["user_id", "item_id", "timestamp"]


def test_the_limit_keeps_the_latest_rows(clicks):
    assert open_ranking(clicks, limit=2).values["time"].to_list() == [300, 200]
    no_time = RankingColumns(time="")
    assert len(open_ranking(clicks, columns=no_time, limit=2).features) == 2


def test_features_of_items_and_users_are_joined(clicks, tmp_path):
    items = write(tmp_path / "items.csv", delimited("item_id colour price", "a red 9", "b blue 8"))
    users = write(tmp_path / "users.csv", delimited("user_id age", "u1 30", "u2 40"))
    source = open_ranking(clicks, items=items, users=users)
    assert source.features["colour"].to_list() == ["red", "blue", "red"]
    assert source.features["price_of_item"].to_list() == ["9", "8", "9"]
    assert source.of_items == ("colour", "price_of_item")
    with pytest.raises(UserError, match=r"no item column to join items\.csv by"):
        open_ranking(clicks, columns=RankingColumns(item=""), items=items)


def test_a_log_has_no_label_and_needs_users_and_items(clicks, tmp_path):
    source = open_ranking(clicks, is_log=True, columns=RankingColumns(ignore=["click"]))
    assert source.labels["taken"].to_list() == [1] * 4
    twice = write(tmp_path / "log.csv", delimited("user item when", "u a 1", "u a 1", "v b 2"))
    log = open_ranking(twice, is_log=True)
    assert [(step.name, step.rows) for step in log.cleaning] == [("exact duplicate rows", 1)]
    with pytest.raises(UserError, match="recognised as the item") as raised:
        open_ranking(write(tmp_path / "b.csv", delimited("user what", "u a")), is_log=True)
    assert "--item-column" in raised.value.remedy


def test_a_schema_rules_over_names_and_values(clicks, tmp_path):
    item, history = Feature("item_id", "id"), Feature("history", "list", "item_id")
    schema = Schema((Feature("price", "category"), item, history), {})
    source = open_ranking(clicks, schema=schema)
    assert source.features["price"].to_list() == ["1.5", "inf", "2.5"]
    write(tmp_path / "schema.json", schema.as_json())
    assert open_ranking(clicks, schema=tmp_path / "schema.json").schema == source.schema


def test_mistakes(clicks, tmp_path):
    with pytest.raises(UserError, match="'bought' is no label"):
        open_ranking(clicks, columns=RankingColumns(positive={"bought": "1"}))
    with pytest.raises(UserError, match="There is no column 'prize'") as raised:
        open_ranking(clicks, columns=RankingColumns(ignore=["prize"]))
    assert raised.value.remedy == "Did you mean --ignore price?"
    alone = write(tmp_path / "alone.csv", delimited("one click", "x 1", "x 0"))
    with pytest.raises(UserError, match="No column is left to predict from") as raised:
        open_ranking(alone)
    assert "one: one value in all rows" in raised.value.expected
    wrong = write(tmp_path / "w.csv", delimited("price click", "1 1", "2.5x 0"))
    with pytest.raises(UserError, match=r"'2\.5x' is no number") as raised:
        open_ranking(wrong, schema=Schema((Feature("price", "number"),), {}))
    assert raised.value.where.endswith("w.csv, row 3")
