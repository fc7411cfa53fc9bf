"""Karaden's callbacks: the message as JSON, one for each request."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Final

from shortener.receipts.fields import ReceiptFields
from shortener.receipts.incoming import Given, IncomingReceipt, reason_for
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.vendors.karaden.times import JAPAN

MSGID: Final = re.compile(r"[A-Za-z0-9]{32}")
STATUSES: Final = {
    "waiting": MessageState.SENT,
    "done": MessageState.ACCEPTED,  # unless `sent_result` knows more
    "error": MessageState.REJECTED,
    "canceled": MessageState.CANCELED,
}
RESULTS: Final = {
    "none": None,
    "received": MessageState.DELIVERED,
    "unconnected": MessageState.EXPIRED,
    "error": MessageState.FAILED,
    "unknown": MessageState.UNKNOWN,
}
REASONS: Final = {
    "none": Reason.NONE,
    "received": Reason.NONE,
    "unconnected": Reason.ABSENT_TEMPORARY,
    "error": Reason.UNKNOWN,
    "unknown": Reason.UNKNOWN,
}


def read(given: Given) -> Sequence[IncomingReceipt]:
    """The receipt: `status` and `sent_result` are the state.

    The vendor has no reference of the sender's, so a tag of the message may be our msgid.
    """
    fields = ReceiptFields(given.fields)
    gateway_ref = fields.required("id")
    status = fields.one_of("status", STATUSES)
    code = fields.text("sent_result").lower()
    result = fields.one_of("sent_result", RESULTS) if code else None
    at = _time(fields)
    state = fields.checked(status)
    if status is MessageState.ACCEPTED and result is not None:
        state = result
    return [
        IncomingReceipt(
            gateway="karaden",
            state=state,
            gateway_ref=gateway_ref,
            references=tuple(tag for tag in fields.texts("tags") if MSGID.fullmatch(tag)),
            code=code,
            reason=reason_for(state, code, REASONS),
            at=at,
            raw=fields.raw(),
        )
    ]


def _time(fields: ReceiptFields) -> dt.datetime | None:
    """The latest time that the message has."""
    times = [fields.moment(name, zone=JAPAN) for name in ("received_at", "sent_at", "updated_at")]
    return next((time for time in times if time is not None), None)
