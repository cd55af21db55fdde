"""Ctrl-C and SIGTERM asked for between steps."""

import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any, Self


class GracefulStop:
    """While it is entered, the first SIGINT or SIGTERM only raises a flag; the second one ends.

    Example:

    >>> with GracefulStop() as interruption:
    ...     signal.raise_signal(signal.SIGTERM)
    ...     interruption.asked
    True
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        # Elsewhere Python lets no handler be set, and nobody expects one.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        print("\nStopping after this step; once more to stop at once.", file=sys.stderr)
