"""Where the log goes, in which form, and from which level on: one form for our lines and those of the web server."""

import logging
import sys
from collections.abc import Mapping
from typing import Any, Final, Literal

from shortener.telemetry.log_lines import JsonFormatter, TextFormatter

Level = Literal["debug", "info", "warning", "error"]
Form = Literal["text", "json"]
AccessLog = Literal["off", "failed", "api", "all"]
LEVELS: Final[Mapping[str, int]] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
OURS: Final = "shortener"
ACCESS: Final = f"{OURS}.access"
_FORMATTERS: Final[Mapping[str, type[logging.Formatter]]] = {"text": TextFormatter, "json": JsonFormatter}


def formatter(form: str) -> logging.Formatter:
    """Return what writes the lines; text for an unknown form."""
    return _FORMATTERS.get(form, TextFormatter)()


def level(name: str) -> int:
    """Return Python's number of a level; INFO for an unknown one."""
    return LEVELS.get(name, logging.INFO)


def use(level_name: str, form: str, stream: Any = None) -> logging.Handler:
    """Write our lines from this level on to standard error, and of libraries only warnings and errors.

    Libraries would write more than may be known: at the level of debugging, URLs with their queries. A further call
    replaces what an earlier one has set, and nothing else. Returns what writes the lines.
    """
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Handler)]:
        root.removeHandler(handler)
    made = _Handler(stream or sys.stderr)
    made.setFormatter(formatter(form))
    root.addHandler(made)
    root.setLevel(logging.WARNING)
    logging.getLogger(OURS).setLevel(level(level_name))
    return made


class _Handler(logging.StreamHandler[Any]):
    """Ours, and not a test's or another program's."""
