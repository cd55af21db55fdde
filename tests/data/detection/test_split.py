import numpy as np
import pytest

from kit.data.detection import DetectionImage, DetectionSource, split_detection
from kit.errors import UserError

BOX = np.float32([[0, 0, 5, 5]])


def source(**parts):
    images = [
        (
            "" if part == "all" else part,
            DetectionImage(f"{part} {n}", b"", (9, 9), BOX, np.int32([0])),
        )
        for part, count in parts.items()
        for n in range(count)
    ]
    return DetectionSource("somewhere", images, ["a"], [])


def sizes(data):
    return len(data.train), len(data.valid), len(data.test)


def test_without_parts_a_fifth_is_test_and_a_tenth_of_the_rest_valid():
    data = split_detection(source(all=200))
    assert sizes(data) == (144, 16, 40)
    assert data.split.startswith("random: 20% of the images are test")
    names = [one.name for part in ("train", "valid", "test") for one in getattr(data, part)]
    assert len(set(names)) == 200
    again = split_detection(source(all=200))
    assert [one.name for one in again.test] == [one.name for one in data.test]
    other = split_detection(source(all=200), seed=1)
    assert [one.name for one in other.test] != [one.name for one in data.test]


def test_a_given_split_is_taken():
    data = split_detection(source(train=20, valid=7, test=5))
    assert sizes(data) == (20, 7, 5)
    assert repr(data).endswith("1 classes; 20 / 7 / 5 images in train / valid / test)")


@pytest.mark.parametrize("judged", ["valid", "test"])
def test_nothing_is_chosen_by_what_judges(judged):
    data = split_detection(source(train=20, **{judged: 7}))
    assert sizes(data) == (18, 2, 7)
    assert {one.name.split()[0] for one in data.test} == {judged}
    assert {one.name.split()[0] for one in data.valid} == {"train"}
    assert f"test is its {judged} part" in data.split


def test_a_limit_is_of_each_part():
    data = split_detection(source(all=200), limit=20)
    assert sizes(data) == (20, 16, 20)
    assert "at most 20 images of each part" in data.split


def test_what_cannot_be_split_is_an_error():
    with pytest.raises(UserError, match="no train part"):
        split_detection(source(test=5))
    with pytest.raises(UserError, match=r"The (valid|train) part has no box"):
        split_detection(source(all=2))
