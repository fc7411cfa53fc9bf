"""How pages show times, numbers and words. All of it is text to Jinja, which escapes it."""

import datetime as dt
import json
from typing import Any, Final, Literal
from urllib.parse import quote, urlencode

from babel import Locale, dates, numbers
from flask import Flask, request
from flask_babel import gettext
from markupsafe import Markup

from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason, explanation
from shortener.rules.wire.moments import rfc3339
from shortener.web.dashboard import access, click_reasons, device_labels, labels, stored_sentences
from shortener.web.dashboard.language import spoken

# The footer of every page names the time zone: the person's, else the account's, else UTC.
_DATES: Final = {"en": "d MMM y", "ja": "y/MM/dd"}
_TIME: Final = "HH:mm:ss"
_TICKS: Final = {
    "en": {"day": "d MMM", "week": "d MMM", "hour": "d MMM HH:mm"},
    "ja": {"day": "M/d", "week": "M/d", "hour": "M/d HH:mm"},
}
_LOCALES: Final = {language: Locale(language) for language in _DATES}
LONGEST_QUERY: Final = 4_000  # characters
NONE: Final = "–"


def register(app: Flask) -> None:
    """Add the filters and globals to the templates."""
    app.jinja_env.filters |= {
        "moment": moment,
        "minute": minute,
        "given_moment": given_moment,
        "day": day,
        "number": number,
        "percent": percent,
        "span": span,
        "millis": millis,
        "tick": tick,
        "label": label,
        "weekday": weekday,
        "hour": hour,
        "json": as_json,
        "click_reason": click_reasons.click_reason,
        "attempt_detail": stored_sentences.attempt_detail,
        "exhausted_because": stored_sentences.exhausted_because,
        "requested_by": stored_sentences.requested_by,
        "explained": explained,
    }
    app.jinja_env.globals |= {"words": labels, "here": here, "opened_with": device_labels.opened_with}


def moment(value: dt.datetime | str | None) -> str:
    """Format a moment to the second, in the page's time zone. A document's moments are RFC 3339."""
    return _time(value, _TIME)


def minute(value: dt.datetime | str | None) -> str:
    """Format a moment to the minute, in the page's time zone, for lists."""
    return _time(value, _TIME.removesuffix(":ss"))


def given_moment(value: str) -> str:
    """Format a time that somebody gave; as it is if it is none, which is said elsewhere."""
    try:
        return moment(value)
    except ValueError:
        return value


def day(value: dt.datetime) -> str:
    """Format a day of the page's time zone."""
    return _dated(value, _DATES[spoken()])


def number(value: float | None) -> str:
    """Format a number with grouped digits."""
    return NONE if value is None else str(numbers.format_decimal(value, locale=_LOCALES[spoken()]))


def tick(value: dt.datetime, width: str) -> str:
    """Format the beginning of an hour, a day or a week of a chart, in the page's time zone."""
    return _dated(value, _TICKS[spoken()][width])


def label(value: dt.datetime, width: str) -> str:
    """Format an hour of a chart in a short form: the day at its first hour, else the time of day."""
    is_day = width != "hour" or value.astimezone(access.shown_zone()).hour == 0
    return tick(value, "day") if is_day else _dated(value, "HH:mm")


def weekday(value: int, width: Literal["wide", "abbreviated"]) -> str:
    """Format a day of the week, Monday being 0."""
    return str(dates.get_day_names(width, context="stand-alone", locale=_LOCALES[spoken()])[value])


def hour(value: int) -> str:
    """Format an hour of the day from 0 to 24."""
    return f"{value}:00"


def as_json(value: object) -> str:
    """Format a document as JSON."""
    return json.dumps(value, ensure_ascii=False)


def percent(value: float | None) -> str:
    """Format a share to a tenth of a percent."""
    return NONE if value is None else str(numbers.format_percent(value, "#,##0.0%", _LOCALES[spoken()]))


def span(value: dt.timedelta | None) -> str:
    """Format a duration in its two largest units."""
    if value is None:
        return NONE
    seconds = round(value.total_seconds())
    days, hours, minutes = seconds // 86_400, seconds // 3_600 % 24, seconds // 60 % 60
    if days:
        return str(gettext("%(days)s d %(hours)s h", days=days, hours=hours))
    if hours:
        return str(gettext("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes))
    if minutes:
        return str(gettext("%(minutes)s min %(seconds)s s", minutes=minutes, seconds=seconds % 60))
    return str(gettext("%(seconds)s s", seconds=seconds) if seconds else gettext("< 1 s"))


def millis(value: float | None) -> str:
    """Format milliseconds without a fraction."""
    return NONE if value is None else f"{number(round(value))} ms"


def explained(reason: Reason | None, code: str | None, state: MessageState | None = None) -> str:
    """Explain a gateway's reason, or its code if we do not know it; empty if neither says more than the state."""
    if reason is Reason.NONE or (reason is Reason.UNKNOWN and not code):
        return ""
    return explanation(reason, code or "", "ja" if spoken() == "ja" else "en", state=state) or ""


def here(**changes: Any) -> str:
    """The URL of the current page with changed parameters; None removes one. A very long query is dropped."""
    given = request.args.to_dict() if len(request.query_string) <= LONGEST_QUERY else {}
    kept = {name: value for name, value in {**given, **changes}.items() if value is not None}
    return f"{quote(request.path)}?{urlencode(kept)}"


def _time(value: dt.datetime | str | None, time: str) -> str:
    if value is None:
        return NONE
    at = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    return Markup('<time datetime="{}">{}</time>').format(rfc3339(at), _dated(at, f"{_DATES[spoken()]} {time}"))


def _dated(value: dt.datetime, pattern: str) -> str:
    return dates.format_datetime(value, pattern, tzinfo=access.shown_zone(), locale=_LOCALES[spoken()])
