"""The segment of a user, by the graph of an export."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from kit.errors import UserError
from kit.exporting import (
    Catalogue,
    SegmentCentres,
    export_recommender,
    export_segments,
    read_parts,
    recommender_graph,
)
from kit.exports import RetrievalCard, Users, check_can_hold_segments, segment_users, verify
from kit.retrieval import IndexSettings
from tests.cli.answering import save
from tests.exporting.parts import ITEMS, OWNED, USERS, hand_made

CENTRES = SegmentCentres(
    np.float32([[0.9, 0.1, 0], [-0.2, 0.5, 0.5], [0, 0, -0.8]]), ["tea", "čaj, 茶", "segment 3"]
)


def parts_with_segments(**changes):
    return replace(hand_made(), segments=CENTRES, **changes)


def graph(**changes):
    settings = IndexSettings("exact")
    return recommender_graph(parts_with_segments(**changes), k=5, exclude_seen=True, index=settings)


def answered(function, asked):
    answer = {name: x.numpy() for name, x in function(tf.constant(asked)).items()}
    names = [name.decode() for name in answer["name"]]
    return answer["segment"].tolist(), names, answer["distance"]


def by_definition(vectors):
    """Segments and distances of vectors by their directions."""
    points = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    distances = np.stack([np.linalg.norm(points - one, axis=1) for one in CENTRES.centres], 1)
    return (distances.argmin(1) + 1).tolist(), distances.min(1)


def test_a_user_is_in_the_segment_of_the_nearest_centre():
    found, names, distances = answered(graph().segment, USERS)
    expected, nearest = by_definition(hand_made().user_vectors[:, :-1])
    assert found == expected
    assert names == [CENTRES.names[one - 1] for one in expected]
    np.testing.assert_allclose(distances, nearest, atol=1e-5)


def test_how_active_a_user_is_does_not_count():
    vectors = hand_made().user_vectors
    longer = vectors * np.float32([[7], [0.01], [3], [1]])
    longer[:, -1] = 1
    found, _, distances = answered(graph(user_vectors=longer).segment, USERS)
    expected, nearest = by_definition(vectors[:, :-1])
    assert found == expected
    np.testing.assert_allclose(distances, nearest, atol=1e-5)


def test_a_history_has_the_segment_of_its_query():
    module = graph()
    rows = [[ITEMS[item] for item in OWNED[0]], [ITEMS[5], ""], ["no such item", ""]]
    found, names, distances = answered(module.segment_history, rows)
    vectors = hand_made().item_vectors[:, :-1]
    expected, nearest = by_definition(np.stack([vectors[OWNED[0]].mean(0), vectors[5]]))
    assert found == [*expected, 0]
    assert names[2] == ""
    np.testing.assert_allclose(distances, [*nearest, -1], atol=1e-5)


def test_unknown_users_are_in_no_segment():
    found, names, distances = answered(graph().segment, ["nobody", ""])
    assert (found, names, distances.tolist()) == ([0, 0], ["", ""], [-1, -1])


def test_without_segments_there_is_no_signature():
    module = recommender_graph(hand_made(), k=5, exclude_seen=True, index=IndexSettings("exact"))
    assert not {"segment", "segment_history"} & module.signatures().keys()


def users(count=60, dim=3):
    """Users around three directions; the parts of an export that knows them."""
    rng = np.random.default_rng(0)
    vectors = np.eye(dim)[np.arange(count) % 3] + 0.1 * rng.normal(size=(count, dim))
    vectors = np.append(vectors, np.ones((count, 1)), 1).astype(np.float32)
    owned = hand_made().owned.take(np.arange(count) % len(USERS))
    ids = [f"user {number}" for number in range(count)]
    parts = replace(hand_made(), user_ids=ids, user_vectors=vectors, owned=owned)
    return Users(ids, vectors[:, :-1], owned, ITEMS), parts


def written(parts, folder):
    card = RetrievalCard(recipe="by hand", names=dict.fromkeys(ITEMS, "a name"))
    version, _ = export_recommender(
        parts, folder, model=None, k=5, exclude_seen=True, index=IndexSettings(), card=card
    )
    return version


@pytest.mark.slow
def test_segments_survive_the_export_and_three_loaders(tmp_path):
    """Without --trust: the operations of the signature are those of the list."""
    known, parts = users()
    segments = segment_users(known, 3)
    narrow = replace(segments, centres=segments.centres[:, :2])
    first = written(parts, tmp_path / "model")
    with pytest.raises(UserError, match="not of this export's user vectors"):
        export_segments(first, narrow)
    version, checks = export_segments(first, segments)
    assert version.name == "2"
    assert all(check.passed for check in verify(version)), checks
    assert {"segment", "segment_history"} <= {check.signature for check in checks}
    # What changes items keeps them.
    assert Catalogue.of(version).parts.segments is not None
    again = read_parts(version).segments
    np.testing.assert_allclose(again.centres, segments.centres, atol=1e-6)
    assert (
        again.names[0] == ", ".join(item["name"] for item in segments.table["items"][0])
        or again.names[0] == "segment 1"
    )
    model = tf.saved_model.load(str(version))
    answer = model.signatures["segment"](user_id=tf.constant(known.ids))
    assert answer["segment"].numpy().tolist() == segments.users["segment"].to_list()


def test_what_cannot_be_written_is_refused(tmp_path):
    known, _ = users()
    rfm = replace(segment_users(known, 3), by="rfm")
    loose = replace(segment_users(known, 3), halves=0.49)
    two_stage = {
        "names": {"a": "A"},
        "task": "two-stage",
        "recipe": "two-stage",
        "second_stage": {"category_column": None, "diversity": 0.0},
    }
    plain = {"names": {"a": "A"}, "task": "retrieval", "recipe": "two-tower"}
    answers = lambda user_id: {"item_id": user_id}  # noqa: E731
    stages = save(tmp_path / "stages" / "1", two_stage, "user_id", answers) / "1"
    single = save(tmp_path / "single" / "1", plain, "user_id", answers) / "1"
    with pytest.raises(UserError, match="two-stage model cannot be given"):
        check_can_hold_segments(stages)
    with pytest.raises(UserError, match="These groups do not repeat"):
        export_segments(single, loose)
    with pytest.raises(UserError, match="not of this export's user vectors"):
        export_segments(single, rfm)
    with pytest.raises(UserError, match="parts of the export cannot be read"):
        export_segments(single, segment_users(known, 3), trust=True)
