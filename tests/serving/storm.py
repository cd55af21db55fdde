"""Rubbish, by a seed, and what must be as before when it is over."""

import http.client
import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import tensorflow as tf
from hypothesis import HealthCheck, settings

from tests.serving.parts import Kinds, publish
from tests.serving.process import Serving, start

# `make test-all` sends all of them.
SHARE = 1 if os.environ.get("FUZZ") == "full" else 10
LIMITS = ["--request-timeout-s", "3", "--max-body-mib", "1", "--max-batch-size", "64"]
# Of a server that has been warmed up; what is kept of 10,000 requests would be more.
MOST_GROWTH_MIB = 24
# 64 of gRPC, started when they are first needed, and those of every server.
MOST_THREADS = 100
BODY = b'{"instances": [[1, 2], [0.5, -3]]}'
ANSWER = {"predictions": [[2.0, 4.0], [1.0, -6.0]]}
MUTATIONS = [b"", b"\x00", b"\xff", b"[", b"]", b"{", b"}", b'"', b"\\", b",", b":", b"e", b"-"]
MUTATIONS += [
    b"9" * 30,
    b"1e999",
    b"NaN",
    b"null",
    b"\\ud800",
    b"\xed\xa0\x80",
    b"\r\n",
    b"\x80\x01",
]


class Odd(Kinds):
    """Types that have no JSON."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float16, "h")])
    def halves(self, h):
        return {"y": h}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.complex64, "c")])
    def complex(self, c):
        return {"y": c}


def save_odd(folder: Path) -> Path:
    """A folder with one model, `kinds`, in which no signature takes a client's word for a time."""
    (folder / "kinds").mkdir()
    module = Odd()
    names = ("mixed", "rows", "picky", "total", "halves", "complex")
    signatures = {
        "serving_default": module.scale,
        **{name: getattr(module, name) for name in names},
    }
    publish(module, signatures, folder / "kinds" / "1")
    return folder


def same_every_time(examples: int) -> settings:
    """So many examples, or a share of them, chosen by the test's name."""
    return settings(
        max_examples=max(examples // SHARE, 20),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def mutated(random: Random, seeds: list[bytes]) -> bytes:
    """One of the seeds with one to three changes: bytes, cuts, insertions, repetitions."""
    data = bytearray(random.choice(seeds))
    for _ in range(random.randint(1, 3)):
        place = random.randrange(len(data) + 1)
        end = min(len(data), place + random.randint(0, 8))
        kind = random.randrange(6)
        if kind == 0 and place < len(data):
            data[place] = random.randrange(256)
        elif kind == 1:
            del data[place:]
        elif kind == 2:
            del data[place:end]
        elif kind == 3:
            data[place:end] = random.choice(MUTATIONS)
        elif kind == 4:
            data[place:place] = data[place:end] * random.randint(1, 20)
        else:
            other = random.choice(seeds)
            data[place:end] = other[random.randrange(len(other)) :][: random.randint(0, 30)]
    return bytes(data)


@dataclass(frozen=True)
class Held:
    """What a process holds."""

    mib: float
    threads: int
    files: int


def held(serving: Serving) -> Held:
    return Held(serving.status("VmRSS") / 1024, serving.status("Threads"), serving.files())


def served(folder: Path) -> Iterator[Serving]:
    """The odd model served by a process that has to end well."""
    running = start(save_odd(folder), *LIMITS)
    yield running
    running.process.send_signal(signal.SIGTERM)
    _, errors = running.process.communicate(timeout=30)
    assert errors == ""
    assert running.process.returncode == 0


def assert_as_before(serving: Serving, before: Held) -> None:
    """The server answers rightly and holds no more than it did."""
    connection = http.client.HTTPConnection("127.0.0.1", serving.rest_port, timeout=10)
    connection.request("POST", "/v1/models/kinds:predict", BODY)
    assert json.loads(connection.getresponse().read()) == ANSWER
    connection.close()
    end = time.monotonic() + 60
    while True:
        now = held(serving)
        if now.files <= before.files + 2 and now.threads <= MOST_THREADS:
            break
        assert time.monotonic() < end, (before, now)
        time.sleep(0.1)
    assert now.mib <= before.mib + MOST_GROWTH_MIB, (before, now)
