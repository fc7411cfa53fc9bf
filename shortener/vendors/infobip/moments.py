"""Times as Infobip writes them: `2026-11-28T12:00:00.000+0000`."""

import datetime as dt
import re
from typing import Annotated, Final

from pydantic import BeforeValidator

from shortener.validation.types import Moment

KEPT: Final = dt.timedelta(hours=48)  # so long the vendor tells of a message
_UNESCAPED_PLUS: Final = re.compile(r" (?=[0-9]{2}:?[0-9]{2}$)")


def write(moment: dt.datetime) -> str:
    """Return a time in UTC with milliseconds, the form that every client reads."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}+0000"


def _with_plus(value: object) -> object:
    """Give the offset its `+` back, which is a space where a client did not escape it in a URL."""
    return _UNESCAPED_PLUS.sub("+", value) if isinstance(value, str) else value


Time = Annotated[Moment, BeforeValidator(_with_plus)]  # any ISO 8601 with an offset or `Z`
