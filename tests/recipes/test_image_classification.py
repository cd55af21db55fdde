import json
import re
import warnings
from base64 import b64encode

import pytest
from click.testing import CliRunner

from kit.cli import main
from tests.data.images.files import class_folders, image
from tests.exporting.parts import passing
from tests.models.pretrained.test_images import save_tiny_resnet


def kit(line):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        return CliRunner().invoke(main, line.split())


def train(folder, options, data="images"):
    places = f"--output {folder / 'model'} --report {folder / 'report'}"
    return kit(f"train image-classification --data {folder / data} {places} {options}")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model of dark and light images, and what was printed."""
    folder = tmp_path_factory.mktemp("trained")
    class_folders(folder / "images", count=60)
    (folder / "images" / "dark" / "notes.txt").write_text("no image")
    with pytest.MonkeyPatch.context() as patch:
        # That all loaders answer alike the export's own test says.
        patch.setattr("kit.exports.verify", passing)
        run = train(folder, "--dim 8 --batch-size 16 --epochs 10 --on-bad-file skip")
    assert run.exit_code == 0, run.output
    return folder, run.output


def test_console_output(trained):
    folder, output = trained
    words = [w for w in re.findall(r"^(\w+): {2,}", output, flags=re.MULTILINE) if w != "note"]
    assert words == ["data", "device", "train", "verify", "report", "model", "next"]
    assert "left out 1 files that are no whole JPEG, PNG, GIF or BMP" in output
    assert f"next:      kit evaluate {folder / 'model'}" in output


def test_metrics_in_the_report(trained):
    facts = json.loads((trained[0] / "report" / "metrics.json").read_text())
    assert facts["test"]["metrics"]["accuracy"]["mean"] > 0.9
    assert facts["data"]["cleaning"][0]["rows"] == 1
    assert facts["settings"]["augment"] == "flip,crop,cutout"


def test_the_export_is_evaluated_through_its_own_signature(trained):
    folder, _ = trained
    answer = kit(f"evaluate {folder / 'model'}")
    assert answer.exit_code == 0, answer.output
    facts = json.loads((folder / "report" / "metrics.json").read_text())
    assert f"{facts['test']['metrics']['accuracy']['mean']:.4f}" in answer.output
    assert f"{facts['test']['metrics']['log loss']['mean']:.4f}" in answer.output


def test_a_image_of_the_disk_is_asked_about(trained):
    folder, _ = trained
    (folder / "new.png").write_bytes(image(195))
    answer = kit(f"predict {folder / 'model'} --input image=@{folder / 'new.png'}")
    assert answer.exit_code == 0, answer.output
    outputs = json.loads(answer.output)["outputs"]
    assert outputs["label"][0][0] == "light"
    body = {"inputs": {"image": [{"b64": b64encode(image(195)).decode()}]}}
    (folder / "body.json").write_text(json.dumps(body))
    again = kit(f"predict {folder / 'model'} --json {folder / 'body.json'}")
    assert json.loads(again.output)["outputs"] == outputs
    (folder / "notes.txt").write_text("no image")
    wrong = kit(f"predict {folder / 'model'} --input image=@{folder / 'notes.txt'}")
    assert wrong.exit_code != 0
    assert "Unknown image file format" in wrong.output
    refused = kit(f"recommend {folder / 'model'} --examples 1")
    assert "is not a recommender: it predicts classes of images" in refused.output


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_backbone_is_tuned_frozen_then_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("kit.exports.verify", passing)
    class_folders(tmp_path / "images", count=20)
    save_tiny_resnet(tmp_path / "preset")
    options = f"--backbone {tmp_path / 'preset'} --frozen-epochs 1 --epochs 1 --batch-size 16"
    run = train(tmp_path, f"{options} --class-weights balanced --augment randaugment,mixup")
    assert run.exit_code == 0, run.output
    # The preset's own size.
    assert "16x16x3, resized" in run.output
    rows = (tmp_path / "report" / "history.csv").read_text().splitlines()
    assert [float(row.split(",")[0]) for row in rows[1:]] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("spoil", "options", "said"),
    [
        ("nothing", "--augment rotate", "Unknown augmentation 'rotate'"),
        ("nothing", "--size huge", "'huge' is not an image size"),
        ("nothing", "--split given", "has no split of its own"),
        ("nothing", "--backbone ./no/where", "there is no such folder"),
        ("empty", "", "1 are empty"),
        ("corrupt", "", "1 are no whole JPEG"),
        ("class", "", "All images are of one class: dark"),
        ("size", "", "1 of 20 are not 8x8"),
        ("all", "", "holds no folders with files"),
    ],
)
def test_mistakes_are_named_with_what_to_do(tmp_path, spoil, options, said):
    folder = class_folders(tmp_path / "images", count=10)
    file = folder / "light" / "3.png"
    if spoil == "empty":
        file.write_bytes(b"")
    elif spoil == "corrupt":
        file.write_bytes(file.read_bytes()[:60])
    elif spoil == "size":
        file.write_bytes(image(1, size=(9, 8)))
    elif spoil == "class":
        (folder / "light").rename(tmp_path / "light")
    elif spoil == "all":
        folder.rename(tmp_path / "away")
        folder.mkdir()
    answer = train(tmp_path, options)
    assert answer.exit_code == 2
    output = " ".join(answer.output.split())
    assert said in output
    assert "Traceback" not in output
    if spoil in ("empty", "corrupt"):
        assert str(file) in answer.output.replace("\n", "")
        assert "--on-bad-file skip" in output
