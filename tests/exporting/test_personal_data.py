"""Whom an export tells of: its table of users holds their ids, and nothing else does."""

import json
import re
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from kit.data.table import RankingColumns, TableEncoder, open_ranking, split_ranking
from kit.exporting import (
    Catalogue,
    Recommender,
    export,
    export_images,
    export_ranking,
    export_retrieval,
    export_texts,
    hold_users,
    recorded_two_stage,
    retrieval_parts,
    with_sample_users,
)
from kit.exports import Card, LoadedExport, is_sample_user, with_bytes
from kit.models import Ranking, SequenceEncoder, SequenceLoss, SequentialRecommender, TwoTower
from kit.retrieval import IndexSettings
from tests.evaluation.clicks import write_clicks
from tests.evaluation.small import random_dataset
from tests.exporting import images, words
from tests.exporting.parts import USERS, hand_made, lists, passing
from tests.exporting.two_stages import PARTS, second_stage, two_stages


@pytest.fixture(autouse=True)
def unverified(monkeypatch):
    monkeypatch.setattr("kit.exports.verify", passing)


def where_found(folder: Path, ids: list[str]) -> dict[str, int]:
    """File to how many of the ids are in it, however often."""
    pattern = re.compile(b"|".join(re.escape(one.encode()) for one in sorted(ids, reverse=True)))
    found = {}
    for path in (path for path in folder.rglob("*") if path.is_file()):
        # A field of every concrete function, in which the id "ann" would be found.
        content = path.read_bytes().replace(b"annotations", b"")
        if names := pattern.findall(content):
            # Once each: in the table alone.
            assert len({*names}) == len(names), path
            found[path.relative_to(folder).as_posix()] = len(names)
    return found


def test_the_command_leaves_ids_of_users_in_the_table_alone(trained):
    shoppers = [f"shopper-{user:03d}" for user in range(150)]
    assert where_found(trained.version, shoppers) == {"saved_model.pb": 150}
    assert where_found(trained.report, shoppers) == {}


@pytest.mark.slow
def test_so_does_another_catalogue_of_it(trained, tmp_path):
    catalogue = Catalogue.of(trained.version)
    version, _ = catalogue.without(["i1", "i2"]).export(tmp_path, IndexSettings())
    shoppers = [f"shopper-{user:03d}" for user in range(150)]
    assert where_found(version, shoppers) == {"saved_model.pb": 150}


@pytest.mark.slow
@pytest.mark.parametrize("is_timed", [True, False])
def test_a_sequential_model(tmp_path, is_timed):
    data = random_dataset()
    encoder = SequenceEncoder(layers=1, heads=1, time_buckets=8 if is_timed else 0)
    model = SequentialRecommender.for_dataset(
        data, dim=4, length=8, encoder=encoder, loss=SequenceLoss()
    )
    version, _ = export_retrieval(model, data, tmp_path, k=5, card={"recipe": "sequential"})
    known = data.user_ids[: data.num_users].tolist()
    assert where_found(version, known) == {"saved_model.pb": len(known)}


@pytest.mark.slow
def test_a_model_of_two_stages(tmp_path):
    module = two_stages()
    recorded = recorded_two_stage(None, PARTS, second_stage(), module, k=5, exclude_seen=True)
    version, _ = export(module, tmp_path, recorded=recorded, card=Card(recipe="two-stage"))
    assert where_found(version, USERS) == {"saved_model.pb": len(USERS)}


