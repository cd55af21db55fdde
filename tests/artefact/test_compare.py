import copy
import json

import numpy as np
import pytest

from kit.artefact._compare import agrees, compare

LOWEST = float(np.finfo(np.float32).min)
SCORES = [[3.0, 2.0, 2.0, 1.0], [5.0, 4.0, LOWEST, LOWEST]]
IDS = [["a", "b", "ć d", "e"], ["b", "a", "", ""]]


def compared(expected, answer):
    """The comparison, after the way through JSON that recorded answers take."""
    difference, ids_differ = compare(json.loads(json.dumps(expected)), answer)
    passed = bool(agrees(difference, ids_differ))
    return {"difference": difference, "ids_differ": ids_differ, "passed": passed}


def outcome(ids=IDS, scores=SCORES):
    answer = {"item_id": np.array(ids), "score": np.array(scores, np.float32)}
    return compared({"item_id": IDS, "score": SCORES}, answer)


def test_equal_answers_pass():
    assert outcome() == {"difference": 0.0, "ids_differ": 0, "passed": True}


def test_items_of_one_score_may_change_places():
    assert outcome(ids=[["a", "ć d", "b", "e"], IDS[1]])["passed"]


def test_an_item_that_ties_with_the_last_may_stand_in_its_place():
    assert outcome(ids=[["a", "b", "ć d", "x"], IDS[1]])["passed"]


@pytest.mark.parametrize(
    ("row", "ids", "differ"),
    [
        (0, ["b", "a", "ć d", "e"], 2),
        (0, ["a", "x", "b", "e"], 1),
        (0, ["a", "b", "b", "e"], 1),
        (1, ["b", "a", "e", ""], 1),
        (1, ["b", "", "", ""], 1),
    ],
)
def test_other_items_are_counted(row, ids, differ):
    other = copy.deepcopy(IDS)
    other[row] = ids
    found = outcome(ids=other)
    assert (found["ids_differ"], found["passed"]) == (differ, False)


@pytest.mark.parametrize(("value", "passed"), [(3.00002, True), (3.0001, False)])
def test_numbers_above_one_are_compared_relatively(value, passed):
    assert outcome(scores=[[value, *SCORES[0][1:]], SCORES[1]])["passed"] is passed


@pytest.mark.parametrize(
    ("largest", "off", "passed"),
    [
        # A difference of two numbers of about ten is as inexact as these.
        (-10.0, 9e-5, True),
        (10.0, 1.1e-4, False),
        (1000.0, 9e-3, True),
        (1000.0, 1.1e-2, False),
        # Up to one it counts as it is.
        (0.5, 9e-6, True),
        (0.5, 1.1e-5, False),
        # What stands for no score says nothing of how large scores are.
        (LOWEST, 9e-6, True),
        (LOWEST, 1.1e-5, False),
    ],
)
def test_the_largest_of_an_output_says_how_exact_all_of_it_is(largest, off, passed):
    expected = {"logit": [[largest, 0.001]], "share": [[0.5]]}
    answer = {"logit": np.array([[largest, 0.001 + off]]), "share": np.array([[0.5]])}
    assert compared(expected, answer)["passed"] is passed
    answer = {"logit": np.array([[largest, 0.001]]), "share": np.array([[0.5001]])}
    assert not compared(expected, answer)["passed"]


@pytest.mark.parametrize(("gap", "passed"), [(1e-4, True), (1e-3, False)])
def test_so_does_it_of_which_scores_are_one(gap, passed):
    scores = [[10.0, gap, 0.0, -1.0]]
    answer = {"item_id": np.array([["a", "c", "b", "d"]]), "score": np.array(scores)}
    expected = {"item_id": [["a", "b", "c", "d"]], "score": scores}
    assert compared(expected, answer)["passed"] is passed


@pytest.mark.parametrize("value", [float("nan"), float("inf"), LOWEST])
def test_what_is_no_score_does_not_pass(value):
    assert not outcome(scores=[[value, *SCORES[0][1:]], SCORES[1]])["passed"]


def test_nan_does_not_pass_for_nan():
    nan = {"embedding": [[1.0, float("nan")]]}
    assert not compared(nan, {"embedding": np.array(nan["embedding"])})["passed"]


def test_another_shape_or_another_output_is_an_error():
    with pytest.raises(ValueError, match=r"item_id has shape \(2, 3\), recorded was \(2, 4\)"):
        outcome(ids=[row[:3] for row in IDS], scores=[row[:3] for row in SCORES])
    with pytest.raises(ValueError, match=r"outputs \['score'\], recorded were"):
        compared({"item_id": IDS, "score": SCORES}, {"score": np.array(SCORES)})


def test_ids_without_scores_must_be_equal():
    assert compared({"word": IDS}, {"word": np.array(IDS)})["passed"]
    swapped = [IDS[0][::-1], IDS[1]]
    assert compared({"word": IDS}, {"word": np.array(swapped)})["ids_differ"] == 4


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.bool_])
def test_whole_numbers_must_be_equal_however_large(dtype):
    large = np.array([1_000_000_000, 0], dtype)
    assert compared({"code": large.tolist()}, {"code": large})["passed"]
    other = np.array([1_000_000_000, 1], dtype)
    assert compared({"code": large.tolist()}, {"code": other})["ids_differ"] == 1


def test_text_for_numbers_is_an_error():
    with pytest.raises(ValueError, match="code is of another kind"):
        compared({"code": [1, 2]}, {"code": np.array(["1", "2"])})


def test_nothing_equals_nothing():
    assert compared({"word": []}, {"word": np.array([], str)})["passed"]
