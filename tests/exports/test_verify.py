import copy
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from kit.errors import UserError
from kit.exports import (
    Loader,
    SignatureCheck,
    _loaders,
    _verify,
    agrees,
    compare,
    verify,
    write_manifest,
)
from kit.exports._loaders import C_LIBRARY, LOADERS
from tests.exports import parts

NAMES = [loader.name for loader in LOADERS]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    return parts.complete(parts.saved_shelf(tmp_path_factory.mktemp("shelf")))


@pytest.fixture
def version(shelf, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(shelf, tmp_path / "1")


@pytest.fixture
def c_library_only(monkeypatch):
    """The loader that takes half a second, where the others would say the same."""
    monkeypatch.setattr(_verify, "LOADERS", (C_LIBRARY,))


@pytest.fixture
def nothing_runs(monkeypatch):
    monkeypatch.setattr(_verify, "LOADERS", ())


def test_an_export_passes_in_three_ways_wherever_it_lies(trained, tmp_path):
    moved = shutil.copytree(trained.model, tmp_path / "else where")
    for path in (*moved.rglob("*"), moved):
        path.chmod(0o555 if path.is_dir() else 0o444)
    checks = verify(moved)
    assert {(check.signature, check.loader) for check in checks} == {
        (signature, loader)
        for signature in (
            "serving_default",
            "from_history",
            "recommend_where",
            "from_history_where",
            "similar_items",
            "embed_user",
            "embed_item",
            "explain",
            "explain_history",
        )
        for loader in NAMES
    }
    for check in checks:
        assert check.passed, str(check)
        assert (check.ids_differ, check.reason) == (0, "")
        assert 0 <= check.difference <= 1e-5


@pytest.mark.slow
def test_inputs_of_every_type_and_two_at_once(shelf):
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(verify, [shelf, shelf.parent]))
    for checks in both:
        assert len(checks) == 2 * len(NAMES)
        assert all(check.passed and check.difference <= 1e-5 for check in checks), checks


# Damage that the manifest finds


def add_file(version):
    (version / "variables" / "variables.data-00001-of-00002").write_bytes(b"")


def edit_recorded(version):
    parts.edit_json(version, "recorded", lambda recorded: recorded["word"].clear())


@pytest.mark.parametrize(
    ("damage", "file", "what"),
    [
        (parts.truncate, "variables/variables.data-00000-of-00001", "bytes, "),
        (parts.flip, "variables/variables.data-00000-of-00001", "was changed"),
        (parts.drop_asset, "assets/words.txt", "is missing"),
        (parts.rename_signature, "saved_model.pb", "were written"),
        (edit_recorded, "assets.extra/recorded.json", "were written"),
        (add_file, "variables/variables.data-00001-of-00002", "is not part of the export"),
    ],
)
def test_what_is_not_as_it_was_written_is_not_loaded(version, nothing_runs, damage, file, what):
    damage(version)
    (check,) = verify(version)
    assert (check.signature, check.passed) == ("(files)", False)
    assert check.reason.startswith(f"{file} ")
    assert what in check.reason


def test_without_a_manifest_nothing_is_loaded(version, nothing_runs):
    (version / "assets.extra" / "manifest.json").unlink()
    (check,) = verify(version)
    assert not check.passed
    assert "manifest.json is missing" in check.reason
    assert "export the model again" in check.reason


# Damage that the manifest was made to agree with


def other_weights(version):
    other = parts.saved_shelf(version.parent / "other", price=2.6)
    shutil.copytree(other / "variables", version / "variables", dirs_exist_ok=True)


def unrecorded(version):
    parts.edit_json(version, "recorded", lambda recorded: recorded.pop("word"))


def other_inputs(version):
    def change(recorded):
        recorded["word"]["inputs"] = {"number": [1]}

    parts.edit_json(version, "recorded", change)


DAMAGES = [
    (parts.truncate, "(loading)", "Read less bytes"),
    (parts.flip, "(loading)", "Checksum does not match"),
    (other_weights, "serving_default", ""),
    (parts.drop_asset, "(operations)", "words.txt"),
    (parts.drop_signature, "word", "the signature is missing"),
    (parts.rename_signature, "words", "no answers were recorded"),
    (parts.retype_input, "word", "the signature takes text"),
    (parts.retype_output, "serving_default", "total is float32, the signature says int64"),
    (parts.rename_tensor, "(operations)", "elsewhere"),
    (unrecorded, "word", "no answers were recorded"),
    (other_inputs, "word", "number"),
]


def refused(version, damage, signature, reason):
    damage(version)
    write_manifest(version)
    failed = [check for check in verify(version) if not check.passed]
    of_signature = [check for check in failed if check.signature == signature]
    assert of_signature, failed
    for check in of_signature:
        assert reason in check.reason
        assert check.reason or check.difference > 0.01
        assert "\n" not in check.reason
        assert len(check.reason) < 310
    return failed


