import numpy as np
import pytest
import tensorflow as tf

from tests.cli.answering import kit, measures, refused, save

DATA = {"text_column": "said", "label_column": None, "split": "given", "limit": None, "seed": 0}


def by_its_word(text):
    """good where it says so, and surely."""
    is_good = tf.strings.regex_full_match(text, ".*fine.*")[:, None]
    return {
        "label": tf.where(is_good, [["good", "bad"]], [["bad", "good"]]),
        "probability": tf.tile([[0.8, 0.2]], [tf.shape(text)[0], 1]),
    }


def write(file, rows, header="said,label,split"):
    file.write_text("\n".join([header, *rows]) + "\n")
    return file


def rows(wrong=0):
    """Every other good; of test the label of some does not fit the text."""
    every = []
    for number in range(40):
        is_good = number % 2 == 0
        part = ("train", "valid", "test", "test")[number // 10]
        text = f"{'fine' if is_good else 'poor'} {number}"
        is_wrong = part == "test" and number - 20 < wrong
        every.append(f"{text},{'good' if is_good != is_wrong else 'bad'},{part}")
    return every


@pytest.fixture
def model(tmp_path):
    data = {"data": str(write(tmp_path / "own.csv", rows())), **DATA}
    card = {"model": "by hand", "classes": ["bad", "good"], "pieces": 8, "data": data}
    return save(tmp_path / "model" / "1", card, "text", by_its_word)


def test_its_own_test_part_and_that_of_other_data(model, tmp_path):
    accuracy, _, loss, error = measures(kit(f"evaluate {model}"))
    assert accuracy == 1
    assert loss == pytest.approx(-np.log(0.8), abs=1e-4)
    assert error == pytest.approx(0.2, abs=1e-4)
    other = write(tmp_path / "other.csv", rows(wrong=5))
    assert measures(kit(f"evaluate {model} --data {other}"))[0] == 0.75


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "The file is empty"),
        ("said,label\n" + "fine,good\n" * 30, "All texts are of one class: good"),
        (
            "said,label\n" + "".join(f"{n},{'good' if n % 2 else 'awful'}\n" for n in range(30)),
            "does not know the class awful",
        ),
    ],
)
def test_data_that_cannot_be_measured_on_are_refused(model, tmp_path, content, said):
    other = tmp_path / "other.csv"
    other.write_text(content)
    answer = refused(kit(f"evaluate {model} --data {other}"))
    assert said in answer
    assert "other.csv" in answer


def test_where_its_own_data_are_gone_it_is_said(model, tmp_path):
    (tmp_path / "own.csv").unlink()
    said = refused(kit(f"evaluate {model}"))
    assert "There is no such file or folder" in said
    assert "own.csv" in said
