"""Messages that wait for their time: look at them, and take them back."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from shortener.errors import MessageNotFoundError
from shortener.messages.within_limits import FARTHEST
from shortener.reporting.face_filter import FaceFilter
from shortener.rules.delivery.message_state import MessageState
from shortener.vendors.aicross import calls, documents, fields, listing, times
from shortener.vendors.aicross.documents import AicrossCanceled, AicrossReservations
from shortener.vendors.aicross.faults import ALREADY_SENT, INVALID, PAST, REQUIRED, AicrossAnswer, CallError
from shortener.vendors.aicross.fields import Fields
from shortener.vendors.aicross.listing import Headers
from shortener.vendors.aicross.times import Period
from shortener.web import face_messages, message_reports
from shortener.web.access import Scope, Sender, for_senders
from shortener.web.description.operation import described, query
from shortener.web.vendor_requests import read

SUCCESS: Final = "Success."
FOUND_AT_ONCE: Final = 1_000
TIME: Final = "scheduleTime"  # stored with what has a time that its sender chose
# A message without a gateway has no state, and so it was not sent either.
NOT_SENT: Final = (None, MessageState.CANCELED)
_TAG: Final = query("clientTag", "The reservation that you gave this name.", maxLength=fields.LONGEST_TAG)
_GROUP: Final = query("groupTag", "The reservations that you gave this name.", maxLength=fields.LONGEST_TAG)


@calls.BLUEPRINT.get("/p5/api/checkreservation.json")
@described(
    calls.question(
        "checkreservation",
        "The reservations.",
        query("smsCode", "The sender.", required=True, pattern="^[0-9]{5,6}$", examples=["50123"]),
        _TAG,
        query("scheduleTime", "For that minute: `yyyy-MM-dd HH:mm` in Japan."),
        {**query("scheduleDate", "For that day: `yyyyMMdd` in Japan."), "example": "20991224"},
        _GROUP,
        is_long=True,
    )
)
@for_senders(Scope.READ)
def check(account: Sender) -> tuple[AicrossReservations, int, Headers]:
    """Get the reservations of a sender: one of `clientTag`, `scheduleTime` and `scheduleDate` is needed."""
    given = read().fields
    fields.client_id(given)
    sms_code, client_tag = fields.sms_code(given), fields.tag(given, "clientTag")
    wanted = _waiting_one(client_tag) if client_tag is not None else _at_its_time(given, sms_code)
    found, headers = listing.listed(account, wanted)
    if client_tag is not None and not found:
        _refuse_sent(account, client_tag)
    status = [documents.reservation(message) for message in found if message.sender == sms_code]
    return {"responseCode": 0, "responseMessage": SUCCESS, "count": len(status), "status": status}, 200, headers


def _named(client_tag: str) -> FaceFilter:
    return FaceFilter(face=calls.NAME, names=[client_tag])


def _waiting_one(client_tag: str) -> FaceFilter:
    return replace(_named(client_tag), states=[MessageState.SCHEDULED], has=[TIME])


def _at_its_time(given: Fields, sms_code: str) -> FaceFilter:
    """Select the reservations for a minute or a day, and of a group; a CallError if that has passed."""
    minute = fields.minute(given, "scheduleTime")
    period = (minute, minute + times.MINUTE) if minute is not None else fields.day(given, "scheduleDate")
    group_tag = fields.tag(given, "groupTag")
    if period is None:
        raise CallError(REQUIRED, "clientTag")
    if period[1] <= message_reports.now():
        raise CallError(PAST, "scheduleDate" if minute is None else "scheduleTime")
    return _waiting(period, group_tag, senders=[sms_code])


def _waiting(period: tuple[dt.datetime | None, dt.datetime | None], group_tag: str | None, **more: Any) -> FaceFilter:
    """Select the messages that wait for a time which their sender chose: not for the end of quiet hours."""
    start, end = period
    group: Mapping[str, str] = {} if group_tag is None else {"groupTag": group_tag}
    return FaceFilter(
        face=calls.NAME,
        states=[MessageState.SCHEDULED],
        received_from=message_reports.now() - FARTHEST,
        scheduled_from=start,
        scheduled_to=end,
        fields=group,
        has=[TIME],
        **more,
    )


def _refuse_sent(account: Sender, client_tag: str) -> None:
    """Raise a CallError if the message with this tag does not wait, because it was sent."""
    found, _ = face_messages.page(account, _named(client_tag))
    if any(message.state not in NOT_SENT for message in found):
        raise CallError(ALREADY_SENT)


@calls.BLUEPRINT.get("/p5/api/cancelreservation.json")
@described(calls.question("cancelreservation", "The reservation was taken back.", {**_TAG, "required": True}))
@for_senders(Scope.MANAGE)
def cancel(account: Sender) -> AicrossCanceled:
    """Take a reservation back."""
    given = read().fields
    fields.client_id(given)
    client_tag = fields.required(given, "clientTag", fields.LONGEST_TAG)
    try:
        message = face_messages.find(account, client_tag, face=calls.NAME)
    except MessageNotFoundError:
        raise CallError(INVALID, "clientTag") from None
    if TIME not in message.fields:
        raise CallError(ALREADY_SENT)
    face_messages.cancel(account, message.msgid)
    return {"responseCode": 0, "responseMessage": SUCCESS, "clientTag": client_tag}


@calls.BLUEPRINT.get("/p5/api/cancelreservationall.json")
@described(
    calls.question(
        "cancelreservationall",
        "They were taken back.",
        query("startDate", "From that day on: `yyyyMMdd` in Japan."),
        query("endDate", "Up to that day."),
        _GROUP,
    )
)
@for_senders(Scope.MANAGE)
def cancel_all(account: Sender) -> AicrossAnswer:
    """Take the reservations of a period and a group back: without any of them, all of the account's."""
    given = read().fields
    fields.client_id(given)
    first, last = fields.day(given, "startDate"), fields.day(given, "endDate")
    period = _whole(first, last)
    wanted = _waiting(period, fields.tag(given, "groupTag"), limit=FOUND_AT_ONCE)
    face_messages.cancel_all(account, wanted)
    return {"responseCode": 0, "responseMessage": SUCCESS}


def _whole(first: Period | None, last: Period | None) -> tuple[dt.datetime | None, dt.datetime | None]:
    """Return the period from the first day to the end of the last one; a CallError if it ends before it begins."""
    start, end = first and first[0], last and last[1]
    if start is not None and end is not None and end <= start:
        raise CallError(INVALID, "endDate")
    return start, end
