"""One signature of a loaded SavedModel: what it takes, what it gives, and a call of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.protobuf import config_pb2

from kit.serving._image_size import pixels
from kit.serving._limits import IMAGES_OF_A_REQUEST, Limits
from kit.serving._status import ServingError, invalid

Tensors = dict[str, NDArray[Any]]
# Estimates of the memory a run takes, in bytes: of a value, which may become an embedding; of a
# byte of text, which may become tokens; of a pixel, which is decoded, cast and resized.
OF_A_VALUE, OF_A_BYTE, OF_A_PIXEL = 256, 16, 24
METHODS = tuple(f"tensorflow/serving/{method}" for method in ("predict", "classify", "regress"))


@dataclass(frozen=True)
class TensorSpec:
    """One input or output.

    Args:
        tensor: its name in the graph.
        dtype: TensorFlow's name of the type, such as "float" or "int64".
        numpy: the same for NumPy; object for strings.
        shape: sizes, -1 where any will do; None where even the rank is free.
    """

    tensor: str
    dtype: str
    numpy: np.dtype[Any]
    shape: tuple[int, ...] | None

    @property
    def batched(self) -> bool:
        """Whether the first dimension is free, as that of a batch is."""
        return self.shape is not None and self.shape[:1] == (-1,)

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether a tensor of this shape may be given."""
        if self.shape is None:
            return True
        return len(shape) == len(self.shape) and all(
            want in (-1, got) for want, got in zip(self.shape, shape, strict=True)
        )


