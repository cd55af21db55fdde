import pytest

from kit.models import RankingInput
from kit.models._ranking_input import first_rows


def test_tables_lie_one_behind_the_other_and_a_shared_one_lies_once():
    inputs = [
        RankingInput("item", "code", 10, table="items"),
        RankingInput("price", "number"),
        RankingInput("history", "codes", 10, table="items"),
        RankingInput("city", "code", 3),
    ]
    assert first_rows(inputs) == ({"items": 0, "city": 10}, 13)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("a", "text"), "a: kind must be code, codes or number"),
        (("a", "code"), "a: size must be 1 or more"),
        (("a", "number", 3), "a: a number has no size"),
        (("a", "number", 0, "b"), "a: a number has no size and no table"),
    ],
)
def test_says_what_is_wrong_with_an_input(options, message):
    with pytest.raises(ValueError, match=message):
        RankingInput(*options)


def test_says_which_inputs_do_not_fit_together():
    with pytest.raises(ValueError, match="name of its own"):
        first_rows([RankingInput("a", "number"), RankingInput("a", "number")])
    with pytest.raises(ValueError, match="'items' has 3 rows for one input and 4 for 'b'"):
        first_rows([RankingInput("a", "code", 3, "items"), RankingInput("b", "codes", 4, "items")])
