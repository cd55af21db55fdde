import json
import re
import warnings

import pytest
from click.testing import CliRunner

from kit.cli import main
from tests.data.detection.boxed import squares, write_voc


def kit(line):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        return CliRunner().invoke(main, line.split())


@pytest.fixture(scope="module")
def squared(tmp_path_factory):
    """A model of bright and dark squares, verified by all loaders, and what was printed."""
    folder = tmp_path_factory.mktemp("squared")
    made = list(squares(30))
    content, boxes = made[0]
    made[0] = (content, [*boxes, ("dark", 9, 9, 9, 20)])
    data = write_voc(folder / "data", made)
    line = f"train object-detection --data {data} --epochs 4 --size 64 --dim 16"
    run = kit(f"{line} --output {folder / 'model'} --report {folder / 'report'}")
    assert run.exit_code == 0, run.output
    return folder, run.output


@pytest.mark.slow
def test_console_output(squared):
    folder, output = squared
    words = [w for w in re.findall(r"^(\w+): {2,}", output, flags=re.MULTILINE) if w != "note"]
    assert words == ["data", "device", "train", "verify", "report", "model", "next"]
    assert "1 boxes without an area dropped: " in output
    assert f"next:      kit evaluate {folder / 'model'}" in output
    assert "by three loaders" in output


@pytest.mark.slow
def test_metrics_in_the_report(squared):
    facts = json.loads((squared[0] / "report" / "metrics.json").read_text())
    assert facts["test"]["metrics"]["mAP50"]["mean"] > 0.3
    assert facts["settings"]["size"] == [64, 64]
    assert list((squared[0] / "report" / "tensorboard").glob("events.*"))
    assert "data:image/jpeg;base64," in (squared[0] / "report" / "report.html").read_text()


@pytest.mark.slow
def test_the_export_is_evaluated_through_its_own_signature(squared):
    folder, _ = squared
    answer = kit(f"evaluate {folder / 'model'}")
    facts = json.loads((folder / "report" / "metrics.json").read_text())
    assert answer.exit_code == 0, answer.output
    assert f"{facts['test']['metrics']['mAP50']['mean']:.4f}" in answer.output
    other = write_voc(
        folder / "other", [(one, [("cat", *b[1:]) for b in bs]) for one, bs in squares(30)]
    )
    strange = kit(f"evaluate {folder / 'model'} --data {other} ")
    assert strange.exit_code == 2
    assert "does not know the class cat" in strange.output


def test_what_is_wrong_ends_with_2_and_a_remedy(tmp_path):
    folder = write_voc(tmp_path / "voc", squares(3))
    (folder / "JPEGImages" / "001.png").write_bytes(b"nothing")
    for line, words in (
        (f"--data {tmp_path / 'missing'}", ("no such file", "a Pascal VOC folder")),
        (f"--data {folder}", ("It is not an image", "001.png", "--on-bad-file skip")),
        (f"--data {folder} --on-bad-file skip", ("The train part has no box", "ten images")),
        (f"--data {folder} --size 20", ("--size",)),
        (f"--data {folder} --flip sideways", ("--flip",)),
    ):
        answer = kit(f"train object-detection {line}")
        assert answer.exit_code == 2, answer.output
        assert "Traceback" not in answer.output
        for word in words:
            assert word in answer.output
