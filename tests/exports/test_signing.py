"""Signatures: who wrote a version can be told, and nothing is loaded that somebody else did."""

import json
import shutil
import subprocess
import sys
import warnings
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from click.testing import CliRunner

from kit.cli import main
from kit.errors import UserError
from kit.exports import SIGNATURE, check_operations, sign, verify, write_manifest
from kit.serving import Limits, Metrics, Models
from tests.exporting.parts import passing
from tests.exports import parts
from tests.exports.hostile import function_of, in_graph
from tests.serving.parts import drop_in

verifying = pytest.importorskip("model_signing.verifying", reason="the extra signing")
serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")

# Refuses every folder it is given, though each may be trusted, and imports no TensorFlow for it.
ALL_REFUSED = """
import sys
from pathlib import Path
from kit.exports import check_operations
from kit.errors import UserError
for folder in sorted(Path(sys.argv[1]).iterdir()):
    for trust in (True, False):
        try:
            check_operations(folder, public_key=Path(sys.argv[2]), trust=trust)
        except UserError as error:
            if not trust:
                print(folder.name, "|", " ".join(str(error).split()))
        else:
            if folder.name not in sys.argv[3:]:
                sys.exit(f"{folder.name} is accepted")
print([name for name in ("tensorflow", "keras", "model_signing") if name in sys.modules])
"""


def write_keys(folder: Path, name: str, curve: str = "SECP256R1") -> tuple[Path, Path]:
    """The files of a private key and of its public key."""
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(getattr(ec, curve)())
    private, public = folder / f"{name}.pem", folder / f"{name}.pub.pem"
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    public.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return private, public


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """The key of the owner, and that of somebody else."""
    folder = tmp_path_factory.mktemp("keys")
    return write_keys(folder, "owner"), write_keys(folder, "other")


@pytest.fixture(scope="module")
def signed(keys, tmp_path_factory):
    version = parts.complete(parts.saved_shelf(tmp_path_factory.mktemp("shelf")))
    return sign(version, keys[0][0])


def edit_bundle(version: Path, change) -> None:
    file = version / SIGNATURE
    bundle = json.loads(file.read_text())
    change(bundle["dsseEnvelope"])
    file.write_text(json.dumps(bundle))


def spoil_statement(envelope) -> None:
    statement = json.loads(b64decode(envelope["payload"]))
    for one in statement["predicate"]["resources"]:
        one["digest"] = "0" * 64
    envelope["payload"] = b64encode(json.dumps(statement).encode()).decode()


