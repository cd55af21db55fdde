"""The hostile requests of benchmarks/serving_attacks.py, each small or within every limit."""

import base64
import io
import json
import socket
import struct
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import sleep
from typing import Any

import grpc
import httpx

TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Target:
    """A running server and the names of its models."""

    process: int
    rest: int
    grpc: int
    strings: str
    image: str
    text: str
    translation: str


Attack = Callable[[Target], list[str]]


def rest(target: Target, model: str, body: bytes, count: int = 1, **headers: str) -> list[str]:
    """Codes of so many requests at once."""

    def ask(_: int) -> str:
        url = f"http://127.0.0.1:{target.rest}/v1/models/{model}:predict"
        try:
            answer = httpx.post(url, content=body, timeout=TIMEOUT_S, headers=headers)
        except httpx.HTTPError as error:
            return type(error).__name__
        return str(answer.status_code)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(ask, range(count)))


def proto(dtype: int, sizes: Sequence[int], **values: Any) -> Any:
    from tensorflow.core.framework.tensor_pb2 import TensorProto

    made = TensorProto(dtype=dtype, **values)
    for size in sizes:
        made.tensor_shape.dim.add(size=size)
    return made


def predict(target: Target, signature: str, count: int = 1, **inputs: Any) -> list[str]:
    """Codes of so many gRPC requests to the model of strings at once."""
    from tensorflow_serving.apis.predict_pb2 import PredictRequest

    request = PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = target.strings, signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(value)
    return call(target, request.SerializeToString(), count)


def call(target: Target, raw: bytes, count: int = 1, **options: Any) -> list[str]:
    """Codes of one message, sent so often at once."""
    unlimited = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(f"127.0.0.1:{target.grpc}", options=unlimited) as channel:
        ask = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        futures = [ask.future(raw, timeout=TIMEOUT_S, **options) for _ in range(count)]
        codes = [future.code() for future in futures]
    return [code.name for code in codes]


def strings(sizes: Sequence[int], *values: bytes) -> Any:
    return proto(7, sizes, string_val=values)


def rows(*values: Any) -> bytes:
    return json.dumps({"instances": list(values)}).encode()


MIB = 1 << 20
STRINGS: dict[str, Attack] = {
    "one string repeated in a row": lambda t: predict(
        t, "from_history", history=strings((1, 2_000_000), b"a" * 16_384)
    ),
    "one string repeated in rows": lambda t: predict(
        t, "serving_default", 8, user_id=strings((1_000_000,), b"a" * 10_000)
    ),
    "just below the bound, 64 at once": lambda t: predict(
        t, "from_history", 64, history=strings((1, 90_000), b"a" * 150)
    ),
    "a long row of empty strings": lambda t: predict(
        t, "from_history", 16, history=strings((1, 2_000_000))
    ),
    "1,024 rows of empty strings": lambda t: predict(
        t, "from_history", 16, history=strings((1024, 2000))
    ),
    "an empty tensor with a long dimension": lambda t: predict(
        t, "from_history", 4, history=strings((0, 10**12))
    ),
    "1,000 inputs": lambda t: predict(
        t, "serving_default", 4, **{f"x{n}": strings((100_000,), b"a" * 50) for n in range(1000)}
    ),
    "numbers for strings": lambda t: predict(
        t, "serving_default", 4, user_id=proto(2, (10**7,), double_val=[1.0])
    ),
    "more values than places": lambda t: predict(
        t, "serving_default", 8, user_id=strings((1,), *[b""] * (7 * MIB))
    ),
    "a shape of a million dimensions": lambda t: predict(
        t, "serving_default", 4, user_id=strings([1] * 1_000_000, b"a")
    ),
    "a compressed message": lambda t: call(t, bytes(512 * MIB), compression=grpc.Compression.Gzip),
    "JSON of empty lists": lambda t: rest(
        t, t.strings, b'{"instances":[' + b"[]," * (5 * MIB) + b"[]]}", 16
    ),
    "JSON of empty objects": lambda t: rest(
        t, t.strings, b'{"instances":[' + b"{}," * (5 * MIB) + b"{}]}", 16
    ),
    "JSON of nested lists": lambda t: rest(
        t, t.strings, b'{"instances":[' + b"[" * 800 + b"]" * 800 + b',"x"]}', 16
    ),
    "JSON of long numbers": lambda t: rest(
        t, t.strings, b'{"instances":[' + b"9" * 4000 + (b"," + b"9" * 4000) * 4000 + b"]}", 8
    ),
    "JSON of one wide character": lambda t: rest(
        t, t.strings, rows("a" * (15 * MIB) + "\U0001f600"), 16
    ),
    "a gzipped body": lambda t: rest(
        t, t.strings, zlib.compress(bytes(256 * MIB)), 4, **{"content-encoding": "gzip"}
    ),
    "bodies that do not end": lambda t: trickle(t, 300, b"x" * 60_000),
    "connections that say nothing": lambda t: trickle(t, 900, None),
    "answers that are not read": lambda t: deaf(t, 60),
}


def trickle(target: Target, count: int, begin: bytes | None) -> list[str]:
    """Connections that stay open for ten seconds with an unfinished request."""
    head = f"POST /v1/models/{target.strings}:predict HTTP/1.1\r\nHost: localhost\r\n"
    head += f"Content-Length: {10 * MIB}\r\n\r\n"
    connections = []
    for _ in range(count):
        try:
            connection = socket.create_connection(("127.0.0.1", target.rest), 2)
            if begin is not None:
                connection.sendall(head.encode() + begin)
            connections.append(connection)
        except OSError:
            break
    sleep(10)
    for connection in connections:
        connection.close()
    return ["closed"] * len(connections)


