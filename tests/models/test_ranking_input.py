import numpy as np
import pytest
import tensorflow as tf

from kit.models import RankingFields, RankingInput, first_rows
from tests.layers.harness import check_layer


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


INPUTS = [
    RankingInput("price", "number"),
    RankingInput("item", "code", 6, table="items"),
    RankingInput("history", "codes", 6, table="items"),
    RankingInput("city", "code", 3),
]
BATCH = {
    "price": np.array([3.0, np.nan, -1.0, 0.3, 1.2], np.float32),
    "item": np.array([1, 5, 3, 4, 2], np.int32),
    "history": np.array([[1, 2, 0], [0, 0, 0], [5, 0, 0], [3, 3, 4], [1, 5, 0]], np.int32),
    "city": np.array([0, 1, 2, 0, 1], np.int32),
}


def make(**options):
    return RankingFields(INPUTS, 4, bins=4, attend=["history", "item"], **options)


def test_layer_contract():
    check_layer(make, BATCH)


def test_codes_then_lists_then_numbers_from_one_table():
    fields = RankingFields(INPUTS, 4, bins=4)
    vectors = fields(BATCH).numpy()
    table = fields.table.embeddings.numpy()
    assert table.shape == (9, 4)
    np.testing.assert_array_equal(vectors[:, 0], table[BATCH["item"]])
    np.testing.assert_array_equal(vectors[:, 1], table[6 + BATCH["city"]])
    np.testing.assert_allclose(vectors[0, 2], table[[1, 2]].mean(axis=0), atol=1e-6)
    assert not vectors[1, 2].any()
    np.testing.assert_allclose(vectors[:, 3], fields.numbers(BATCH["price"][:, None])[:, 0])


def test_one_lookup_serves_all_codes():
    fields = make()
    fields(BATCH)
    graph = tf.function(lambda: fields({k: tf.constant(v) for k, v in BATCH.items()}))
    kinds = [op.type for op in graph.get_concrete_function().graph.get_operations()]
    assert kinds.count("ResourceGather") == 1


def test_the_attended_history_depends_on_the_target():
    fields = make()
    other = {**BATCH, "item": np.array([2, 5, 3, 4, 1], np.int32)}
    before, after = fields(BATCH).numpy()[:, 2], fields(other).numpy()[:, 2]
    changed = np.abs(before - after).max(axis=1) > 0
    # The second row's history is empty.
    assert changed.tolist() == [True, False, False, False, True]


def test_shrinkage_counts_each_row_of_the_batch_once():
    fields = RankingFields(INPUTS[1:2], 4, shrinkage=0.5)
    fields({"item": np.array([1, 4, 4, 4])})
    rows = fields.table.embeddings.numpy()[[1, 4]]
    np.testing.assert_allclose(fields.losses, [0.5 * (rows**2).sum()], rtol=1e-5)


def test_codes_or_numbers_alone_will_do():
    assert RankingFields(INPUTS[:1], 4)(BATCH).shape == (5, 1, 4)
    assert RankingFields(INPUTS[3:], 4)(BATCH).shape == (5, 1, 4)
