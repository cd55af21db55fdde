"""The eight lines of Python, for every task."""

import warnings

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

import kit
from kit.cli import main
from kit.errors import UserError
from tests.evaluation.clicks import write_clicks
from tests.exporting.parts import c_library_only

TEXTS = {"dim": 16, "layers": 1, "heads": 2, "hidden": 32, "vocabulary": 300}


def command(*words):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        answer = CliRunner().invoke(main, [*map(str, words)])
    assert answer.exit_code == 0, answer.output
    return answer.output


def two_tower(data):
    return kit.models.TwoTower.for_dataset(data, dim=8)


def linear(data):
    return kit.models.LinearRecommender.for_dataset(data)


def ials(data):
    return kit.models.ImplicitALS.for_dataset(data, dim=8)


def sequential(data):
    return kit.models.SequentialRecommender.for_dataset(data, dim=8, encoder="gru", length=8)


def ranking(data):
    return kit.models.Ranking.for_dataset(data, dim=4)


def images(data):
    return kit.models.ImageClassifier.for_dataset(data, dim=16)


def boxes(data):
    return kit.models.Detector.for_dataset(data, size=64, dim=8)


def texts(data):
    return kit.models.TextClassifier.for_dataset(data, "conv", dim=8, vocabulary=300)


def translations(data):
    return kit.models.SequenceToSequence.for_dataset(data, **TEXTS)


def summaries(data):
    return kit.models.SentenceRanker.for_dataset(data, **TEXTS, sentences=4, length=16)


def abstracts(data):
    return kit.models.SequenceToSequence.for_dataset(data, **TEXTS, source_length=32)


SLOW = pytest.mark.slow
TASKS = {
    "two-tower": ("shop", {}, two_tower, {"epochs": 2}, "NDCG@10"),
    "linear": ("shop", {}, linear, {}, "NDCG@10"),
    "ials": ("shop", {}, ials, {}, "NDCG@10"),
    "ranking": ("clicks", {"label": "click"}, ranking, {"epochs": 2}, "AUC"),
    "sequential": ("online-retail", {"limit": 3000}, sequential, {"epochs": 1}, "NDCG@10"),
    "image-classification": (
        "fashion-mnist-part",
        {"limit": 200},
        images,
        {"epochs": 1, "augment": "none"},
        "accuracy",
    ),
    "object-detection": ("bccd", {"limit": 6}, boxes, {"epochs": 1, "mosaic": 0}, "AP50"),
    "text-classification": (
        "sentiment-labelled-sentences",
        {"limit": 200},
        texts,
        {"epochs": 1},
        "accuracy",
    ),
    "translation": ("tatoeba-eng-fra-part", {"limit": 200}, translations, {"epochs": 1}, "BLEU"),
    "summarization": ("scitldr-part", {"limit": 40}, summaries, {"epochs": 1}, "ROUGE-1"),
    "abstractive": (
        "scitldr-part",
        {"limit": 40},
        abstracts,
        {"epochs": 1, "recipe": "summarization", "beams": 1},
        "ROUGE-1",
    ),
}
QUICK = ("linear", "ranking")


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=SLOW) for name in TASKS]
)
def test_a_model_is_fitted_evaluated_exported_and_asked(name, tmp_path, shop, monkeypatch):
    source, of_data, build, of_fit, metric = TASKS[name]
    if name in QUICK:
        c_library_only(monkeypatch)
    if source == "shop":
        source, of_data = shop[0], {"items": shop[1]}
    elif source == "clicks":
        source = write_clicks(tmp_path / "clicks.csv")

    data = kit.open(source, **of_data)
    model = build(data)
    history = kit.fit(model, data, quiet=True, **of_fit).history
    result = kit.evaluate(model, data)
    result.save(tmp_path / "report")
    version = kit.export(model, data, tmp_path / "model", result=result)
    loaded = kit.load(version)

    assert history
    assert metric in result.metrics
    assert (tmp_path / "report" / "report.html").is_file()
    assert result.protocol.startswith("test, ") or ": test, " in result.protocol
    assert "<table>" in result._repr_html_()
    card = loaded.card
    assert card.recipe == {"abstractive": "summarization", "ials": "linear"}.get(name, name)
    assert card.data["seed"] == 0
    assert card.limits
    assert card.results
    if hasattr(loaded, "recommend"):
        user = str(data.user_ids[0])
        assert loaded.recommend(user=user, k=3).columns[:2] == ["item_id", "name"]
        history_items = [str(item) for item in data.item_ids[:2]]
        assert len(loaded.recommend(history=history_items, k=3)) == 3
        assert len(loaded.similar(history_items[0], k=2)) == 2
        assert "item" in command("recommend", version, "--user", user)
    else:
        rows = {
            "RankingData": lambda: data.test.features[:3],
            "ImageData": lambda: [data.test.encoded(row) for row in range(3)],
            "DetectionData": lambda: [image.encoded() for image in data.test[:3]],
            "TextData": lambda: data.test.texts[:3],
            "PairData": lambda: data.test.sources[:3],
        }[type(data).__name__]()
        found = loaded.predict(rows)
        assert isinstance(found, pl.DataFrame)
        assert len(found) == 3 or name == "object-detection"
    command("evaluate", version)
    if name not in QUICK:
        command("verify", version)