def deaf(target: Target, count: int) -> list[str]:
    """Requests for large answers that nobody takes."""
    body = rows(*[{"user_id": str(n)} for n in range(1024)])
    head = f"POST /v1/models/{target.strings}:predict HTTP/1.1\r\nHost: localhost\r\n"
    message = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    connections = []
    for _ in range(count):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", target.rest))
        connection.sendall(message)
        connections.append(connection)
    sleep(20)
    for connection in connections:
        connection.close()
    return ["closed"] * count


def png(width: int, height: int, colour: int = 2, depth: int = 8) -> bytes:
    """A PNG of zeros: a thousandth of what it decodes to."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    channels = {0: 1, 2: 3, 6: 4}[colour]
    row, packed = bytes(1 + width * channels * depth // 8), zlib.compressobj(9)
    data = b"".join(packed.compress(row) for _ in range(height)) + packed.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def pillow(kind: str, width: int, height: int, **options: Any) -> bytes:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    stream = io.BytesIO()
    Image.new("RGB", (width, height)).save(stream, kind, **options)
    return stream.getvalue()


def animation(width: int, height: int, frames: int) -> bytes:
    """A GIF whose frames hold one code each; a decoder allocates all of them."""
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\0"
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    return head + frame * frames + b";"


def images(target: Target, *contents: bytes, count: int = 1) -> list[str]:
    body = rows(*({"b64": base64.b64encode(one).decode()} for one in contents))
    return rest(target, target.image, body, count)


def photo() -> bytes:
    """An ordinary photo: 12 megapixels, 5 MB."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 256, (750, 1000, 3), np.uint8)).resize((4000, 3000))
    stream = io.BytesIO()
    coarse.save(stream, "JPEG", quality=93)
    return stream.getvalue()


IMAGES: dict[str, Attack] = {
    "image: an ordinary photo": lambda t: images(t, photo()),
    "image: 8 photos at once": lambda t: images(t, photo(), count=8),
    "image: PNG of 13,000 x 13,000": lambda t: images(t, png(13_000, 13_000), count=4),
    "image: four of them in a request": lambda t: images(t, *[png(13_000, 13_000)] * 4),
    "image: grey PNG of 20,000 x 20,000": lambda t: images(t, png(20_000, 20_000, 0), count=8),
    "image: one-bit PNG of 30,000 x 30,000": lambda t: images(t, png(30_000, 30_000, 0, 1)),
    "image: 16-bit RGBA PNG": lambda t: images(t, png(6_000, 6_000, 6, 16), count=8),
    "image: JPEG of 16,000 x 16,000": lambda t: images(t, pillow("JPEG", 16_000, 16_000)),
    "image: progressive JPEG just below the bound": lambda t: images(
        t, pillow("JPEG", 7_000, 7_000, progressive=True), count=8
    ),
    "image: GIF of 2,000 frames": lambda t: images(t, animation(3_000, 3_000, 2_000), count=4),
    "image: GIF frame of 60,000 x 60,000": lambda t: images(t, animation(60_000, 60_000, 1)),
    "image: WebP of 16,000 x 16,000": lambda t: images(t, pillow("WEBP", 16_000, 16_000)),
    "image: 900 medium images in a request": lambda t: images(t, *[png(1_500, 1_500)] * 900),
    "image: 16 images of 3,500 x 3,500, eight times": lambda t: images(
        t, *[png(3_500, 3_500)] * 16, count=8
    ),
    "image: 60 requests at once": lambda t: images(t, png(7_000, 7_000), count=60),
}


def texts(target: Target, model: str, text: str, many: int, count: int) -> list[str]:
    return rest(target, model, rows(*[text] * many), count)


TIME: dict[str, Attack] = {
    "time: 3 x 1,024 texts of 14 KB": lambda t: texts(t, t.text, "word " * 2800, 1024, 3),
    "time: 20 x 1,024 texts of 14 KB": lambda t: texts(t, t.text, "word " * 2800, 1024, 20),
    "time: 100 x 1,024 short texts": lambda t: texts(t, t.text, "a few words of it", 1024, 100),
    "time: one text of 1 MB": lambda t: texts(t, t.text, "word " * 200_000, 1, 8),
    "time: 15 texts of 1 MB, one word each": lambda t: texts(t, t.text, "w" * 1_000_000, 15, 4),
    "time: 1,024 texts of other alphabets": lambda t: texts(t, t.text, "漢字" * 2000, 1024, 3),
    "time: translation of 1,024 sentences": lambda t: texts(
        t, t.translation, "go and see the man who was here " * 8, 1024, 4
    ),
    "time: translation of long texts": lambda t: texts(
        t, t.translation, "the man " * 10_000, 150, 4
    ),
    "time: 100 translations at once": lambda t: texts(t, t.translation, "hello you " * 60, 8, 100),
    "time: translation and texts together": lambda t: together(
        lambda: texts(t, t.translation, "the man " * 100, 1024, 8),
        lambda: texts(t, t.text, "word " * 2800, 1024, 8),
    ),
    "time: 1,024 rows of 500 items": lambda t: predict(
        t, "from_history", 32, history=strings((1024, 500), b"85123A")
    ),
}


def together(*attacks: Callable[[], list[str]]) -> list[str]:
    with ThreadPoolExecutor(len(attacks)) as threads:
        return [code for codes in threads.map(lambda one: one(), attacks) for code in codes]


ATTACKS: dict[str, Attack] = {**STRINGS, **IMAGES, **TIME}
