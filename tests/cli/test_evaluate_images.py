import json

import pytest
import tensorflow as tf

from tests.cli.answering import kit, labelled, measures, refused, save
from tests.data.detection.boxed import squares, write_voc
from tests.data.images.files import class_folders

IMAGES = {
    "path_column": None,
    "label_column": None,
    "size": None,
    "on_bad_file": "error",
    "split": None,
    "limit": None,
    "seed": 0,
}
BOXES = {"classes": [], "on_bad_file": "error", "limit": None, "seed": 0}


@pytest.fixture
def classifier(tmp_path):
    """Says that every image is light, by four of five."""
    data = {"data": str(class_folders(tmp_path / "own")), **IMAGES}
    card = {"model": "by hand", "classes": ["dark", "light"], "shape": [8, 8, 3], "data": data}
    answer = labelled(["light", "dark"], [0.8, 0.2])
    return save(tmp_path / "model" / "1", card, "image", answer)


def test_images_are_sent_as_they_lie_on_the_disk(classifier, tmp_path):
    assert measures(kit(f"evaluate {classifier}"))[0] == 0.5
    other = class_folders(tmp_path / "other", count=40, size=(9, 7))
    assert measures(kit(f"evaluate {classifier} --data {other}"))[0] == 0.5


def test_images_that_cannot_be_measured_on_are_refused(classifier, tmp_path):
    other = class_folders(tmp_path / "other")
    (other / "dark").rename(other / "gloomy")
    assert "does not know the class gloomy" in refused(kit(f"evaluate {classifier} --data {other}"))
    (other / "light" / "3.png").write_bytes(b"")
    said = refused(kit(f"evaluate {classifier} --data {other}"))
    assert "1 are empty" in said
    assert "3.png" in "".join(said.split())
    assert "remedy: Repair them" in said
    assert "--on-bad-file" not in said


def everywhere(classes):
    """Finds the same two boxes in every image; the rest of a row stands for nothing."""

    def answer(image):
        rows = tf.shape(image)[:1]
        return {
            "box": tf.tile(
                [[[0.0, 0, 48, 64], [48.0, 0, 96, 64], [0.0, 0, 0, 0]]], [rows[0], 1, 1]
            ),
            "label": tf.tile([[*classes, ""]], [rows[0], 1]),
            "score": tf.tile([[0.9, 0.8, 0.0]], [rows[0], 1]),
        }

    return answer


def detector(folder, boxes, classes=("bright", "dark")):
    """Of images with these boxes, each bright on the left and dark on the right."""
    images = [(content, boxes) for content, _ in squares(40)]
    data = {"data": str(write_voc(folder / "own", images)), **BOXES}
    card = {"classes": ["dark", "bright"], "picture_shape": [64, 96], "data": data}
    return save(folder / "model" / "1", card, "image", everywhere(classes))


def test_json_has_the_precisions_of_each_class(tmp_path):
    halves = [("bright", 0, 0, 48, 64), ("dark", 48, 0, 96, 64)]
    answer = kit(f"evaluate {detector(tmp_path, halves)} --json")
    (found,) = json.loads(answer.stdout)["evaluations"]
    assert set(found) == {"protocol", "system", "metrics", "classes"}
    assert found["metrics"]["AP50"] == {"mean": 1, "low": None, "high": None}
    assert found["classes"] == {name: {"AP50": 1, "AP": 1} for name in ("dark", "bright")}


def precisions(answer):
    """AP50 and AP by class."""
    assert answer.exit_code == 0, answer.output
    rows = [line.split() for line in answer.output.splitlines()[2:]]
    return {row[0]: [float(n) for n in row[1:]] for row in rows if len(row) == 3}


def test_boxes_are_held_against_those_of_the_data(tmp_path):
    halves = [("bright", 0, 0, 48, 64), ("dark", 48, 0, 96, 64)]
    model = detector(tmp_path, halves)
    found = precisions(kit(f"evaluate {model}"))
    assert found == {"dark": [1, 1], "bright": [1, 1], "mean": [1, 1]}
    # Three quarters of a half: right up to an overlap of .75.
    narrow = [("bright", 0, 0, 36, 64), ("dark", 48, 0, 96, 64)]
    other = write_voc(tmp_path / "other", [(content, narrow) for content, _ in squares(40)])
    found = precisions(kit(f"evaluate {model} --data {other}"))
    assert found["dark"] == [1, 1]
    assert found["bright"] == [1, pytest.approx(0.6)]


def test_boxes_of_other_classes_are_refused(tmp_path):
    model = detector(tmp_path, [("bright", 0, 0, 48, 64), ("dark", 48, 0, 96, 64)])
    other = [(content, [("cat", 0, 0, 9, 9)]) for content, _ in squares(40)]
    said = refused(kit(f"evaluate {model} --data {write_voc(tmp_path / 'other', other)}"))
    assert "does not know the class cat" in said
    assert "classes among: dark, bright" in said
