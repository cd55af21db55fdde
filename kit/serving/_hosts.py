"""Which Host headers are answered: a web page must not reach a local server under its own name."""

from collections.abc import Collection
from ipaddress import ip_address

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine's own."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


class CheckedHost:
    """An application that is reached under known names only.

    A page on the internet may let its name point to 127.0.0.1 (DNS rebinding); the browser then
    takes this server for a part of that page, and tells it so in the Host header.

    Args:
        app: the application.
        host: the address the server listens on. On loopback localhost and loopback addresses are
            answered, and `names`; elsewhere `names`, or any where there are none.
        names: more names to answer to.
    """

    def __init__(self, app: ASGIApp, host: str, names: Collection[str] = ()) -> None:
        self._app = app
        self._local = is_loopback(host)
        self._names = {name.lower().rstrip(".") for name in names}
        if self._names or self._local:
            self._names.add(host.lower())
        self._checks = bool(self._names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse with 403."""
        if self._checks and not self._answers(scope):
            message = "This server does not answer to this Host header; see --allow-host"
            await JSONResponse({"error": message}, 403)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _answers(self, scope: Scope) -> bool:
        # Browsers always send it.
        return all(self._knows(value) for name, value in scope["headers"] if name == b"host")

    def _knows(self, value: bytes) -> bool:
        text = value.decode("latin-1").strip().lower()
        bracketed = text.startswith("[")
        name = text[1:].partition("]")[0] if bracketed else text.partition(":")[0]
        name = name.rstrip(".")
        return name in self._names or (self._local and is_loopback(name))
