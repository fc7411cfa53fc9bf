"""What a gateway's request says about messages, whatever form it has.

A reader is a pure function from what a request gave to the receipts in it. It raises InvalidFieldsError for anything
that is not a receipt of its gateway.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason

RAW_BYTES: Final = 2048
# States that need a reason; of the others a gateway has nothing to explain.
UNWANTED: Final = frozenset(
    {MessageState.UNKNOWN, MessageState.EXPIRED, MessageState.FAILED, MessageState.REJECTED},
)


@dataclass(frozen=True, slots=True)
class Given:
    """What a request gave: the fields of its query, form or JSON, or the body if it is of another kind."""

    fields: Mapping[str, Any]
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingReceipt:
    """A gateway's word about one message, in our states.

    `gateway_ref` is the gateway's own id of the message. `msgid` names our message for certain. `references` are
    names that the sender gave to the gateway: each may be our msgid or the sender's `client_tag`.
    """

    gateway: str
    state: MessageState
    gateway_ref: str = ""
    msgid: str | None = None
    references: tuple[str, ...] = ()
    code: str = ""  # as the gateway wrote it
    reason: Reason | None = None  # None with a code: the code is not in our table
    at: dt.datetime | None = None  # None: when it was received
    raw: str | None = None  # at most 2 KB of UTF-8


Reader = Callable[[Given], Sequence[IncomingReceipt]]


def reason_for(state: MessageState, code: str, table: Mapping[str, Reason]) -> Reason | None:
    """The reason that a gateway's table gives for a code; None if the table does not have the code.

    A message that did not arrive has a reason, even if the gateway says that nothing went wrong.
    """
    found = table.get(code) if code else Reason.NONE
    return Reason.UNKNOWN if found is Reason.NONE and state in UNWANTED else found