class Signature:
    """One signature, ready to run.

    Args:
        name: its key.
        definition: `SignatureDef` from the SavedModel.
        session: the session that holds the graph.
        limits: the server's.
        decodes_images: whether the graph decodes images; strings are then held against their
            bounds.
    """

    def __init__(
        self,
        name: str,
        definition: Any,
        session: Any,
        limits: Limits,
        *,
        decodes_images: bool = False,
    ) -> None:
        self.name, self.definition, self._limits = name, definition, limits
        self._decodes_images = decodes_images
        runs = definition.method_name in METHODS and all(
            info.name for info in (*definition.inputs.values(), *definition.outputs.values())
        )
        self.inputs = specs_of(definition.inputs) if runs else {}
        self.outputs = specs_of(definition.outputs) if runs else {}
        self.batched = bool(self.inputs) and all(
            spec.batched for spec in (*self.inputs.values(), *self.outputs.values())
        )
        self._call: Any = None
        if self.outputs:
            # Two names may stand for one tensor, which is fetched once.
            fetched = sorted({spec.tensor for spec in self.outputs.values()})
            self._place = {key: fetched.index(s.tensor) for key, s in self.outputs.items()}
            # A tenth of what Session.run costs in Python, and no change of threads (-1) on the way.
            options = config_pb2.CallableOptions(
                feed=[spec.tensor for spec in self.inputs.values()],
                fetch=fetched,
                run_options=config_pb2.RunOptions(inter_op_thread_pool=-1),
            )
            self._call = session._make_callable_from_options(options)

    def check(self, tensors: Mapping[str, NDArray[Any]]) -> int:
        """Hold a request against the signature.

        Args:
            tensors: inputs by name.

        Returns:
            Rows of the request, 1 where the signature is not batched.

        Raises:
            ServingError: with the code TensorFlow Serving answers with.
        """
        if self._call is None:
            raise ServingError(
                "INTERNAL",
                f"Expected prediction signature method_name to be one of {{{', '.join(METHODS)}}}. "
                f"Was: {self.definition.method_name}",
            )
        if tensors.keys() != self.inputs.keys():
            raise _wrong_names(set(tensors), self.inputs)
        for name, spec in self.inputs.items():
            self._check_tensor(name, spec, tensors[name])
        if self._decodes_images:
            self._check_images(tensors)
        if not self.batched:
            return 1
        rows = {tensor.shape[0] for tensor in tensors.values()}
        if len(rows) > 1:
            raise invalid(f"Batching input tensors must have equal 0th dimension sizes, got {rows}")
        count = rows.pop()
        if count > self._limits.max_batch_size:
            raise invalid(
                f"Task size {count} is larger than maximum input batch size "
                f"{self._limits.max_batch_size}"
            )
        return int(count)

    def costs(self, tensors: Mapping[str, NDArray[Any]], rows: int) -> NDArray[np.int64]:
        """Estimates of the memory that each row takes while it runs, in bytes."""
        found = np.zeros(rows, np.int64)
        for tensor in tensors.values():
            found += OF_A_VALUE * tensor.size // rows
            if tensor.dtype == object:
                sizes = OF_A_BYTE * lengths(tensor)
                if self._decodes_images:
                    sizes += OF_A_PIXEL * np.array([*map(pixels, tensor.ravel().tolist())])
                found += sizes.reshape(rows, -1).sum(axis=1)
        return found

    def run(self, tensors: Mapping[str, NDArray[Any]]) -> Tensors:
        """Outputs by name, for inputs that `check` passed.

        Raises:
            tf.errors.OpError: from the model.
        """
        answer = self._call(*(tensors[name] for name in self.inputs))
        return {name: np.asarray(answer[place]) for name, place in self._place.items()}

    def _check_tensor(self, name: str, spec: TensorSpec, tensor: NDArray[Any]) -> None:
        if tensor.dtype != spec.numpy:
            given = "string" if tensor.dtype == object else tf.as_dtype(tensor.dtype).name
            raise invalid(f"Expects {name} to be {spec.dtype} but {given} is provided")
        if not spec.fits(tensor.shape):
            raise invalid(
                f"Input {name} has shape {_shown(tensor.shape)}, "
                f"the signature expects {_shown(spec.shape or ())}"
            )
        free = tensor.shape[1:] if spec.batched else tensor.shape
        if spec.shape is not None:
            wanted = spec.shape[1:] if spec.batched else spec.shape
            free = tuple(got for got, want in zip(free, wanted, strict=True) if want == -1)
        # Dimensions of an empty tensor count as well: a model may fill them.
        if (values := math.prod(max(1, size) for size in free)) > self._limits.max_row_values:
            raise ServingError(
                "RESOURCE_EXHAUSTED",
                f"Input {name} has {values} values in a row, "
                f"at most {self._limits.max_row_values} are taken",
            )
        if tensor.dtype == object and tensor.size:
            longest = int(lengths(tensor).max())
            images = self._decodes_images
            most = self._limits.max_image_bytes if images else self._limits.max_string_bytes
            if longest > most:
                raise invalid(
                    f"Input {name} has a string of {longest} bytes, at most {most} are taken"
                )

    def _check_images(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        most, total = self._limits.max_image_pixels, 0
        for name, tensor in tensors.items():
            for string in tensor.ravel().tolist() if tensor.dtype == object else ():
                if (size := pixels(string)) > most:
                    raise invalid(
                        f"Input {name} has an image of {size} pixels, at most {most} are taken"
                    )
                total += size
        if total > most * IMAGES_OF_A_REQUEST:
            raise invalid(
                f"The images of the request have {total} pixels together, "
                f"at most {most * IMAGES_OF_A_REQUEST} are taken"
            )


def bytes_of(tensors: Mapping[str, NDArray[Any]]) -> int:
    """Memory of tensors, here and as TensorFlow's copies."""
    size = 0
    for tensor in tensors.values():
        size += 2 * tensor.nbytes
        if tensor.dtype == object:
            # A bytes object and a tstring beside the characters.
            size += 56 * tensor.size + 2 * int(lengths(tensor).sum())
    return size


def lengths(tensor: NDArray[Any]) -> NDArray[np.int64]:
    """Bytes of each string of a tensor, as a flat array."""
    return np.fromiter(map(len, tensor.ravel().tolist()), np.int64, tensor.size)


def signature_of(
    signatures: Mapping[str, Signature], name: str, *, missing: tuple[str, str]
) -> Signature:
    """The signature of that name, the default for "".

    Args:
        missing: code and message (with {}) where there is none; REST and gRPC differ.
    """
    name = name or "serving_default"
    if name not in signatures:
        raise ServingError(missing[0], missing[1].format(name))
    return signatures[name]


def specs_of(infos: Any) -> dict[str, TensorSpec]:
    """Inputs or outputs of a `SignatureDef`, by name."""
    return {name: _spec(infos[name]) for name in sorted(infos)}


def _spec(info: Any) -> TensorSpec:
    dtype = tf.as_dtype(info.dtype)
    free = info.tensor_shape.unknown_rank
    shape = None if free else tuple(int(dim.size) for dim in info.tensor_shape.dim)
    short = {"float32": "float", "float64": "double", "float16": "half"}.get(dtype.name, dtype.name)
    return TensorSpec(info.name, short, np.dtype(dtype.as_numpy_dtype), shape)


def _wrong_names(given: set[str], inputs: Mapping[str, TensorSpec]) -> ServingError:
    def names(of: set[str]) -> str:
        return ",".join(sorted(of))

    wanted = set(inputs)
    if len(given) == len(wanted):
        missing = min(wanted - given)
        return invalid(
            f"Signature input alias: {missing}(feed name: {inputs[missing].tensor}) not found in "
            f"request and no default value provided. Inputs expected to be in the request "
            f"{{{names(given)}}}, or default input alias set: "
        )
    return invalid(
        f"input size does not match signature: {len(given)}!={len(wanted)} "
        f"len({{{names(given)}}}) != len({{{names(wanted)}}}). "
        f"Sent extra: {{{names(given - wanted)}}}. "
        f"Missing but required: {{{names(wanted - given)}}}."
    )


def _shown(shape: tuple[int, ...]) -> str:
    return "[" + ",".join("?" if size == -1 else str(size) for size in shape) + "]"
