import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from kit.training import GracefulStop

NUMBERS = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture
def handlers():
    """What handled both signals before."""
    before = [signal.signal(number, lambda *_: None) for number in NUMBERS]
    yield [signal.getsignal(number) for number in NUMBERS]
    for number, handler in zip(NUMBERS, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_is_only_noted_and_said(number, handlers, capsys):
    with GracefulStop() as interruption:
        assert not interruption.asked
        signal.raise_signal(number)
        assert interruption.asked
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("Stopping after this step")) == ("", 1)


def test_the_handlers_before_are_back_also_after_a_failure(handlers):
    def fail():
        with GracefulStop():
            assert signal.getsignal(signal.SIGTERM) != handlers[1]
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [signal.getsignal(number) for number in NUMBERS] == handlers


def test_a_thread_leaves_the_handlers_alone(handlers):
    def enter():
        with GracefulStop() as interruption:
            return interruption.asked, [signal.getsignal(number) for number in NUMBERS]

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(enter).result() == (False, handlers)
