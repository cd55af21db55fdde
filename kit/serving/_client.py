"""Asking a server over REST; needs no TensorFlow."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from kit.errors import UserError

REMEDY = "Start one with kit serve saved_models, or give the address of another."


@dataclass(frozen=True)
class Taken:
    """What has to be known of an input to write it down.

    Args:
        text: whether it holds strings.
        rows: whether several values are several rows.
    """

    text: bool
    rows: bool


class RestClient:
    """A model behind TensorFlow Serving's REST API.

    Args:
        url: of the server, such as http://127.0.0.1:8501.
        model: its name.
        version: a number; the newest if None.
        timeout_s: of one request.
    """

    def __init__(
        self, url: str, model: str, *, version: int | None = None, timeout_s: float = 60.0
    ) -> None:
        place = f"/v1/models/{model}" + (f"/versions/{version}" if version is not None else "")
        self._url, self._timeout_s = url.rstrip("/") + place, timeout_s

    def predict(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a request in row or column format.

        Raises:
            UserError: nothing answers, or the server refuses the request.
        """
        # NaN and the infinities are written as TensorFlow Serving reads them.
        return self._ask("POST", ":predict", json.dumps(body).encode())

    def inputs(self, signature: str) -> dict[str, Taken]:
        """What a signature takes, by name.

        Raises:
            UserError: there is none of that name, or nothing answers.
        """
        metadata = self._ask("GET", "/metadata")["metadata"]["signature_def"]["signature_def"]
        check_signature(signature, metadata, self._url)
        found = {}
        for name, info in metadata[signature].get("inputs", {}).items():
            sizes = [dim["size"] for dim in info["tensor_shape"].get("dim", [])]
            found[name] = Taken(info["dtype"] == "DT_STRING", sizes[:1] == ["-1"])
        return found

    def _ask(self, method: str, what: str, content: bytes | None = None) -> dict[str, Any]:
        url = self._url + what
        try:
            response = httpx.request(method, url, content=content, timeout=self._timeout_s)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise UserError(f"No answer: {reason}.", where=url, remedy=REMEDY) from None
        try:
            answer = response.json()
            message = "" if response.is_success else str(answer["error"])
        except (ValueError, KeyError, TypeError):
            raise UserError(
                f"The answer is not TensorFlow Serving's (HTTP {response.status_code}).",
                where=url,
                remedy=REMEDY,
            ) from None
        if response.is_server_error:
            raise RuntimeError(f"HTTP {response.status_code}: {message}")
        if not response.is_success:
            raise UserError(message, where=f"{url} (HTTP {response.status_code})")
        return dict(answer)


def check_signature(name: str, found: Mapping[str, Any], where: str) -> None:
    """See that a signature is there.

    Raises:
        UserError: it is not.
    """
    if name not in found:
        usable = ", ".join(sorted(key for key in found if not key.startswith("__")))
        raise UserError(f"There is no signature {name!r}.", where=where, expected=usable)


def columns(pairs: Sequence[tuple[str, str]], inputs: Mapping[str, Taken]) -> dict[str, Any]:
    """The column format's "inputs" from NAME and VALUE as typed.

    Args:
        pairs: a name may stand several times, once for each row.
        inputs: what the signature takes.

    Returns:
        Values by name; strings as they are, or a JSON list of them, others as JSON. A string that
        begins with @ names a file whose bytes are sent; one that begins with @@ is itself without
        the first.

    Raises:
        UserError: a name that the signature does not take, a value that is not JSON, or a file that
            cannot be read.

    Example:

    >>> columns([("user_id", "42"), ("user_id", "7")], {"user_id": Taken(text=True, rows=True)})
    {'user_id': ['42', '7']}
    >>> columns([("x", "[1, 2]")], {"x": Taken(text=False, rows=True)})
    {'x': [[1, 2]]}
    """
    found: dict[str, Any] = {}
    for name, text in pairs:
        if name not in inputs:
            raise UserError(
                f"The signature has no input {name!r}.",
                where="--input",
                expected=", ".join(sorted(inputs)) or "no input",
            )
        value: Any = text
        if inputs[name].text and text.startswith("@"):
            value = text[1:] if text.startswith("@@") else _bytes_of(Path(text[1:]), name)
        elif not inputs[name].text or text.startswith("["):
            try:
                value = json.loads(text)
            except ValueError:
                raise UserError(
                    f"{text!r} is not JSON.", where=f"--input {name}", expected="1.5, true, [1, 2]"
                ) from None
        if inputs[name].rows:
            found.setdefault(name, []).append(value)
        elif name in found:
            raise UserError(f"{name} takes one value.", where="--input")
        else:
            found[name] = value
    return found


def _bytes_of(file: Path, name: str) -> dict[str, str]:
    try:
        return {"b64": b64encode(file.read_bytes()).decode()}
    except OSError as error:
        raise UserError(
            f"The file cannot be read: {error.strerror}.",
            where=f"--input {name}=@{file}",
            expected="a file whose bytes are sent",
            remedy="Name another; for a text that begins with @ write it twice.",
        ) from None
