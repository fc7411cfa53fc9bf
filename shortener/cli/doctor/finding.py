"""What a check has found: a state, a sentence, and what to do."""

import datetime as dt
import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

MINUTE: Final = dt.timedelta(minutes=1)
MEBIBYTE: Final = 1024 * 1024
UNITS: Final = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


class State(enum.StrEnum):
    """How serious a finding is."""

    OK = "ok"
    WARNING = "warning"  # works, but not as well or not for as long as it should
    FAULT = "fault"  # something does not work


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    check: str
    state: State
    sentence: str
    advice: str | None = None


Find = Callable[[], Iterator[Finding]]


def ok(check: str, sentence: str) -> Finding:
    """Return a finding that asks for nothing."""
    return Finding(check, State.OK, sentence)


def warning(check: str, sentence: str, advice: str) -> Finding:
    """Return a finding that somebody should look at."""
    return Finding(check, State.WARNING, sentence, advice)


def fault(check: str, sentence: str, advice: str) -> Finding:
    """Return a finding that somebody must act on."""
    return Finding(check, State.FAULT, sentence, advice)


def guarded(check: str, find: Find) -> Iterator[Finding]:
    """Yield what a check finds; an error that it did not expect becomes a finding as well."""
    try:
        yield from find()
    except Exception as error:  # whatever is broken here, the other checks must still run
        yield fault(check, f"This check ended with an error: {said(error)}", "Mend that, and run this again.")


def said(error: Exception) -> str:
    """Return the first line of an error's text; of an error of SQLAlchemy, the driver's own."""
    text = str(getattr(error, "orig", None) or error) if isinstance(error, SQLAlchemyError) else str(error)
    return next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)


def lasting(time: dt.timedelta) -> str:
    """Return how long that is, in the largest unit that fits: `3 h`."""
    seconds = int(abs(time.total_seconds()))
    unit, size = next((unit for unit in UNITS if seconds >= unit[1]), UNITS[-1])
    return f"{seconds // size} {unit}"


def sized(size: float) -> str:
    """Return a number of bytes in MiB, or in GiB if that is shorter."""
    return f"{size / MEBIBYTE / 1024:.1f} GiB" if size >= 1024 * MEBIBYTE else f"{size / MEBIBYTE:.0f} MiB"
