"""Forgotten people are in no file, and nobody else notices."""

import gzip
import hmac
import json
import shutil
import warnings
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import tensorflow as tf
from click.testing import CliRunner

from kit.cli import main
from kit.errors import UserError
from kit.exporting import (
    PROOF,
    Catalogue,
    TwoStageRecommender,
    export,
    export_recommender,
    files_with,
    forget,
    read_parts,
    recorded_two_stage,
    with_sample_users,
)
from kit.exports import (
    SIGNATURE,
    LoadedExport,
    RetrievalCard,
    TwoStageCard,
    damages,
    load_version,
    verify,
    write_manifest,
)
from kit.retrieval import IndexSettings, ItemWeightsIndex
from tests.exporting.parts import ITEMS, OWNED, c_library_only, hand_made, passing
from tests.exporting.test_within import plan
from tests.exporting.two_stages import second_stage

# The second is also an item; the third begins like the fourth.
PEOPLE = ["person-ann", "007", "person-1", "person-10"]
GONE = ["person-ann", "007", "person-1"]
SLOW = pytest.mark.slow
KINDS = ("vectors", *(pytest.param(kind, marks=SLOW) for kind in ("linear", "plan", "two-stage")))


def parts_of(kind):
    made = replace(hand_made(), user_ids=PEOPLE)
    if kind == "plan":
        return replace(made, offers=plan())
    if kind != "linear":
        return made
    random = np.random.default_rng(1)
    weights = random.normal(size=(8, 8)).astype(np.float32)
    none = {"user_vectors": np.zeros((4, 0), "f"), "item_vectors": np.zeros((8, 0), "f")}
    return replace(made, linear=ItemWeightsIndex(weights, random.normal(size=8)), **none)


def write(kind, folder):
    """The first version of a model."""
    names = dict.fromkeys(ITEMS, "a name")
    settings = {"k": 5, "exclude_seen": True}
    if kind != "two-stage":
        card = RetrievalCard(recipe="by hand", names=names)
        export_recommender(
            parts_of(kind), folder, model=None, index=IndexSettings(), card=card, **settings
        )
        return folder
    parts, second = with_sample_users(None, parts_of(kind)), second_stage()
    module = TwoStageRecommender(parts, second, **settings)
    recorded = recorded_two_stage(None, parts, second, module, **settings)
    card = TwoStageCard(
        recipe="two-stage", names=names, second_stage={"category_column": None, "diversity": 0}
    )
    export(module, folder, recorded=recorded, card=card)
    return folder


class Models(dict):
    """Of each kind, the folder and what `forget` did, made when it is asked for."""

    def __init__(self, root):
        super().__init__()
        self._root = root

    def __missing__(self, kind):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("kit.exports.verify", passing)
            folder = write(kind, self._root / kind)
            self[kind] = folder, forget(folder, [*GONE, " nobody "])
        return self[kind]


@pytest.fixture(scope="module")
def forgotten(tmp_path_factory):
    return Models(tmp_path_factory.mktemp("models"))


@pytest.fixture(params=KINDS)
def pair(request, forgotten):
    folder, done = forgotten[request.param]
    return folder, done


def ids(version):
    return [one.decode() for one in load_version(version).users_with(tf.constant(0)).numpy()]


def test_they_are_in_no_file(pair):
    folder, done = pair
    assert done.version == folder / "2"
    assert (done.people, done.unknown, done.older) == (3, 1, {folder / "1": 3})
    files = [path for path in done.version.rglob("*") if path.is_file()]
    # Ids that neither an item nor somebody else's id holds.
    assert not [path for path in files if b"person-ann" in path.read_bytes()]
    assert b"person-ann" in (folder / "1" / "saved_model.pb").read_bytes()
    assert {*PEOPLE} & {*ids(done.version)} == {"person-10"}
    assert len(ids(done.version)) == len(ids(folder / "1"))
    assert done.scanned == len(files) - 1


def test_they_are_answered_as_unknown_users_and_others_as_before(pair):
    folder, done = pair
    before, after = load_version(folder / "1"), load_version(done.version)
    asked = [*GONE, "nobody"]
    for name, inputs in (
        ("serving_default", {}),
        ("recommend_where", {rule: tf.zeros([4, 0], tf.string) for rule in ("exclude", "where")}),
    ):
        ask = after.signatures[name]
        if "boost" in ask.structured_input_signature[1]:
            continue
        answer = ask(user_id=tf.constant(asked), **inputs)
        for values in answer.values():
            np.testing.assert_array_equal(values[:3], np.repeat(values[3:], 3, axis=0))
    others = tf.constant([one for one in ids(folder / "1") if one not in GONE])
    assert len(others) == 33
    for name in {"serving_default", "embed_user"} & before.signatures.keys():
        old, new = (model.signatures[name](user_id=others) for model in (before, after))
        for output in old:
            np.testing.assert_array_equal(old[output], new[output])
    for one in GONE:
        assert len(after.history_of(tf.constant(one)).numpy()) == 0
    assert len(after.history_of(tf.constant("person-10")).numpy()) == len(OWNED[3])


