"""Judge an attempt: delivered, to be retried after a wait, exhausted, or held."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

JITTER = 0.2
MAX_STARTS = 25


@dataclass(frozen=True, slots=True)
class Delivered:
    """The attempt succeeded."""


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """The attempt failed; try again after this many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The job failed, and is not tried again. Without a reason, its attempts are used up."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """The job may have been done; it is not tried again until somebody decides."""

    reason: str


Judgement = Delivered | RetryAfter | Exhausted | Held


def judge(
    *,
    is_delivered: bool,
    used: int,
    waits: Sequence[float],
    retry_after: float | None,
    chance: float,
) -> Judgement:
    """Judge attempt number `used` (the first is 1); `chance` in [0, 1) spreads the wait by 20 % either way.

    There are as many retries as `waits`, in seconds. `retry_after`, in seconds, may double a wait but not shorten it.
    """
    if is_delivered:
        return Delivered()
    if used > len(waits):
        return Exhausted()
    step = waits[used - 1]
    if retry_after is not None:
        return RetryAfter(min(max(retry_after, step), 2 * step))
    return RetryAfter(step * (1 - JITTER + 2 * JITTER * chance))


def parse_retry_after(value: str | None) -> float | dt.datetime | None:
    """The seconds or the HTTP date of a `Retry-After` (RFC 9110, 10.2.3); None for any other value."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:12])
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment


def seconds_until(wait: float | dt.datetime | None, now: dt.datetime) -> float | None:
    """The seconds from now that a parsed `Retry-After` asks for, at least 0."""
    if isinstance(wait, dt.datetime):
        return max((wait - now).total_seconds(), 0.0)
    return wait
