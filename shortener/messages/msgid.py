"""Draw msgids: the time in milliseconds, then random characters, 32 `[A-Za-z0-9]` in all.

New msgids stand side by side in their index, so a batch writes few of its pages. The random part alone has more bits
than anybody can guess; earlier versions drew all characters at random.
"""

import datetime as dt
import string
from typing import Final

from shortener.accounts.random_text import random_text
from shortener.rules.wire.moments import to_micros

LENGTH: Final = 32
_TIME: Final = 8  # characters of the time: enough for thousands of years
_RANDOM: Final = LENGTH - _TIME  # characters, 5.95 bits each
_DIGITS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase  # in the order of their bytes


def draw(count: int, now: dt.datetime) -> list[str]:
    """Return so many new msgids. Those of a later millisecond are greater by their bytes."""
    begin, drawn = _begin(now), random_text(_RANDOM * count)
    return [begin + drawn[start : start + _RANDOM] for start in range(0, len(drawn), _RANDOM)]


def _begin(now: dt.datetime) -> str:
    number, text = to_micros(now) // 1000, ""
    for _ in range(_TIME):
        number, digit = divmod(number, len(_DIGITS))
        text = _DIGITS[digit] + text
    return text
