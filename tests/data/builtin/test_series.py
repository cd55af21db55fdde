import polars as pl
import pytest

from kit.data.series import open_series
from scripts.builtin import bike_sharing, online_retail_demand
from tests.data.files import SHARED

MADE = [
    (bike_sharing, SHARED / "bike-sharing" / "hour.csv.gz"),
    (online_retail_demand, SHARED / "online-retail" / "online_retail.csv.gz"),
]


@pytest.mark.parametrize(("script", "raw"), MADE, ids=["bike-sharing", "online-retail-demand"])
def test_the_shipped_file_follows_from_the_raw_data(script, raw):
    if not raw.exists():
        pytest.skip("the data set is not shipped; it is read from ../shared")
    assert script.OUTPUT.stat().st_size < 400_000
    types = {} if script is bike_sharing else {"infer_schema": False}
    shipped = pl.read_parquet(script.OUTPUT)
    made = script.clean(pl.read_csv(raw, **types))
    assert made.equals(shipped.cast({pl.Categorical: pl.String}))


def test_they_are_opened_with_their_licence():
    for name, series in (("bike-sharing", 1), ("online-retail-demand", 2043)):
        source = open_series(name)
        assert len(source.series) == series
        assert "CC BY 4.0" in source.licence
        assert source.outcome == "count"
        assert not any("no row" in note for note in source.notes)
