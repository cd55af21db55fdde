"""Boxes as a table has them: a line for each."""

import csv
import io
from pathlib import Path

from kit.data._files import read_text
from kit.data._parts import COLUMNS, EXPECTED, part_of
from kit.data.detection._boxes import RawBox, RawImage
from kit.errors import UserError

PATHS = ("path", "filename", "file", "image")
LABELS = ("label", "class", "name")
SIZES = (("width", "image_width", "imagewidth"), ("height", "image_height", "imageheight"))
STYLES = (
    ("xmin", "ymin", "xmax", "ymax"),
    ("x0", "y0", "x1", "y1"),
    ("x1", "y1", "x2", "y2"),
    ("left", "top", "right", "bottom"),
)


def read_csv(file: Path) -> list[RawImage]:
    """Images and boxes of a table with a column of paths, four of sides and one of labels.

    Columns are found by name: path (filename, image), xmin, ymin, xmax, ymax (or x0, y0, x1, y1, or
    left, top, right, bottom) and label (class); maybe split (part), train, valid or test. A line
    whose sides and label are empty is an image without a box. Paths count from the file's folder.

    Args:
        file: with a header; comma or, in .tsv, tab between the columns.

    Raises:
        UserError: no such column, or a value that is none; names the line.
    """
    text = read_text(file).decode()
    rows = csv.reader(io.StringIO(text), delimiter="\t" if ".tsv" in file.name else ",")
    header = [name.strip().lower() for name in next(rows)]
    path, label = (_column(header, names, file) for names in (PATHS, LABELS))
    sides = _sides(header, file)
    split = next((header.index(name) for name in COLUMNS if name in header), None)
    size = [next((header.index(n) for n in names if n in header), None) for names in SIZES]
    declared: dict[str, tuple[float, float]] = {}
    boxes: dict[str, list[RawBox]] = {}
    parts: dict[str, str] = {}
    for row in rows:
        where = f"{file}, line {rows.line_num}"
        if not row:
            continue
        if len(row) != len(header):
            raise _wrong(f"The line has {len(row)} values.", where, f"{len(header)}, as the header")
        name = row[path].strip()
        if not name:
            raise _wrong("The path is empty.", where, "the image's file")
        mine = boxes.setdefault(name, [])
        part = _part(row[split], where) if split is not None else ""
        if parts.setdefault(name, part) != part:
            raise _wrong(f"{name} is in {part} and in {parts[name]}.", where, "one part")
        said = [row[column].strip() for column in size if column is not None]
        if len(said) == 2 and all(said):
            mine_is = _numbers([*said, *said], where)[:2]
            if declared.setdefault(name, mine_is) != mine_is:
                raise _wrong(f"{name} has two sizes.", where, "one width and height")
        values, what = [row[column].strip() for column in sides], row[label].strip()
        if not any(values) and not what:
            continue
        if not what:
            raise _wrong("The label is empty.", where, "the class of the box")
        mine.append(RawBox(_numbers(values, where), what))
    return [
        RawImage(name, file.parent / name, mine, parts[name], f"{file}, {name}", declared.get(name))
        for name, mine in boxes.items()
    ]


def _numbers(values: list[str], where: str) -> tuple[float, float, float, float]:
    try:
        left, top, right, bottom = map(float, values)
    except ValueError:
        raise _wrong(f"A side is no number: {', '.join(values)}.", where, "pixels") from None
    return left, top, right, bottom


def _column(header: list[str], names: tuple[str, ...], file: Path) -> int:
    for name in names:
        if name in header:
            return header.index(name)
    raise _wrong(f"There is no column {names[0]}.", f"{file}, line 1", f"one of {', '.join(names)}")


def _sides(header: list[str], file: Path) -> list[int]:
    for style in STYLES:
        if set(style) <= set(header):
            return [header.index(name) for name in style]
    raise _wrong(
        "There are no columns of the box's sides.",
        f"{file}, line 1",
        " or ".join(", ".join(style) for style in STYLES),
    )


def _part(text: str, where: str) -> str:
    part = part_of(text)
    if part is None:
        raise _wrong(f"The split is {text!r}.", where, EXPECTED)
    return part


def _wrong(what: str, where: str, expected: str) -> UserError:
    return UserError(what, where=where, expected=expected, remedy="Correct the file.")
