"""Infobip's error object: why a message did not arrive, by our reasons."""

from typing import Final, NamedTuple

from typing_extensions import TypedDict

from shortener.receipts.incoming import UNWANTED
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import MEANINGS, Reason, explanation

GROUPS: Final = ("OK", "HANDSET_ERRORS", "USER_ERRORS", "OPERATOR_ERRORS")  # the only names that the new client takes
OLD_GROUPS: Final = ("Ok", *GROUPS[1:])
HANDSET, USER, OPERATOR = 1, 2, 3


class ErrorDocument(TypedDict):
    """The error of a report."""

    groupId: int
    groupName: str
    id: int
    name: str
    description: str
    permanent: bool


class ErrorCode(NamedTuple):
    """An error in the vendor's tables."""

    id: int
    name: str
    group: int = HANDSET


NO_ERROR: Final = ErrorCode(0, "NO_ERROR", 0)
UNKNOWN: Final = ErrorCode(255, "EC_UNKNOWN_ERROR")
CALL_BARRED: Final = ErrorCode(13, "EC_CALL_BARRED")
UNKNOWN_SUBSCRIBER: Final = ErrorCode(1, "EC_UNKNOWN_SUBSCRIBER")
GENERAL: Final = ErrorCode(500, "EC_PROVIDER_GENERAL_ERROR")
NO_RESPONSE: Final = ErrorCode(502, "EC_NO_RESPONSE")
BLACKLISTED: Final = ErrorCode(2052, "EC_BLACKLISTED_DESTINATIONADDRESS", USER)
BLACKLISTED_SENDER: Final = ErrorCode(2053, "EC_BLACKLISTED_SENDERADDRESS", USER)
EXPIRED: Final = ErrorCode(4101, "EC_VALIDITYEXPIRED", USER)
CANCELED: Final = ErrorCode(4100, "EC_MESSAGE_CANCELED", USER)
BY_REASON: Final[dict[Reason, ErrorCode]] = {
    Reason.NONE: NO_ERROR,
    Reason.UNKNOWN: UNKNOWN,
    Reason.ABSENT_TEMPORARY: ErrorCode(27, "EC_ABSENT_SUBSCRIBER"),
    Reason.ABSENT_PERMANENT: UNKNOWN_SUBSCRIBER,
    Reason.BARRED_BY_USER: CALL_BARRED,
    Reason.PORTABILITY: GENERAL,
    Reason.SPAM: BLACKLISTED,
    Reason.BUSY: ErrorCode(31, "EC_SUBSCRIBER_BUSY_FOR_MT_SMS"),
    Reason.NETWORK: ErrorCode(34, "EC_SYSTEM_FAILURE"),
    Reason.OPTED_OUT: BLACKLISTED,
    Reason.BAD_MESSAGE: ErrorCode(36, "EC_UNEXPECTED_DATA_VALUE"),
    Reason.NO_ROUTE: GENERAL,
    Reason.UNREACHABLE: UNKNOWN_SUBSCRIBER,
    Reason.AGE: CALL_BARRED,
    Reason.BLOCKED_BY_CARRIER: ErrorCode(11, "EC_TELESERVICE_NOT_PROVISIONED"),
    Reason.NO_CREDIT: CALL_BARRED,
    Reason.RATE: NO_RESPONSE,
    Reason.PROVIDER_BLOCK: BLACKLISTED,
    Reason.FRAUD_RULE: BLACKLISTED,
    Reason.FRAUD_RANGE: BLACKLISTED,
    Reason.FRAUD_BURST: BLACKLISTED,
    Reason.FRAUD_AIT: BLACKLISTED,
    Reason.BAD_SENDER_US: BLACKLISTED_SENDER,
    Reason.DAILY_LIMIT: NO_RESPONSE,
    Reason.REGULATION_ENTITY: BLACKLISTED,
    Reason.REGULATION_HEADER: BLACKLISTED_SENDER,
    Reason.REGULATION_CONTENT: BLACKLISTED,
    Reason.REGULATION_CONSENT: BLACKLISTED,
    Reason.REGULATION: UNKNOWN,
    Reason.GENERAL: UNKNOWN,
    Reason.QUIET_HOURS: UNKNOWN,
    Reason.MONTHLY_LIMIT: UNKNOWN,
    Reason.BAD_LINK: BLACKLISTED,
    Reason.DUPLICATE: UNKNOWN,
    Reason.CANCELED: CANCELED,
    Reason.MAILBOX_FULL: ErrorCode(6010, "EC_EMAIL_STORAGE_LIMIT_EXCEEDED"),
    Reason.NO_SUCH_ADDRESS: ErrorCode(6012, "EC_HARD_BOUNCE"),
    Reason.MAIL_REFUSED: ErrorCode(6002, "EC_EMAIL_SPAM_CONTENT", USER),
}
# The same reasons, where the recipient is an e-mail address.
OF_MAIL: Final[dict[Reason, ErrorCode]] = {
    Reason.OPTED_OUT: ErrorCode(6003, "EC_EMAIL_UNSUBSCRIBED_EMAIL_ADDRESS", USER),
    Reason.SPAM: BY_REASON[Reason.MAIL_REFUSED],
    Reason.PROVIDER_BLOCK: ErrorCode(6005, "EC_EMAIL_DROPPED", USER),
    Reason.GENERAL: ErrorCode(6014, "EC_EMAIL_PERMANENT_FAILURE", OPERATOR),
    Reason.NETWORK: ErrorCode(6015, "EC_EMAIL_GATEWAY_ERROR", OPERATOR),
}


def error(
    state: MessageState | None, reason: Reason | None, code: str, *, is_old: bool = False, is_mail: bool = False
) -> ErrorDocument:
    """Return the error of a message in this state, of which its gateway gave this reason and code."""
    found = _code(state, reason, is_mail)
    said = "No Error" if found is NO_ERROR else explanation(reason, code, state=state)
    return {
        "groupId": found.group,
        "groupName": (OLD_GROUPS if is_old else GROUPS)[found.group],
        "id": found.id,
        "name": found.name,
        "description": said or MEANINGS[Reason.UNKNOWN].en,
        "permanent": reason is not None and MEANINGS[reason].permanent,
    }


def _code(state: MessageState | None, reason: Reason | None, is_mail: bool) -> ErrorCode:
    """Return the vendor's error; a message on its way, or delivered, has none."""
    if state is MessageState.CANCELED:
        return CANCELED
    if state not in UNWANTED:
        return NO_ERROR
    if reason is None:
        return EXPIRED if state is MessageState.EXPIRED else UNKNOWN
    return OF_MAIL.get(reason, BY_REASON[reason]) if is_mail else BY_REASON[reason]
