import asyncio
import json
from contextlib import asynccontextmanager
from itertools import count

import pytest

from benchmarks import serving_clients as clients

ITEMS, SCORES = ["a", "b", "c"], [3.0, 2.0, 1.99999]


def answer(items, scores) -> bytes:
    return json.dumps({"predictions": [{"item_id": items, "score": scores}]}).encode()


def test_rounding_is_no_error_and_neither_are_its_exchanges():
    query = clients.Query(b"", ITEMS, SCORES)
    for right in (answer(ITEMS, SCORES), answer(["a", "c", "b"], [3.00001, 2.0, 2.0])):
        query.check(right, clients.rest_read)
        assert right in query.right


@pytest.mark.parametrize(
    "wrong",
    [
        answer(["b", "a", "c"], SCORES),
        answer(ITEMS, [3.0, 2.5, 1.99999]),
        answer(ITEMS[:2], SCORES[:2]),
        answer(["a", "b", "b"], SCORES),
        answer(["x", "b", "c"], SCORES),
    ],
    ids=range(5),
)
def test_wrong_answers_are_seen(wrong):
    query = clients.Query(b"", ITEMS, SCORES)
    with pytest.raises(clients.WrongAnswer):
        query.check(wrong, clients.rest_read)
    assert query.right == set()


def test_errors_are_counted_and_the_client_goes_on(monkeypatch):
    answers = iter([ConnectionResetError("gone"), answer(ITEMS[:1], SCORES[:1])])
    connections = []

    @asynccontextmanager
    async def connect():
        connections.append(1)

        async def ask(request):
            given = next(answers, answer(ITEMS, SCORES))
            if isinstance(given, Exception):
                raise given
            return given

        yield ask

    load, queries = clients.Load(), [clients.Query(b"", ITEMS, SCORES)]
    clock = count()
    monkeypatch.setattr(clients, "perf_counter", lambda: float(next(clock)))
    asyncio.run(clients.client(0, connect, queries, clients.rest_read, 30.0, load))
    assert load.errors == {
        "ConnectionResetError: gone": 1,
        "WrongAnswer: not as many items": 1,
    }
    assert len(connections) == 3
    assert len(load.times) > 2
