from itertools import islice

import numpy as np
import pytest

from kit.data.images import Images
from kit.training.batches import ImageBatches, Shard
from tests.data.images.files import image

EVERY = ("flip", "crop", "cutout", "mixup")
LABELS = np.array([0, 1, 2, 1, 0, 2, 2], np.int32)


def held(count=7):
    pixels = np.random.default_rng(0).integers(0, 256, (count, 8, 8, 1), np.uint8)
    names = [str(n) for n in range(count)]
    return Images(None, pixels, names, LABELS[:count], (8, 8, 1))


def batches(images=None, augment=EVERY, **how):
    return ImageBatches(images or held(), 3, 4, seed=5, augment=augment, **how)


def some(stream, count=4):
    return [[part.numpy() for part in batch] for batch in islice(stream, count)]


def same(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_pass_has_every_image_and_each_batch_one_shape():
    stream = some(batches(augment=()).stream(), 2)
    pixels = np.concatenate([batch[0] for batch in stream])
    assert pixels.shape == (8, 8, 8, 1)
    found = {image.tobytes() for image in pixels}
    assert found == {image.astype(np.float32).tobytes() for image in held().pixels}


def test_the_stream_can_begin_anywhere():
    whole = some(batches().stream(), 6)
    same(some(batches().stream(3), 3), whole[3:])
    assert not np.array_equal(whole[0][0], whole[2][0])


@pytest.mark.parametrize("augment", [(), EVERY])
def test_shards_are_rows_of_the_whole_batch(augment):
    whole = some(batches(augment=augment).stream())
    halves = [some(batches(augment=augment).stream(0, Shard(n, of=2))) for n in range(2)]
    joined = [
        [np.concatenate(parts) for parts in zip(*pair, strict=True)]
        for pair in zip(*halves, strict=True)
    ]
    same(joined, whole)


def test_targets_are_mixed_as_images_are():
    plain = some(batches(augment=()).stream(), 1)[0]
    mixed = some(batches(augment=("mixup",)).stream(), 1)[0]
    np.testing.assert_allclose(mixed[1].sum(axis=1), 1, atol=1e-6)
    next_ones = np.roll(plain[0], -1, axis=0), np.roll(plain[1], -1, axis=0)
    for row in range(4):
        if (plain[1][row] == next_ones[1][row]).all():
            continue
        share = float((mixed[1][row] * plain[1][row]).sum())
        expected = share * plain[0][row] + (1 - share) * next_ones[0][row]
        np.testing.assert_allclose(mixed[0][row], expected, atol=1e-2)


def test_classes_may_weigh_differently():
    weights = np.array([1, 2, 4], np.float32)
    for _, targets, counts in some(batches(augment=(), class_weights=weights).stream()):
        np.testing.assert_array_equal(counts, targets @ weights)


def test_files_are_read_on_the_way(tmp_path):
    contents = [image(10 * n, channels=1) for n in range(7)]
    files = [tmp_path / f"{n}.png" for n in range(7)]
    for file, content in zip(files, contents, strict=True):
        file.write_bytes(content)
    names = list(map(str, files))
    kinds = [
        Images(files, None, names, LABELS, (8, 8, 1)),
        Images(contents, None, names, LABELS, (8, 8, 1)),
    ]
    decoded = Images(None, kinds[0].decoded(slice(None)), names, LABELS, (8, 8, 1))
    # What is done with images after they are read does not depend on where they lie.
    expected = some(batches(decoded, augment=()).stream(), 2)
    for images in kinds:
        same(some(batches(images, augment=()).stream(), 2), expected)


def test_other_data_have_another_content():
    assert batches().content == batches().content
    assert batches().content != batches(held(6)).content
    on_disk = Images([b"a"] * 7, None, list("abcdefg"), LABELS, (8, 8, 1))
    others = Images([b"a"] * 7, None, list("abcdefx"), LABELS, (8, 8, 1))
    assert batches(on_disk).content != batches(others).content