def sign_something_else(version: Path, key: Path, payload: bytes) -> None:
    """A signature of the owner, who did not sign a model."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    kind = "application/vnd.in-toto+json"
    signed = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    signature = b64encode(private.sign(signed, ec.ECDSA(hashes.SHA256()))).decode()
    envelope = {"payloadType": kind, "payload": b64encode(payload).decode()}
    envelope["signatures"] = [{"sig": signature}]
    (version / SIGNATURE).write_text(json.dumps({"dsseEnvelope": envelope}))


@pytest.mark.parametrize(
    "payload",
    [b"a letter", b"[]", b'{"_type": "x", "predicateType": "y"}', b"[" * 100_000],
)
def test_a_key_may_have_signed_something_else(signed, keys, payload, tmp_path):
    version = shutil.copytree(signed, tmp_path / "1")
    sign_something_else(version, keys[0][0], payload)
    with pytest.raises(UserError, match="its signature is not of a model"):
        check_operations(version, public_key=keys[0][1])


def other_variables(version: Path) -> None:
    parts.flip(version)
    write_manifest(version)


def another_graph(version: Path) -> None:
    in_graph(lambda graph: graph.graph_def.node.add(name="idle", op="NoOp"))(version)


def without_manifest(version: Path) -> None:
    parts.flip(version)
    (version / "assets.extra" / "manifest.json").unlink()


def one_file_more(version: Path) -> None:
    (version / "variables" / "variables.data-00001-of-00002").write_bytes(b"x")
    write_manifest(version)


def one_file_less(version: Path) -> None:
    parts.drop_asset(version)
    in_graph(lambda graph: graph.ClearField("asset_file_def"))(version)


def link(version: Path) -> None:
    (version / SIGNATURE).unlink()
    (version / SIGNATURE).symlink_to("/dev/zero")


SPOILS = {
    "missing": (lambda v: (v / SIGNATURE).unlink(), "it is unsigned"),
    "stale_swapped_variables": (other_variables, "was changed after it was signed"),
    "stale_graph": (another_graph, "saved_model.pb was changed after it was signed"),
    "stale_without_manifest": (without_manifest, "was changed after it was signed"),
    "stale_manifest": (
        lambda v: (v / "assets.extra" / "manifest.json").write_text('{"files": {}}'),
        "manifest.json was changed after it was signed",
    ),
    "stale_more_files": (one_file_more, "is not covered by the signature"),
    "stale_fewer_files": (one_file_less, "which was signed, is missing"),
    "truncated": (
        lambda v: (v / SIGNATURE).write_bytes((v / SIGNATURE).read_bytes()[:500]),
        "its signature is damaged",
    ),
    "nested": (lambda v: (v / SIGNATURE).write_text("[" * 100_000), "its signature is damaged"),
    "no_object": (lambda v: (v / SIGNATURE).write_text("[]"), "its signature is damaged"),
    "huge": (
        lambda v: (v / SIGNATURE).write_bytes(bytes(17 * 2**20)),
        "its signature has more than",
    ),
    "link": (link, "it is unsigned"),
    "edited_statement": (
        lambda v: edit_bundle(v, spoil_statement),
        "it was not signed by this key",
    ),
    "another_type": (
        lambda v: edit_bundle(v, lambda e: e.update(payloadType="text/plain")),
        "it was not signed by this key",
    ),
    "no_signature": (
        lambda v: edit_bundle(v, lambda e: e.update(signatures=[])),
        "its signature is damaged",
    ),
    "two_signatures": (
        lambda v: edit_bundle(v, lambda e: e.update(signatures=e["signatures"] * 2)),
        "its signature is damaged",
    ),
    "empty_signature": (
        lambda v: edit_bundle(v, lambda e: e["signatures"][0].update(sig="")),
        "it was not signed by this key",
    ),
}


@pytest.fixture(scope="module")
def refused(signed, keys, tmp_path_factory):
    """What a process without TensorFlow says to each version, and what it imported."""
    folder = tmp_path_factory.mktemp("spoilt")
    for name, (spoil, _) in SPOILS.items():
        spoil(shutil.copytree(signed, folder / name))
    sign(shutil.copytree(signed, folder / "foreign"), keys[1][0])
    sign(_forbidden(shutil.copytree(signed, folder / "forbidden")), keys[0][0], trust=True)
    command = [sys.executable, "-c", ALL_REFUSED, str(folder), str(keys[0][1]), "forbidden"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stderr
    *lines, imported = run.stdout.splitlines()
    return dict(line.split(" | ", 1) for line in lines), imported


def _forbidden(version: Path) -> Path:
    in_graph(lambda graph: function_of(graph, "buy").node_def.add(name="w", op="WriteFile"))(
        version
    )
    return version


@pytest.mark.parametrize("name", SPOILS)
def test_versions_that_are_not_as_signed_are_refused_whatever_is_trusted(refused, name):
    assert SPOILS[name][1] in refused[0][name]


def test_nor_is_one_that_somebody_else_signed(refused):
    assert "it was not signed by this key" in refused[0]["foreign"]


def test_a_signature_allows_no_operation(refused):
    assert "WriteFile" in refused[0]["forbidden"]


def test_tensorflow_is_not_imported_to_refuse(refused):
    assert refused[1] == "[]"


def test_a_signed_version_is_accepted_with_key_and_without(signed, keys, monkeypatch):
    check_operations(signed)
    check_operations(signed, public_key=keys[0][1])
    monkeypatch.setattr("kit.exports._verify.LOADERS", ())
    assert verify(signed, public_key=keys[0][1]) == []
    (check,) = verify(signed, public_key=keys[1][1])
    assert not check.passed
    assert str(check) == "(signature): it was not signed by this key"


@pytest.mark.parametrize("curve", ["SECP384R1", "SECP521R1"])
def test_openssf_verifies_what_the_kit_signs(signed, curve, tmp_path):
    private, public = write_keys(tmp_path, "key", curve)
    version = sign(shutil.copytree(signed, tmp_path / "1"), private)
    check_operations(version, public_key=public)
    verifying.Config().use_elliptic_key_verifier(public_key=public).verify(
        version, version / SIGNATURE
    )
    parts.flip(version)
    with pytest.raises(ValueError, match="mismatch"):
        verifying.Config().use_elliptic_key_verifier(public_key=public).verify(
            version, version / SIGNATURE
        )


def test_the_kit_verifies_what_openssf_signs(signed, keys, tmp_path):
    from model_signing import signing

    version = shutil.copytree(signed, tmp_path / "1")
    (version / SIGNATURE).unlink()
    signing.Config().use_elliptic_key_signer(private_key=keys[0][0]).sign(version, tmp_path / "sig")
    shutil.move(tmp_path / "sig", version / SIGNATURE)
    check_operations(version, public_key=keys[0][1])


def test_what_was_changed_or_could_do_harm_is_not_signed(signed, keys, tmp_path):
    version = shutil.copytree(signed, tmp_path / "1")
    before = (version / SIGNATURE).read_bytes()
    parts.flip(version)
    with pytest.raises(UserError, match="was changed after the export"):
        sign(version, keys[0][0])
    with pytest.raises(UserError, match="WriteFile"):
        sign(_forbidden(version), keys[0][0])
    assert (version / SIGNATURE).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


def test_without_a_manifest_nothing_is_signed(signed, keys, tmp_path):
    version = shutil.copytree(signed, tmp_path / "1")
    (version / "assets.extra" / "manifest.json").unlink()
    with pytest.raises(UserError, match=r"manifest\.json is missing"):
        sign(version, keys[0][0])


def test_keys_that_cannot_be_used(signed, keys, tmp_path):
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    def written(key, encryption) -> Path:
        file = tmp_path / "key.pem"
        pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        file.write_bytes(key.private_bytes(pem, pkcs8, encryption))
        return file

    plain = serialization.NoEncryption()
    (tmp_path / "text.pem").write_text("no key")
    for key, said in (
        (tmp_path / "none.pem", "No such file"),
        (tmp_path / "text.pem", "it is no private key"),
        (keys[0][1], "it is no private key"),
        (written(rsa.generate_private_key(65537, 2048), plain), "none of the curves"),
        (written(ec.generate_private_key(ec.SECP256K1()), plain), "none of the curves"),
    ):
        with pytest.raises(UserError, match=said):
            sign(signed, key)
    locked = serialization.BestAvailableEncryption(b"secret")
    with pytest.raises(UserError, match="it is encrypted"):
        sign(signed, written(ec.generate_private_key(ec.SECP256R1()), locked))
    with pytest.raises(UserError, match="it is no public key"):
        check_operations(signed, public_key=keys[0][0])


# As it is typed


def kit(*words: object):
    return CliRunner().invoke(main, [*map(str, words)])


def test_sign_and_verify_as_typed(signed, keys, tmp_path, monkeypatch):
    monkeypatch.setattr("kit.exports._verify.LOADERS", ())
    version = shutil.copytree(signed, tmp_path / "m" / "1")
    (version / SIGNATURE).unlink()
    assert "unsigned: anybody could have written this" in kit("verify", tmp_path / "m").stdout
    failed = kit("verify", tmp_path / "m", "--public-key", keys[0][1])
    assert failed.exit_code == 1
    assert "it is unsigned" in failed.stderr
    done = kit("sign", tmp_path / "m", "--key", keys[0][0])
    assert done.exit_code == 0, done.output
    assert str(version / SIGNATURE) in done.stdout
    assert "not checked" in kit("verify", tmp_path / "m").stdout
    checked = kit("verify", tmp_path / "m", "--public-key", keys[0][1])
    assert checked.exit_code == 0
    assert f"by the key of {keys[0][1]}" in checked.stdout
    foreign = kit("verify", tmp_path / "m", "--public-key", keys[1][1], "--trust")
    assert foreign.exit_code == 1
    assert kit("verify", tmp_path / "m", "--public-key", keys[0][0]).exit_code == 2


def test_an_unusable_key_ends_training_before_it_begins(keys):
    ended = kit("train", "two-tower", "--data", "online-retail", "--sign", keys[0][1])
    assert ended.exit_code == 2
    assert "it is no private key" in ended.stderr


def test_serve_checks_its_own_key_first(tmp_path, keys):
    ended = kit("serve", tmp_path, "--public-key", keys[0][0])
    assert ended.exit_code == 2
    assert "it is no public key" in ended.stderr


def test_a_server_keeps_what_it_has_until_a_signed_version_comes(signed, keys, tmp_path):
    models = Models(tmp_path, Limits(public_key=keys[0][1]), Metrics())

    def newest() -> tuple[object, str]:
        models.refresh()
        return models.names()["m"], models.failures().get("m", (0, ""))[1]

    (tmp_path / "m").mkdir()
    drop_in(signed, tmp_path / "m" / "1")
    try:
        assert newest() == (1, "")
        other_variables(drop_in(signed, tmp_path / "m" / "2"))
        number, reason = newest()
        assert number == 1
        assert "was changed after it was signed" in reason
        third = drop_in(signed, tmp_path / "m" / "3")
        (third / SIGNATURE).unlink()
        number, reason = newest()
        assert number == 1
        assert "it is unsigned" in reason
        sign(third, keys[0][0])
        assert newest() == (3, "")
    finally:
        models.stop()


def test_a_server_without_a_key_asks_the_manifest(signed, tmp_path):
    models = Models(tmp_path, Limits(), Metrics())
    (tmp_path / "m").mkdir()
    parts.flip(drop_in(signed, tmp_path / "m" / "1"))
    try:
        models.refresh()
        assert models.names()["m"] is None
        assert "was changed after the export" in models.failures()["m"][1]
    finally:
        models.stop()


@pytest.mark.slow
def test_recipes_sign_what_they_export(shop, keys, tmp_path, monkeypatch):
    monkeypatch.setattr("kit.exports.verify", passing)
    places = ("--output", tmp_path / "m", "--report", tmp_path / "r", "--sign", keys[0][0])
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        done = kit("train", "linear", "--data", shop[0], *places)
    assert done.exit_code == 0, done.output
    assert f"{tmp_path / 'm' / '1'}, signed by {keys[0][0]}" in done.stdout
    check_operations(tmp_path / "m" / "1", public_key=keys[0][1])
    report = json.loads((tmp_path / "r" / "metrics.json").read_text())
    assert "sign" not in report["settings"]


@pytest.mark.slow
def test_so_does_export_from_python(shop, keys, tmp_path, monkeypatch):
    import kit as package

    monkeypatch.setattr("kit.exports.verify", passing)
    data = package.open(str(shop[0]))
    model = package.models.LinearRecommender.for_dataset(data)
    package.fit(model, data, quiet=True)
    version = package.export(model, data, tmp_path, sign=str(keys[0][0]))
    check_operations(version, public_key=keys[0][1])
