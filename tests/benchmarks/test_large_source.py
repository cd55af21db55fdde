import polars as pl

from benchmarks import large_source
from kit.data import open_source


def test_shards_are_one_log(tmp_path, monkeypatch):
    monkeypatch.setattr(large_source, "ROWS_OF_SHARD", 1_000)
    large_source.write_shards(tmp_path, rows=2_500, users=50, items=1_000)
    rows = [len(pl.read_parquet(file)) for file in sorted(tmp_path.iterdir())]
    assert rows == [1_000, 1_000, 500]
    source = open_source(str(tmp_path))
    assert source.interactions["time"].diff().drop_nulls().to_list() == [10] * 2_499
    assert source.interactions["user_id"].cast(pl.String).str.starts_with("user-").all()
