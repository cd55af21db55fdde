"""The server's log: text or JSON lines, without anything that clients sent."""

import json
import logging
import sys
import time
from typing import Any

LOGGER = logging.getLogger("kit.serving")
# Requests that take longer are logged.
SLOW_S = 1.0
# Answers that are not the client's mistake.
FAILED = {"UNKNOWN", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "ABORTED", "INTERNAL"}
FAILED |= {"UNAVAILABLE", "DATA_LOSS"}


class _Lines(logging.Formatter):
    """One line for each event, whatever characters are in it."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._json = kind == "json"

    def format(self, record: logging.LogRecord) -> str:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        moment = f"{stamp}.{int(record.msecs):03d}Z"
        fields: dict[str, Any] = getattr(record, "fields", {})
        if self._json:
            head = {"time": moment, "level": record.levelname.lower(), "event": record.getMessage()}
            return json.dumps(head | fields)
        rest = " ".join(f"{name}={_shown(value)}" for name, value in fields.items())
        return f"{moment} {record.levelname} {_escaped(record.getMessage())} {rest}".rstrip()


def log_to_stderr(kind: str, level: str) -> None:
    """Write the server's log to standard error.

    Args:
        kind: "text" or "json".
        level: name of the least important level, such as "info".
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines(kind))
    LOGGER.handlers = [handler]
    LOGGER.propagate = False
    LOGGER.setLevel(level.upper())


def log(level: int, event: str, **fields: Any) -> None:
    """Log an event.

    Args:
        level: of `logging`.
        event: what happened, always the same words.
        fields: which model and the like; never what a client sent.
    """
    if LOGGER.isEnabledFor(level):
        LOGGER.log(level, event, extra={"fields": fields})


def log_request(model: str, method: str, protocol: str, code: str, seconds: float) -> None:
    """Log a request that failed or was slow; at level debug every one."""
    event, level = "request", logging.DEBUG
    if code in FAILED:
        event, level = "request failed", logging.WARNING
    elif seconds > SLOW_S:
        event, level = "slow request", logging.INFO
    rounded = round(seconds, 4)
    log(level, event, model=model, method=method, protocol=protocol, code=code, seconds=rounded)


def _shown(value: Any) -> str:
    text = _escaped(str(value))
    return json.dumps(text, ensure_ascii=False) if not text or set(text) & set(' "=') else text


def _escaped(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
