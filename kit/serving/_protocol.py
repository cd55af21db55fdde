"""A connection of the REST server that outlasts neither slow clients nor broken bodies."""

import asyncio
import resource
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


def most_connections() -> int:
    """Connections of one protocol: a third of the files that the process may open."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(16, min(files, 12_000) // 3)


def bounded_protocol(timeout_s: float, most: int | None = None) -> type[H11Protocol]:
    """uvicorn's protocol with bounds in time and number; it has none of the first before a
    request's head is complete.

    A body that is no HTTP gets one answer, where uvicorn's own fails to send the second.

    Args:
        timeout_s: from a connection's or a request's first sign to the end of its head. A request
            that is under way has twice as long: once for the answer, which the application
            bounds, and once for the client to take it.
        most: connections; above it the oldest is closed that is not waiting for an answer.
    """
    most = most or most_connections()

    class Bounded(H11Protocol):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._timer: asyncio.TimerHandle | None = None
            self._timed: object = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            connections[self] = None
            if len(connections) > most:
                idle = (one for one in connections if not one._awaits_answer())
                next(idle, self).transport.abort()
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def on_response_complete(self) -> None:
            self._end()
            # Requests that were sent ahead begin here.
            super().on_response_complete()
            if self._is_under_way():
                self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._end()
            connections.pop(self, None)
            super().connection_lost(exc)

        def send_400_response(self, msg: str) -> None:
            if self._is_under_way():
                # Its body turned out to be none: what the application answers comes too late.
                self.cycle.disconnected = True
                self.cycle.message_event.set()
            if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                super().send_400_response(msg)
            else:
                self.transport.close()

        def _awaits_answer(self) -> bool:
            """Whether a whole request is here, without its answer."""
            return self._is_under_way() and not self.cycle.more_body

        def _is_under_way(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete

        def _watch(self) -> None:
            """Start the clock of what the connection is doing now, unless it runs already."""
            if self.transport.is_closing():
                return
            doing = self.cycle if self._is_under_way() else "waiting"
            if self._timer is None or self._timed is not doing:
                self._end()
                seconds = timeout_s if doing == "waiting" else 2 * timeout_s
                self._timed = doing
                # Not close(), which would wait for the client to take what was sent.
                self._timer = self.loop.call_later(seconds, self.transport.abort)

        def _end(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    connections: dict[Bounded, None] = {}  # oldest first
    return Bounded
