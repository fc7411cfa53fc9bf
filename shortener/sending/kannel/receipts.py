"""Read what Kannel reports about a message at the URL that it got with it.

Kannel fills in `%d` (the kind of report), `%A` (the carrier's words), `%F` (the carrier's id) and `%T` (the time). It
keeps no order: `delivered` may come before `accepted`.
"""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Final

from shortener.receipts.fields import ReceiptFields
from shortener.receipts.incoming import RAW_BYTES, Given, IncomingReceipt, reason_for
from shortener.rules.delivery.gateway_name import GatewayName
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason

_FAILED: Final = "2"  # or expired, or rejected: only the carrier's words tell
_STATES: Final = {
    "1": MessageState.DELIVERED,
    _FAILED: MessageState.FAILED,
    "4": MessageState.BUFFERED,
    "8": MessageState.ACCEPTED,
    "16": MessageState.REJECTED,
    "32": MessageState.BUFFERED,  # on its way between two carriers
}
_WORDS: Final = {
    "EXPIRED": MessageState.EXPIRED,
    "REJECTD": MessageState.REJECTED,
    "UNKNOWN": MessageState.UNKNOWN,
}
# Statuses of SMPP (v3.4, 5.1.3), and Kannel's own words. Carriers number their `err:` as they like.
_REASONS: Final = {
    "0": Reason.NONE,
    "000": Reason.NONE,
    "0x00000001": Reason.BAD_MESSAGE,  # length
    "0x00000008": Reason.NETWORK,  # system error
    "0x0000000a": Reason.BAD_MESSAGE,  # sender
    "0x0000000b": Reason.UNREACHABLE,  # recipient
    "0x0000000d": Reason.NETWORK,  # not connected
    "0x00000014": Reason.RATE,  # queue full
    "0x00000045": Reason.GENERAL,  # refused without a reason
    "0x00000058": Reason.RATE,  # throttled
    "no route": Reason.NO_ROUTE,
}
_WORD: Final = re.compile(r"\bstat:([A-Za-z]{1,20})")
_ERROR: Final = re.compile(r"\berr:([0-9A-Za-z]{1,20})")
_REFUSAL: Final = re.compile(r"NACK/([^/]{1,40})")
_LATEST: Final = 4_102_444_800  # the year 2100; no carrier means a later time


def read(given: Given) -> Sequence[IncomingReceipt]:
    """The receipt; the message is the one that the URL names."""
    fields = ReceiptFields(given.fields)
    kind, words = fields.text("type"), fields.cut("answer", longest=RAW_BYTES)
    state = fields.checked(fields.one_of("type", _STATES))
    if kind == _FAILED and (word := _WORD.search(words)):
        state = _WORDS.get(word[1].upper(), MessageState.FAILED)
    code = _found(_ERROR, words) or _found(_REFUSAL, words)
    return [
        IncomingReceipt(
            gateway=GatewayName.KANNEL,
            state=state,
            gateway_ref=fields.cut("ref"),
            code=code,
            reason=reason_for(state, code.lower(), _REASONS),
            at=_moment(fields.cut("at")),
            raw=fields.raw(),
        )
    ]


def _found(pattern: re.Pattern[str], words: str) -> str:
    found = pattern.search(words)
    return found[1] if found else ""


def _moment(text: str) -> dt.datetime | None:
    """The time of a report, in seconds since 1970; None if it is none."""
    if not re.fullmatch("[0-9]{1,10}", text) or not 0 < int(text) < _LATEST:
        return None
    return dt.datetime.fromtimestamp(int(text), dt.UTC)
