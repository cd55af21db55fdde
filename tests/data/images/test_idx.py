import gzip
import struct

import numpy as np
import pytest

from kit.data.images import open_images, split_images
from kit.errors import UserError


def write(file, array, kind=8):
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, kind, array.ndim, *array.shape)
    content = header + array.astype(np.uint8).tobytes()
    file.write_bytes(gzip.compress(content) if file.suffix == ".gz" else content)


def folder_of(folder, count=20):
    for part, suffix in (("train", ".gz"), ("t10k", "")):
        images = np.arange(count * 12).reshape(count, 4, 3)
        write(folder / f"{part}-images-idx3-ubyte{suffix}", images)
        write(folder / f"{part}-labels-idx1-ubyte{suffix}", np.arange(count) % 2)
    return folder


def test_both_parts_are_read(tmp_path):
    source = open_images(str(folder_of(tmp_path)))
    assert source.contents.shape == (40, 4, 3, 1)
    assert source.contents[1].ravel().tolist() == list(range(12, 24))
    assert (source.names[0], source.names[-1]) == ("test/0", "train/19")
    assert set(source.labels) == {"0", "1"}
    data = split_images(source)
    assert [len(part) for part in (data.train, data.valid, data.test)] == [18, 2, 20]


def test_classes_may_have_names(tmp_path):
    folder_of(tmp_path)
    (tmp_path / "classes.txt").write_text("shoe\nhat\n")
    assert set(open_images(str(tmp_path)).labels) == {"shoe", "hat"}
    (tmp_path / "classes.txt").write_text("shoe\n")
    with pytest.raises(UserError, match="1 lines name 2 classes"):
        open_images(str(tmp_path))


@pytest.mark.parametrize("damage", ["missing", "cut", "kind", "not gzip"])
def test_a_damaged_file_is_named(tmp_path, damage):
    folder_of(tmp_path)
    labels = tmp_path / "train-labels-idx1-ubyte.gz"
    if damage == "missing":
        labels.unlink()
    elif damage == "cut":
        labels.write_bytes(gzip.compress(gzip.decompress(labels.read_bytes())[:-1]))
    elif damage == "kind":
        write(labels, np.zeros(20), kind=13)
    else:
        labels.write_bytes(b"no archive")
    with pytest.raises(UserError, match=r"train-labels-idx1-ubyte\.gz"):
        open_images(str(tmp_path))


def test_parts_that_do_not_fit_are_refused(tmp_path):
    folder_of(tmp_path)
    write(tmp_path / "train-labels-idx1-ubyte.gz", np.zeros(3))
    with pytest.raises(UserError, match="do not fit"):
        open_images(str(tmp_path))
    (tmp_path / "train-images-idx3-ubyte.gz").rename(tmp_path / "odd-images-idx3-ubyte.gz")
    with pytest.raises(UserError, match="says no part"):
        open_images(str(tmp_path))
