import keras
import numpy as np
import pytest

from kit.optimizers import LazyAdagrad
from tests.optimizers import definition
from tests.optimizers.lookups import DIM, ROWS, batches, new_table, train, train_dense


@pytest.mark.parametrize("ids_a_row", [2, 5], ids=["by rows", "whole"])
@pytest.mark.parametrize("rows_asked_for", [ROWS, ROWS // 2])
@pytest.mark.parametrize("row_wise", [False, True])
def test_equals_the_definition(row_wise, rows_asked_for, ids_a_row):
    data = batches(ids_a_row, rows=rows_asked_for)
    defined = train_dense(definition.Adagrad(0.1, row_wise=row_wise), data)
    trained = train(LazyAdagrad(0.1, row_wise=row_wise), data)
    np.testing.assert_allclose(trained, defined, rtol=0, atol=1e-6)


def test_equals_stock_keras_on_dense_gradients():
    data = batches()
    dense = train_dense(keras.optimizers.Adagrad(0.1), data)
    np.testing.assert_array_equal(train_dense(LazyAdagrad(0.1), data), dense)


def test_row_wise_keeps_one_accumulator_per_row_of_a_table_and_per_entry_of_a_kernel():
    optimizer = LazyAdagrad(row_wise=True)
    optimizer.build([new_table(), keras.Variable(np.zeros((3, 2)), name="kernel")])
    accumulators = [v.shape.as_list() for v in optimizer.variables if "accumulator" in v.name]
    assert accumulators == [[ROWS, 1], [3, 2]]


def test_row_wise_knows_the_shards_of_a_table():
    optimizer = LazyAdagrad(row_wise=True)
    names = ["embeddings", "embeddings_1", "embeddings_12", "embeddings_mean"]
    optimizer.build([keras.Variable(np.zeros((3, 2)), name=name) for name in names])
    widths = [v.shape[1] for v in optimizer.variables if "accumulator" in v.name]
    assert widths == [1, 1, 1, 2]


def test_row_wise_equals_the_definition_on_dense_gradients():
    assert new_table().shape == (ROWS, DIM)
    data = batches()
    defined = train_dense(definition.Adagrad(0.1, row_wise=True), data)
    trained = train_dense(LazyAdagrad(0.1, row_wise=True), data)
    np.testing.assert_allclose(trained, defined, rtol=0, atol=1e-6)
