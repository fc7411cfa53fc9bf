"""Reasons for the codes of mail: enhanced status codes (RFC 3463) and plain replies (RFC 5321)."""

from typing import Final

from shortener.rules.delivery.reason import Reason

_EXACT: Final = {
    "1.2": Reason.NO_ROUTE,  # there is no such domain
    "2.1": Reason.NO_SUCH_ADDRESS,  # the mailbox is disabled
    "2.2": Reason.MAILBOX_FULL,
    "2.3": Reason.BAD_MESSAGE,  # too long for the mailbox
    "3.4": Reason.BAD_MESSAGE,  # too big for the system
    "4.4": Reason.NO_ROUTE,
    "4.7": Reason.ABSENT_TEMPORARY,  # its time ended
}
_BY_SUBJECT: Final = {
    "1": Reason.NO_SUCH_ADDRESS,
    "2": Reason.MAIL_REFUSED,
    "3": Reason.NETWORK,
    "4": Reason.NETWORK,
    "5": Reason.NETWORK,
    "6": Reason.BAD_MESSAGE,
    "7": Reason.MAIL_REFUSED,
}
_BY_REPLY: Final = {
    "550": Reason.NO_SUCH_ADDRESS,
    "551": Reason.NO_SUCH_ADDRESS,
    "552": Reason.MAILBOX_FULL,
    "553": Reason.NO_SUCH_ADDRESS,
    "554": Reason.MAIL_REFUSED,
}


def reason_of(code: str) -> Reason:
    """The reason for an enhanced status code such as `5.1.1`, or for a reply such as `550`."""
    if "." not in code:
        return _BY_REPLY.get(code, Reason.GENERAL)
    _, subject, detail = code.split(".")
    return _EXACT.get(f"{subject}.{detail}") or _BY_SUBJECT.get(subject, Reason.GENERAL)
