"""List messages."""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from shortener.reporting.face_filter import FaceFilter
from shortener.validation.models import VendorFields
from shortener.validation.types import Moment, RowCursor, ShortText
from shortener.vendors.twilio import answers, calls, names, new_message
from shortener.vendors.twilio.answers import TwilioPage
from shortener.vendors.twilio.refusals import INVALID, fault
from shortener.web import face_messages
from shortener.web.access import Scope, Sender, for_senders
from shortener.web.description.operation import Answer, described, query
from shortener.web.vendor_requests import one, read

MOST, DEFAULT = 1_000, 50  # messages on a page
LAST: Final = 10_000  # page
MOST_SKIPPED: Final = 10_000  # messages on the pages before, without a token
FILTERS: Final = ("To", "From", "DateSent", "DateSent<", "DateSent>")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TOO_FAR: Final = "Page is too far without a PageToken: follow next_page_uri"
_WHEN: Final = "When it was due: `2026-11-28` or `2026-11-28T00:00:00Z`."


def _start(value: object) -> object:
    """Take a day for its first moment."""
    return f"{value}T00:00:00Z" if isinstance(value, str) and _DAY.fullmatch(value) else value


def _end(value: object) -> object:
    """Take a day for its last moment: the vendor's comparisons include it."""
    return f"{value}T23:59:59.999999Z" if isinstance(value, str) and _DAY.fullmatch(value) else value


Start = Annotated[Moment | None, BeforeValidator(_start)]


class Asked(VendorFields):
    """The parameters of a list that we know."""

    to: Annotated[ShortText | None, Field(alias="To")] = None
    sender: Annotated[ShortText | None, Field(alias="From")] = None
    on: Annotated[Start, Field(alias="DateSent")] = None
    until: Annotated[Moment | None, BeforeValidator(_end), Field(alias="DateSent<")] = None
    since: Annotated[Start, Field(alias="DateSent>")] = None
    size: Annotated[int, Field(alias="PageSize", ge=1, le=MOST)] = DEFAULT
    page: Annotated[int, Field(alias="Page", ge=0, le=LAST)] = 0
    token: Annotated[RowCursor | None, Field(alias="PageToken")] = None

    def filter(self) -> FaceFilter:
        """Return our own filter; a day alone is all of it, in UTC."""
        start, end = _period(self.on, self.since, self.until)
        return FaceFilter(
            face=names.NAME,
            recipients=[_recipient(self.to)] if self.to is not None else None,
            senders=[self.sender] if self.sender is not None else None,
            sent_from=start,
            sent_to=end,
            limit=self.size,
            cursor=self.token,
            offset=self.skipped,
        )

    @property
    def skipped(self) -> int:
        """How many messages are on the pages before, which a token knows by itself."""
        return 0 if self.token else self.page * self.size


def _recipient(given: str) -> str:
    try:
        return new_message.number(given)
    except ValueError:
        return given  # nobody has it


def _period(
    on: dt.datetime | None, since: dt.datetime | None, until: dt.datetime | None
) -> tuple[dt.datetime | None, dt.datetime | None]:
    """Return the period that all three mean, without its end."""
    starts, ends = [since], [until + dt.timedelta(microseconds=1) if until is not None else None]
    if on is not None:
        day = on.replace(hour=0, minute=0, second=0, microsecond=0)
        starts, ends = [*starts, day], [*ends, day + dt.timedelta(days=1)]
    return (
        max((start for start in starts if start is not None), default=None),
        min((end for end in ends if end is not None), default=None),
    )


@calls.BLUEPRINT.get(calls.MESSAGES)
@described(
    calls.operation(
        "list",
        {200: Answer("A page of messages.")},
        parameters=(
            query("To", "The recipient."),
            query("From", "The sender."),
            *(query(name, _WHEN) for name in FILTERS[2:]),
            query("PageSize", f"{DEFAULT} by default.", type="integer", minimum=1, maximum=MOST),
            query("Page", "The number of the page, from 0.", type="integer", minimum=0, maximum=LAST),
            query("PageToken", "Where the page begins, from `next_page_uri`."),
        ),
    )
)
@for_senders(Scope.READ)
def list_messages(account: Sender, account_sid: str) -> TwilioPage:
    """List the messages that came in by this wire format, the newest first."""
    calls.refuse_other(account, account_sid)
    given = {name: value for name, value in _given(read().fields).items() if value != ""}
    asked = Asked.check(given)
    if asked.skipped > MOST_SKIPPED:
        raise fault(INVALID, TOO_FAR)
    found, after = face_messages.page(account, asked.filter())
    if asked.skipped and after and not found:  # so many were examined that the page was not reached
        raise fault(INVALID, TOO_FAR)
    return answers.page(
        [message for message in found if not face_messages.is_deleted(message)],
        account.sid,
        filters={name: given[name] for name in FILTERS if name in given},
        number=asked.page,
        size=asked.size,
        token=asked.token,
        next_token=after,
    )


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one(value) for name, value in fields.items()}
