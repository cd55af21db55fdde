"""What stands twice, is measured otherwise or lies elsewhere than boxes usually do."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from kit.data.detection import open_detection, split_detection
from kit.errors import UserError
from tests.data.detection.boxed import squares, write_coco, write_voc

SIZE = (96, 64)
# Left, top, right and bottom in an image as it is shown, 60 x 40.
BOX = (10, 5, 30, 15)


def changed(file, change):
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))
    return str(file)


def declare(width, height):
    def change(content):
        for image in content["images"]:
            image |= {"width": width, "height": height}

    return change


def kinds(lines):
    return [line.split(": ")[0] for line in lines]


def turned(turn, folder):
    """A photo shown as 60 x 40 with a white rectangle in BOX, stored turned."""
    shown = np.zeros((40, 60, 3), np.uint8)
    shown[BOX[1] : BOX[3], BOX[0] : BOX[2]] = 255
    undo = {1: lambda x: x, 2: np.fliplr, 3: lambda x: np.rot90(x, 2), 4: np.flipud}
    undo |= {5: lambda x: x.transpose(1, 0, 2), 6: np.rot90}
    undo |= {7: lambda x: np.rot90(x, 2).transpose(1, 0, 2), 8: lambda x: np.rot90(x, -1)}
    exif = Image.Exif()
    exif[0x0112] = turn
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(undo[turn](shown))).save(
        file, "JPEG", quality=95, exif=exif
    )
    stored = np.asarray(Image.open(io.BytesIO(file.getvalue())))
    rows, columns = np.nonzero(stored[..., 0] > 128)
    on_stored = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    return file.getvalue(), stored.shape[1::-1], tuple(map(int, on_stored))


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("boxes", ["shown", "stored", "undeclared"])
def test_boxes_lie_on_the_photo_as_it_is_shown(tmp_path, turn, boxes):
    content, stored, on_stored = turned(turn, tmp_path)
    # Only a declared size can tell that boxes were drawn on the stored pixels.
    if boxes == "stored" and turn < 5:
        return
    box = on_stored if boxes == "stored" else BOX
    file = write_coco(tmp_path / "a.json", [(content, [("bright", *box)])])
    if boxes != "undeclared":
        changed(file, declare(*(stored if boxes == "stored" else (60, 40))))
    ((_, found),) = open_detection(str(file)).images
    assert found.size == (60, 40)
    np.testing.assert_allclose(found.boxes, [BOX], atol=1)


@pytest.mark.parametrize(("width", "height"), [(192, 128), (48, 32), (95, 64), (289, 192)])
def test_boxes_of_a_copy_of_another_size_are_scaled(tmp_path, width, height):
    made = list(squares(3))
    sided = [
        (
            content,
            [
                (n, *(x * s for x, s in zip(b, (width / 96, height / 64) * 2, strict=True)))
                for n, *b in boxes
            ],
        )
        for content, boxes in made
    ]
    source = open_detection(changed(write_coco(tmp_path / "a.json", sided), declare(width, height)))
    assert kinds(source.repairs) == ["3 images of another size than declared, their boxes scaled"]
    for (_, found), (_, boxes) in zip(source.images, made, strict=True):
        np.testing.assert_allclose(found.boxes, [box[1:] for box in boxes], atol=0.5)


@pytest.mark.parametrize(("width", "height"), [(64, 96), (200, 64), (96, 30)])
def test_another_size_than_declared_is_refused_in_every_format(tmp_path, width, height):
    coco = changed(write_coco(tmp_path / "coco" / "a.json", squares(3)), declare(width, height))
    voc = write_voc(tmp_path / "voc", squares(3))
    for file in (voc / "Annotations").glob("*.xml"):
        size = f"<size><width>{width}</width><height>{height}</height></size></annotation>"
        file.write_text(file.read_text().replace("</annotation>", size))
    rows = [f"{n}.png,1,1,9,9,a,{width},{height}" for n in range(3)]
    table = tmp_path / "coco" / "boxes.csv"
    table.write_text("\n".join(["filename,xmin,ymin,xmax,ymax,class,width,height", *rows]))
    for source in (coco, str(voc), str(table)):
        with pytest.raises(UserError, match="Of 3 images 3 have another size than is declared"):
            open_detection(source)
        with pytest.raises(UserError, match=r"No box is left(.|\n)*3 images whose declared size"):
            open_detection(source, on_bad_file="skip")
        declared = f"({width}x{height}, not 96x64)"
        with pytest.raises(UserError) as error:
            open_detection(source)
        assert declared in error.value.where


def test_a_size_of_nothing_is_no_size(tmp_path):
    file = changed(write_coco(tmp_path / "a.json", squares(2)), declare(0, 0))
    assert open_detection(file).repairs == []


def test_boxes_in_shares_of_a_side_become_pixels(tmp_path):
    made = list(squares(3))

    def change(content):
        for one in content["annotations"]:
            one["bbox"] = [x / s for x, s in zip(one["bbox"], SIZE * 2, strict=True)]

    source = open_detection(changed(write_coco(tmp_path / "a.json", made), change))
    assert kinds(source.repairs) == ["3 images with boxes in shares of a side, turned into pixels"]
    for (_, found), (_, boxes) in zip(source.images, made, strict=True):
        np.testing.assert_allclose(found.boxes, [box[1:] for box in boxes], atol=0.01)


def test_boxes_that_stand_twice_are_dropped_and_counted(tmp_path):
    def change(content):
        content["annotations"] += [{**one, "id": 90} for one in content["annotations"][:3]]

    source = open_detection(changed(write_coco(tmp_path / "a.json", squares(4)), change))
    assert sum(len(image.boxes) for _, image in source.images) == 8
    assert kinds(source.repairs) == ["3 boxes that stand twice dropped"]


def test_images_listed_twice_are_joined(tmp_path):
    def change(content):
        content["images"].append({**content["images"][0], "id": 50})
        content["annotations"][0]["image_id"] = 50

    source = open_detection(changed(write_coco(tmp_path / "a.json", squares(4)), change))
    assert [len(image.boxes) for _, image in source.images] == [2] * 4
    assert kinds(source.repairs) == ["1 images listed twice joined"]


def test_images_of_test_that_were_learned_from_are_counted(tmp_path):
    made = list(squares(12))
    for part, some in (("train", made[:10]), ("valid", [made[8], made[10]]), ("test", made[9:])):
        write_coco(tmp_path / part / "_annotations.coco.json", some)
    data = split_detection(open_detection(str(tmp_path)))
    assert [len(getattr(data, part)) for part in ("train", "valid", "test")] == [10, 2, 3]
    assert data.split.endswith("2 of 3 images of test are identical to one of train or valid")
    source = open_detection(str(write_coco(tmp_path / "one" / "a.json", [made[0]] * 20)))
    assert "4 of 4 images of test are identical" in split_detection(source).split


@pytest.mark.parametrize("names", [("Cat", "cat"), ("traffic light", "traffic-light")])
def test_names_of_classes_that_are_nearly_one_are_pointed_out(tmp_path, names):
    def change(content):
        for category, name in zip(content["categories"], names, strict=True):
            category["name"] = name

    source = open_detection(changed(write_coco(tmp_path / "a.json", squares(2)), change))
    assert len(source.classes) == 2
    assert source.repairs == [
        f"1 classes whose names are nearly those of others: {names[0]!r} and {names[1]!r}"
    ]
    same = changed(tmp_path / "a.json", lambda c: [x.update(name="cat") for x in c["categories"]])
    assert open_detection(same).classes == ["cat"]
    assert kinds(open_detection(same).repairs) == ["1 categories of one name taken as one"]


@pytest.mark.parametrize("below", ["train2014", "images/train2014", "images", "train"])
def test_images_lie_where_coco_has_them(tmp_path, below):
    for part in ("train", "val"):
        place = write_coco(
            tmp_path / "annotations" / f"instances_{part}2014.json", squares(3, len(part))
        )
        folder = tmp_path / below.replace("train", part)
        folder.mkdir(parents=True, exist_ok=True)
        content = json.loads(place.read_text())
        for image in content["images"]:
            name = f"{part}{image['file_name']}"
            (place.parent / image["file_name"]).rename(folder / name)
            image["file_name"] = name
        place.write_text(json.dumps(content))
    (tmp_path / "annotations" / "captions_train2014.json").write_text("{}")
    source = open_detection(str(tmp_path))
    assert [part for part, _ in source.images] == ["train"] * 3 + ["valid"] * 3


@pytest.mark.parametrize("held", ["valid", "val", "test"])
def test_roboflows_folders_are_parts(tmp_path, held):
    for part, seed in (("train", 1), (held, 2)):
        write_coco(tmp_path / part / "_annotations.coco.json", squares(10, seed))
    data = split_detection(open_detection(str(tmp_path)))
    assert (len(data.train), len(data.valid), len(data.test)) == (9, 1, 10)
