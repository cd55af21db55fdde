import json
import shutil

import polars as pl
import pytest

import kit as package
from tests.cli.answering import kit, refused, save
from tests.exporting.parts import c_library_only


def test_segments_of_two_tastes(trained, tmp_path):
    """Shoppers with an even number take even items, the others odd ones."""
    line = f"segments {trained.model} --count 2 --no-export"
    answer = kit(f"{line} --output {tmp_path / 'segments.csv'}")
    assert answer.exit_code == 0, answer.output
    assert "150 users by their vectors; adjusted Rand index 1.00 over seeds" in answer.stdout
    assert "150 users by recency, frequency and amount" in answer.stdout
    assert "of amount" in answer.stdout
    written = pl.read_csv(tmp_path / "segments.csv")
    even = written["user_id"].str.slice(-3).cast(pl.Int64) % 2
    together = pl.DataFrame({"even": even, "segment": written["segment"]}).unique()
    assert len(written) == 150
    assert len(together) == 2
    assert [version.name for version in trained.model.iterdir()] == ["1"]


@pytest.mark.slow
def test_the_new_version_gives_users_the_segment_of_the_file(trained, tmp_path, monkeypatch):
    model = tmp_path / "model"
    shutil.copytree(trained.model, model)
    c_library_only(monkeypatch)
    answer = kit(f"segments {model} --count 2 --output {tmp_path / 'segments.csv'}")
    assert answer.exit_code == 0, answer.output
    written = pl.read_csv(tmp_path / "segments.csv")
    assert f"model:     {model / '2'}" in answer.stdout
    export = package.load(model)
    for user, segment in written.sample(10, seed=0).select("user_id", "segment").rows():
        found = export.segment(user)
        assert found["segment"] == segment
        assert 0 <= found["distance"] < 1
        assert found["name"] == export.card.segments["segments"][segment - 1]["name"]
    tastes = [export.segment(history=[f"i{n + taste}" for n in (0, 8, 22)]) for taste in (0, 1)]
    users = [export.segment(f"shopper-00{taste}") for taste in (0, 1)]
    assert [one["name"] for one in tastes] == [one["name"] for one in users]
    assert export.segment("nobody") == {"segment": 0, "name": "", "distance": -1.0}
    assert export.card.segments["segments"][0]["users"] >= 75
    with pytest.raises(package.errors.UserError, match="one of user and history"):
        export.segment("shopper-000", history=["1"])


def test_groups_that_do_not_repeat_are_not_written(trained, tmp_path):
    line = f"segments {trained.model} --count 14 --output {tmp_path / 'segments.parquet'}"
    said = refused(kit(line))
    assert "These groups do not repeat" in said
    assert "segments repeat: --count" in said
    assert not (tmp_path / "segments.parquet").exists()
    assert [version.name for version in trained.model.iterdir()] == ["1"]
    answer = kit(f"{line} --force --no-export --json")
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout[: answer.stdout.rindex("}") + 1])
    assert found["vectors"]["halves"] < 0.5
    assert len(found["vectors"]["segments"]) == len(found["rfm"]["segments"]) == 14
    assert pl.read_parquet(tmp_path / "segments.parquet").columns[:2] == ["user_id", "segment"]


def test_without_the_log_segments_stand_alone(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert refused(kit(f"segments {trained.model} --data none.csv --count 2"))


def test_from_python(trained):
    model = package.load(trained.model)
    found = model.segments(2)
    assert found.repeats
    assert found.users["user_id"].str.starts_with("shopper-").all()
    with pytest.raises(package.errors.UserError, match="Unknown basis"):
        model.segments(2, by="age")
    with pytest.raises(package.errors.UserError, match="has no segments"):
        model.segment("shopper-000")


def test_an_export_without_vectors_is_refused(tmp_path):
    card = {"names": {"a": "A"}, "recipe": "linear"}
    model = save(tmp_path / "model" / "1", card, "user_id", lambda user_id: {"item_id": user_id})
    assert "no vectors of users" in refused(kit(f"segments {model} --count 2 --trust"))
