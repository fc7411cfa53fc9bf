"""The lines of the log, as text or as JSON, and the fields that say what a line is about.

A field is either given with the line (`extra=`), or noted for all lines of the request that a thread works on.
"""

import datetime as dt
import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

# In the order in which they are written. None of them can hold a text, a recipient, a token or a URL of a sender.
FIELDS: Final = (
    *("request_id", "method", "route", "status", "duration_ms", "client", "group"),
    *("account", "msgid", "callback", "sending", "export", "gateway", "attempt", "outcome"),
    *("link", "visitor"),
)
# What a proxy may give as a request's id.
REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:+/=-]{8,128}")
_noted: ContextVar[dict[str, object] | None] = ContextVar("noted", default=None)


@contextmanager
def about(fields: dict[str, object]) -> Iterator[None]:
    """Add these fields, and those that are noted meanwhile, to the lines that this thread writes in the block."""
    token = _noted.set(fields)
    try:
        yield
    finally:
        _noted.reset(token)


def note(**fields: object) -> None:
    """Add fields to the further lines of the request that this thread works on; outside of one, nothing happens."""
    noted = _noted.get()
    if noted is not None:
        noted.update(fields)


def fields_of(record: logging.LogRecord) -> Mapping[str, object]:
    """Return what is known about a line."""
    known = {**(_noted.get() or {}), **record.__dict__}
    return {name: known[name] for name in FIELDS if known.get(name) is not None}


class TextFormatter(logging.Formatter):
    """Time, level, logger and message, then `name=value` for each field."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - Python's name
        """Return the line, before the lines of an error."""
        fields = "".join(f" {name}={value}" for name, value in fields_of(record).items())
        return super().formatMessage(record).replace("\n", "\\n") + fields


class JsonFormatter(logging.Formatter):
    """One JSON object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        document: dict[str, Any] = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            **fields_of(record),
        }
        if record.exc_info:
            document["error"] = self.formatException(record.exc_info)
        return json.dumps(document, ensure_ascii=False, default=str)
