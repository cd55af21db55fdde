import numpy as np
import pytest
import tensorflow as tf

from kit.optimizers import LazyAdagrad, LazyAdam, LazyAdamW, compiled_by_xla, total_of_each_place
from tests.optimizers.graphs import operations
from tests.optimizers.lookups import batches, new_table, sparse_gradient

CASES = {
    "Adam": lambda: LazyAdam(0.05),
    "AMSGrad": lambda: LazyAdam(0.05, amsgrad=True),
    "AdamW": lambda: LazyAdamW(0.05, weight_decay=0.1),
    "Adagrad": lambda: LazyAdagrad(0.05),
    "Adagrad by row": lambda: LazyAdagrad(0.05, row_wise=True),
    "clipnorm": lambda: LazyAdam(0.05, clipnorm=0.5),
    "clipvalue": lambda: LazyAdam(0.05, clipvalue=0.5),
    "global_clipnorm": lambda: LazyAdamW(0.05, weight_decay=0.1, global_clipnorm=0.5),
}
every_case = pytest.mark.parametrize("make", CASES.values(), ids=CASES.keys())


def stepping(make, *, xla):
    table, optimizer = new_table(), make()
    optimizer.build([table])

    def step(ids, targets):
        optimizer.apply([sparse_gradient(table, ids, targets)], [table])

    return table, optimizer, tf.function(step, jit_compile=xla)


@every_case
def test_both_ways_of_summing_give_the_same_rows_and_slots(make):
    results = []
    for xla in (False, True):
        table, optimizer, step = stepping(make, xla=xla)
        for batch in batches(3, rows=9):
            step(*batch)
        results.append([v.numpy() for v in (table, *optimizer.variables)])
    for plain, compiled in zip(*results, strict=True):
        np.testing.assert_allclose(compiled, plain, rtol=1e-6, atol=2e-6)


@every_case
def test_a_step_for_xla_has_shapes_known_beforehand(make):
    plain, compiled = (
        list(operations(stepping(make, xla=xla)[2].get_concrete_function(*batches(3)[0]).graph))
        for xla in (False, True)
    )
    assert "Unique" in {name for name, _, _ in plain}
    assert not {"Unique", "Where"} & {name for name, _, _ in compiled}
    assert not [shapes for _, shapes, _ in compiled if any(-1 in shape for shape in shapes)]


def test_the_totals_are_the_same_gradient_when_each_counts_once():
    ids = tf.constant([4, 1, 4, 4, 0, 1])
    values = tf.reshape(tf.range(24.0), [6, 2, 2])
    gradient = tf.IndexedSlices(values, ids, tf.constant([6, 2, 2]))
    once = total_of_each_place(gradient, once=True)
    np.testing.assert_array_equal(tf.convert_to_tensor(once), tf.convert_to_tensor(gradient))
    everywhere = total_of_each_place(gradient)
    for row, total in zip(everywhere.indices.numpy(), everywhere.values.numpy(), strict=True):
        np.testing.assert_array_equal(total, tf.convert_to_tensor(gradient)[row])


def test_it_is_seen_inside_of_branches():
    @tf.function(jit_compile=True)
    def branch(yes):
        return tf.cond(yes, compiled_by_xla, lambda: False)

    assert bool(branch(tf.constant(True)))
