import io

import numpy as np

from benchmarks.cifar10_jpeg import unpack
from benchmarks.image_results import results_table, summary
from kit.data.images import open_images
from tests.data.images.files import image


def run(seed, accuracy=0.9):
    found = {"mean": accuracy, "low": accuracy - 0.01, "high": accuracy + 0.01}
    metrics = {name: found for name in ("accuracy", "mean F1", "log loss", "ECE")}
    return {
        "command": "kit train image-classification --data somewhere --epochs 3",
        "data": {"name": "somewhere", "licence": ""},
        "model": "resnet",
        "test": {"protocol": "test, 10 images", "metrics": metrics},
        "valid": {"metrics": metrics},
        "baselines": {"pixels, linear": {"metrics": {"accuracy": {"mean": 0.8}}}},
        "cost": {"weights": 5, "operations_of_training": 2e15},
        "settings": {"seed": seed, "epochs": 12},
        "seconds": {"train": 120.0},
    }


def test_the_table_says_what_was_measured():
    table = results_table({"some": summary([run(0), run(1, accuracy=0.92)])})
    command = "`kit train image-classification --data FOLDER --epochs 3`"
    assert (
        f"| some, 2 seeds | {command} | 2.0 | 2.0000 | **0.9100 (0.0141)** | 0.9100 (0.0141) |"
        in table
    )
    assert "| one, 1 seed |" in results_table({"one": summary([run(0)])})
    assert "- some: test, 10 images." in table


def test_kept_images_become_class_folders(tmp_path):
    contents = [image(n, kind="JPEG") for n in range(3)]
    buffer = io.BytesIO()
    np.savez(
        buffer,
        jpeg=np.frombuffer(b"".join(contents), np.uint8),
        offsets=np.cumsum([0, *map(len, contents)]),
        labels=np.array([1, 0, 1], np.uint8),
        classes=np.array(["cat", "dog"]),
    )
    (tmp_path / "train.npz").write_bytes(buffer.getvalue())
    assert unpack(tmp_path / "train.npz", tmp_path / "images") == 3
    source = open_images(str(tmp_path / "images"))
    assert list(source.labels) == ["cat", "dog", "dog"]
    assert source.contents[0].read_bytes() == contents[1]
