"""Our states in Twilio's words, and our reasons as Twilio's error codes."""

from typing import Final

from shortener.rules.delivery import reason as reasons
from shortener.rules.delivery.face_message import FaceMessage
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.vendors.twilio.receipts import REASONS

_WORDS: Final = {
    None: "accepted",
    MessageState.SCHEDULED: "scheduled",
    MessageState.QUEUED: "queued",
    MessageState.SENT: "sent",
    MessageState.BUFFERED: "sent",
    MessageState.ACCEPTED: "sent",
    MessageState.UNKNOWN: "sent",
    MessageState.DELIVERED: "delivered",
    MessageState.CANCELED: "canceled",
}
# The others have failed: `failed` if no gateway took the message, else `undelivered`.
FAILED: Final = (MessageState.EXPIRED, MessageState.FAILED, MessageState.REJECTED)
# A receipt may come before the gateway's answer, so any state that is `sent` to the vendor tells it, once.
TOLD: Final = {state: MessageState.SENT for state, word in _WORDS.items() if word == "sent" and state is not None} | {
    state: state for state in (MessageState.DELIVERED, MessageState.CANCELED, *FAILED)
}
UNREACHABLE, TOO_LATE, FILTERED, UNKNOWN = 30003, 30036, 30007, 30008
_CODES: Final = {
    Reason.ABSENT_TEMPORARY: UNREACHABLE,
    Reason.ABSENT_PERMANENT: 30005,
    Reason.BARRED_BY_USER: 30004,
    Reason.SPAM: FILTERED,
    Reason.BUSY: UNREACHABLE,
    Reason.OPTED_OUT: 21610,
    Reason.UNREACHABLE: 30005,
    Reason.AGE: 30004,
    Reason.BLOCKED_BY_CARRIER: 30004,
    Reason.NO_CREDIT: 30004,
    Reason.RATE: 30001,
    Reason.PROVIDER_BLOCK: FILTERED,
    Reason.FRAUD_RULE: FILTERED,
    Reason.FRAUD_RANGE: FILTERED,
    Reason.FRAUD_BURST: FILTERED,
    Reason.FRAUD_AIT: FILTERED,
    Reason.BAD_SENDER_US: 30034,
    Reason.DAILY_LIMIT: 30001,
    Reason.REGULATION_ENTITY: FILTERED,
    Reason.REGULATION_HEADER: FILTERED,
    Reason.REGULATION_CONTENT: FILTERED,
    Reason.REGULATION_CONSENT: FILTERED,
    Reason.REGULATION: FILTERED,
    Reason.QUIET_HOURS: FILTERED,
    Reason.MONTHLY_LIMIT: 30001,
    Reason.BAD_LINK: FILTERED,
}


def word(state: MessageState | None, *, was_sent: bool) -> str:
    """Return the vendor's status of a message."""
    if state in FAILED:
        return "undelivered" if was_sent else "failed"
    return _WORDS[state]


def error_code(state: MessageState | None, reason: Reason | None, code: str, *, was_sent: bool) -> int | None:
    """Return the vendor's code of the reason; None if the message has not failed.

    A code that the gateway gave is kept if it is one of the vendor's.
    """
    if state not in FAILED:
        return None
    if code in REASONS and code != "0":
        return int(code)
    if state is MessageState.EXPIRED:
        return UNREACHABLE if was_sent else TOO_LATE
    if reason is None:
        return FILTERED if state is MessageState.REJECTED else UNKNOWN
    return _CODES.get(reason, UNKNOWN)


def error_message(message: FaceMessage) -> str | None:
    """Return a sentence about why the message failed; None if it has not."""
    if message.state not in FAILED:
        return None
    return reasons.explanation(message.reason, message.code, state=message.state)
