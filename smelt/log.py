"""What processes say: lines for people, or one JSON object a line for what collects a cluster's logs.

``SMELT_LOG=json`` chooses the second form; Compose and the chart set it. Its objects have ``time``, ``level``,
``message``, what was bound where they were written (``run``, ``stage``, ``part``), and ``exception`` where there was
one. The plain form says the same words without them and leaves out the level ``debug``: a line a part.
"""

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

FORM = "SMELT_LOG"
ERROR = "error: "

logger = logging.getLogger("smelt")
_bound: ContextVar[dict[str, str]] = ContextVar("bound")


def structured() -> bool:
    """Whether lines are JSON objects."""
    return os.environ.get(FORM) == "json"


def start() -> None:
    """Let this process's lines go to its standard output; called again it changes nothing."""
    if logger.handlers:
        return
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Structured() if structured() else _Plain())
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if structured() else logging.INFO)
    logger.propagate = False


@contextmanager
def bound(**fields: str) -> Iterator[None]:
    """Let the lines that are written inside carry these fields, beside those bound around."""
    token = _bound.set({**_bound.get({}), **fields})
    try:
        yield
    finally:
        _bound.reset(token)


def plain(text: str) -> list[str]:
    """The lines of a log as people read them, whatever form they were written in; level ``debug`` is left out."""
    return [words for line in text.splitlines() for words in _words(line)]


def _words(line: str) -> list[str]:
    if not line.startswith("{"):
        return [line]
    try:
        found = json.loads(line)
    except ValueError:
        return [line]
    if "message" not in found or "level" not in found:
        return [line]
    if found["level"] == "debug":
        return []
    head = ERROR if found["level"] == "error" else ""
    return [*found.get("exception", "").splitlines(), *f"{head}{found['message']}".splitlines()]


class _Plain(logging.Formatter):
    """The words; an error's last line begins with ``error:``."""

    def format(self, record: logging.LogRecord) -> str:
        head = ERROR if record.levelno >= logging.ERROR else ""
        trace = f"{self.formatException(record.exc_info)}\n" if record.exc_info else ""
        return f"{trace}{head}{record.getMessage()}"


class _Structured(logging.Formatter):
    """One JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **_bound.get({}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
