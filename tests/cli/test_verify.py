"""`kit verify`, as it is typed."""

import math
import shutil
import sys

import pytest
from click.testing import CliRunner

from kit.cli import main
from kit.exports import SignatureCheck, _verify
from kit.exports._loaders import C_LIBRARY
from tests.exports import parts

WAYS = ("tf.saved_model.load", "TF1 session", "C library")


@pytest.fixture
def version(trained, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(trained.version, tmp_path / "1")


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(_verify, "LOADERS", (C_LIBRARY,))


def kit_verify(*arguments):
    return CliRunner().invoke(main, ["verify", *map(str, arguments)])


def answered(monkeypatch, *checks):
    monkeypatch.setattr("kit.exports.verify", lambda version, *, trust, public_key: list(checks))


def test_a_row_a_signature_and_a_column_a_loader(trained, monkeypatch):
    good = [
        SignatureCheck(name, True, 1e-7, 0, "", way)
        for way in WAYS
        for name in ("serving_default", "embed_user")
    ]
    answered(monkeypatch, *good)
    result = kit_verify(trained.model)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("passed, 1.0e-07") == 6
    assert all(way in result.stdout for way in WAYS)
    assert "all of core TensorFlow" in result.stdout
    assert "TopKV2" not in result.stdout
    assert "LookupTableFindV2, " in kit_verify(trained.model, "--operations").stdout


def test_a_loader_that_is_passed_over_says_why(trained, monkeypatch):
    reason = "not possible, it needs Scann of scann"
    answered(monkeypatch, SignatureCheck("a", True, math.nan, 0, reason, "C library"))
    result = kit_verify(trained.model)
    assert result.exit_code == 0
    assert "  not possible" in result.stdout
    assert reason in result.stdout.splitlines()[-1]


def test_it_fails_where_one_answers_otherwise(trained, monkeypatch):
    answered(
        monkeypatch,
        SignatureCheck("embed_item", True, 0, 0, "", "TF1 session"),
        SignatureCheck("embed_item", False, 0.5, 0, "", "C library"),
        SignatureCheck("rank", False, math.nan, 0, "the signature is missing", "C library"),
    )
    result = kit_verify(trained.model)
    assert result.exit_code == 1
    assert (result.stdout.count("passed"), result.stdout.count("FAILED")) == (1, 2)
    assert result.stderr.splitlines() == [
        "embed_item, C library: largest difference 5.0e-01, 0 ids differ",
        "rank, C library: the signature is missing",
    ]


def test_an_export_passes(tmp_path, quick):
    version = parts.complete(parts.saved_shelf(tmp_path))
    result = kit_verify(version)
    assert (result.exit_code, result.stdout.count("passed, ")) == (0, 2)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (parts.truncate, "variables/variables.data-00000-of-00001 has "),
        (parts.flip, "variables/variables.data-00000-of-00001 was changed after the export"),
        (lambda v: (v / "assets.extra/recorded.json").unlink(), "recorded.json is missing"),
        (lambda v: (v / "assets.extra/manifest.json").unlink(), "manifest.json is missing"),
        (lambda v: (v / "assets.extra/manifest.json").write_text("{"), "cannot be read"),
        (lambda v: (v / "saved_model.pb").write_bytes(b"garbage"), "saved_model.pb has 7 bytes"),
        (lambda v: (v / "notes.txt").write_text("x"), "notes.txt is not part of the export"),
    ],
)
def test_a_damaged_export_is_refused_with_a_reason(version, quick, damage, said):
    damage(version)
    result = kit_verify(version)
    assert result.exit_code == 1
    assert said in result.stderr
    assert "Traceback" not in result.output
    assert result.stdout == f"{version}: not loaded\n"


def test_other_answers_are_refused_though_the_manifest_agrees(version, quick):
    from kit.exports import write_manifest

    def change(recorded):
        recorded["embed_item"]["outputs"]["embedding"][0][0] += 1

    parts.edit_json(version, "recorded", change)
    write_manifest(version)
    result = kit_verify(version)
    assert result.exit_code == 1
    assert result.stdout.count("FAILED") == 1
    assert "\nembed_item, C library: largest difference " in f"\n{result.stderr}"


def test_keys_need_the_extra(trained, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography", None)
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    (tmp_path / "pub.pem").write_text("-")
    for words in (
        ("verify", trained.model, "--public-key", tmp_path / "pub.pem"),
        ("serve", trained.model, "--public-key", tmp_path / "pub.pem"),
        ("sign", trained.model, "--key", tmp_path / "pub.pem"),
    ):
        ended = CliRunner().invoke(main, [*map(str, words)])
        assert ended.exit_code == 2
        assert "keras-application-kit[signing]" in ended.output


def test_an_unsigned_export_is_said_to_be_so(trained, quick):
    result = kit_verify(trained.model)
    assert result.exit_code == 0, result.output
    assert "unsigned: anybody could have written this" in result.stdout
