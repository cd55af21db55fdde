"""`kit predict --data FILE --output FILE`, of exports of every kind."""

import json
import tarfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

import kit as api
from kit.cli import main
from kit.exports import load_export, predict_file

FIXTURES = Path(__file__).parents[1] / "fixtures" / "exports"
TEXTS = ["a good phone", "", "it broke on the first day", "fine"]


def kit(*words):
    return CliRunner().invoke(main, [*map(str, words)])


@pytest.fixture(scope="module")
def exports(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    for name in ("ranking-dcn", "text-classification", "image-classification", "two-tower"):
        with tarfile.open(FIXTURES / f"{name}.tar.xz") as packed:
            packed.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def rows(exports) -> pl.DataFrame:
    """Rows of a table that the ranking model reads, with an id that it does not."""
    card = json.loads((exports / "ranking-dcn" / "1" / "assets.extra" / "card.json").read_text())
    rng = np.random.default_rng(0)
    numbers = {"number", "numbers"}
    columns = {
        one["name"]: pl.Series(rng.integers(0, 5, 50)).cast(pl.String)
        if one["kind"] not in numbers
        else pl.Series(rng.normal(size=50))
        for one in card["schema"]["features"]
    }
    return pl.DataFrame({"order": [f"o{n}" for n in range(50)], **columns})


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_rows_of_a_table_have_their_predictions(exports, rows, tmp_path, suffix):
    source, output = tmp_path / "orders.parquet", tmp_path / f"answers{suffix}"
    rows.write_parquet(source)
    result = kit(
        "predict",
        exports / "ranking-dcn",
        "--data",
        source,
        "--keep",
        "order",
        "--output",
        output,
    )
    assert result.exit_code == 0, result.output
    read = {".csv": pl.read_csv, ".parquet": pl.read_parquet, ".jsonl": pl.read_ndjson}[suffix]
    found = read(output)
    assert found["row"].to_list() == list(range(1, 51))
    assert found["order"].to_list() == rows["order"].to_list()
    expected = api.load(exports / "ranking-dcn").predict(rows)
    assert found.columns == ["row", "order", *expected.columns]
    for name in expected.columns:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5)
    assert f"output:    {output}, 50 rows" in result.stdout


def test_texts_are_lines_or_a_column(exports, tmp_path):
    model = exports / "text-classification"
    lines, table = tmp_path / "texts.txt", tmp_path / "texts.csv"
    lines.write_text("\n".join(TEXTS) + "\n")
    pl.DataFrame({"id": [7, 8, 9, 10], "says": TEXTS}).write_csv(table)
    answers = []
    for words in (["--data", lines], ["--data", table, "--text-column", "says", "--keep", "id"]):
        result = kit("predict", model, *words, "--output", tmp_path / "out.csv")
        assert result.exit_code == 0, result.output
        answers.append(pl.read_csv(tmp_path / "out.csv"))
    assert {*answers[0].columns} == {"row", "label", "probability"}
    assert answers[1]["id"].to_list() == [7, 8, 9, 10]
    assert answers[1].drop("id").equals(answers[0])


def test_images_of_a_folder(exports, tmp_path):
    import tensorflow as tf

    folder = tmp_path / "images"
    (folder / "new").mkdir(parents=True)
    for name in ("a.png", "new/b.png"):
        pixels = np.random.default_rng(len(name)).integers(0, 255, (28, 28, 1), np.uint8)
        (folder / name).write_bytes(tf.io.encode_png(pixels).numpy())
    (folder / "notes.txt").write_text("no image")
    result = kit("predict", exports / "image-classification", "--data", folder, "--output", "-")
    assert result.exit_code == 0, result.output
    found = pl.read_csv(result.stdout.encode())
    assert found["image"].to_list() == ["a.png", "new/b.png"]
    assert found["probability"].is_between(0, 1).all()


def test_an_interrupted_run_resumes_without_a_lost_or_doubled_row(
    exports, rows, tmp_path, monkeypatch
):
    source, output = tmp_path / "orders.parquet", tmp_path / "answers.parquet"
    rows.write_parquet(source)
    words = ["predict", exports / "ranking-dcn", "--data", source, "--output", output]
    monkeypatch.setattr("kit.exports._predict_file.predict_file.__kwdefaults__", DEFAULTS)
    predict, asked = api.exports.Predictor.predict, []

    def interrupt(self, given):
        asked.append(len(given))
        if len(asked) == 3:
            raise KeyboardInterrupt
        return predict(self, given)

    with monkeypatch.context() as patch:
        patch.setattr(api.exports.Predictor, "predict", interrupt)
        assert kit(*words).exit_code == 130
        assert not output.exists()
        result = kit(*words)
    assert result.exit_code == 0, result.output
    assert "resumed:   32 rows were done" in result.stderr
    assert asked == [16, 16, 16, 16, 2]
    found = pl.read_parquet(output)
    assert found["row"].to_list() == list(range(1, 51))
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


DEFAULTS = {"begin": 0, "rows": 16, "keep": (), "text_column": None}


def test_a_file_is_predicted_for_from_python(exports, rows, tmp_path):
    source = tmp_path / "orders.csv"
    rows.write_csv(source)
    model = load_export(exports / "ranking-dcn")
    found = list(predict_file(model, source, begin=10, rows=25, keep=["order"]))
    assert [done for done, _ in found] == [35, 50]
    assert [frame["order"][0] for _, frame in found] == ["o10", "o35"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("DIR/ranking-dcn --data none.csv --output out.csv", "There is no such file"),
        ("DIR/ranking-dcn --data rows.csv", "go together"),
        ("DIR/ranking-dcn --output out.csv", "go together"),
        ("DIR/ranking-dcn --data rows.csv --output out.xlsx", "cannot be written as '.xlsx'"),
        ("DIR/ranking-dcn --data rows.csv --output out.csv --input x=1", "no other inputs"),
        ("http://127.0.0.1:1 --model m --data rows.csv --output out.csv", "takes a folder"),
        ("DIR/ranking-dcn --keep x --input a=1", "go together with --data"),
        ("DIR/ranking-dcn --data rows.csv --output out.csv", "There is no column"),
        ("DIR/ranking-dcn --data rows.csv --output out.csv --keep z", "There is no column 'z'"),
        ("DIR/text-classification --data rows.csv --output out.csv", "column of texts"),
        (
            "DIR/text-classification --data rows.csv --text-column z --output out.csv",
            "There is no column 'z'",
        ),
        ("DIR/image-classification --data empty --output out.csv", "There are no images"),
        ("DIR/two-tower --data rows.csv --output out.csv", "Write the lists of users"),
    ],
)
def test_mistakes_have_code_2_and_write_nothing(exports, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    (tmp_path / "empty").mkdir()
    result = kit("predict", *words.replace("DIR", str(exports)).split())
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "rows.csv"]