def test_neither_vectors_nor_histories_are_left(pair):
    _, done = pair
    reader = tf.train.load_checkpoint(str(done.version / "variables" / "variables"))
    value = "/.ATTRIBUTES/VARIABLE_VALUE"
    offsets = reader.get_tensor(f"_owned_offsets{value}")
    assert np.diff(offsets)[:4].tolist() == [0, 0, 0, len(OWNED[3])]
    items = reader.get_tensor(f"_owned_items{value}")
    assert items[: len(OWNED[3])].tolist() == OWNED[3]
    assert not items[offsets[-1] :].any()
    if f"_users{value}" in reader.get_variable_to_shape_map():
        assert not reader.get_tensor(f"_users{value}")[:3].any()
        assert reader.get_tensor(f"_users{value}")[3].any()


@pytest.mark.parametrize("kind", ["vectors", pytest.param("two-stage", marks=SLOW)])
def test_it_still_passes_verification(kind, forgotten, monkeypatch):
    c_library_only(monkeypatch)
    checks = verify(forgotten[kind][1].version)
    assert checks
    assert all(check.passed for check in checks), checks


def test_the_proof_names_nobody_and_opens_with_the_receipt(forgotten, tmp_path, monkeypatch):
    folder, done = forgotten["vectors"]
    (proof,) = json.loads((done.version / PROOF).read_text())["forgotten"]
    assert (proof["people"], proof["hits"], proof["files_scanned"]) == (4, 0, done.scanned)
    key = bytes.fromhex(done.receipt)
    hashes = {hmac.new(key, one.encode(), "sha256").hexdigest() for one in [*GONE, "nobody"]}
    assert {*proof["keyed_hashes"]} == hashes
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert not [path for path in files if done.receipt.encode() in path.read_bytes()]
    monkeypatch.setattr("kit.exports.verify", passing)
    shutil.copytree(folder, tmp_path / "m")
    again = forget(tmp_path / "m", ["person-10"])
    proofs = json.loads((again.version / PROOF).read_text())["forgotten"]
    assert [one["people"] for one in proofs] == [4, 1]
    assert again.receipt != done.receipt
    assert again.older == {tmp_path / "m" / "1": 1, tmp_path / "m" / "2": 1}
    nobody = forget(tmp_path / "m", ["person-10"])
    assert (nobody.version, nobody.people, len(nobody.older)) == (None, 0, 2)


@SLOW
def test_a_later_catalogue_has_no_row_of_them(forgotten, tmp_path, monkeypatch):
    monkeypatch.setattr("kit.exports.verify", passing)
    done = forgotten["plan"][1]
    found = read_parts(done.version)
    assert found.user_ids[0] == "person-10"
    assert len(found.user_ids) == len(found.owned) == len(found.user_vectors) == 33
    assert len(found.offers.visits) == 34
    assert found.owned.take(np.array([0])).items.tolist() == OWNED[3]
    new, _ = Catalogue.of(done.version).without([ITEMS[0]]).export(tmp_path / "m", IndexSettings())
    assert len(ids(new)) == 33
    assert LoadedExport(new).user_ids() == ["person-10"]


def test_what_cannot_be_forgotten_is_refused(forgotten, tmp_path, monkeypatch):
    folder = tmp_path / "m"
    shutil.copytree(forgotten["vectors"][0] / "1", folder / "1")
    # Requests of early exports were those of real users.
    file = folder / "1" / "assets.extra" / "recorded.json"
    file.write_text(
        file.read_text().replace("\N{WHITE QUESTION MARK ORNAMENT} nobody", "person-ann")
    )
    with pytest.raises(UserError, match="was changed after the export"):
        forget(folder, ["person-ann"])
    write_manifest(folder / "1")
    with pytest.raises(UserError, match=r"recorded\.json still holds 1 of the ids"):
        forget(folder, ["person-ann"])
    assert [path.name for path in folder.iterdir()] == ["1"]
    card = folder / "1" / "assets.extra" / "card.json"
    card.write_text(json.dumps({"task": "image-classification", "classes": [], "shape": [8, 8, 3]}))
    write_manifest(folder / "1")
    with pytest.raises(UserError, match="has no table of users"):
        forget(folder, ["person-ann"])


