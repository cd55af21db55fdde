import numpy as np
import polars as pl
import pytest

from benchmarks.cold_items import (
    FEWEST_PEOPLE,
    results_table,
    source_name,
    withheld_items,
    write_parts,
)
from kit.data import open_source, split


@pytest.fixture
def dataset(tmp_path):
    random = np.random.default_rng(0)
    rows = [
        f"u{user},i{item},{place}"
        for user in range(40)
        for place, item in enumerate(random.choice(30, 12, replace=False))
    ]
    (tmp_path / "log.csv").write_text("\n".join(["user_id,item_id,time", *rows]))
    # Some say nothing of themselves.
    items = [f"i{item},{'' if item % 5 == 0 else f'thing no {item}'}" for item in range(30)]
    (tmp_path / "items.csv").write_text("\n".join(["item_id,about", *items]))
    return split(open_source(str(tmp_path / "log.csv"), items=str(tmp_path / "items.csv")))


def test_a_tenth_is_withheld_of_what_has_a_text_and_people(dataset):
    withheld = withheld_items(dataset, "about", seed=0)
    assert len(withheld) == 3
    assert len(set(withheld.tolist())) == 3
    ids = [str(dataset.item_ids[code]) for code in withheld]
    assert all(int(item[1:]) % 5 for item in ids)
    assert (dataset.user_counts[withheld] >= FEWEST_PEOPLE).all()
    assert withheld_items(dataset, "about", seed=1).tolist() != withheld.tolist()


def test_training_sees_nothing_of_what_is_withheld(dataset, tmp_path):
    withheld = withheld_items(dataset, "about", seed=0)
    taken = write_parts(dataset, withheld, tmp_path)
    held = {str(dataset.item_ids[code]) for code in withheld}
    log = pl.read_csv(tmp_path / "log.csv")
    known, new = (pl.read_csv(tmp_path / f"{name}.csv") for name in ("items", "new"))
    assert not held & set(log["item_id"])
    assert not held & set(known["item_id"])
    assert set(new["item_id"]) == held
    # Who took them is all that is missing of the log.
    assert len(log) + sum(map(len, taken)) == 40 * 12
    assert {code for some in taken for code in some} == set(withheld.tolist())


def test_the_table_shows_ways_that_were_measured():
    run = {"model": 0.3, "popular": 0.2, "random": 0.05, "people": 9}
    kept = {"shop, two-tower": {"withheld": 1234, "ways": {"words": [run, {**run, "model": 0.4}]}}}
    row = results_table(kept).splitlines()[2]
    assert row.startswith("| shop | two-tower | 1,234 | 0.3500 (0.0707) |  |")
    assert row.endswith("| 0.2000 (0.0000) | 0.0500 |")


def test_a_file_is_named_by_its_folder():
    assert source_name("data/films/log.inter") == "films"
    assert source_name("online-retail") == "online-retail"