def test_a_frame_is_a_source(shop):
    frame = pl.read_csv(shop[0])
    data = kit.open(frame, items=pl.read_csv(shop[1]), split="random")
    assert (data.split_method, data.num_users) == ("random", 150)


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ("user_id,item_id,rating", "interactions"),
        ("user_id,age,label", "table"),
        ("price,clicked", "table"),
        ("path,label", "images"),
        ("filename,xmin,ymin,xmax,ymax,label", "detection"),
        ("review,label", "texts"),
        ("text,summary", "text2text"),
        ("source,target", "text2text"),
    ],
)
def test_the_kind_of_data_is_told_by_the_columns(tmp_path, columns, kind):
    (tmp_path / "data.csv").write_text(f"{columns}\n" + ",".join("1" for _ in columns.split(",")))
    assert kit.data.source_kind(tmp_path / "data.csv") == kind


def test_a_kind_that_cannot_be_told_is_asked_for(tmp_path):
    (tmp_path / "data.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="cannot be told") as error:
        kit.open(tmp_path / "data.csv")
    assert "kind=" in error.value.remedy
    with pytest.raises(UserError, match="Unknown kind of data 'logs'") as error:
        kit.open(tmp_path / "data.csv", kind="logs")
    assert "interactions" in error.value.expected


def test_wrong_arguments_state_what_is_allowed(shop):
    with pytest.raises(UserError, match="Unknown argument 'spit'") as error:
        kit.open(shop[0], spit="time")
    assert error.value.remedy == "Did you mean split?"
    data = kit.open(shop[0])
    model = two_tower(data)
    for wrong, message, remedy in (
        ({"epoch": 3}, "Unknown argument 'epoch'", "Did you mean epochs?"),
        ({"dim": 3}, "'dim' is an argument of the model", "TwoTower.for_dataset"),
        ({"limit": 3}, "'limit' is an argument of the data", "kit.open"),
        ({"epochs": 0}, "Invalid value of epochs: 0", ""),
        ({"recipe": "two-towers"}, "There is no recipe 'two-towers'", ""),
    ):
        with pytest.raises(UserError, match=message) as error:
            kit.fit(model, data, **wrong)
        assert remedy in error.value.remedy


def test_a_model_of_no_recipe_is_named(shop):
    import keras

    model = keras.Sequential([keras.layers.Dense(1)])
    with pytest.raises(UserError, match="No recipe trains a Sequential"):
        kit.fit(model, kit.open(shop[0]))


def test_fitting_again_trains_on(shop):
    data = kit.open(shop[0])
    model = two_tower(data)
    first = kit.fit(model, data, epochs=1, quiet=True).history[-1]["loss"]
    weights = [np.array(w) for w in model.get_weights()]
    second = kit.fit(model, data, epochs=1, quiet=True).history[-1]["loss"]
    assert second < first
    assert any((a != b).any() for a, b in zip(weights, model.get_weights(), strict=True))


@pytest.mark.slow
def test_a_whole_recipe_from_python(shop, tmp_path):
    version = kit.train(
        "two-stage",
        shop[0],
        items=shop[1],
        epochs=1,
        dim=8,
        candidates=20,
        top=10,
        output=str(tmp_path / "model"),
        report=str(tmp_path / "report"),
    )
    assert kit.load(version).card.task == "two-stage"


def test_the_package_lists_what_it_has():
    names = dir(kit)
    assert {"open", "fit", "evaluate", "export", "load", "train", "models", "data"} <= set(names)
    assert not [name for name in names if name.startswith("_") and not name.startswith("__")]


def test_data_that_kit_did_not_open_are_refused():
    data = kit.data.split(kit.data.open_source("online-retail", limit=2000))
    model = kit.models.TwoTower.for_dataset(data, dim=4)
    with pytest.raises(UserError, match=r"kit\.open"):
        kit.fit(model, data, epochs=1)
