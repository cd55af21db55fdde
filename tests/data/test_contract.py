"""One contract for all kinds of data: given splits, repeated examples, limits, seeds."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from kit.data import data_warnings, open_source, split
from kit.data.detection import open_detection, split_detection
from kit.data.images import open_images, split_images
from kit.data.table import open_ranking, split_ranking
from kit.data.text2text import open_text2text, split_text2text
from kit.data.texts import open_texts, split_texts
from kit.errors import UserError
from tests.data.detection.boxed import image as boxed_image
from tests.data.images.files import image

VALID_NAMES = ("valid", "validation", "val", "Dev")
SIZES = {"train": 40, "valid": 8, "test": 8}
Parts = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Kind:
    """A kind of data: how its examples are written and opened.

    Args:
        write: writes the examples of parts in a layout and returns the source.
        open: opens and splits a source; takes seed, limit and, where files can be bad, skip.
        layouts: ways to give a split.
        has_classes: whether there have to be two.
        bad: what an example is written as that cannot be used; None where it is a file.
    """

    write: Callable[..., Path]
    open: Callable
    layouts: tuple[str, ...] = ("files", "column")
    has_classes: bool = False


def write_table(folder: Path, layout: str, parts: Parts, header: str, row: Callable) -> Path:
    folder.mkdir()
    if layout == "files":
        for part, numbers in parts.items():
            (folder / f"{part}.csv").write_text("\n".join([header, *map(row, numbers)]) + "\n")
        return folder
    lines = [f"{row(n)},{part}" for part, numbers in parts.items() for n in numbers]
    # Without a split the column says nothing.
    name = "remark" if "" in parts else "split"
    (folder / "all.csv").write_text("\n".join([f"{header},{name}", *lines]) + "\n")
    return folder / "all.csv"


def table(header: str, row: Callable[..., str], bad: str) -> Callable[..., Path]:
    def write(folder: Path, layout: str, parts: Parts, one_class: bool = False) -> Path:
        return write_table(
            folder, layout, parts, header, lambda n: bad if n < 0 else row(n, 0 if one_class else n)
        )

    return write


def write_images(folder: Path, layout: str, parts: Parts, one_class: bool = False) -> Path:
    def label(number: int) -> str:
        return "dark" if one_class or number % 2 else "light"

    def content(number: int) -> bytes:
        return b"no image" if number < 0 else image(number)

    if layout != "folders":
        row = "{0}.png,{1}".format
        folder_or_file = write_table(
            folder, layout, parts, "path,label", lambda n: row(n, label(n))
        )
        for number in {n for numbers in parts.values() for n in numbers}:
            (folder / f"{number}.png").write_bytes(content(number))
        return folder_or_file
    for part, numbers in parts.items():
        (folder / part).mkdir(parents=True, exist_ok=True)
        for number in numbers:
            file = folder / part / label(number) / f"{number}.png"
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(content(number))
    return folder


def write_boxes(folder: Path, layout: str, parts: Parts, one_class: bool = False) -> Path:
    folder.mkdir()
    # Where a part has a folder of its own its images lie there; the same image has two paths.
    places = {part: {n: f"{part or 'all'}-{n}.png" for n in some} for part, some in parts.items()}
    pictures = {"yolo": "images/{}", "yolo-parts": "{}/images", "coco-folders": "{}"}
    for part, files in places.items():
        inner = folder / pictures.get(layout, "").format(part)
        inner.mkdir(parents=True, exist_ok=True)
        for number, name in files.items():
            (inner / name).write_bytes(b"no image" if number < 0 else boxed_image(number))
    if layout in ("files", "column"):
        header = "path,xmin,ymin,xmax,ymax,label"
        named = {(p, n): name for p, some in places.items() for n, name in some.items()}
        if layout == "column":
            lines = [f"{name},2,3,20,24,cup,{p}" for (p, _), name in named.items()]
            column = "remark" if "" in parts else "split"
            (folder / "all.csv").write_text("\n".join([f"{header},{column}", *lines]) + "\n")
            return folder / "all.csv"
        for part, files in places.items():
            lines = [f"{name},2,3,20,24,cup" for name in files.values()]
            (folder / f"{part}.csv").write_text("\n".join([header, *lines]) + "\n")
        return folder
    if layout.startswith("coco"):
        for part, files in places.items():
            coco = {
                "images": [{"id": n, "file_name": name} for n, name in files.items()],
                "annotations": [
                    {"id": k, "image_id": n, "category_id": 1, "bbox": [2, 3, 18, 21]}
                    for k, n in enumerate(files)
                ],
                "categories": [{"id": 1, "name": "cup"}],
            }
            file = folder / f"{part}.json"
            if layout == "coco-folders":
                file = folder / part / "_annotations.coco.json"
            file.write_text(json.dumps(coco))
        return folder
    if layout == "voc":
        from tests.data.detection.boxed import VOC_BOX

        for name in ("Annotations", "JPEGImages", "ImageSets/Main"):
            (folder / name).mkdir(parents=True)
        for part, files in places.items():
            for name in files.values():
                (folder / name).rename(folder / "JPEGImages" / name)
                text = f"<annotation>{VOC_BOX.format('cup', 3, 4, 20, 24)}</annotation>"
                (folder / "Annotations" / f"{Path(name).stem}.xml").write_text(text)
            stems = "".join(f"{Path(name).stem}\n" for name in files.values())
            (folder / "ImageSets" / "Main" / f"{part}.txt").write_text(stems)
        return folder
    for part, files in places.items():
        inner = folder / {"yolo": "labels/{}", "yolo-parts": "{}/labels"}[layout].format(part)
        inner.mkdir(parents=True)
        for name in files.values():
            (inner / f"{Path(name).stem}.txt").write_text("0 0.5 0.5 0.25 0.25\n")
    (folder / "data.yaml").write_text("path: .\nnc: 1\nnames: ['cup']\n")
    return folder


def interactions(source: Path, *, seed: int = 0, limit: int | None = None, method=None, **_):
    return split(open_source(source, limit=limit), method, seed=seed)


def ranking(source: Path, *, seed: int = 0, limit: int | None = None, method=None, **_):
    return split_ranking(open_ranking(source, limit=limit), method, seed=seed)


def images(source: Path, *, seed: int = 0, limit: int | None = None, method=None, skip=False):
    how = "skip" if skip else "error"
    return split_images(open_images(str(source)), method, limit=limit, seed=seed, on_bad_file=how)


def texts(source: Path, *, seed: int = 0, limit: int | None = None, method=None, **_):
    return split_texts(open_texts(source), method, limit=limit, seed=seed)


def pairs(source: Path, *, seed: int = 0, limit: int | None = None, method=None, **_):
    return split_text2text(open_text2text(source), method, limit=limit, seed=seed)


def detection(source: Path, *, seed: int = 0, limit: int | None = None, method=None, skip=False):
    how = "skip" if skip else "error"
    return split_detection(open_detection(str(source), on_bad_file=how), limit=limit, seed=seed)


KINDS = {
    "interactions": Kind(
        table("user_id,item_id", lambda n, _: f"u{n % 8},i{n // 8}", ",i1"), interactions
    ),
    "ranking": Kind(
        table("price,kind,label", lambda n, c: f"{n}.5,k{n % 3},{c % 2}", "1.5,k1,"),
        ranking,
        has_classes=True,
    ),
    "images": Kind(write_images, images, ("folders", "files", "column"), has_classes=True),
    "texts": Kind(
        table("text,label", lambda n, c: f"sentence {n},{'yes' if c % 2 else 'no'}", ",yes"),
        texts,
        has_classes=True,
    ),
    "text pairs": Kind(table("source,target", lambda n, _: f"one {n},eins {n}", ",eins"), pairs),
    "detection": Kind(
        write_boxes,
        detection,
        ("files", "column", "voc", "coco", "coco-folders", "yolo", "yolo-parts"),
    ),
}
LAYOUTS = [(kind, layout) for kind in KINDS for layout in KINDS[kind].layouts]


def numbered(valid: str = "valid", **sizes: int) -> dict[str, range]:
    """Different examples for each part; valid is called as given."""
    found, start = {}, 0
    for part, count in {**SIZES, **sizes}.items():
        found[valid if part == "valid" else part] = range(start, start + count)
        start += count
    return found


def notes_of(data) -> str:
    """All that is said about a data set: protocol, cleaning, repairs and warnings."""
    lines = [data.split, *(f"{s.rows} {s.name}" for s in getattr(data, "cleaning", ()))]
    lines += getattr(data, "repairs", ())
    if hasattr(data, "user_ids"):
        lines += data_warnings(data)
    return "\n".join(lines)


@pytest.mark.parametrize(("kind", "layout"), LAYOUTS)
def test_a_given_split_is_taken_whatever_its_parts_are_called(kind, layout, tmp_path):
    # Images take the longest, as every one is decoded.
    for name in VALID_NAMES[-1:] if kind == "images" else VALID_NAMES:
        source = KINDS[kind].write(tmp_path / name, layout, numbered(name))
        data = KINDS[kind].open(source)
        assert {part: len(getattr(data, part)) for part in SIZES} == SIZES, name
        assert data.split.startswith("given: train, valid and test as the source has them")
    without_valid = {p: numbers for p, numbers in numbered().items() if p != "valid"}
    data = KINDS[kind].open(KINDS[kind].write(tmp_path / "two", layout, without_valid), seed=7)
    assert len(data.test) == SIZES["test"]
    assert len(data.train) + len(data.valid) == SIZES["train"]
    assert len(data.valid) > 0
    assert data.split.startswith("given: ")
    assert "seed 7" in data.split


@pytest.mark.parametrize(("kind", "layout"), LAYOUTS)
def test_examples_of_test_that_are_in_train_are_counted(kind, layout, tmp_path):
    parts = numbered()
    parts = {**parts, "train": [*parts["train"], *list(parts["test"])[:6]]}
    data = KINDS[kind].open(KINDS[kind].write(tmp_path / "data", layout, parts))
    # Texts leave such examples out of train, so that the counts are those of train.
    noted = [line for line in notes_of(data).split("\n") if "test" in line and "train" in line]
    assert any("6" in line or "75%" in line for line in noted), notes_of(data)


@pytest.mark.parametrize("kind", KINDS)
def test_a_limit_is_kept_and_stated(kind, tmp_path):
    source = KINDS[kind].write(tmp_path / "data", "column", numbered())
    data = KINDS[kind].open(source, limit=24)
    assert 0 < len(data.train) <= 24
    assert len(data.test) == SIZES["test"]
    assert "limit" in notes_of(data) or "at most" in data.split


@pytest.mark.parametrize("kind", KINDS)
def test_a_random_split_states_its_seed_and_repeats(kind, tmp_path):
    count = 40 if kind == "images" else 80
    source = KINDS[kind].write(tmp_path / "data", "column", {"": range(count)})
    one, same, other = (KINDS[kind].open(source, seed=seed) for seed in (7, 7, 8))
    assert one.split.startswith("random: ")
    assert "seed 7" in one.split
    assert fingerprint(one.test) == fingerprint(same.test) != fingerprint(other.test)
    assert len(one.train) > len(one.test) > 0 < len(one.valid)


def fingerprint(part) -> str:
    for name in ("names", "texts", "sources", "features", "item"):
        if hasattr(part, name):
            return str(list(getattr(part, name)))
    return str([one.name for one in part])


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.has_classes])
def test_one_class_is_refused(kind, tmp_path):
    source = KINDS[kind].write(tmp_path / "data", "column", {"": range(40)}, one_class=True)
    with pytest.raises(UserError) as error:
        KINDS[kind].open(source)
    assert error.value.remedy


@pytest.mark.parametrize(("kind", "layout"), LAYOUTS)
def test_an_empty_part_is_refused_by_name(kind, layout, tmp_path):
    parts = {"train": range(40), "valid": range(40, 48), "test": range(0)}
    if layout == "column":
        parts = {"valid": range(40), "test": range(40, 48)}
    source = KINDS[kind].write(tmp_path / "data", layout, parts)
    with pytest.raises(UserError) as error:
        KINDS[kind].open(source)
    told = f"{error.value} {error.value.where}"
    assert ("train" if layout == "column" else "test") in told
    assert error.value.expected


@pytest.mark.parametrize("kind", KINDS)
def test_unreadable_examples_are_left_out_and_counted(kind, tmp_path):
    count = 40 if kind == "images" else 80
    numbers = [*range(count), -1]
    source = KINDS[kind].write(tmp_path / "data", "column", {"": numbers})
    data = KINDS[kind].open(source, skip=True)
    assert sum(len(getattr(data, part)) for part in SIZES) == count
    assert "1 " in notes_of(data).split(data.split)[1], notes_of(data)
