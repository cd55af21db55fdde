"""Whole lines of what a process prints."""


class Lines:
    r"""The lines of a stream that comes in pieces.

    Of a line that was written over, as progress bars do, what it became last is kept.

    Example:

    >>> lines = Lines()
    >>> lines.add(b"10 %\r100 %\nhalf a ")
    [b'100 %']
    >>> lines.add(b"line\nno end")
    [b'half a line']
    >>> lines.rest()
    [b'no end']
    """

    def __init__(self) -> None:
        self._unfinished = b""

    def add(self, piece: bytes) -> list[bytes]:
        """The lines that end in this piece, without their ends."""
        *lines, unfinished = (self._unfinished + piece).split(b"\n")
        # What a bar wrote over is dropped here too: it may go on for hours without a line's end.
        over = unfinished.rstrip(b"\r").rfind(b"\r") + 1
        self._unfinished = unfinished[over:]
        return [_last(line) for line in lines]

    def rest(self) -> list[bytes]:
        """The line that had no end, if there is one; the stream is over."""
        line, self._unfinished = _last(self._unfinished), b""
        return [line] if line else []


def _last(line: bytes) -> bytes:
    return line.rstrip(b"\r").rpartition(b"\r")[2]
