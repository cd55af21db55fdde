import polars as pl
import pytest

from benchmarks import sequential_training


def test_both_are_given_the_same_events(shop, tmp_path):
    dataset = sequential_training.opened(str(shop[0]))
    sequential_training.write_inter(dataset, tmp_path / "events")
    table = pl.read_csv(tmp_path / "events" / "events.inter", separator="\t")
    assert len(table) == len(dataset.train) + len(dataset.valid) + len(dataset.test)
    assert table.columns == ["user_id:token", "item_id:token", "timestamp:float"]


def test_ratios_are_taken_round_by_round():
    rates = {"float32 plain": [200.0, 300.0], "RecBole": [10.0, 10.0]}
    lines = sequential_training.summary(rates).splitlines()
    assert lines[0] == "float32 plain: 250 targets/s (200 to 300)"
    assert lines[-1] == "float32 plain / RecBole: 25.0 (20.0 to 30.0)"


@pytest.mark.slow
def test_it_counts_targets(shop):
    dataset = sequential_training.opened(str(shop[0]))
    assert sequential_training.rate(dataset, 3, "float32", False) > 0
