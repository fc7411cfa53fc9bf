"""The `err-code` of Vonage's receipts: one of 30 numbers for each of our reasons."""

from typing import Final

from shortener.receipts.incoming import UNWANTED
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import CODES, Reason

NETWORK: Final = "00000"  # of the recipient, which we do not know
NO_ERROR: Final = "0"
UNKNOWN: Final = "1"
_GENERAL: Final = "99"
_BY_REASON: Final = {reason: code for code, reason in CODES.items()} | {
    Reason.QUIET_HOURS: _GENERAL,
    Reason.MONTHLY_LIMIT: "41",  # a volume is used up
    Reason.BAD_LINK: "17",  # blocked for its content
    Reason.DUPLICATE: _GENERAL,
    Reason.CANCELED: _GENERAL,
    Reason.MAILBOX_FULL: "2",  # not now
    Reason.NO_SUCH_ADDRESS: "12",  # it leads nowhere
    Reason.MAIL_REFUSED: "17",
}


def err_code(state: MessageState, reason: Reason | None) -> str:
    """The code for a state with its reason. What arrived, or still may, has no error; any other has one."""
    if state not in UNWANTED:
        return NO_ERROR
    return UNKNOWN if reason in (None, Reason.NONE) else _BY_REASON[reason]
