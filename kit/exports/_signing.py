"""Sign versions, and verify who signed them.

The signature is OpenSSF's: a sigstore bundle with a DSSE envelope around an in-toto statement of
the SHA-256 of every file. `model-signing` writes it. It is verified here, by `cryptography` alone:
importing `model-signing` takes longer than all the rest of the verification.
"""

import json
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kit.errors import UserError
from kit.exports._version_folder import (
    MANIFEST,
    SIGNATURE,
    check_intact,
    digests,
    version_folder,
)

INSTALL = 'Install the extra: pip install "keras-application-kit[signing]"'
MAKE_KEY = (
    "Make a key pair: openssl ecparam -name prime256v1 -genkey -noout -out key.pem; "
    "openssl ec -in key.pem -pubout -out pub.pem"
)
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://model_signing/signature/v1.0"
# A statement has about 200 bytes a file.
MOST_BYTES = 16 * 1024 * 1024
CURVES = ("secp256r1", "secp384r1", "secp521r1")


def sign(folder: Path, key: Path, *, trust: bool = False) -> Path:
    """Sign a version: write `assets.extra/model.sig` beside its manifest.

    What could do harm or was changed is not signed: see `check_operations`. An earlier signature
    is replaced.

    Args:
        folder: a version folder, or the model's folder for its newest version.
        key: PEM file of an unencrypted private key on the curve P-256, P-384 or P-521.
        trust: sign it also if it could do what no export of this kit does.

    Returns:
        The version's folder.

    Raises:
        UserError: there is no export, it is rejected, the key cannot be used, or the extra
            `signing` is not installed.

    Source: https://github.com/sigstore/model-transparency, the signature format of OpenSSF.
    """
    from kit.exports._check import check_operations

    check_private_key(key)
    version = version_folder(folder).resolve()
    check_operations(version, trust=trust)
    if not trust:
        check_intact(
            version,
            expected="the files of its manifest: a signature vouches for them",
            remedy="Export it again. If you know who changed it, --trust signs it nevertheless.",
        )
    hashing, signing = _model_signing()
    try:
        (version / SIGNATURE.parent).mkdir(exist_ok=True)
        with TemporaryDirectory(prefix=".draft-", dir=version.parent) as draft:
            written = Path(draft, SIGNATURE.name)
            ignored = hashing.Config().set_ignored_paths(
                paths=[version / SIGNATURE], ignore_git_paths=False
            )
            config = signing.Config().set_hashing_config(ignored)
            config.use_elliptic_key_signer(private_key=key).sign(version, written)
            # A server sees the old signature or the new one.
            written.replace(version / SIGNATURE)
    except (OSError, ValueError) as error:
        raise UserError(
            f"The export cannot be signed: {error}.",
            where=str(version),
            expected="a folder you may write to, of regular files",
        ) from error
    return version


def check_private_key(key: Path) -> None:
    """Check that `sign` can use a key, before a model is trained to be signed.

    Args:
        key: PEM file of a private key.

    Raises:
        UserError: it cannot be read, is encrypted or of another kind, or the extra `signing` is
            not installed.
    """
    _load_key(key, is_private=True)
    _model_signing()


def check_public_key(key: Path) -> None:
    """Check that signatures can be verified by a key.

    Args:
        key: PEM file of a public key.

    Raises:
        UserError: it cannot be read or is of another kind, or cryptography is not installed.
    """
    _load_key(key, is_private=False)


def signature_problem(
    version: Path, public_key: Path, found: Mapping[str, str] | None = None
) -> str:
    """Why a version does not count as signed by a key; "" if it does.

    Nothing of the version is loaded for that.

    Args:
        version: its folder.
        public_key: PEM file of the public key.
        found: SHA-256 of the files as they are; None reads all files.

    Raises:
        UserError: the key cannot be used.
    """
    key = _load_key(public_key, is_private=False)
    file = version / SIGNATURE
    if not file.is_file():
        return f"it is unsigned, and {public_key} has to have signed it"
    try:
        signed = _signed_digests(file, key)
    except _NotSigned as reason:
        return str(reason)
    found = digests(version) if found is None else found
    # The manifest last: it changes with any other.
    for name in sorted(signed.keys() | found.keys(), key=lambda one: (one == str(MANIFEST), one)):
        if name not in found:
            return f"{name}, which was signed, is missing"
        if name not in signed:
            return f"{name} is not covered by the signature"
        if signed[name] != found[name]:
            return f"{name} was changed after it was signed"
    return ""


class _NotSigned(Exception):
    """Why a signature does not count."""


def _signed_digests(file: Path, key: Any) -> dict[str, str]:
    """File to SHA-256 by a statement that a key signed."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        if file.stat().st_size > MOST_BYTES:
            raise _NotSigned(f"its signature has more than {MOST_BYTES:,} bytes")
        envelope = json.loads(file.read_bytes())["dsseEnvelope"]
        payload = b64decode(envelope["payload"], validate=True)
        kind = envelope["payloadType"]
        (signature,) = (b64decode(one["sig"], validate=True) for one in envelope["signatures"])
        signed = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _NotSigned("its signature is damaged") from error
    try:
        key.verify(signature, signed, ec.ECDSA(_hash_for(key)))
    except InvalidSignature as error:
        raise _NotSigned("it was not signed by this key") from error
    # From here on it is what the owner of the key wrote, of a model or of something else.
    try:
        statement = json.loads(payload)
        types = (kind, statement["_type"], statement["predicateType"])
        if types != (PAYLOAD_TYPE, STATEMENT_TYPE, PREDICATE_TYPE):
            raise _NotSigned("its signature is not of a model")
        resources = statement["predicate"]["resources"]
        if {one["algorithm"] for one in resources} != {"sha256"}:
            raise _NotSigned("its signature is not of the SHA-256 of whole files")
        return {one["name"]: one["digest"] for one in resources}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _NotSigned("its signature is not of a model") from error


def _load_key(file: Path, *, is_private: bool) -> Any:
    """A key on one of the curves."""
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError:
        raise UserError(
            "Signatures need the package cryptography.", where=str(file), remedy=INSTALL
        ) from None
    kind = "private" if is_private else "public"
    try:
        content = file.read_bytes()
        key: Any = (
            serialization.load_pem_private_key(content, None)
            if is_private
            else serialization.load_pem_public_key(content)
        )
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        reason = error.strerror if isinstance(error, OSError) else f"it is no {kind} key"
        if isinstance(error, TypeError):
            reason = "it is encrypted"
        raise UserError(
            f"The key cannot be read: {reason}.",
            where=str(file),
            expected=f"a PEM file of an unencrypted {kind} key",
            remedy=MAKE_KEY,
        ) from error
    needed = ec.EllipticCurvePrivateKey if is_private else ec.EllipticCurvePublicKey
    if not isinstance(key, needed) or key.curve.name not in CURVES:
        raise UserError(
            "The key cannot be used: it is on none of the curves that models are signed with.",
            where=str(file),
            expected="a key on the curve P-256, P-384 or P-521",
            remedy=MAKE_KEY,
        )
    return key


def _hash_for(key: Any) -> Any:
    from cryptography.hazmat.primitives import hashes

    return {256: hashes.SHA256, 384: hashes.SHA384, 521: hashes.SHA512}[key.curve.key_size]()


def _model_signing() -> tuple[Any, Any]:
    try:
        from model_signing import hashing, signing
    except ImportError as error:
        raise UserError(
            f"Signing needs the package model-signing: {error}.",
            where="--key",
            remedy=INSTALL,
        ) from None
    return hashing, signing
