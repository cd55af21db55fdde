from pathlib import Path

from kit.data import note_lines, open_prepared, open_source, prepare, split
from tests.data.files import write


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