def test_a_ranking_model_has_rows_that_nobody_left(tmp_path):
    table = write_clicks(tmp_path / "clicks.csv")
    table.write_text(re.sub(r"(?m)^u(\d+)", r"customer-\1-of-ours", table.read_text()))
    data = split_ranking(
        open_ranking(str(table), columns=RankingColumns(labels=("click",))), "random"
    )
    encoder = TableEncoder.fit(data.schema, data.train.features)
    model = Ranking.for_dataset(data, encoder=encoder, dim=4, hidden=(8,))
    version, _ = export_ranking(model, data, encoder, tmp_path / "m", card={"recipe": "ranking"})
    customers = sorted({*re.findall(r"customer-\d+-of-ours", table.read_text())})
    assert {*where_found(version, customers)} <= {"saved_model.pb"}
    recorded = json.loads((version / "assets.extra" / "recorded.json").read_text())
    inputs = recorded["serving_default"]["inputs"]
    # The path of known values is checked nevertheless.
    assert {*inputs["colour"]} & {"red", "blue"}
    assert {*inputs["user_id"][:-2]} == {"\N{WHITE QUESTION MARK ORNAMENT} nothing"}
    prices = data.train.features["price (EUR)"].drop_nulls().to_numpy().astype(np.float32)
    assert len(prices) > 100
    assert not {*prices.tolist()} & {*np.float32(inputs["price__EUR_"][:-2]).tolist()}


def test_texts_and_images_of_the_data_are_in_no_request(tmp_path):
    data, tokens, model = words.untrained(kind="conv")
    version, _ = export_texts(model, tokens, data, 20, tmp_path / "t", card={"recipe": "texts"})
    recorded = json.loads((version / "assets.extra" / "recorded.json").read_text())
    texts = {*map(str, data.test.texts), *map(str, data.train.texts)}
    assert not texts & {text for text in recorded["serving_default"]["inputs"]["text"] if text}
    seen, classifier = images.untrained(classes=3)
    version, _ = export_images(classifier, seen, tmp_path / "i", card={"recipe": "images"})
    recorded = json.loads((version / "assets.extra" / "recorded.json").read_text())
    sent = with_bytes(recorded["serving_default"]["inputs"]["image"])
    assert len({*sent}) == 8
    assert not {*sent} & {seen.test.encoded(row) for row in range(len(seen.test))}


# Users that do not exist


def test_nobody_is_told_of_users_that_do_not_exist(trained):
    export = LoadedExport(trained.version)
    assert len(export.user_ids()) == 150
    assert not [user for user in export.some_users(1_000) if is_sample_user(user)]


@pytest.fixture(scope="module")
def live():
    keras.utils.set_random_seed(0)
    data = random_dataset()
    model = TwoTower.for_dataset(data, dim=6)
    return model, retrieval_parts(model, data)


def test_their_histories_are_drawn_and_real_users_stay_as_they_are(live):
    model, parts = live
    more = with_sample_users(model, parts)
    count = len(parts.user_ids)
    assert more.user_ids[:count] == parts.user_ids
    assert all(map(is_sample_user, more.user_ids[count:]))
    np.testing.assert_array_equal(more.user_vectors[:count], parts.user_vectors)
    np.testing.assert_array_equal(more.owned.take(np.arange(count)).items, parts.owned.items)
    lengths = more.owned.lengths[count:]
    assert lengths.min() >= 1
    assert lengths.max() == len(parts.item_ids) - 1
    assert with_sample_users(model, more) is more
    again = with_sample_users(model, parts)
    np.testing.assert_array_equal(again.owned.items, more.owned.items)


@pytest.mark.parametrize("items", [1, 2, 3])
def test_a_catalogue_of_few_items_has_them_too(items):
    parts = hand_made()
    small = replace(
        parts,
        item_ids=parts.item_ids[:items],
        item_vectors=parts.item_vectors[:items],
        owned=lists([[0], [0], [], [0]]),
    )
    assert with_sample_users(None, small).owned.items.max() < items


@pytest.mark.parametrize("mixed_up", ["user_vectors", "owned"])
def test_real_users_are_held_against_the_model(live, mixed_up):
    model, parts = live
    hold_users(model, parts, Recommender(parts, k=3, exclude_seen=True))
    order = np.roll(np.arange(len(parts.user_ids)), 1)
    changed = (
        replace(parts, user_vectors=parts.user_vectors[order])
        if mixed_up == "user_vectors"
        else replace(parts, owned=parts.owned.take(order))
    )
    module = Recommender(changed, k=3, exclude_seen=True)
    with pytest.raises(RuntimeError, match="Queries or histories of the graph differ"):
        hold_users(model, parts, module)
