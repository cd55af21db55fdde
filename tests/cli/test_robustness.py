import json

import pytest

from kit.evaluation import CORRUPTIONS, PERTURBATIONS
from tests.cli.answering import kit, labelled, refused, save
from tests.cli.test_evaluate_images import IMAGES
from tests.cli.test_evaluate_texts import DATA, by_its_word, rows, write
from tests.data.images.files import class_folders


@pytest.fixture
def texts(tmp_path):
    """Says good where it reads fine."""
    data = {"data": str(write(tmp_path / "own.csv", rows())), **DATA}
    card = {"model": "by hand", "classes": ["bad", "good"], "pieces": 8, "data": data}
    return save(tmp_path / "texts" / "1", card, "text", by_its_word)


@pytest.fixture
def images(tmp_path):
    """Says that every image is light."""
    data = {"data": str(class_folders(tmp_path / "own")), **IMAGES}
    card = {"model": "by hand", "classes": ["dark", "light"], "shape": [8, 8, 3], "data": data}
    return save(tmp_path / "images" / "1", card, "image", labelled(["light", "dark"], [0.8, 0.2]))


def table(answer):
    """The first number of each line."""
    assert answer.exit_code == 0, answer.output
    lines = [line.split("  ") for line in answer.stdout.splitlines()]
    return {line[0]: [cell.strip() for cell in line[1:] if cell.strip()] for line in lines}


def test_texts_are_changed_and_asked_again(texts, tmp_path):
    answer = kit(f"robustness {texts}")
    found = table(answer)
    assert found["unchanged"] == ["1.0000", "1.0000 to 1.0000"]
    assert found["upper case"][0] == "0.5000"
    assert found["upper case"][2] == "-0.5000"
    assert "accuracy on all 20 texts of test" in answer.stdout
    assert "not measured: lower case, which changes none of the texts" in answer.stdout
    other = write(tmp_path / "other.csv", rows(wrong=5))
    assert table(kit(f"robustness {texts} --data {other}"))["unchanged"][0] == "0.7500"


def test_json_states_what_the_table_does(texts):
    answer = kit(f"robustness {texts} --limit 8 --json")
    found = json.loads(answer.stdout)
    assert set(found) == {"protocol", "system", "metrics", "differences", "left_out"}
    assert found["protocol"] == "accuracy on 8 of 20 texts of test, drawn with seed 0"
    assert found["system"] == "by hand"
    assert {*found["metrics"], *found["left_out"]} == {"unchanged", *PERTURBATIONS}
    assert {"mean", "low", "high"} == set(found["metrics"]["unchanged"])
    assert json.loads(kit(f"robustness {texts} --limit 8 --json").stdout) == found


def test_images_without_gradients_are_corrupted_only(images):
    answer = kit(f"robustness {images}")
    found = table(answer)
    assert all(found[name][0] == "0.5000" for name in ("unchanged", *CORRUPTIONS))
    assert "FGSM 2/255" not in found
    assert "not measured: PGD-20 8/255, which needs gradients" in answer.stdout


def test_what_cannot_be_measured_is_refused(texts, images, tmp_path):
    encoder = save(tmp_path / "e" / "1", {"preset": "a", "length": 8}, "text", by_its_word)
    said = refused(kit(f"robustness {encoder}"))
    assert "it is of the task encoder" in said
    assert "remedy:" in said
    assert refused(kit(f"robustness {tmp_path / 'nothing'}"))
    other = class_folders(tmp_path / "other")
    (other / "dark").rename(other / "gloomy")
    assert "does not know the class gloomy" in refused(kit(f"robustness {images} --data {other}"))
    assert "own.csv" in refused(kit(f"robustness {texts} --data {tmp_path / 'own.csv'}.gone"))
    assert kit(f"robustness {texts} --limit 0").exit_code == 2


def test_the_model_after_a_refit_has_no_rows_left(texts):
    card = texts / "1" / "assets.extra" / "card.json"
    content = json.loads(card.read_text())
    card.write_text(json.dumps({**content, "refit": {"rows": 40, "epochs": [2]}}))
    assert "trained again on all rows" in refused(kit(f"robustness {texts}"))
