from threading import Event, Thread

import numpy as np
import pytest

from kit.serving import Budget, Limits, RunGate, ServingError, answer_bytes
from kit.serving._budget import FREE, FREE_RUN

MIB = 1024 * 1024


def test_one_model_may_hold_half_and_all_of_them_no_more_than_there_is():
    budget = Budget(Limits(max_memory_bytes=16 * MIB))
    one, other, third = (budget.reservation(name) for name in ("a", "b", "c"))
    one.grow(4 * MIB)
    with pytest.raises(ServingError, match="this model hold more than") as caught:
        budget.reservation("a").grow(MIB)
    assert caught.value.code == "RESOURCE_EXHAUSTED"
    other.grow(4 * MIB)
    with pytest.raises(ServingError, match="in flight hold more than"):
        third.grow(MIB)
    one.release()
    third.grow(MIB)


def test_a_small_request_is_always_let_in():
    budget = Budget(Limits(max_memory_bytes=2 * MIB))
    budget.reservation("a").grow(MIB // 2)
    budget.reservation("a").grow(FREE)


def test_an_ordinary_answer_is_not_counted():
    outputs = {
        "item_id": np.array([[b"item-%010d" % n for n in range(100)]], object),
        "score": np.zeros((1, 100), np.float32),
    }
    assert answer_bytes(outputs) < FREE / 2


def test_the_last_user_of_a_reservation_releases_it_once():
    budget = Budget(Limits(max_memory_bytes=4 * MIB))
    held = budget.reservation("a")
    held.grow(MIB)
    held.share()
    held.release()
    with pytest.raises(ServingError):
        budget.reservation("a").grow(MIB)
    held.release()
    for _ in range(2):
        again = budget.reservation("a")
        again.grow(MIB)
        with pytest.raises(ServingError):
            budget.reservation("a").grow(MIB)
        again.release()


def test_one_model_leaves_half_of_the_places():
    budget = Budget(Limits(max_pending=4))
    held = [budget.reservation("a") for _ in range(3)]
    held[0].admit()
    held[1].admit()
    with pytest.raises(ServingError, match="of this model are under way") as caught:
        held[2].admit()
    assert caught.value.code == "UNAVAILABLE"
    budget.reservation("b").admit()
    held[0].release()
    held[2].admit()


def test_runs_wait_for_room_in_their_order():
    gate, order = RunGate(3 * FREE_RUN), []
    leave, entered = Event(), Event()

    def first() -> None:
        with gate.hold(10 * FREE_RUN):
            entered.set()
            assert leave.wait(10)
            order.append("large")

    def second() -> None:
        with gate.hold(FREE_RUN):
            order.append("next")

    threads = [Thread(target=first), Thread(target=second)]
    threads[0].start()
    assert entered.wait(10)
    threads[1].start()
    with gate.hold(FREE_RUN - 1):  # small ones do not wait
        order.append("small")
    leave.set()
    for thread in threads:
        thread.join(10)
    assert order == ["small", "large", "next"]
