"""Twilio's status callbacks: one for each request, a form."""

from collections.abc import Sequence
from typing import Final

from shortener.receipts.fields import ReceiptFields
from shortener.receipts.incoming import Given, IncomingReceipt, reason_for
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason

# `sent`: the carrier took it. `failed`: it was never sent.
STATES: Final = {
    "accepted": MessageState.SENT,
    "scheduled": MessageState.SENT,
    "queued": MessageState.SENT,
    "sending": MessageState.SENT,
    "sent": MessageState.ACCEPTED,
    "delivered": MessageState.DELIVERED,
    "read": MessageState.DELIVERED,
    "undelivered": MessageState.FAILED,
    "failed": MessageState.REJECTED,
    "canceled": MessageState.CANCELED,
}
FILTERED: Final = "30007"
REASONS: Final = {
    "30001": Reason.RATE,
    "30003": Reason.ABSENT_TEMPORARY,
    "30004": Reason.BARRED_BY_USER,
    "30005": Reason.ABSENT_PERMANENT,
    "30006": Reason.BLOCKED_BY_CARRIER,
    FILTERED: Reason.SPAM,
    "30008": Reason.UNKNOWN,
    "30034": Reason.BAD_SENDER_US,
    "21610": Reason.OPTED_OUT,
    "0": Reason.NONE,
}


def read(given: Given) -> Sequence[IncomingReceipt]:
    """The receipt: `MessageStatus` is the state, `ErrorCode` the reason. It has no time."""
    fields = ReceiptFields(given.fields)
    sid = fields.text("MessageSid") or fields.text("SmsSid") or fields.required("MessageSid")
    found = fields.one_of("MessageStatus" if fields.text("MessageStatus") else "SmsStatus", STATES)
    code = fields.cut("ErrorCode")
    state = fields.checked(found)
    if state is MessageState.FAILED and code == FILTERED:
        state = MessageState.REJECTED
    return [
        IncomingReceipt(
            gateway="twilio",
            state=state,
            gateway_ref=sid,
            references=(sid[2:],) if sid.startswith("SM") else (),
            code=code,
            reason=reason_for(state, code, REASONS),
            raw=fields.raw(),
        )
    ]
