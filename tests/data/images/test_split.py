import numpy as np
import pytest

from kit.data.images import ImageSource, open_images, split_images
from kit.data.images import _split as module
from kit.errors import UserError
from tests.data.images.files import class_folders, image


def pixels(labels, parts=None):
    contents = np.arange(len(labels), dtype=np.uint8)[:, None, None, None] * np.ones(
        (1, 4, 4, 1), np.uint8
    )
    names = [str(n) for n in range(len(labels))]
    return ImageSource("some", contents, names, labels, parts, "")


def test_each_class_is_split_in_the_same_shares():
    data = split_images(pixels(["a"] * 100 + ["b"] * 20), seed=3)
    for part, counts in ((data.train, [80, 16]), (data.valid, [10, 2]), (data.test, [10, 2])):
        assert np.bincount(part.labels).tolist() == counts
    every = [n for part in (data.train, data.valid, data.test) for n in part.names]
    assert sorted(every, key=int) == [str(n) for n in range(120)]
    again = split_images(pixels(["a"] * 100 + ["b"] * 20), seed=3)
    assert list(again.test.names) == list(data.test.names)
    other = split_images(pixels(["a"] * 100 + ["b"] * 20), seed=4)
    assert list(other.test.names) != list(data.test.names)


def test_a_given_split_is_kept_and_valid_drawn_of_train():
    parts = ["train"] * 20 + ["test"] * 10
    data = split_images(pixels(["a", "b"] * 15, parts))
    assert list(data.test.names) == [str(n) for n in range(20, 30)]
    assert len(data.valid) == 2
    assert "10 % of each class of train drawn as valid" in data.split
    given = split_images(pixels(["a", "b"] * 15, ["valid", "valid", *parts[2:]]))
    assert list(given.valid.names) == ["0", "1"]


def test_split_images_show_themselves_in_a_line():
    data = split_images(pixels(["a", "b"] * 100))
    assert (
        repr(data) == "ImageData('some': 2 classes; 160 / 20 / 20 images in train / valid / test)"
    )


def test_a_limit_leaves_test_as_it_is():
    data = split_images(pixels(["a", "b"] * 100), limit=50)
    assert (len(data.train) + len(data.valid), len(data.test)) == (50, 20)
    assert "50 images of train and valid at most" in data.split


def test_resized_and_in_colour():
    data = split_images(pixels(["a", "b"] * 20), size=(6, 5), in_colour=True)
    assert data.train.pixels.shape == (32, 6, 5, 3)
    assert data.is_resized


@pytest.mark.parametrize(
    ("labels", "parts", "method", "said"),
    [
        (["a"] * 9, None, None, "All images are of one class: a"),
        (["a", "b"], None, None, "The part valid holds no image"),
        (["a", "b"] * 9, None, "given", "has no split of its own"),
        (["a"] * 20 + ["b"], ["train"] * 20 + ["test"], None, "'b' has no training images"),
    ],
)
def test_what_cannot_be_split(labels, parts, method, said):
    with pytest.raises(UserError, match=said):
        split_images(pixels(labels, parts), method)


def test_files_are_held_in_memory_where_they_fit(tmp_path, monkeypatch):
    source = open_images(str(class_folders(tmp_path)))
    assert split_images(source).train.pixels.shape == (16, 8, 8, 3)
    monkeypatch.setattr(module, "MOST_IN_MEMORY", 100)
    assert split_images(source).train.pixels is None


def test_images_of_test_that_were_learned_from_are_counted(tmp_path):
    for part in ("train", "test"):
        class_folders(tmp_path / part, count=12)
    data = split_images(open_images(str(tmp_path)), seed=5)
    assert data.split.endswith("24 of 24 images of test are identical to one of train or valid")
    for number, file in enumerate(sorted((tmp_path / "test").rglob("*.png"))):
        if number:
            file.write_bytes(image(number, kind="BMP"))
    assert "; 1 of 24 images of test is identical" in split_images(open_images(str(tmp_path))).split
