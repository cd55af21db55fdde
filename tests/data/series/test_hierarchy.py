import numpy as np
import polars as pl
import pytest

import kit
from kit.data.series import Hierarchy

NAN = np.nan
THREE = Hierarchy(
    ("total", "region", "store"),
    (("total",), ("n", "s"), ("a", "b", "c")),
    np.array([[0] * 4, [0, 0, 1, 1], [0, 0, 1, 2]]),
)


def test_groups_are_the_sums_of_their_series():
    values = np.array([[[1.0, 10]], [[2, 20]], [[4, 40]], [[8, 80]]])
    found = THREE.sums(values)
    assert found.shape == (6, 1, 2)
    assert found[:, 0, 0].tolist() == [15, 3, 12, 3, 4, 8]
    assert THREE.level_names == ["total", "region", "region", "store", "store", "store"]
    assert THREE.places.tolist() == [[0] * 4, [1, 1, 2, 2], [3, 3, 4, 5]]


def test_a_series_counts_as_0_until_it_begins_and_a_gap_is_one_of_its_groups():
    history = np.array([[NAN, 1, 1, 1], [NAN, NAN, 2, 2], [NAN, 4, NAN, 4], [NAN, NAN, NAN, 8.0]])
    found = THREE.totals(history)
    np.testing.assert_array_equal(found[0], [NAN, 5, NAN, 15])
    np.testing.assert_array_equal(found[1], [NAN, 1, 3, 3])
    np.testing.assert_array_equal(found[2], [NAN, 4, NAN, 12])
    np.testing.assert_array_equal(found[5], [NAN, NAN, NAN, 8])


def test_groups_without_a_series_that_is_left_are_dropped():
    found = THREE.only(np.array([True, True, False, True]))
    assert found.groups == (("total",), ("n", "s"), ("a", "c"))
    assert found.codes.tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 1]]


@pytest.mark.parametrize("hierarchy", [("range", "brand"), "range,brand"])
def test_columns_of_a_table_are_its_levels(hierarchy):
    days = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 4, 9), eager=True).dt.date()
    rows = [
        {"date": day, "sku": sku, "y": n % 7, "range": place, "brand": brand, "static": brand}
        for sku, place, brand in (("a", 1, "x"), ("b", 1, "x"), ("c", 2, "y"), ("d", 2, "z"))
        for n, day in enumerate(days)
    ]
    data = kit.open(
        pl.DataFrame(rows), kind="series", hierarchy=hierarchy, static="brand", horizon=7
    )
    assert data.hierarchy.levels == ("total", "range", "brand")
    assert data.hierarchy.groups == (("total",), ("1", "2"), ("x", "y", "z"))
    assert data.hierarchy.codes[2].tolist() == [0, 0, 1, 2]
    assert "hierarchy: total (1), range (2), brand (3)" in data.notes
    assert [one.name for one in data.static] == ["brand"]
