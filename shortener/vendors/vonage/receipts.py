"""Vonage's delivery receipts: one for each request, in a query, a form or JSON."""

from collections.abc import Sequence
from typing import Final

from shortener.receipts.fields import ReceiptFields
from shortener.receipts.incoming import Given, IncomingReceipt, reason_for
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import CODES

CLIENT_REF: Final = "client-ref"
STATES: Final = {
    "delivered": MessageState.DELIVERED,
    "expired": MessageState.EXPIRED,
    "failed": MessageState.FAILED,
    "rejected": MessageState.REJECTED,
    "accepted": MessageState.ACCEPTED,
    "buffered": MessageState.BUFFERED,
    "unknown": MessageState.UNKNOWN,
}


def read(given: Given) -> Sequence[IncomingReceipt]:
    """The receipt: `status` is the state, `err-code` the reason. `scts` is passed over: its time zone is unknown."""
    fields = ReceiptFields(given.fields)
    state = fields.one_of("status", STATES)
    client_ref = fields.text(CLIENT_REF)
    gateway_ref = fields.text("messageId") if client_ref else fields.required("messageId")
    code = fields.cut("err-code")
    at = fields.moment("message-timestamp", "%Y-%m-%d %H:%M:%S")
    state = fields.checked(state)
    return [
        IncomingReceipt(
            gateway="vonage",
            state=state,
            gateway_ref=gateway_ref,
            references=(client_ref,) if client_ref else (),
            code=code,
            reason=reason_for(state, code, CODES),
            at=at,
            raw=fields.raw(),
        )
    ]
