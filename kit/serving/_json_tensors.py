"""Tensors from the JSON of TensorFlow Serving's REST API."""

import json
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from kit.serving._json_values import (
    TOO_BIG,
    Constant,
    bracketed,
    cut,
    is_object,
    shape_of,
    shown,
    tensor_from,
)
from kit.serving._signature import Tensors, TensorSpec
from kit.serving._status import ServingError, invalid

# A list takes 20 times the memory of its two brackets.
MOST_OPENED = 1_000_000


def parse(body: bytes) -> dict[str, Any]:
    """The object of a request's body.

    Raises:
        ServingError: INVALID_ARGUMENT, as for everything below; RESOURCE_EXHAUSTED for what would
            take many times the memory of the body.
    """
    if len(body) > MOST_OPENED:
        for what, sign in (("lists", b"["), ("objects", b"{")):
            # In texts as well, where so many would be strange.
            if (count := body.count(sign)) > MOST_OPENED:
                raise ServingError(
                    "RESOURCE_EXHAUSTED",
                    f"The body has {count} {what}, at most {MOST_OPENED} are taken",
                    http=413,
                )
    try:
        text = body.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        message = f"JSON Parse error: Invalid encoding in string. at offset: {error.start}"
        raise invalid(message) from error
    try:
        document = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        why = "The document is empty" if not text.strip() else f"{error.msg} at offset: {error.pos}"
        raise invalid(f"JSON Parse error: {why}") from error
    except RecursionError as error:
        raise invalid("JSON Parse error: Nested too deeply.") from error
    except ValueError as error:  # Python's own bound on the digits of a number
        raise invalid(TOO_BIG) from error
    if not isinstance(document, dict):
        raise invalid(f"JSON Value: {shown(document)} Is not object")
    if not isinstance(document.get("signature_name", ""), str):
        raise invalid(
            f"JSON Value: {shown(document)} not formatted correctly. "
            "'signature_name' key must be a string value."
        )
    return document


def tensors_from(
    document: Mapping[str, Any], signature: str, inputs: Mapping[str, TensorSpec]
) -> tuple[Tensors, bool]:
    """Inputs of a predict request, and whether it is in row format.

    Args:
        document: the parsed body.
        signature: its name.
        inputs: what the signature takes.
    """
    if not inputs:
        raise invalid(f"Failed to get input map for signature: {signature}")
    rows, columns = "instances" in document, "inputs" in document
    if rows and columns:
        raise invalid(
            f"JSON Value: {shown(document)} Not formatted correctly expecting only one of "
            "'inputs' or 'instances' keys to exist "
        )
    if rows:
        return _from_rows(document, inputs), True
    if columns:
        return _from_columns(document["inputs"], inputs), False
    raise invalid("Missing 'inputs' or 'instances' key")


def _from_rows(document: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> Tensors:
    items = document["instances"]
    if not isinstance(items, list):
        raise invalid(f"JSON Value: {shown(document)} Excepting 'instances' to be an list/array")
    if not items:
        raise invalid(f"JSON Value: {shown(document)} No values in 'instances' array")
    if not isinstance(items[0], dict) and len(inputs) > 1:
        raise invalid(
            "instances is a plain list, but expecting list of objects as multiple "
            "input tensors required as per tensorinfo_map"
        )
    objects = is_object(items[0])
    for place, item in enumerate(items):
        if is_object(item) is not objects:
            want, got = ("object", "list") if objects else ("value/list", "object")
            raise invalid(f"Expecting {want} but got {got} at item {place} of input list")
    if not objects:
        name, spec = next(iter(inputs.items()))
        return {name: _column(items, spec, "")}
    for place, item in enumerate(items):
        if item.keys() != inputs.keys():
            raise _wrong_keys(place, item, inputs)
    return {
        name: _column([item[name] for item in items], spec, f" key: {name}")
        for name, spec in inputs.items()
    }


def _wrong_keys(place: int, item: dict[str, Any], inputs: Mapping[str, Any]) -> ServingError:
    strange = [name for name in item if name not in inputs]
    if strange:
        return invalid(
            f"Failed to process element: {place} key: {cut(strange[0])} of 'instances' list. "
            f"Error: INVALID_ARGUMENT: JSON object: does not have named input: {cut(strange[0])}"
        )
    return invalid(
        f"Failed to process element: {place} of 'instances' list. JSON object: {shown(item)} "
        f"keys must be equal to: {','.join(sorted(inputs))}"
    )


def _column(items: list[Any], spec: TensorSpec, key: str) -> NDArray[Any]:
    try:
        return tensor_from(items, spec)
    except ServingError as error:
        # Only now is it worth looking for the row.
        shape = shape_of(items[0])
        for place, item in enumerate(items):
            where = f"Failed to process element: {place}{key} of 'instances' list. Error: "
            try:
                tensor_from(item, spec)
            except ServingError as of_row:
                code = f"{of_row.code}: "
                raise ServingError("INVALID_ARGUMENT", where + code + of_row.message) from error
            if shape_of(item) != shape:
                raise invalid(
                    f"{where}INVALID_ARGUMENT: Expecting shape {bracketed(shape)} "
                    f"but got: {bracketed(shape_of(item))}"
                ) from error
        raise


def _from_columns(value: Any, inputs: Mapping[str, TensorSpec]) -> Tensors:
    if not is_object(value):
        if len(inputs) > 1:
            raise invalid(
                "inputs is a plain value/list, but expecting an object as multiple "
                "input tensors required as per tensorinfo_map"
            )
        name, spec = next(iter(inputs.items()))
        return {name: tensor_from(value, spec)}
    for name in inputs:
        if name not in value:
            raise invalid(f"Missing named input: {name} in 'inputs' object.")
    return {name: tensor_from(value[name], spec) for name, spec in inputs.items()}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise invalid("JSON Parse error: A key stands twice in one object.")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=Constant)
