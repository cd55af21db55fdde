"""Run a SavedModel through TensorFlow's C library, without TensorFlow for Python.

`TF_LoadSessionFromSavedModel` uses the loader that TensorFlow Serving is built on. Run as a script
in a separate process, with a request on standard input; it needs only NumPy and the shared library
of the TensorFlow wheel. The functions are those of `tensorflow/c/c_api.h`.
"""

import ctypes
import json
import os
import sys
from base64 import b64decode, b64encode
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Buffer(ctypes.Structure):
    """TF_Buffer."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("length", ctypes.c_size_t),
        ("deallocator", ctypes.c_void_p),
    )


class Output(ctypes.Structure):
    """TF_Output: which output of which operation."""

    _fields_ = (("operation", ctypes.c_void_p), ("index", ctypes.c_int))


STRING, STRING_BYTES = 7, 24  # TF_STRING, sizeof(TF_TString)
TYPES = {
    1: "float32",
    2: "float64",
    3: "int32",
    4: "uint8",
    5: "int16",
    6: "int8",
    STRING: "string",
    9: "int64",
    10: "bool",
    17: "uint16",
    19: "float16",
    22: "uint32",
    23: "uint64",
}
NUMBER_OF = {name: number for number, name in TYPES.items()}
ANY, INT, SIZE, TEXT = ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t, ctypes.c_char_p
ANYS, OUTPUTS = ctypes.POINTER(ANY), ctypes.POINTER(Output)
PROTOTYPES: dict[str, tuple[Any, list[Any]]] = {
    "TF_GetAllOpList": (ctypes.POINTER(Buffer), []),
    "TF_NewStatus": (ANY, []),
    "TF_GetCode": (INT, [ANY]),
    "TF_Message": (TEXT, [ANY]),
    "TF_NewSessionOptions": (ANY, []),
    "TF_NewGraph": (ANY, []),
    "TF_LoadSessionFromSavedModel": (
        ANY,
        [ANY, ANY, TEXT, ctypes.POINTER(TEXT), INT, ANY, ANY, ANY],
    ),
    "TF_GraphOperationByName": (ANY, [ANY, TEXT]),
    "TF_SessionRun": (
        None,
        [ANY, ANY, OUTPUTS, ANYS, INT, OUTPUTS, ANYS, INT, ANY, INT, ANY, ANY],
    ),
    "TF_AllocateTensor": (ANY, [INT, ctypes.POINTER(ctypes.c_int64), INT, SIZE]),
    "TF_TensorData": (ANY, [ANY]),
    "TF_TensorType": (INT, [ANY]),
    "TF_NumDims": (INT, [ANY]),
    "TF_Dim": (ctypes.c_int64, [ANY, INT]),
    "TF_StringInit": (None, [ANY]),
    "TF_StringCopy": (None, [ANY, TEXT, SIZE]),
    "TF_StringGetDataPointer": (ANY, [ANY]),
    "TF_StringGetSize": (SIZE, [ANY]),
}


class Library:
    """The few functions that load a SavedModel and run it."""

    def __init__(self) -> None:
        spec = find_spec("tensorflow")  # Does not import it.
        if spec is None or not spec.submodule_search_locations:
            raise FileNotFoundError("TensorFlow is not installed")
        files = sorted(Path(spec.submodule_search_locations[0]).glob("libtensorflow_cc.*"))
        if not files:
            raise FileNotFoundError("this build of TensorFlow has no libtensorflow_cc")
        self._c = ctypes.CDLL(str(files[0]))
        for name, (result, arguments) in PROTOTYPES.items():
            function = getattr(self._c, name)
            function.restype, function.argtypes = result, arguments
        self._status = self._c.TF_NewStatus()

    def op_list(self) -> bytes:
        """Every registered operation, as a serialised OpList."""
        buffer = self._c.TF_GetAllOpList().contents
        return ctypes.string_at(buffer.data, buffer.length)

    def load(self, version: str) -> None:
        """Load the graph tagged "serve" and restore its variables."""
        self._graph = self._c.TF_NewGraph()
        options, tags = self._c.TF_NewSessionOptions(), (TEXT * 1)(b"serve")
        self._session = self._c.TF_LoadSessionFromSavedModel(
            options, None, os.fsencode(version), tags, 1, self._graph, None, self._status
        )
        self._raise_if_failed()

    def run(self, signature: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
        """A signature's outputs.

        Args:
            signature: "inputs" and "outputs", name to "tensor" and "dtype".
            inputs: name to value, as lists.
        """
        specs = [signature["inputs"][name] for name in inputs]
        feeds = (Output * len(inputs))(*(self._output(spec["tensor"]) for spec in specs))
        values = (ANY * len(inputs))(
            *map(self._tensor, (spec["dtype"] for spec in specs), inputs.values())
        )
        fetched = [spec["tensor"] for spec in signature["outputs"].values()]
        fetches = (Output * len(fetched))(*map(self._output, fetched))
        answers = (ANY * len(fetched))()
        self._c.TF_SessionRun(
            *(self._session, None),
            *(feeds, values, len(inputs)),
            *(fetches, answers, len(fetched)),
            *(None, 0, None, self._status),
        )
        self._raise_if_failed()
        return dict(zip(signature["outputs"], map(self._plain, answers), strict=True))

    def _output(self, tensor: str) -> Output:
        name, _, index = tensor.rpartition(":")
        operation = self._c.TF_GraphOperationByName(self._graph, name.encode())
        if operation is None:
            raise ValueError(f"the graph has no tensor {tensor!r}")
        return Output(operation, int(index))

    def _tensor(self, dtype: str, value: Any) -> int:
        if dtype not in NUMBER_OF:
            raise ValueError(f"inputs of {dtype} are not supported here")
        array: NDArray[Any] = np.array(value, object if dtype == "string" else dtype, order="C")
        bytes_each = STRING_BYTES if dtype == "string" else array.itemsize
        shape = (ctypes.c_int64 * array.ndim)(*array.shape)
        tensor: int = self._c.TF_AllocateTensor(
            NUMBER_OF[dtype], shape, array.ndim, array.size * bytes_each
        )
        data = self._c.TF_TensorData(tensor)
        if dtype != "string":
            ctypes.memmove(data, array.ctypes.data, array.nbytes)
            return tensor
        for place, text in enumerate(array.ravel().tolist()):
            if not isinstance(text, str | dict):
                raise ValueError(f"the signature takes text, the recorded input holds {text!r}")
            content = text.encode() if isinstance(text, str) else b64decode(text["b64"])
            self._c.TF_StringInit(data + place * STRING_BYTES)
            self._c.TF_StringCopy(data + place * STRING_BYTES, content, len(content))
        return tensor

    def _plain(self, tensor: int) -> dict[str, Any]:
        """A tensor as JSON."""
        number = self._c.TF_TensorType(tensor)
        if number not in TYPES:
            raise ValueError(f"outputs of TensorFlow's type {number} are not supported here")
        shape = [self._c.TF_Dim(tensor, axis) for axis in range(self._c.TF_NumDims(tensor))]
        size, data = int(np.prod(shape)), self._c.TF_TensorData(tensor)
        if number == STRING:
            texts = [self._text(data + place * STRING_BYTES) for place in range(size)]
            array: NDArray[Any] = np.array(texts, object)
        else:
            dtype = np.dtype(TYPES[number])
            array = np.frombuffer(ctypes.string_at(data, size * dtype.itemsize), dtype)
        return {"dtype": TYPES[number], "values": array.reshape(shape).tolist()}

    def _text(self, string: int) -> str:
        content = self._c.TF_StringGetDataPointer(string)
        return ctypes.string_at(content, self._c.TF_StringGetSize(string)).decode()

    def _raise_if_failed(self) -> None:
        if self._c.TF_GetCode(self._status):
            raise RuntimeError(self._c.TF_Message(self._status).decode(errors="replace"))


def main(request: dict[str, Any]) -> dict[str, Any]:
    """The registered operations, and the outputs or the error of each signature.

    Args:
        request: "version"; "signatures" as in saved_model.pb; "cases": signature to "inputs", as
            lists.
    """
    library = Library()
    found: dict[str, Any] = {"op_list": b64encode(library.op_list()).decode()}
    try:
        library.load(request["version"])
    except RuntimeError as error:
        return {**found, "error": str(error)}
    answers: dict[str, dict[str, Any]] = {}
    for name, case in request["cases"].items():
        try:
            answers[name] = {"outputs": library.run(request["signatures"][name], case["inputs"])}
        except KeyError as error:
            answers[name] = {"error": f"there is no {error}"}
        except (ValueError, TypeError, RuntimeError) as error:
            answers[name] = {"error": str(error)}
    assert "tensorflow" not in sys.modules
    return {**found, "answers": answers}


if __name__ == "__main__":
    print(json.dumps(main(json.load(sys.stdin))))
