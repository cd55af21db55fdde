"""What is said of data before a model is trained on them."""

from pathlib import Path

import pytest

from kit.data import Dataset, data_warnings, note_lines, open_prepared, open_source, prepare, split
from tests.data.files import delimited, write

HEADER = "user_id item_id timestamp"


def rows(users: int, items: int, *, each: int = 4, first: int = 0, start: int = 0) -> list[str]:
    """Every user takes some items of his own, one after the other."""
    return [
        f"u{user} i{(user * 7 + k * k) % items} {1_600_000_000 + start + k * 1_000 + user}"
        for user in range(first, first + users)
        for k in range(each)
    ]


def of_file(folder: Path, lines: list[str], method: str | None = None) -> Dataset:
    return split(open_source(write(folder / "a.csv", delimited(HEADER, *lines))), method)


def of_parts(folder: Path, **parts: list[str]) -> Dataset:
    for name, lines in parts.items():
        write(folder / "parts" / f"{name}.csv", delimited(HEADER, *lines))
    return split(open_source(str(folder / "parts")))


def test_ordinary_data_need_no_warning(tmp_path: Path) -> None:
    assert data_warnings(of_file(tmp_path, rows(300, 97), "leave-one-out")) == []


def test_a_chosen_time_split_that_cannot_measure_is_told_with_the_remedy(tmp_path: Path) -> None:
    # Users come one after the other, so that those of the end are new.
    lines = [
        f"u{n} i{k * n % 50} {1_600_000_000 + n * 100 + k}" for n in range(300) for k in range(5)
    ]
    valid, test = data_warnings(of_file(tmp_path, lines, "time"))
    assert valid.startswith("None of the 30 valid users can be evaluated")
    assert "early stopping" in valid
    assert test.startswith("None of the 30 test users can be evaluated")
    assert test.endswith("Remedy: give more data, or use --split leave-one-out.")
    assert data_warnings(of_file(tmp_path, lines, "leave-one-out")) == []


def test_a_given_test_of_strangers_is_told(tmp_path: Path) -> None:
    train, strangers = rows(300, 97), rows(3_000, 97, first=400, start=9_000)
    test = [*strangers, *(f"u{n} i{n % 97} 1600900000" for n in range(250))]
    valid = [f"u{n} i{(n * 5 + 3) % 97} 1600800000" for n in range(300)]
    (found,) = data_warnings(of_parts(tmp_path, train=train, valid=valid, test=test))
    assert "Only 250 of 3,250 test users (7.7%) can be evaluated" in found
    assert "Remedy: give test rows of users and items in train." in found


@pytest.mark.parametrize(
    ("part", "other"), [("test", "train or valid"), ("valid", "train")], ids=["test", "valid"]
)
def test_rows_that_stand_in_two_files_are_told(tmp_path: Path, part: str, other: str) -> None:
    train = rows(300, 97)
    fresh = [f"u{n} i{(n * 5 + 3) % 97} 1600900000" for n in range(300)]
    parts = {"train": train, "valid": fresh, "test": fresh} | {part: [*train[:600], *fresh]}
    if part == "valid":
        parts["test"] = [f"u{n} i{(n * 5 + 11) % 97} 1600990000" for n in range(300)]
    else:
        parts["valid"] = [f"u{n} i{(n * 5 + 11) % 97} 1600880000" for n in range(300)]
    found = [w for w in data_warnings(of_parts(tmp_path, **parts)) if "copies" in w]
    assert len(found) == 1
    assert f"67% of the {part} rows are copies of rows of {other}" in found[0]


def test_repeats_at_another_time_are_no_copies_but_not_evaluated(tmp_path: Path) -> None:
    again = [f"{line.rsplit(' ', 1)[0]} 1600990000" for line in rows(300, 97, each=1)]
    fresh = [f"u{n} i{(n * 5 + 3) % 97} 1600900000" for n in range(300)]
    found = data_warnings(of_parts(tmp_path, train=rows(300, 97), valid=fresh, test=again))
    assert len(found) == 1
    assert "100% of the test rows repeat an item that the user has" in found[0]
    assert "--include-seen" in found[0]


def test_users_with_one_item_each_are_told(tmp_path: Path) -> None:
    single = [f"s{n} i{n % 97} {1_600_000_000 + n}" for n in range(9_000)]
    found = data_warnings(of_file(tmp_path, rows(300, 97, each=6) + single, "leave-one-out"))
    assert [w for w in found if "Only 300 of 9,300 train users (3.2%) have two different" in w]
    # The same item twice is still one item.
    twice = [f"s{n // 2} i{n // 2 % 97} {1_600_000_000 + n}" for n in range(9_000)]
    found = data_warnings(of_file(tmp_path, rows(300, 97, each=6) + twice, "leave-one-out"))
    assert [w for w in found if "(6.2%) have two different items" in w]


def test_users_who_all_have_the_same_items_are_told(tmp_path: Path) -> None:
    same = [f"u{n} i{k} {1_600_000_000 + 100 * n + k}" for n in range(300) for k in range(8)]
    found = data_warnings(of_file(tmp_path, same, "random"))
    assert [w for w in found if w.startswith("Nearly all users have the same items (100% of")]


def test_one_user_with_most_rows_is_told_without_the_id(tmp_path: Path) -> None:
    much = [f"robot i{n % 97} {1_600_000_000 + n}" for n in range(2_000)]
    found = data_warnings(of_file(tmp_path, rows(300, 97) + much, "leave-one-out"))
    assert [w for w in found if w.startswith("One user has 77% of the train rows.")]
    assert "robot" not in "".join(found)


def test_what_was_dropped_and_what_is_strange_are_lines(tmp_path: Path) -> None:
    rows = "".join(f"u{n % 9},i{n % 7},{1_600_000_000 + n},5\n" for n in range(90))
    log = write(tmp_path / "log.csv", "user,item,time,rating\n" + rows + "NULL,i1,1600000000,5\n")
    items = write(tmp_path / "items.csv", "item,year\ni1,1990\ni2,1991\ni3,1992\ni4,1993\n")
    source = open_source(log, items=items)
    lines = [
        "dropped:   1 rows without user (NULL) (1.1 %)",
        "note:      4 of 7 items of the log (57.1 %) have a row in items.csv; "
        "0 of its 4 rows belong to no event",
    ]
    assert note_lines(source) == lines
    dataset = split(source)
    assert note_lines(dataset) == lines
    prepare(dataset, tmp_path / "prepared")
    assert note_lines(open_prepared(tmp_path / "prepared")) == lines
