import pytest
import tensorflow as tf

from tests.cli.answering import kit, measures, refused, save

OPTIONS = {
    "source_column": None,
    "target_column": None,
    "from_language": None,
    "to_language": None,
    "split": None,
    "limit": None,
    "seed": 0,
}


def write(file, target=str.upper, header="source\ttarget"):
    """Of several words each, more than are asked about at once in test."""
    rows = [f"this is the text of number {n} here" for n in range(1400)]
    file.write_text("\n".join([header, *(f"{row}\t{target(row)}" for row in rows)]))
    return file


def model_that(folder, writes, answer):
    data = {"data": str(write(folder / "own.tsv")), **OPTIONS}
    card = {"model": "by hand", "writes": writes, "how": "by a rule", "data": data}
    return save(folder / "model" / "1", card, "text", lambda text: {writes: answer(text)})


@pytest.mark.parametrize(("writes", "best"), [("translation", 100.0), ("summary", 1.0)])
def test_what_is_written_is_held_against_the_references(tmp_path, writes, best):
    model = model_that(tmp_path, writes, tf.strings.upper)
    answer = kit(f"evaluate {model}")
    assert measures(answer)[0] == best
    assert "by a rule" in " ".join(answer.output.split())
    other = write(tmp_path / "other.tsv", lambda row: f"{row.upper()} AND MORE OF IT")
    assert 0 < measures(kit(f"evaluate {model} --data {other}"))[0] < best


def test_what_is_no_text_counts_as_wrong(tmp_path):
    model = model_that(tmp_path, "translation", lambda text: tf.fill(tf.shape(text), b"\xff\xfe"))
    assert measures(kit(f"evaluate {model}"))[0] == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "The file is empty"), ("text\nhello\n", "No column is recognised as the target")],
)
def test_data_that_are_no_pairs_are_refused(tmp_path, content, said):
    model = model_that(tmp_path, "summary", tf.strings.upper)
    other = tmp_path / "other.tsv"
    other.write_text(content)
    answer = refused(kit(f"evaluate {model} --data {other}"))
    assert said in answer
    assert "other.tsv" in answer
    assert "--target-column" not in answer
