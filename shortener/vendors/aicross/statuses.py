"""What became of messages, and how many SMS parts were delivered in a month."""

import datetime as dt
from dataclasses import replace
from typing import Final

from shortener.reporting.face_filter import FaceFilter
from shortener.rules.delivery.message_state import MessageState
from shortener.vendors.aicross import calls, documents, fields, listing, messages, times
from shortener.vendors.aicross.documents import AicrossParts, AicrossStatuses
from shortener.vendors.aicross.faults import REQUIRED, CallError
from shortener.vendors.aicross.listing import Headers
from shortener.web import face_messages, message_reports
from shortener.web.access import Scope, Sender, for_senders
from shortener.web.description.operation import described, query
from shortener.web.vendor_requests import read

SUCCESS: Final = "Success."
NO_CARRIER: Final = "999"
TAG: Final = query("clientTag", "The message that you gave this name.", maxLength=fields.LONGEST_ASKED_TAG)


@calls.BLUEPRINT.get("/p5/api/status.json")
@described(
    calls.question(
        "status",
        "The messages.",
        TAG,
        {**query("date", "Sent on that day: `yyyyMMdd` in Japan."), "example": "20261101"},
        is_long=True,
    )
)
@for_senders(Scope.READ)
def status(account: Sender) -> tuple[AicrossStatuses, int, Headers]:
    """Get what became of one message, or of those of a day. One of `clientTag` and `date` is needed."""
    given = read().fields
    fields.client_id(given)
    client_tag = fields.optional(given, "clientTag", fields.LONGEST_ASKED_TAG)
    day = fields.day(given, "date") if client_tag is None else None
    if client_tag is not None:
        wanted = FaceFilter(face=calls.NAME, names=[client_tag])
    elif day is not None:
        wanted = _sent(*day)
    else:
        raise CallError(REQUIRED, "clientTag")
    found, headers = listing.listed(account, replace(wanted, has_sender=True))  # a shortened URL has none
    answer: AicrossStatuses = {"responseCode": 0, "responseMessage": SUCCESS}
    answer["status"] = [documents.status(message) for message in found]
    return answer, 200, headers


def _sent(start: dt.datetime, end: dt.datetime) -> FaceFilter:
    """Select the messages that were, or are to be, sent in a period."""
    return FaceFilter(face=calls.NAME, sent_from=start, sent_to=end)


@calls.BLUEPRINT.get("/p5/api/separatedsuccesscount.json")
@described(
    calls.question(
        "separatedsuccesscount", "The count.", query("month", "`yyyyMM` in Japan.", required=True, examples=["202611"])
    )
)
@for_senders(Scope.READ)
def separated_success_count(account: Sender) -> AicrossParts:
    """Count the SMS parts of a month's messages that were delivered; of the present month up to yesterday."""
    given = read().fields
    client_id = fields.client_id(given)
    start, end = fields.month(given, "month")
    until, _ = times.today(message_reports.now())
    delivered = replace(_sent(start, min(end, until)), states=[MessageState.DELIVERED])
    parts = face_messages.total(account, delivered, messages.PARTS) if start < until else 0
    count = {NO_CARRIER: parts} | ({"clientId": int(client_id)} if client_id.isascii() and client_id.isdigit() else {})
    return {"responseCode": 0, "responseMessage": SUCCESS, "separatedSuccessCount": [count] if parts else []}
