import pytest

from kit.data import Columns, find_columns, named_column
from kit.data._columns import LABEL
from kit.errors import UserError


def find(header: str, **named: str) -> dict[str, str]:
    return find_columns(header.split(), Columns(**named), where="a.csv")


@pytest.mark.parametrize(
    "header",
    [
        "user_id item_id timestamp rating",
        "userId movieId timestamp rating",
        "CustomerID StockCode InvoiceDate Quantity",
        "visitorid article-id event_time count",
        "reviewerID asin unixReviewTime overall",
        "USER ITEM TIME WEIGHT",
        "user_id:token item_id:token timestamp:float rating:float",
        "session_id sku created_at score",
        "uid iid date cnt",
    ],
)
def test_common_names_are_found(header: str) -> None:
    assert list(find(header).values()) == header.split()


def test_names_are_compared_without_blanks() -> None:
    found = find_columns(["Customer ID", "Stock Code"], Columns(), where="a.csv")
    assert found == {"user": "Customer ID", "item": "Stock Code"}


def test_the_more_telling_name_wins() -> None:
    assert find("session_id user_id item item_id date timestamp") == {
        "user": "user_id",
        "item": "item_id",
        "time": "timestamp",
    }


def test_named_columns_go_before_common_names() -> None:
    found = find("user_id buyer item_id rating", user="buyer", weight="")
    assert found == {"user": "buyer", "item": "item_id"}


def test_a_named_column_needs_no_type_suffix() -> None:
    assert find("who:token item_id:token", user="who")["user"] == "who:token"


def test_a_column_named_for_one_role_is_not_found_for_another() -> None:
    assert find("user_id item_id rating time", weight="time") == {
        "user": "user_id",
        "item": "item_id",
        "weight": "time",
    }


def test_two_equal_matches_are_ambiguous() -> None:
    with pytest.raises(UserError, match=r"user_id, customer_id(.|\n)*--user-column user_id"):
        find("user_id customer_id item_id")


def test_a_missing_column_lists_those_found() -> None:
    with pytest.raises(
        UserError, match=r"the item(.|\n)*a\.csv(.|\n)*user_id, thing(.|\n)*--item-c"
    ):
        find("user_id thing")


def test_a_header_of_semicolons_is_pointed_out() -> None:
    with pytest.raises(UserError, match="semicolons"):
        find("user_id;item_id")


def test_a_named_column_that_does_not_exist_gets_a_close_match() -> None:
    with pytest.raises(UserError, match=r"'custmer'(.|\n)*--user-column customer"):
        find("customer item_id", user="custmer")


def test_one_column_cannot_have_two_roles() -> None:
    with pytest.raises(UserError, match="as user and as item"):
        find("a b", user="a", item="a")


def test_the_most_telling_name_wins():
    columns = ["target", "Class Name", "x"]
    assert named_column(None, LABEL, columns, "label", "songs", "here") == "Class Name"
    assert named_column("x", LABEL, columns, "label", "songs", "here") == "x"
    with pytest.raises(UserError, match="as the label of the songs"):
        named_column(None, LABEL, ["a"], "label", "songs", "here")
