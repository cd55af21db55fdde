from pathlib import Path

import numpy as np
import pytest

from kit.data import PartProfile, Size, k_core, open_source, profile, split
from tests.data.files import delimited, grid, write


def test_the_numbers_of_a_source_counted_by_hand(tmp_path: Path) -> None:
    text = delimited(
        "user_id item_id timestamp rating",
        *("a x 100 1", "a x 200 2", "a y 300 3", "b x 400 4", " z 500 5", "b x 400 4"),
    )
    found = profile(open_source(write(tmp_path / "a.csv", text)))
    assert found.rows_read == 6
    assert found.size == Size(rows=4, users=2, items=2)
    assert found.density == 3 / 4
    assert found.time == (100, 400)
    assert found.weight == (1.0, 2.5, 4.0)
    assert found.repeated_pairs == 1
    assert found.top_1_percent == found.top_10_percent == 3 / 4
    assert (found.items_below_core, found.users_below_core) == (2, 2)
    assert found.rows_per_user == (1.0, 1.5, 2.0, 2.5, pytest.approx(2.8), 3.0)
    assert found.core == Size(0, 0, 0)
    assert found.parts == ()


def test_the_parts_of_a_split(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", delimited("user item", "a x", "b y", "a x"))
    write(tmp_path / "valid.csv", delimited("user item", "a y"))
    write(tmp_path / "test.csv", delimited("user item", "c z", "a z", "b x"))
    source = open_source(str(tmp_path))
    found = profile(source, split(source))
    assert found.duplicate_rows == 1
    assert found.parts == (
        PartProfile("train", Size(3, 2, 2), 0, 0, 3),
        PartProfile("valid", Size(1, 1, 1), 0, 0, 1),
        PartProfile("test", Size(3, 3, 2), 1, 2, 1),
    )


def test_the_core_is_what_repeated_filtering_leaves() -> None:
    rng = np.random.default_rng(0)
    user, item = rng.integers(0, 60, 300), rng.zipf(1.5, 300) % 80
    rows = list(zip(user.tolist(), item.tolist(), strict=True))
    while True:
        kept = [
            (u, i)
            for u, i in rows
            if sum(u == v for v, _ in rows) >= 5 and sum(i == j for _, j in rows) >= 5
        ]
        if len(kept) == len(rows):
            break
        rows = kept
    assert 0 < len(rows) < 300
    expected = Size(len(rows), len({u for u, _ in rows}), len({i for _, i in rows}))
    assert k_core(user, item, 5) == expected


def test_every_line_has_a_section_a_label_and_a_value(tmp_path: Path) -> None:
    source = open_source(write(tmp_path / "a.csv", grid(6, 6)))
    lines = profile(source, split(source)).rows()
    assert ("Source", "rows read", "36") in lines
    assert ("Source", "density", "100 %") in lines
    assert ("Source", "time", "2020-09-13 12:26 to 2020-09-13 12:27") in lines
    assert ("5-core", "would leave", "36 rows, 6 users, 6 items") in lines
    assert ("Split", "test, user not in train", "4 (100.0%)") in lines
    assert len({(section, label) for section, label, _ in lines}) == len(lines)


def test_what_cleaning_dropped_is_told() -> None:
    lines = profile(open_source("online-retail")).rows()
    assert ("Cleaning", "cancellations", "9,288 (1.7%) dropped") in lines
    assert not [line for line in lines if line[0] == "Split"]
