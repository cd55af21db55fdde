import numpy as np
import pytest
import tensorflow as tf

from kit.data.detection import DetectionImage
from kit.training.batches import NO_BOX_AUGMENTATION, DetectionBatches, Shard
from kit.training.batches import _detections as module
from tests.data.detection.boxed import squares

SHAPE = (64, 96)


def images(count=5):
    return [
        DetectionImage(
            str(n), content, (96, 64), np.float32([b[1:] for b in boxes]), np.int32([0, 1])
        )
        for n, (content, boxes) in enumerate(squares(count))
    ]


def batches(count=5, size=2, seed=0, **settings):
    return DetectionBatches(images(count), SHAPE, size, seed, **settings)


def taken(stream, count):
    return [tf.nest.map_structure(np.asarray, batch) for batch in stream.take(count)]


def same(one, other):
    tf.nest.map_structure(np.testing.assert_array_equal, one, other)


@pytest.fixture(scope="module")
def whole():
    """What other streams are compared with: each takes seconds to be traced."""
    return taken(batches().stream(), 8)


@pytest.fixture(scope="module")
def plain():
    """A pass without augmentation."""
    return taken(batches(count=4, augmentation=NO_BOX_AUGMENTATION).stream(), 2)


def test_a_pass_has_every_image_and_its_boxes(plain):
    seen = {}
    for pixels, targets, weights in plain:
        assert pixels.shape == (2, *SHAPE, 3)
        assert pixels.dtype == np.uint8
        assert weights.tolist() == [1, 1]
        assert targets["labels"].tolist() == [[0, 1] + [-1] * 6] * 2
        seen |= {
            boxes[:2].tobytes(): image
            for boxes, image in zip(targets["boxes"], pixels, strict=True)
        }
    expected = {one.boxes.tobytes(): one for one in images(4)}
    assert seen.keys() == expected.keys()
    for key, one in expected.items():
        np.testing.assert_array_equal(seen[key], tf.io.decode_png(one.encoded()))


def test_a_stream_begins_at_any_batch_to_the_bit(whole):
    same(taken(batches().stream(3), 1)[0], whole[3])
    # Every epoch is another, and so is every seed.
    assert (whole[0][0] != whole[3][0]).any()
    assert (taken(batches(seed=1).stream(), 1)[0][0] != whole[0][0]).any()


def test_shards_are_rows_of_the_batch(whole):
    made = batches()
    for index in (0, 1):
        part = taken(made.stream(2, Shard(index, of=2)), 1)[0]
        rows = slice(index, index + 1)
        same(part, tf.nest.map_structure(lambda x, rows=rows: x[rows], whole[2]))


@pytest.mark.parametrize("in_files", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_many_images_are_decoded_when_it_is_their_turn(tmp_path, monkeypatch, plain, in_files):
    monkeypatch.setattr(module, "KEPT_BYTES", 0)
    there = images(4)
    if in_files:
        for number, one in enumerate(there):
            file = tmp_path / one.name
            file.write_bytes(one.encoded())
            there[number] = DetectionImage(one.name, file, one.size, one.boxes, one.labels)
    made = DetectionBatches(there, SHAPE, 2, 0, augmentation=NO_BOX_AUGMENTATION)
    same(taken(made.stream(), 2), plain)


def test_content_tells_other_boxes():
    one = images(2)
    moved = [DetectionImage(p.name, p.content, p.size, p.boxes + 1, p.labels) for p in one]
    contents = [DetectionBatches(p, SHAPE, 2, 0).content for p in (one, one, moved)]
    assert contents[0] == contents[1] != contents[2]
    assert contents[0]["boxes"] == 4
