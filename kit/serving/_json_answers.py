"""Answers in the JSON of TensorFlow Serving's REST API."""

import base64
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kit.serving._signature import Tensors
from kit.serving._status import invalid

VALUES_AT_ONCE = 4096


def json_from(tensors: Tensors, rows: bool) -> bytes:
    """The answer's body: "predictions" row by row, or "outputs" tensor by tensor.

    Args:
        tensors: outputs by name.
        rows: whether the request was in row format.
    """
    if not rows:
        texts = {name: _array(name, tensor) for name, tensor in tensors.items()}
        if len(texts) == 1:
            return b'{"outputs":%b}' % next(iter(texts.values()))
        members = (b"%b:%b" % (_dumped(name), text) for name, text in texts.items())
        return b'{"outputs":{%b}}' % b",".join(members)
    size = -1
    for name, tensor in tensors.items():
        if tensor.ndim == 0:
            raise invalid(f"Tensor name: {name} has no shape information ")
        if size not in (-1, tensor.shape[0]):
            raise invalid(
                f"Tensor name: {name} has inconsistent batch size: {tensor.shape[0]} "
                f"expecting: {size}"
            )
        size = tensor.shape[0]
    if len(tensors) == 1:
        return b'{"predictions":%b}' % _array(*next(iter(tensors.items())))
    names = list(tensors)
    values = max(1, sum(tensor.size for tensor in tensors.values()) // max(1, size))
    blocks = []
    for block in _blocks(size, values):
        columns = [_listed(name, tensor[block]) for name, tensor in tensors.items()]
        lines = [dict(zip(names, line, strict=True)) for line in zip(*columns, strict=True)]
        blocks.append(_dumped(lines)[1:-1])
    return b'{"predictions":[%b]}' % b",".join(blocks)


def _array(name: str, tensor: NDArray[Any]) -> bytes:
    if tensor.ndim == 0:
        return _dumped(_listed(name, tensor))
    blocks = _blocks(len(tensor), max(1, tensor.size // max(1, len(tensor))))
    return b"[%b]" % b",".join(_dumped(_listed(name, tensor[block]))[1:-1] for block in blocks)


def _blocks(rows: int, values: int) -> list[slice]:
    """Rows that are written together: other threads get a turn between two blocks."""
    step = max(1, VALUES_AT_ONCE // values)
    return [slice(start, start + step) for start in range(0, rows, step)]


def _listed(name: str, tensor: NDArray[Any]) -> Any:
    kind = tensor.dtype.kind
    if kind == "O":
        if name.endswith("_bytes"):
            flat = [{"b64": base64.b64encode(v).decode()} for v in tensor.ravel().tolist()]
        else:
            flat = [v.decode(errors="surrogateescape") for v in tensor.ravel().tolist()]
        values = np.empty(tensor.size, object)
        values[:] = flat
        return values.reshape(tensor.shape).tolist()
    if kind == "c":
        raise invalid(f"Failed to write JSON value for tensor type: {tensor.dtype.name}")
    if kind == "f" and tensor.itemsize < 8:
        # Through text, so that 0.2 is written as 0.2 and not with the digits of a double.
        return tensor.astype("U32").astype(np.float64).tolist()
    return tensor.astype(np.float64).tolist() if kind == "V" else tensor.tolist()


def _dumped(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # Bytes that are no text go out as they are; a name that ends in _bytes asks for base64.
    return text.encode(errors="surrogateescape")
