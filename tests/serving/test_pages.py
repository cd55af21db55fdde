"""A history cannot be read out page by page where pages are limited."""

import numpy as np
import pytest

from kit.serving import Limits, Pages, Server, ServingError
from tests.exporting.parts import ITEMS
from tests.serving.parts import error_of, predict


def test_pages_of_a_user_are_limited_and_lists_are_not(saved):
    page = {
        "signature_name": "recommend_where",
        "inputs": {"exclude": [["plain"]], "where": [[""]]},
    }

    def ask(server, user):
        page["inputs"]["user_id"] = [user]
        return predict(server, "shop", page)

    with Server(saved, limits=Limits(max_pages=2)) as server:
        assert [ask(server, user).status_code for user in ("ann", " ann\u00a0", "ann")] == [
            *(200, 200, 429),
        ]
        assert "for one user within an hour" in error_of(ask(server, "ann "))
        assert ask(server, "bo o").status_code == 200
        for _ in range(3):
            assert predict(server, "shop", {"inputs": {"user_id": ["ann"]}}).status_code == 200
        history = {"history": [ITEMS[:2]], "exclude": [["plain"]], "where": [[""]]}
        for _ in range(3):
            answer = {"signature_name": "from_history_where", "inputs": history}
            assert predict(server, "shop", answer).status_code == 200


def test_rows_of_one_request_count_and_an_hour_later_it_begins_anew(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("kit.serving._pages.monotonic", lambda: clock[0])
    monkeypatch.setattr("kit.serving._pages.MOST_USERS", 2)
    pages = Pages(2)

    def count(*users):
        ids = np.array([one.encode() for one in users], object)
        pages.count({"user_id": ids, "exclude": np.zeros((len(users), 0), object)})

    with pytest.raises(ServingError, match="More than 2"):
        count("a", "b", "a", "a")
    count("a", "a", "b")
    with pytest.raises(ServingError):
        count("a")
    clock[0] = 3599.0
    with pytest.raises(ServingError):
        count("a")
    clock[0] = 3600.0
    count("a", "a")
    # Memory is bounded: who was asked for least recently is not remembered.
    count("c")
    count("d")
    count("a", "a")