@pytest.mark.parametrize(("damage", "signature", "reason"), DAMAGES)
def test_a_manifest_that_agrees_does_not_save_it(
    version, c_library_only, damage, signature, reason
):
    refused(version, damage, signature, reason)


@pytest.mark.slow
@pytest.mark.parametrize(("damage", "signature", "reason"), DAMAGES)
def test_in_all_three_ways(version, damage, signature, reason):
    failed = refused(version, damage, signature, reason)
    # The function that Python loads carries types in itself, as a session's tensors do; the C
    # library is asked by the signature's word, as a server is.
    sees_less = {parts.retype_input: NAMES[2:]}
    if signature == "(operations)":
        assert {check.loader for check in failed} == {""}
        return
    expected = sees_less.get(damage, NAMES)
    assert {check.loader for check in failed} == set(expected)


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("saved_model.pb", b"garbage", "is no SavedModel"),
        ("saved_model.pb", b"", "has no graph tagged 'serve'"),
        ("assets.extra/recorded.json", None, "cannot be read"),
        ("assets.extra/recorded.json", b'{"word": ', "cannot be read"),
        ("assets.extra/recorded.json", b"\xff\xfe", "cannot be read"),
        ("assets.extra/recorded.json", b"[]", "not a JSON object"),
        ("assets.extra/recorded.json", b"{}", "no recorded answers"),
        ("assets.extra/recorded.json", b'{"word": {"inputs": {}}}', "not what an export records"),
        ("assets.extra/recorded.json", b'{"word": []}', "not what an export records"),
        ("assets.extra/card.json", None, "cannot be read"),
        ("assets.extra/card.json", b"{", "cannot be read"),
        ("assets.extra/card.json", b'{"custom_ops": ["TopKV2"]}', "custom_ops"),
    ],
)
def test_what_cannot_be_read_is_named(version, nothing_runs, file, content, reason):
    (version / file).unlink() if content is None else (version / file).write_bytes(content)
    write_manifest(version)
    (check,) = verify(version)
    assert (check.signature, check.passed) == ("(files)", False)
    assert check.reason.startswith(f"{file}: ")
    assert reason in check.reason


def test_a_graph_cut_short_is_refused(version, c_library_only):
    file = version / "saved_model.pb"
    file.write_bytes(file.read_bytes()[:-100])
    write_manifest(version)
    assert not all(check.passed for check in verify(version))


# Operations


def foreign_operation(version, operation):
    def change(graph):
        for function in graph.graph_def.library.function:
            for node in function.node_def:
                if node.op == "GatherV2":
                    node.op = operation

    parts.edit_graph(version, change)
    write_manifest(version)


def test_an_operation_outside_core_tensorflow_is_refused(version, c_library_only):
    foreign_operation(version, "Elsewhere>Gather")
    (check,) = verify(version)
    assert (check.signature, check.loader, check.passed) == ("(operations)", "", False)
    assert "no export of this kit has the operations Elsewhere>Gather" in check.reason
    (check,) = verify(version, trust=True)
    assert (check.signature, check.loader, check.passed) == ("(operations)", "C library", False)
    assert check.reason == "not in core TensorFlow and of no known module: Elsewhere>Gather"


def test_one_of_a_known_module_is_passed_over_by_the_c_library(version, c_library_only):
    foreign_operation(version, "Scann>ScannSearchBatched")
    checks = verify(version)
    assert [check.signature for check in checks] == ["serving_default", "word"]
    for check in checks:
        assert check.passed
        assert check.reason == "not possible, it needs Scann>ScannSearchBatched of scann"


# Processes that do not come back


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import os; os.abort()", "the process ended by SIGABRT: "),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "ended by SIGSEGV: "),
        ("import time; time.sleep(60)", "no answer within 0.5 seconds"),
        ("raise SystemExit('no room')", "the process ended early: no room"),
        ("print('no JSON')", "no answer but 'no JSON'"),
        ("pass", "no answer but ''"),
    ],
)
def test_a_loader_that_crashes_or_hangs_has_failed(version, tmp_path, monkeypatch, code, reason):
    script = tmp_path / "script.py"
    script.write_text(code)
    monkeypatch.setattr(_verify, "LOADERS", (Loader("crash", str(script)),))
    monkeypatch.setattr(_loaders, "TIMEOUT", 0.5 if "sleep" in code else 60)
    (check,) = verify(version)
    assert (check.signature, check.loader, check.passed) == ("(loading)", "crash", False)
    assert reason in check.reason


def test_where_there_is_no_export_it_is_the_users_mistake(tmp_path):
    with pytest.raises(UserError, match="No exported model here"):
        verify(tmp_path)


def test_a_check_in_words():
    check = SignatureCheck("a", True, 1e-7, 0, "")
    assert str(check) == "a: largest difference 1.0e-07, 0 ids differ"
    assert str(replace(check, loader="C library", reason="no")) == "a, C library: no"


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
