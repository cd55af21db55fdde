"""Linear recommenders with differential privacy, from a log to the export."""

import json

import numpy as np
import pytest
import tensorflow as tf

import kit
from kit.exports import LoadedExport, is_sample_user
from tests.conftest import shared
from tests.exporting.parts import c_library_only
from tests.recipes.test_linear import run

PEOPLE, ITEMS = 4_000, 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """People of two tastes, and one who alone has an item."""

    def train(folder):
        rng = np.random.default_rng(0)
        rows = ["user_id,item_id"]
        for person in range(PEOPLE):
            taste = np.arange(person % 2, ITEMS, 2)
            rows += [f"person-{person},item-{n}" for n in rng.choice(taste, 4, replace=False)]
        rows += ["person-of-note,item-of-note", "person-of-note,item-0", "person-of-note,item-2"]
        (folder / "log.csv").write_text("\n".join(rows) + "\n")
        places = ["--output", folder / "model", "--report", folder / "report"]
        with pytest.MonkeyPatch.context() as patch:
            c_library_only(patch)
            answer = run(["train", "linear", "--data", folder / "log.csv", "--private", 8, *places])
        assert answer.exit_code == 0, answer.output
        (folder / "output.txt").write_text(answer.output)

    return shared(tmp_path_factory, "private", train)


def test_the_guarantee_is_said_and_stands_in_the_card(folder):
    output = (folder / "output.txt").read_text()
    assert "epsilon 8, delta 1e-05 for one person's whole history" in output
    assert "not part of what is guaranteed" in output
    version = folder / "model" / "1"
    card = LoadedExport(version).card
    assert card.privacy["epsilon"] == 8
    # What is computed from people's rows without noise is in the report alone.
    assert card.results is None
    assert card.baselines is None
    assert "rows" not in card.dataset
    assert (
        "Differential privacy: epsilon 8"
        in (version / "assets.extra" / "model_card.md").read_text()
    )


def test_the_export_knows_nobody_and_no_item_of_few_people(folder):
    content = b"".join(
        path.read_bytes() for path in (folder / "model").rglob("*") if path.is_file()
    )
    assert b"person-" not in content
    assert b"item-of-note" not in content
    graph = tf.saved_model.load(str(folder / "model" / "1"))
    users = [one.decode() for one in graph.users_with(tf.constant(0)).numpy()]
    assert users
    assert all(map(is_sample_user, users))


def test_it_recommends_to_histories_and_is_measured_by_them(folder):
    loaded = LoadedExport(folder / "model" / "1")
    lists, scores = loaded.lists_of_histories([["item-0", "item-2"], ["item-1"]])
    tastes = [{int(item.removeprefix("item-")) % 2 for item in one[:4]} for one in lists]
    assert tastes == [{0}, {1}]
    assert np.all(np.diff(scores, axis=1) <= 0)
    later = folder / "later.csv"
    rows = [f"new-{n},item-{2 * k + n % 2}" for n in range(40) for k in range(6)]
    later.write_text("\n".join(["user_id,item_id", *rows]) + "\n")
    answer = run(["evaluate", folder / "model", "--data", later, "--json"])
    assert answer.exit_code == 0, answer.output
    (found,) = json.loads(answer.stdout)["evaluations"]
    assert found["metrics"]["NDCG@10"]["mean"] > 0.4


def test_the_noise_cannot_be_drawn_again(folder):
    from kit.models import LinearRecommender

    data = kit.open(folder / "log.csv")
    models = []
    for _ in range(2):
        model = LinearRecommender.for_dataset(data)
        kit.fit(model, data, private=8.0, quiet=True)
        models.append(model.item_weights())
    assert not np.array_equal(*models)


@pytest.mark.slow
def test_python_exports_a_model_of_all_rows_without_its_users(folder, tmp_path, monkeypatch):
    from kit.models import LinearRecommender

    c_library_only(monkeypatch)
    data = kit.open(folder / "log.csv")
    model = LinearRecommender.for_dataset(data)
    kit.fit(model, data, private=8.0, quiet=True)
    version = kit.export(model, data, tmp_path / "model")
    card = LoadedExport(version).card
    assert card.privacy["epsilon"] == 8
    assert card.refit


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--private", "4", "--method", "ials"], "--method does not go with --private"),
        (["--private", "4", "--l2", "10"], "--l2 does not go with --private"),
        (["--private", "4", "--half-life", "3"], "--half-life does not go with --private"),
        (["--private", "4", "--limit", "9"], "--limit does not go with --private"),
        (["--private", "4", "--weight-column", "w"], "--weight-column does not go with --private"),
        (["--delta", "1e-6"], "--delta is a part of the guarantee"),
        (["--private", "0"], "--private"),
        (["--private", "nan"], "private: nan"),
        (["--private", "4", "--delta", "0.5"], "--delta"),
    ],
)
def test_what_leaves_no_guarantee_is_refused_before_data_are_read(options, message, tmp_path):
    places = ["--output", tmp_path / "model", "--report", tmp_path / "report"]
    answer = run(["train", "linear", "--data", tmp_path / "none.csv", *options, *places])
    assert answer.exit_code == 2
    assert message in answer.stderr


def test_too_few_people_are_told_so(shop, tmp_path):
    places = ["--output", tmp_path / "model", "--report", tmp_path / "report"]
    answer = run(["train", "linear", "--data", shop[0], "--private", "0.1", *places])
    assert answer.exit_code == 2
    assert "150 people are too few for epsilon 0.1" in answer.stderr
    assert not (tmp_path / "model").exists()
