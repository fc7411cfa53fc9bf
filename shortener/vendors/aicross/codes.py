"""The vendor's numbers for what became of a message.

`statusId` is the state. `detailedStatusId` is why a message failed: two digits for the carrier, which we do not know,
and three for the class of the reason.
"""

import re
from typing import Final, Literal

from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason

StatusId = Literal["0", "1", "2", "3"]
UNKNOWN: Final = "0"
SENDING: Final = "1"
DELIVERED: Final = "2"
FAILED: Final = "3"
DESCRIPTIONS: Final = {
    UNKNOWN: "Unknown",
    SENDING: "Message is Sending",
    DELIVERED: "Message delivered",
    FAILED: "Message delivery failed",
}
CONGESTION: Final = "721"
DEAD_NUMBER: Final = "732"
NETWORK: Final = "823"
OUT_OF_REACH: Final = "824"
BUSY: Final = "833"
REFUSED: Final = "834"
CLASSES: Final = {
    Reason.NETWORK: CONGESTION,
    Reason.RATE: CONGESTION,
    Reason.DAILY_LIMIT: CONGESTION,
    Reason.ABSENT_PERMANENT: DEAD_NUMBER,
    Reason.UNREACHABLE: DEAD_NUMBER,
    Reason.ABSENT_TEMPORARY: OUT_OF_REACH,
    Reason.BUSY: BUSY,
    **dict.fromkeys(
        (
            *(Reason.BARRED_BY_USER, Reason.SPAM, Reason.OPTED_OUT, Reason.AGE, Reason.BLOCKED_BY_CARRIER),
            *(Reason.NO_CREDIT, Reason.PROVIDER_BLOCK, Reason.FRAUD_RULE, Reason.FRAUD_RANGE, Reason.FRAUD_BURST),
            *(Reason.FRAUD_AIT, Reason.BAD_SENDER_US, Reason.REGULATION_ENTITY, Reason.REGULATION_HEADER),
            *(Reason.REGULATION_CONTENT, Reason.REGULATION_CONSENT),
        ),
        REFUSED,
    ),
}  # every other reason is NETWORK
NO_FAULT: Final = "00000"
_FAILED_STATES: Final = frozenset(
    {MessageState.EXPIRED, MessageState.FAILED, MessageState.REJECTED, MessageState.CANCELED}
)
# A gateway's own code of this form, which has the carrier: AU, Docomo, SoftBank or Rakuten.
_OWN_CODE: Final = re.compile("(?:1[1-4]|3[12]|5[12]|6[12])[0-9]{3}")


def status_id(state: MessageState | None) -> StatusId:
    """Return the `statusId` of a state; a message without a gateway is still being sent."""
    if state is MessageState.DELIVERED:
        return DELIVERED
    if state is MessageState.UNKNOWN:
        return UNKNOWN
    return FAILED if state in _FAILED_STATES else SENDING


def detailed_status_id(state: MessageState | None, reason: Reason | None, code: str) -> str:
    """Return the `detailedStatusId`: the gateway's own if it is one of this vendor's, else by the reason."""
    if state not in _FAILED_STATES:
        return NO_FAULT
    if _OWN_CODE.fullmatch(code):
        return code
    return "00" + CLASSES.get(reason or Reason.UNKNOWN, NETWORK)
