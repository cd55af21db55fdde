import errno
import json
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from kit.errors import UserError
from kit.exporting import VerificationError, _saved_model, export, write_warmup
from kit.exporting._saved_model import WARMUP
from kit.exports import Card, Signature, SignatureCheck, TensorSpec, _verify, damages, read_graph
from kit.exports._loaders import C_LIBRARY
from tests.exporting.parts import passing
from tests.exports import parts

EMBEDDED = {
    "embed_item": {"inputs": {"item_id": ["nothing"]}, "outputs": {"embedding": [[0.0] * 4]}}
}


class Small(tf.Module):
    """One signature: what is exported here does not matter, and recommenders take seconds."""

    def __init__(self):
        super().__init__()
        codes = tf.lookup.KeyValueTensorInitializer(tf.constant(["tea"]), tf.constant([1]))
        self.codes = tf.lookup.StaticHashTable(codes, default_value=0)
        self.vectors = tf.Variable([[0.0] * 4, [1.0] * 4])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "item_id")], autograph=False)
    def embed_item(self, item_id):
        return {"embedding": tf.gather(self.vectors, self.codes.lookup(item_id))}

    def signatures(self):
        return {"embed_item": self.embed_item}


@pytest.fixture(scope="module")
def module():
    return Small()


@pytest.fixture
def unverified(monkeypatch):
    monkeypatch.setattr("kit.exports.verify", passing)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_versions_count_up(module, tmp_path, unverified):
    folder = tmp_path / "new" / "model"
    for number in ("1", "2"):
        version, checks = export(module, folder, recorded=EMBEDDED, card=Card(recipe="ć"))
        assert version == folder / number
        assert all(check.passed for check in checks)
    assert names(folder) == ["1", "2"]
    assert names(version) == [
        "assets",
        "assets.extra",
        "fingerprint.pb",
        "saved_model.pb",
        "variables",
    ]
    extra = version / "assets.extra"
    assert names(extra) == [
        "card.json",
        "manifest.json",
        "model_card.md",
        "recorded.json",
        "tf_serving_warmup_requests",
    ]
    card = json.loads((extra / "card.json").read_text())
    assert card["recipe"] == "ć"
    assert {"kit", "tensorflow", "keras"} == set(card["versions"])
    assert "LookupTableFindV2" in card["operations"]
    assert json.loads((extra / "recorded.json").read_text()) == EMBEDDED
    assert damages(version) == []
    assert version.stat().st_mode & 0o777 == 0o755


def test_the_next_version_is_the_largest_number_plus_one(module, tmp_path, unverified):
    for name in ("9", "10", "3", "notes", "12.old"):
        (tmp_path / name).mkdir()
    (tmp_path / "11").write_text("a file")
    assert export(module, tmp_path, recorded=EMBEDDED, card=Card())[0] == tmp_path / "12"


def test_no_number_appears_before_all_is_written_and_verified(module, tmp_path, monkeypatch):
    save, seen = tf.saved_model.save, []

    def watched_save(*arguments, **options):
        seen.append(names(tmp_path))
        save(*arguments, **options)
        seen.append(names(tmp_path))

    def watched_verify(draft, *, trust):
        seen.append(names(tmp_path))
        return passing(draft, trust=trust)

    monkeypatch.setattr(tf.saved_model, "save", watched_save)
    monkeypatch.setattr("kit.exports.verify", watched_verify)
    export(module, tmp_path, recorded=EMBEDDED, card=Card())
    assert [len(found) for found in seen] == [1, 1, 1]
    # TensorFlow Serving takes a folder for a version if its name is a number.
    assert all(found[0].startswith(".draft-") for found in seen)
    assert names(tmp_path) == ["1"]


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError("disk full"), SystemExit()])
@pytest.mark.parametrize("place", ["save", "verify"])
def test_what_fails_leaves_nothing(module, tmp_path, monkeypatch, failure, place):
    def fail(*_, **__):
        raise failure

    target = tf.saved_model if place == "save" else _saved_model.exports
    monkeypatch.setattr(target, place, fail)
    with pytest.raises(type(failure)):
        export(module, tmp_path, recorded=EMBEDDED, card=Card())
    assert names(tmp_path) == []