def test_ids_are_found_in_files_of_every_format(tmp_path):
    frame = pl.DataFrame({"user": ["u-7", "u-70"], "n": [7, 42]})
    frame.write_csv(tmp_path / "a.csv")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
    frame.write_parquet(tmp_path / "b.parquet")
    pl.DataFrame({"users": [["u-1"], ["u-7"]]}).write_parquet(tmp_path / "nested.parquet")
    np.savez(tmp_path / "c.npz", users=np.array(["u-70", "42"]))
    np.save(tmp_path / "c.npy", np.array([b"u-7"]))
    (tmp_path / "d.json").write_text('{"u-7": {"x": ["\\u0107ira"]}, "n": 42}')
    (tmp_path / "e.jsonl").write_text('{"user": "42"}\n\n{"user": "u-8"}\n')
    (tmp_path / "f.html").write_text("<td>caf&eacute;7 &cacute;ira</td>")
    (tmp_path / "g.log").write_text("42 rows, u-70 and u-7.")
    (tmp_path / "h.bin").write_bytes(b"\0\xff\x01ann@example.org\0")

    def found(*wanted):
        return {path.name: count for path, count in files_with(tmp_path, wanted).items()}

    tables = {"a.csv", "a.csv.gz", "b.parquet"}
    # It is as short as any word, and counts as a value only.
    assert {*found("u-7")} == {*tables, "nested.parquet", "c.npy", "d.json"}
    assert {*found("u-70")} == {*tables, "c.npz", "g.log"}
    assert {*found("42")} == {"a.csv", "a.csv.gz", "b.parquet", "c.npz", "e.jsonl"}
    # A plain word may be anything in running text.
    assert found("ćira") == {"d.json": 1}
    assert found("café7") == {"f.html": 1}
    assert found("ann@example.org") == {"h.bin": 1}
    assert found("nn@example", "u-9") == {}
    assert found("u-70", "42")["c.npz"] == 2
    (tmp_path / "broken.parquet").write_bytes(b"x")
    with pytest.raises(UserError, match="cannot be searched"):
        found("u-7")


# As it is typed


def kit(*words):
    return CliRunner().invoke(main, [*map(str, words)])


@pytest.fixture
def model(forgotten, tmp_path, monkeypatch):
    monkeypatch.setattr("kit.exports.verify", passing)
    shutil.copytree(forgotten["vectors"][0] / "1", tmp_path / "m" / "1")
    return tmp_path / "m"


def test_forget_as_typed(model, tmp_path):
    (tmp_path / "gone.txt").write_text("person-1\n\nnobody\n")
    (tmp_path / "log.csv").write_text("user,item\nperson-ann,1\n")
    words = ("--user", "person-ann", "--users", tmp_path / "gone.txt")
    first = kit("forget", model, *words, "--also", tmp_path / "log.csv")
    assert first.exit_code == 1, first.output
    assert "2 people, 1 ids were unknown" in first.stdout
    assert "0 hits" in first.stdout
    assert "--retrain" in first.stdout
    assert f"{model / '1'}: 2 of them" in first.stderr
    assert f"{tmp_path / 'log.csv'}: 1 of the ids" in first.stderr
    assert damages(model / "2") == []
    (tmp_path / "log.csv").unlink()
    again = kit("forget", model, *words, "--delete-old-versions")
    assert again.exit_code == 0, again.output
    assert "0 people" in again.stdout
    assert [path.name for path in model.iterdir()] == ["2"]


def test_a_signature_does_not_cover_the_new_version(model):
    (model / "1" / SIGNATURE).write_text("{}")
    done = kit("forget", model, "--user", "person-1")
    assert "the version before was signed, this one is not" in done.stdout
    assert not (model / "2" / SIGNATURE).exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Say who"),
        (("--user", "a", "--data", "x.csv"), "go with --retrain"),
        (("--user", "a", "--also", "none"), "no such file"),
        (("--user", "a", "--users", "none.txt"), "none.txt"),
        (("--user", "a", "--retrain"), "does not say how the model was trained"),
    ],
)
def test_mistakes_are_told(words, said, model):
    ended = kit("forget", model, *words)
    assert ended.exit_code == 2
    assert said in ended.output
    assert [path.name for path in model.iterdir()] == ["1"]


@SLOW
def test_trained_again_they_leave_no_trace(trained, tmp_path, monkeypatch):
    c_library_only(monkeypatch)
    model = tmp_path / "m"
    shutil.copytree(trained.model, model)
    gone = ("shopper-000", "shopper-149")
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        done = kit(
            *("forget", model, "--user", gone[0], "--user", gone[1], "--retrain"),
            *("--report", tmp_path / "report", "--also", tmp_path / "report"),
            "--delete-old-versions",
        )
    assert done.exit_code == 0, done.output
    assert [path.name for path in model.iterdir()] == ["2"]
    card = json.loads((model / "2" / "assets.extra" / "card.json").read_text())
    assert card["options"] == {"dim": 8, "epochs": 5, "top": 20}
    assert card["dataset"]["users"] == 148
    assert "without_users" not in card["data"]
    for file in (path for path in tmp_path.rglob("*") if path.is_file()):
        assert not [one for one in gone if one.encode() in file.read_bytes()], file
    assert len(LoadedExport(model / "2").user_ids()) == 148
    (proof,) = json.loads((model / "2" / PROOF).read_text())["forgotten"]
    assert proof["people"] == 2
