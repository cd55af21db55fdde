import os

from kit.errors import PEER_LOST, Interrupted, PeerLost, UserError


def test_it_says_what_where_expected_and_remedy_in_that_order():
    error = UserError("No item.", where="a.csv", expected="a column", remedy="Name it.")
    assert str(error).splitlines() == [
        "No item.",
        "  where: a.csv",
        "  expected: a column",
        "  remedy: Name it.",
    ]


def test_what_is_not_known_is_not_said():
    assert str(UserError("No item.")) == "No item."


def test_an_interruption_is_no_failure_that_could_be_caught_as_one():
    assert issubclass(Interrupted, KeyboardInterrupt)
    assert not issubclass(Interrupted, Exception)
    assert str(Interrupted("Stopped after step 3.")) == "Stopped after step 3."


def test_the_loss_of_a_peer_has_the_code_that_means_try_again():
    assert os.EX_TEMPFAIL == PEER_LOST
    assert not issubclass(PeerLost, UserError)