def test_an_export_that_answers_otherwise_is_removed(module, tmp_path, monkeypatch):
    monkeypatch.setattr(_verify, "LOADERS", (C_LIBRARY,))
    wrong = json.loads(json.dumps(EMBEDDED))
    wrong["embed_item"]["outputs"]["embedding"][0][0] = 0.5
    with pytest.raises(VerificationError, match="outputs of the export differ") as raised:
        export(module, tmp_path, recorded=wrong, card=Card())
    check = next(c for c in raised.value.checks if c.signature == "embed_item")
    assert (check.signature, check.passed, check.difference) == ("embed_item", False, 0.5)
    assert "embed_item, C library: largest difference 5.0e-01" in str(raised.value)
    assert names(tmp_path) == []


def test_one_failed_check_is_enough(module, tmp_path, monkeypatch):
    checks = [SignatureCheck("a", True, 0, 0, ""), SignatureCheck("b", False, 0, 3, "")]
    monkeypatch.setattr("kit.exports.verify", lambda draft, *, trust: checks)
    with pytest.raises(VerificationError, match=r"removed. b: .* 3 ids differ$"):
        export(module, tmp_path, recorded=EMBEDDED, card=Card())


def test_exports_that_race_get_a_number_each(tmp_path, monkeypatch):
    racers = 3
    start = threading.Barrier(racers)

    def meet(draft, *, trust):
        start.wait(timeout=60)
        return passing(draft, trust=trust)

    monkeypatch.setattr("kit.exports.verify", meet)
    found = []

    def run(seed):
        card = Card(recipe=str(seed))
        found.append(export(Small(), tmp_path, recorded=EMBEDDED, card=card)[0])

    threads = [threading.Thread(target=run, args=[seed]) for seed in range(racers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names(tmp_path) == ["1", "2", "3"]
    assert len(set(found)) == racers
    cards = [json.loads((v / "assets.extra" / "card.json").read_text())["recipe"] for v in found]
    assert sorted(cards) == ["0", "1", "2"]


def test_a_number_taken_meanwhile_is_not_overwritten(module, tmp_path, monkeypatch):
    draft = tmp_path / ".draft-x"
    draft.mkdir()
    (draft / "saved_model.pb").write_text("ours")

    class Blind(type(tmp_path)):
        def iterdir(self):
            return iter([])

    theirs = tmp_path / "1"
    theirs.mkdir()
    (theirs / "saved_model.pb").write_text("theirs")
    assert _saved_model.publish(draft, Blind(tmp_path)) == tmp_path / "2"
    assert (theirs / "saved_model.pb").read_text() == "theirs"


def test_what_a_killed_export_left_is_removed_after_a_day(module, tmp_path, unverified):
    for name, hours in ((".draft-old", 25), (".draft-new", 23), ("old", 25)):
        (tmp_path / name / "variables").mkdir(parents=True)
        then = time.time() - hours * 3600
        os.utime(tmp_path / name, (then, then))
    export(module, tmp_path, recorded=EMBEDDED, card=Card())
    assert names(tmp_path) == [".draft-new", "1", "old"]


def test_a_folder_that_cannot_be_written(module, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="Choose a folder you may write to") as raised:
        export(module, tmp_path / "file", recorded=EMBEDDED, card=Card())
    assert str(tmp_path / "file") in str(raised.value)

    def forbidden(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(_saved_model, "mkdtemp", forbidden)
    with pytest.raises(UserError, match="Permission denied"):
        export(module, tmp_path / "model", recorded=EMBEDDED, card=Card())


DISK_FULL = {
    "weights": tf.errors.ResourceExhaustedError(None, None, "a/b; No space left on device"),
    "graph": tf.errors.UnknownError(None, None, "a/b; No space left on device"),
    "quota": tf.errors.UnknownError(None, None, "a/b; Disk quota exceeded"),
    "card": OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    "of a user": OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
}


@pytest.mark.parametrize("part", DISK_FULL)
def test_a_full_disk_is_told_and_no_half_version_is_left(
    part, module, tmp_path, monkeypatch, unverified
):
    export(module, tmp_path, recorded=EMBEDDED, card=Card())

    def fill(*_, **__):
        (draft,) = tmp_path.glob(".draft-*")
        (draft / "half").write_text("half")
        raise DISK_FULL[part]

    if isinstance(DISK_FULL[part], OSError):
        monkeypatch.setattr(_saved_model, "write_warmup", fill)
    else:
        monkeypatch.setattr(tf.saved_model, "save", fill)
    with pytest.raises(UserError, match="the disk is full") as raised:
        export(module, tmp_path, recorded=EMBEDDED, card=Card())
    assert raised.value.where == str(tmp_path)
    assert "Make room and give the same command again" in raised.value.remedy
    assert names(tmp_path) == ["1"]


def test_other_errors_of_saving_stay_what_they_are(module, tmp_path, monkeypatch, unverified):
    def fail(*_, **__):
        raise tf.errors.InvalidArgumentError(None, None, "no such shape")

    monkeypatch.setattr(tf.saved_model, "save", fail)
    with pytest.raises(tf.errors.InvalidArgumentError):
        export(module, tmp_path, recorded=EMBEDDED, card=Card())
    assert names(tmp_path) == []


def records(file) -> list[PredictionLog]:
    return [PredictionLog.FromString(raw.numpy()) for raw in tf.data.TFRecordDataset(str(file))]


def asked(signatures, log: PredictionLog) -> dict[str, np.ndarray]:
    request = log.predict_log.request
    inputs = {key: tf.make_ndarray(value) for key, value in request.inputs.items()}
    signature = signatures[request.model_spec.signature_name]
    specs = signature.structured_input_signature[1]
    return signature(**{key: tf.constant(value, specs[key].dtype) for key, value in inputs.items()})


def test_every_signature_of_an_export_is_warmed_by_one_row_and_by_many(trained):
    logs = records(trained.version / "assets.extra" / WARMUP)
    signatures = tf.saved_model.load(str(trained.version)).signatures
    sizes: dict[str, list[int]] = {}
    for log in logs:
        assert log.WhichOneof("log_type") == "predict_log"
        name = log.predict_log.request.model_spec.signature_name
        answers = asked(signatures, log)
        sizes.setdefault(name, []).append(len(next(iter(answers.values()))))
    assert sizes.keys() == signatures.keys()
    assert all(one == 1 < many for one, many in sizes.values())


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    return parts.saved_shelf(tmp_path_factory.mktemp("shelf"))


def test_types_and_shapes_are_the_signatures(shelf, tmp_path):
    write_warmup(tmp_path / WARMUP, parts.RECORDED, read_graph(shelf).signatures)
    logs = records(tmp_path / WARMUP)
    assert [log.predict_log.request.model_spec.signature_name for log in logs] == [
        "serving_default",  # Once: an input without rows cannot be cut.
        "word",
        "word",
    ]
    request = logs[0].predict_log.request
    assert {key: (t.dtype, t.tensor_shape) for key, t in request.inputs.items()} == {
        "word": (tf.string, tf.TensorShape([3]).as_proto()),
        "count": (tf.int64, tf.TensorShape([3]).as_proto()),
        "rebate": (tf.float32, tf.TensorShape([3, 2]).as_proto()),
        "gift": (tf.bool, tf.TensorShape([]).as_proto()),
    }
    signatures = tf.saved_model.load(str(shelf)).signatures
    assert asked(signatures, logs[0])["code"].numpy().tolist() == [0, 1, -1]
    assert asked(signatures, logs[1])["word"].numpy().tolist() == ["🫖".encode()]


@pytest.mark.parametrize("shape", [None, (4,), ()])
def test_without_a_free_batch_the_inputs_go_as_they_are(tmp_path, shape):
    signature = Signature({"x": TensorSpec("x:0", "int64", shape)}, {})
    write_warmup(tmp_path / "w", {"s": {"inputs": {"x": [1, 2, 3, 4]}}}, {"s": signature})
    (log,) = records(tmp_path / "w")
    assert tf.make_ndarray(log.predict_log.request.inputs["x"]).tolist() == [1, 2, 3, 4]


def test_what_the_model_does_not_have_is_not_sent(tmp_path):
    write_warmup(tmp_path / "w", {"s": {"inputs": {"x": [1]}}}, {})
    assert records(tmp_path / "w") == []
