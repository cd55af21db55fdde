import csv
import shutil

import numpy as np
import pytest

from kit.errors import UserError
from kit.exports import LoadedExport


@pytest.fixture(scope="module")
def export(trained):
    return LoadedExport(trained.version)


@pytest.fixture(scope="module")
def owned(trained):
    """Every user's items in the whole data."""
    found: dict[str, set[str]] = {}
    with trained.data.open() as file:
        for row in csv.DictReader(file):
            found.setdefault(row["user_id"], set()).add(row["item_id"])
    return found


def test_recommendations_carry_names_scores_and_reasons(export, owned):
    lines, history = export.recommend("shopper-007", 4)
    assert len(lines) == 4
    scores = [line.score for line in lines]
    assert scores == sorted(scores, reverse=True)
    for line in lines:
        number = int(line.item_id[1:])
        assert line.name == f"{'Red cup' if number % 2 else 'Blue plate'} {number}"
        assert len(set(line.because_of)) == 2
        assert set(line.because_of) <= set(history)
    assert set(history) <= {export.name(item) for item in owned["shopper-007"]}
    assert set(history).isdisjoint(line.name for line in lines)


def test_a_stranger_has_no_history_and_no_reasons(export):
    lines, history = export.recommend("nobody", 3)
    assert history == []
    assert [line.because_of for line in lines] == [[]] * 3
    (ids,), _ = export.top_lists(["someone else"])
    assert [line.item_id for line in lines] == ids[:3]


def test_no_more_lines_than_the_export_has(export):
    assert len(export.recommend("shopper-007", 10_000)[0]) == 20


def test_somebody_new_by_his_items(export):
    lines = export.from_history(["i3", "i5", "unheard of", "i3"], 5)
    assert {"i3", "i5"}.isdisjoint(line.item_id for line in lines)
    for line in lines:
        assert set(line.because_of) == {"Red cup 3", "Red cup 5"}


def test_unknown_items_are_named_in_the_error(export):
    for ask in (
        lambda: export.from_history(["nope", "no"], 3),
        lambda: export.similar("nope", 3),
    ):
        with pytest.raises(UserError, match="does not know the item 'nope'") as raised:
            ask()
        assert "an item of its training data, such as i" in str(raised.value)


def test_similar_items(export):
    lines = export.similar("i4", 6)
    vectors = export.embeddings(["i4", *(line.item_id for line in lines)])
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose([line.score for line in lines], unit[1:] @ unit[0], atol=1e-5)
    assert "i4" not in [line.item_id for line in lines]
    assert all(line.because_of == [] for line in lines)


def test_lists_of_many_users(export, owned):
    users = sorted(owned)[:5]
    lists, scores = export.top_lists(users)
    assert scores.shape == (5, 20)
    assert [line.item_id for line in export.recommend(users[2], 20)[0]] == lists[2]


def test_an_item_without_a_name_is_called_by_its_id(export):
    assert export.name("i2") == "Blue plate 2"
    assert export.name("unheard of") == "unheard of"


def test_some_users(export, owned):
    users = export.some_users(5)
    assert len(set(users)) == 5
    assert all(len(owned[user]) >= 5 for user in users)
    assert users == export.some_users(5) != export.some_users(5, seed=1)
    assert len(export.some_users(10_000)) <= len(owned)


def test_an_export_of_others_has_no_card(trained, tmp_path):
    version = shutil.copytree(trained.version, tmp_path / "1")
    shutil.rmtree(version / "assets.extra")
    with pytest.raises(UserError, match="no card") as raised:
        LoadedExport(version)
    assert "expected: an export of this kit" in str(raised.value)
