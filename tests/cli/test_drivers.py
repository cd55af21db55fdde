import json

import numpy as np
import polars as pl
import pytest
import tensorflow as tf

import kit as package
from kit.exporting import outputs_of
from tests.cli.answering import kit, refused


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A table, and an export that knows how its label was drawn and reads noise too."""
    folder = tmp_path_factory.mktemp("drivers")
    rng = np.random.default_rng(0)
    price, colour = rng.normal(size=2000), rng.integers(0, 2, 2000)
    logit = 1.5 * price + np.where(colour, 1, -1)
    frame = pl.DataFrame(
        {
            "price": price,
            "colour": [f"c{n}" for n in colour],
            "noise": rng.normal(size=2000),
            "bought": [
                "yes" if drawn else "no" for drawn in rng.random(2000) < 1 / (1 + np.exp(-logit))
            ],
        }
    )
    frame.write_csv(folder / "table.csv")
    save_rule(folder, "model", ["bought"])
    return folder


def save_rule(folder, name, labels):
    """An export of a rule that gives every label the same probability."""
    module = tf.Module()

    def answer(price, colour, noise):
        side = tf.where(colour == "c1", 1.0, -1.0)
        probability = tf.sigmoid(1.5 * price + side + 0.1 * noise)
        return dict.fromkeys(outputs_of(labels), probability)

    specs = {"price": tf.float32, "colour": tf.string, "noise": tf.float32}
    module.answer = tf.function(
        answer, input_signature=[tf.TensorSpec([None], kind, name) for name, kind in specs.items()]
    )
    version = folder / name / "1"
    tf.saved_model.save(module, str(version), signatures=module.answer)
    features = [
        {"name": name, "kind": "number" if kind == tf.float32 else "category"}
        for name, kind in specs.items()
    ]
    card = {
        "version": 2,
        "task": "tabular",
        "recipe": "ranking",
        "labels": dict.fromkeys(labels, "yes"),
        "schema": {"features": features},
        "data": {"data": str(folder / "table.csv"), "label": labels, "split": "random"},
    }
    (version / "assets.extra").mkdir()
    (version / "assets.extra" / "card.json").write_text(json.dumps(card))
    return folder / name


def test_a_table_says_what_predicts(table, tmp_path):
    answer = kit(f"drivers {table / 'model'} --output {tmp_path / 'drivers.csv'}")
    assert answer.exit_code == 0, answer.output
    assert "200 of 200 rows of test, split random" in answer.stdout
    assert "need not cause" in answer.stdout
    lines = [line.split() for line in answer.stdout.splitlines()]
    assert [(line[0], line[-1]) for line in lines[2:5]] == [
        ("price", "yes"), ("colour", "yes"), ("noise", "no"),
    ]  # fmt: skip
    written = pl.read_csv(tmp_path / "drivers.csv")
    assert written["columns"].to_list() == ["price", "colour", "noise"]
    assert written["predicts"].to_list() == [True, True, False]


def test_json_and_groups(table):
    answer = kit(f"drivers {table / 'model'} --json --group price,noise --rows 100 --repeats 3")
    found = json.loads(answer.stdout)
    assert (found["rows"], found["repeats"]) == (100, 3)
    assert [one["columns"] for one in found["drivers"]] == [["price", "noise"], ["colour"]]
    assert found["drivers"][0]["low"] < found["drivers"][0]["increase"]


def test_from_python_all_rows_of_a_frame_are_measured(table):
    frame = pl.read_csv(table / "table.csv")
    found = package.load(table / "model", trust=True).drivers(frame, repeats=3, limit=1000)
    assert found.rows == 1000
    assert found.table["columns"].to_list() == [["price"], ["colour"], ["noise"]]
    model = package.load(table / "model", trust=True)
    with pytest.raises(package.errors.UserError, match="no column 'bought', which the model"):
        model.drivers(frame.drop("bought"))
    with pytest.raises(package.errors.UserError, match="Only 20 rows"):
        model.drivers(frame.head(20))


def test_of_several_labels_the_mean_loss_is_measured_where_they_are_known(table, tmp_path):
    frame = pl.read_csv(table / "table.csv").with_row_index("row")
    kept = pl.when(pl.col("row") % 2 == 0).then("bought")
    model = package.load(save_rule(tmp_path, "two", ["bought", "kept"]), trust=True)
    both = model.drivers(frame.with_columns(kept=kept), repeats=3)
    one = package.load(table / "model", trust=True).drivers(frame, repeats=3)
    assert both.loss == pytest.approx(one.loss)
    assert both.table["increase"].to_list() == pytest.approx(one.table["increase"].to_list())


def test_what_cannot_be_measured_is_refused(table, tmp_path, trained):
    frame = pl.read_csv(table / "table.csv")
    frame.drop("bought").write_csv(tmp_path / "no_label.csv")
    said = refused(kit(f"drivers {table / 'model'} --data {tmp_path / 'no_label.csv'}"))
    assert "bought" in said
    frame.head(300).write_csv(tmp_path / "few.csv")
    said = refused(kit(f"drivers {table / 'model'} --data {tmp_path / 'few.csv'}"))
    assert "Only 30 rows are left" in said
    assert "does not read a column 'size'" in refused(
        kit(f"drivers {table / 'model'} --group price,size")
    )
    said = refused(kit(f"drivers {trained.model}"))
    assert "models that read a table, purchases or series" in said
    assert "recommends items" in said
