import pytest

from kit.cluster import Lines


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([b"one\ntwo\n"], [b"one", b"two"]),
        ([b"o", b"ne\n\ntw", b"o"], [b"one", b"", b"two"]),
        ([b"10 %\r", b"20 %\r", b"done\n"], [b"done"]),
        ([b"10 %\r20 %\r"], [b"20 %"]),
        ([b"one\r", b"\ntwo\r\n"], [b"one", b"two"]),
        ([b""], []),
    ],
)
def test_lines(pieces, expected):
    lines = Lines()
    found = [line for piece in pieces for line in lines.add(piece)]
    assert found + lines.rest() == expected
    assert lines.rest() == []
