"""Xoxzo's delivery receipts: a form with the status of one message. The vendor does not document its fields."""

from collections.abc import Sequence
from typing import Final

from shortener.receipts.fields import ReceiptFields
from shortener.receipts.incoming import Given, IncomingReceipt, reason_for
from shortener.rules.delivery.message_state import MessageState

STATES: Final = {
    "queued": MessageState.SENT,
    "delivering": MessageState.SENT,
    "delivered": MessageState.DELIVERED,
    "fail": MessageState.FAILED,
}


def read(given: Given) -> Sequence[IncomingReceipt]:
    """The receipt: `status` is the state. `sent_time` is passed over: it is when the message was submitted."""
    fields = ReceiptFields(given.fields)
    msgid, state = fields.required("msgid"), fields.one_of("status", STATES)
    return [receipt(fields.checked(state), msgid, fields.raw())]


def receipt(state: MessageState, msgid: str, raw: str | None = None) -> IncomingReceipt:
    """A receipt of this vendor, which gives no reasons."""
    return IncomingReceipt(gateway="xoxzo", state=state, gateway_ref=msgid, reason=reason_for(state, "", {}), raw=raw)
