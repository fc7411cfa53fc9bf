"""The filters of NAVER's lists of messages."""

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field

from shortener.errors import InvalidFieldsError
from shortener.reporting.face_filter import FaceFilter
from shortener.validation.models import Faults, VendorFields
from shortener.vendors.sens import codes, numbers, times
from shortener.vendors.sens.fields import ContentType, CountryCode, ShortChars, Type, checked_service
from shortener.vendors.sens.order import NAME

DAY: Final = dt.timedelta(days=1)
HOUR: Final = dt.timedelta(hours=1)
MOST: Final = 1_000  # messages of a page
OFTEN: Final = 100  # as many as a request can have
Result = Literal["success", "fail"]


def _time(text: str) -> str:
    times.read(text)
    return text


Time = Annotated[str, AfterValidator(_time)]


_EXAMPLE: Final = ConfigDict(
    json_schema_extra={
        "examples": [{"requestStartTime": "2026-11-28 00:00:00", "requestEndTime": "2026-11-29 00:00:00"}]
    }
)


class Search(VendorFields):
    """The parameters of both lists; others are passed over."""

    request_id: Annotated[ShortChars | None, Field(alias="requestId")] = None
    request_start: Annotated[Time | None, Field(alias="requestStartTime", description="Korean time.")] = None
    request_end: Annotated[Time | None, Field(alias="requestEndTime")] = None
    complete_start: Annotated[Time | None, Field(alias="completeStartTime")] = None
    complete_end: Annotated[Time | None, Field(alias="completeEndTime")] = None
    message_id: Annotated[ShortChars | None, Field(alias="messageId")] = None
    to: ShortChars | None = None
    country_code: Annotated[CountryCode | None, Field(alias="countryCode")] = None
    page_size: Annotated[int, Field(alias="pageSize", ge=1, le=MOST)] = OFTEN
    next_token: Annotated[ShortChars | None, Field(alias="nextToken")] = None


class SmsSearch(Search):
    """The parameters of the list of SMS."""

    model_config = _EXAMPLE

    sender: Annotated[ShortChars | None, Field(alias="from")] = None
    type: Type | None = None
    content_type: Annotated[ContentType | None, Field(alias="contentType")] = None


class TalkSearch(Search):
    """The parameters of the list of FriendTalk messages."""

    model_config = _EXAMPLE

    plus_friend_id: Annotated[ShortChars | None, Field(alias="plusFriendId")] = None
    request_status: Annotated[Result | None, Field(alias="requestStatusName")] = None
    message_status: Annotated[codes.Outcome | None, Field(alias="messageStatusName")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """What the periods of a list may be."""

    oldest: dt.timedelta  # how old a listed message may be
    longest: dt.timedelta  # the period of requests
    exclusive: bool = False  # whether only one of them may be given

    def of(self, asked: Search, now: dt.datetime) -> dict[str, dt.datetime]:
        """Return the times of the filter, from the first to before the last; InvalidFieldsError names what is wrong."""
        faults = Faults()
        requested = _period(asked.request_start, asked.request_end, "request", self.longest, faults)
        completed = _period(asked.complete_start, asked.complete_end, "complete", DAY, faults)
        if requested and completed and self.exclusive:
            faults["completeStartTime"] = ["cannot be given together with requestStartTime"]
        if not (asked.request_id or requested or completed or faults):
            faults["requestId"] = ["is required, or requestStartTime and requestEndTime, or a time of completion"]
        if faults:
            raise InvalidFieldsError(faults)
        found = {"received_from": now - self.oldest}
        if requested:
            found |= {"received_from": max(requested[0], now - self.oldest), "received_to": requested[1]}
        return found | ({"completed_from": completed[0], "completed_to": completed[1]} if completed else {})


SMS_PERIODS: Final = Periods(oldest=90 * DAY, longest=30 * DAY)
TALK_PERIODS: Final = Periods(oldest=30 * DAY, longest=31 * DAY, exclusive=True)


def _period(
    first: str | None, last: str | None, name: str, longest: dt.timedelta, faults: Faults
) -> tuple[dt.datetime, dt.datetime] | None:
    """Return a period, whose last second belongs to it; None if it is not given, or is a fault."""
    if first is None and last is None:
        return None
    if first is None or last is None:
        missing = f"{name}StartTime" if first is None else f"{name}EndTime"
        faults[missing] = ["is required with the other end of the period"]
        return None
    start, end = times.read(first), times.read(last)
    if not dt.timedelta() <= end - start <= longest:
        length = f"{longest // HOUR} hours" if longest == DAY else f"{longest // DAY} days"
        faults[f"{name}EndTime"] = [f"must be at most {length} after {name}StartTime, and not before it"]
        return None
    return start, end + dt.timedelta(seconds=1)


def sms(given: Mapping[str, Any], service: str, now: dt.datetime) -> FaceFilter:
    """Return the filter of a list of SMS of the last 90 days; InvalidFieldsError names what is wrong."""
    asked = SmsSearch.check(given)
    fields = {"channel": "sms", "type": asked.type, "contentType": asked.content_type}
    senders = [asked.sender] if asked.sender else None
    return _filter(asked, service, fields, senders=senders, **SMS_PERIODS.of(asked, now))


def talk(given: Mapping[str, Any], service: str, now: dt.datetime) -> FaceFilter:
    """Return the filter of a list of FriendTalk messages of the last 30 days; the two periods exclude each other.

    None that was refused is stored, so none has the `requestStatusName` `fail`.
    """
    asked = TalkSearch.check(given)
    fields = {"channel": "friendtalk", "plusFriendId": asked.plus_friend_id}
    states = codes.STATES[asked.message_status] if asked.message_status else None
    if asked.request_status == "fail":
        states = frozenset()
    return _filter(asked, service, fields, states=states, **TALK_PERIODS.of(asked, now))


def _filter(asked: Search, service: str, fields: Mapping[str, Any], **more: Any) -> FaceFilter:
    """Return the filter that both lists share, with the fields and whatever else one of them has."""
    wanted = {"service": checked_service(service), **fields, "countryCode": asked.country_code}
    number = asked.to and numbers.international(asked.to, asked.country_code or numbers.KOREA)
    return FaceFilter(
        face=NAME,
        names=[asked.message_id] if asked.message_id else None,
        bulk_ids=[asked.request_id] if asked.request_id else None,
        recipients=[number or asked.to] if asked.to else None,
        fields={name: value for name, value in wanted.items() if value is not None},
        limit=asked.page_size,
        cursor=asked.next_token,
        **more,
    )


@contextmanager
def naming_cursor() -> Iterator[None]:
    """Name a wrong cursor as the vendor does."""
    try:
        yield
    except InvalidFieldsError as error:
        raise InvalidFieldsError({"nextToken": next(iter(error.fields.values()))}) from None
