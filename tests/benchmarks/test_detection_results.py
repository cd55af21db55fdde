import pytest

from benchmarks.detection_results import results_table, summary


def run(seed, at_half, licence=""):
    metrics = {"mAP50": at_half, "mAP": at_half / 2, "AP50 of a": at_half, "AP50 of b": None}
    part = {
        "protocol": "test, 10 images",
        "metrics": {
            name: {"mean": value, "low": 0.7, "high": 0.95} for name, value in metrics.items()
        },
    }
    return {
        "command": f"kit train object-detection --data somewhere/bccd --epochs 40 --seed {seed}",
        "test": part,
        "valid": part,
        "data": {"name": "somewhere/bccd", "licence": licence, "boxes_of_class": {"a": 1, "b": 0}},
        "settings": {"seed": seed, "epochs": 40, "size": [256, 320], "weights": 1000},
        "seconds": {"train": 60.0},
    }


def test_the_table_says_what_was_measured():
    found = summary([run(0, 0.8), run(1, 0.9)])
    assert found["map50"]["values"] == [0.8, 0.9]
    assert found["seeds"] == [0, 1]
    assert found["ap50_of_class"]["a"]["mean"] == pytest.approx(0.85)
    table = results_table({"bccd": found})
    command = "`kit train object-detection --data FOLDER --epochs 40`"
    assert f"| bccd, 2 seeds | {command} | 1.0 | **0.8500 (0.0707)** | 0.4250 (0.0354) |" in table
    assert "0.84 (YOLOv3, pretrained on COCO)" in table
    assert "- bccd: test, 10 images." in table


def test_the_built_in_part_has_nothing_published():
    assert summary([run(0, 0.8, "MIT")])["published"] is None
