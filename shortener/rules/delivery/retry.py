"""Judge an attempt: delivered, again after a wait, or exhausted."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

JITTER = 0.2
MAX_STARTS = 25


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver answered exactly 200."""


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Not delivered; try again after this many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Exhausted:
    """Not delivered, and no retry is left."""


Judgement = Delivered | RetryAfter | Exhausted


def judge(
    status: int | None,
    *,
    used: int,
    waits: Sequence[float],
    retry_after: float | None,
    chance: float,
) -> Judgement:
    """Judge the attempt that made it `used` in all (the first is 1); `chance` in [0, 1) spreads the wait by 20 %.

    Only 200 delivers; every other answer, or none, uses up the attempt. There are as many retries as `waits`.
    """
    if status == 200:
        return Delivered()
    if used > len(waits):
        return Exhausted()
    step = waits[used - 1]
    if retry_after is not None:
        return RetryAfter(min(max(retry_after, step), 2 * step))
    return RetryAfter(step * (1 - JITTER + 2 * JITTER * chance))


def parse_retry_after(value: str | None, now: dt.datetime) -> float | None:
    """Seconds that a `Retry-After` asks for (RFC 9110, 10.2.3: seconds or an HTTP date); None if it says nothing."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:12])
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max((moment - now).total_seconds(), 0.0)
