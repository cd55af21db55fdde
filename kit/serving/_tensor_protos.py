"""Tensors from and to `TensorProto`."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.serving._signature import Tensors
from kit.serving._status import ServingError, invalid

MOST_DIMENSIONS = 32
# Other threads get a turn between two slices of a long field.
VALUES_AT_ONCE = 65_536
# Clients read answers from these fields by name; TensorFlow Serving fills them by default.
FIELDS = {
    "float16": ("half_val", np.uint16),
    "bfloat16": ("half_val", np.uint16),
    "float32": ("float_val", np.float32),
    "float64": ("double_val", np.float64),
    "int8": ("int_val", np.int8),
    "int16": ("int_val", np.int16),
    "int32": ("int_val", np.int32),
    "uint8": ("int_val", np.uint8),
    "uint16": ("int_val", np.uint16),
    "int64": ("int64_val", np.int64),
    "uint32": ("uint32_val", np.uint32),
    "uint64": ("uint64_val", np.uint64),
    "bool": ("bool_val", np.bool_),
    "complex64": ("scomplex_val", np.float32),
    "complex128": ("dcomplex_val", np.float64),
}


def tensors_from_protos(protos: Mapping[str, Any], max_bytes: int) -> Tensors:
    """Inputs of a Predict request.

    Args:
        protos: `TensorProto` by name.
        max_bytes: of all inputs together, as the shapes expand them: a few bytes can ask for a
            tensor of any size, and one string for any number of copies.

    Raises:
        ServingError: INVALID_ARGUMENT, or RESOURCE_EXHAUSTED above `max_bytes`.
    """
    found: Tensors = {}
    left = max_bytes
    for name, proto in protos.items():
        dtype, numpy, sizes = _layout(name, proto)
        # An empty tensor may still have a dimension that a model would fill.
        size = math.prod(max(1, length) for length in sizes) * max(1, numpy.itemsize)
        if dtype == tf.string and size <= left:
            size += _string_bytes(proto, math.prod(sizes))
        left -= size
        if left < 0:
            raise ServingError(
                "RESOURCE_EXHAUSTED", f"Input {name} asks for more than {max_bytes} bytes"
            )
        found[name] = _from_proto(name, proto, dtype, numpy, sizes)
    return found


def values_asked_for(protos: Mapping[str, Any]) -> int:
    """Values of the inputs by their shapes, whatever was sent; empty dimensions count as one."""
    return sum(
        math.prod(max(1, dim.size) for dim in proto.tensor_shape.dim[:MOST_DIMENSIONS])
        for proto in protos.values()
    )


def protos_from_tensors(tensors: Tensors, into: Any) -> None:
    """Write outputs into the map of a Predict response."""
    for name, tensor in tensors.items():
        proto = into[name]
        dtype = tf.as_dtype(tensor.dtype)
        proto.dtype = dtype.as_datatype_enum
        proto.tensor_shape.SetInParent()
        for size in tensor.shape:
            proto.tensor_shape.dim.add(size=size)
        if dtype == tf.string:
            proto.string_val.extend(tensor.ravel().tolist())
        else:
            field, stored = FIELDS[dtype.name]
            values: NDArray[Any] = np.ascontiguousarray(tensor).reshape(-1).view(stored)
            getattr(proto, field).extend(values.tolist())


def _layout(name: str, proto: Any) -> tuple[Any, np.dtype[Any], list[int]]:
    dims = proto.tensor_shape.dim
    try:
        dtype = tf.as_dtype(proto.dtype)
        numpy = np.dtype(dtype.as_numpy_dtype)
    except (TypeError, ValueError, KeyError):
        raise _broken(name) from None
    if dtype._is_ref_dtype or len(dims) > MOST_DIMENSIONS or any(dim.size < 0 for dim in dims):
        raise _broken(name)
    return dtype, numpy, [int(dim.size) for dim in dims]


def _string_bytes(proto: Any, count: int) -> int:
    """Bytes of the strings when the last one has been repeated."""
    if proto.tensor_content:
        return len(proto.tensor_content)
    values = proto.string_val[:count]
    missing = count - len(values)
    return sum(map(len, values)) + missing * (len(values[-1]) if values else 0)


def _from_proto(
    name: str, proto: Any, dtype: Any, numpy: np.dtype[Any], sizes: list[int]
) -> NDArray[Any]:
    count = math.prod(sizes)
    try:
        if dtype == tf.string and not proto.tensor_content:
            # Fewer values than places: the last one stands for the rest.
            values: list[bytes] = proto.string_val[:count]
            values += (values[-1:] or [b""]) * (count - len(values))
            strings = np.empty(count, object)
            strings[:] = values
            return strings.reshape(sizes)
        if not count:
            return np.empty(sizes, numpy)
        if proto.tensor_content:
            if dtype == tf.bool and max(proto.tensor_content) > 1:
                raise _broken(name)  # C++ may take such a byte for anything
            return np.frombuffer(proto.tensor_content, numpy).reshape(sizes)
        return _from_field(proto, dtype.name, numpy, count).reshape(sizes)
    except (ValueError, KeyError):
        raise _broken(name) from None


def _broken(name: str) -> ServingError:
    return invalid(f"tensor parsing error: {name}")


def _from_field(proto: Any, name: str, numpy: np.dtype[Any], count: int) -> NDArray[Any]:
    """Values of the field for this type, as many as the shape says.

    TensorFlow takes the last one for those that are missing, zero where there is none, passes
    over what is left over, and drops the upper bits of what is wider than the type.
    """
    field, stored = FIELDS[name]
    wide = np.int64 if field in ("int_val", "half_val") else stored
    numbers = getattr(proto, field)
    given: NDArray[Any] = np.empty(min(len(numbers), 2 * count), stored)
    for start in range(0, len(given), VALUES_AT_ONCE):
        end = min(start + VALUES_AT_ONCE, len(given))
        given[start:end] = np.array(numbers[start:end], wide).astype(stored)
    if numpy.kind == "c":
        given = given[: given.size // 2 * 2]
    values = given.view(numpy)[:count]
    found: NDArray[Any] = np.zeros(count, numpy)
    found[: values.size] = values
    if values.size:
        found[values.size :] = values[-1]
    return found
