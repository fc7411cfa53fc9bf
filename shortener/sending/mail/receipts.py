"""Read a delivery status notification: the mail in which a relay says what became of another (RFC 3464).

Only the part of its own with `Action` and `Status` is read, and the places that name the message, line by line:
whatever else a mail may contain is passed over, so a hostile one costs no more than its length.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from shortener.errors import InvalidFieldsError
from shortener.receipts.incoming import RAW_BYTES, Given, IncomingReceipt, reason_for
from shortener.rules.delivery.gateway_name import GatewayName
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.sending.mail.reasons import reason_of

MOST_RECIPIENTS: Final = 50
_LONGEST_PART: Final = 64 * 1024  # characters
_PART: Final = re.compile(r"^content-type:[ \t]*message/(?:global-)?delivery-status\b", re.IGNORECASE | re.MULTILINE)
_PART_END: Final = re.compile(r"^--", re.MULTILINE)
_BLANK: Final = re.compile(r"\n[ \t]*\n")
_FIELD: Final = re.compile(r"([A-Za-z-]{1,40}):[ \t]*(.*)")
_MSGID: Final = "([A-Za-z0-9]{32})"
# Where a message is named, the surest first: the envelope's id, the address that the notification goes to, and the
# message's own header, which comes back.
_ENVELOPE: Final = re.compile(_MSGID)
_BOUNCES: Final = re.compile(
    rf"^(?:delivered-to|x-original-to|to):.{{0,200}}?bounces\+{_MSGID}@", re.IGNORECASE | re.MULTILINE
)
_MESSAGE_ID: Final = re.compile(rf"^message-id:[ \t]*<{_MSGID}@", re.IGNORECASE | re.MULTILINE)
_ADDRESS: Final = re.compile(r"[^\s;<>@]{1,200}@[^\s;<>]{1,253}")
_STATES: Final[Mapping[str, MessageState]] = {  # by the standard's words, two of which are ours
    MessageState.FAILED: MessageState.FAILED,
    MessageState.DELIVERED: MessageState.DELIVERED,
    "delayed": MessageState.BUFFERED,
    "relayed": MessageState.ACCEPTED,
    "expanded": MessageState.ACCEPTED,
}
_STATUS: Final = re.compile(r"([245])\.[0-9]{1,3}\.[0-9]{1,3}")
Fields = Mapping[str, str]


def read(given: Given) -> Sequence[IncomingReceipt]:
    """A receipt for each recipient in the notification; InvalidFieldsError if the mail is none."""
    mail = given.body.decode("utf-8", "replace").replace("\r\n", "\n").replace("\0", "")
    part = _part(mail)
    about, *recipients = _groups(part) or [{}]
    if not recipients:
        raise InvalidFieldsError({"body": ["must name a recipient in its part message/delivery-status"]})
    msgid = _message_of(about, mail)
    raw = _ADDRESS.sub("…", part[: 2 * RAW_BYTES]).strip().encode()[:RAW_BYTES].decode("utf-8", "ignore")
    return [_receipt(fields, msgid, raw) for fields in recipients[:MOST_RECIPIENTS]]


def _receipt(fields: Fields, msgid: str, raw: str) -> IncomingReceipt:
    action = fields.get("action", "").lower()
    if action not in _STATES:
        raise InvalidFieldsError({"Action": [f"must be one of {', '.join(_STATES)}"]})
    status = _STATUS.match(fields.get("status", ""))
    code = status[0] if status else ""
    state = _STATES[action]
    if state is MessageState.FAILED and code.startswith("4"):  # tried until its time was over
        state = MessageState.EXPIRED
    table = (
        {code: Reason.NONE if state in {MessageState.DELIVERED, MessageState.ACCEPTED} else reason_of(code)}
        if code
        else {}
    )
    return IncomingReceipt(
        gateway=GatewayName.SMTP, state=state, msgid=msgid, code=code, reason=reason_for(state, code, table), raw=raw
    )


def _part(mail: str) -> str:
    """The content of the part that programs read."""
    head = _PART.search(mail)
    start = _BLANK.search(mail, head.end()) if head else None
    if start is None:
        raise InvalidFieldsError(
            {"body": ["must be a delivery status notification, with a part message/delivery-status"]}
        )
    end = _PART_END.search(mail, start.end())
    return mail[start.end() : end.start() if end else len(mail)][:_LONGEST_PART]


def _groups(part: str) -> list[Fields]:
    """The fields about the message, then those about each recipient, by their names in lower case."""
    return [dict(_fields(group)) for group in _BLANK.split(part) if group.strip()]


def _fields(group: str) -> Iterator[tuple[str, str]]:
    for line in re.sub(r"\n[ \t]+", " ", group).split("\n"):  # unfolded
        if found := _FIELD.match(line):
            yield found[1].lower(), found[2].strip()


def _message_of(about: Fields, mail: str) -> str:
    """The msgid of the message; InvalidFieldsError if it is named nowhere."""
    envelope = _ENVELOPE.fullmatch(about.get("original-envelope-id", ""))
    head = mail[: mail.find("\n\n")]
    found = envelope or _BOUNCES.search(head) or _MESSAGE_ID.search(mail, len(head))
    if found is None:
        raise InvalidFieldsError({"Original-Envelope-Id": ["must be the id of a message"]})
    return found[1] if found.re.groups else found[0]
