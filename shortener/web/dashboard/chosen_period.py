"""The period that a page of numbers shows: some days up to today, or from one time to another."""

import datetime as dt
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _

from shortener.errors import InvalidFieldsError
from shortener.reporting.message_filter import Filter
from shortener.rules.wire.moments import EPOCH
from shortener.web.dashboard import periods

# By the value of the parameter `days`: the number of days, and the label.
PERIODS: Final = {
    "1": (1, _("Today")),
    "7": (7, _("7 days")),
    "30": (30, _("30 days")),
    "90": (90, _("90 days")),
}
DEFAULT: Final = "7"


def of(given: dict[str, str], now: dt.datetime, zone: ZoneInfo) -> tuple[dt.datetime, dt.datetime]:
    """The requested period, given in days or by its ends; InvalidFieldsError if it is not valid."""
    if "from" in given or "to" in given:
        asked = Filter.check({name: given[name] for name in periods.MOMENTS if name in given})
        end = asked.end or periods.last_days(now, 1, zone)[1]
        if asked.start is not None or end <= EPOCH:  # nothing was received before, and earlier years do not exist
            return asked.start or end, end
        return end - PERIODS[DEFAULT][0] * periods.DAY, end
    name = given.get("days", DEFAULT)
    if name not in PERIODS:
        raise InvalidFieldsError({"days": [f"must be one of {', '.join(PERIODS)}"]})
    return periods.last_days(now, PERIODS[name][0], zone)


def shown(given: dict[str, str], start: dt.datetime, end: dt.datetime, zone: ZoneInfo) -> dict[str, Any]:
    """The variables of the template `period.html`, where the period can be changed."""
    return {
        "chosen": None if "from" in given or "to" in given else given.get("days", DEFAULT),
        "periods": PERIODS,
        "fields": {"from": periods.field(start, zone), "to": periods.field(end, zone)},
    }
