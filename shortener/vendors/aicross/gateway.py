"""The vendor's API as a gateway: messages go to `mt.json`, and `status.json` says what became of them.

The address has the `clientId` as user and the token as password. Our msgid is the `clientTag`, which the vendor takes
only once, so no message is sent twice. It pushes receipts only to one URL of the whole contract, therefore it is asked.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from shortener.receipts.fields import storable
from shortener.receipts.incoming import IncomingReceipt, reason_for
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.server_address import ServerAddress
from shortener.rules.wire.strict_json import DECODER
from shortener.sending.gateway import HandOver, NotNow, Outgoing, Refused, Taken
from shortener.sending.vendor_api import Asked, Call, VendorApi
from shortener.vendors.aicross import codes, faults, fields, messages, receipts, times

FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
STATES: Final = {codes.DELIVERED: MessageState.DELIVERED, codes.FAILED: MessageState.FAILED}
_CODE: Final = re.compile("[0-9]{1,9}")
_SHORTEST_CODE, _LONGEST_CODE = fields.SMS_CODE


def call(address: ServerAddress, outgoing: Outgoing) -> Call:
    """Make the request that hands a message over; ValueError if the vendor cannot be given it."""
    if fault := _fault(outgoing):
        raise ValueError(fault)
    form = {
        **_credentials(address),
        "smsCode": outgoing.sender,
        "message": outgoing.text,
        "phoneNumber": _number(outgoing.recipient),
        "clientTag": outgoing.msgid,
    }
    return Call(method="POST", url=_url(address, "mt"), headers=FORM, body=urlencode(form).encode())


def _fault(outgoing: Outgoing) -> str | None:
    """Say why the vendor cannot be given a message."""
    code = outgoing.sender
    if not (code.isascii() and code.isdigit() and _SHORTEST_CODE <= len(code) <= _LONGEST_CODE):
        return "the sender is no SMS code of five or six digits"
    if not outgoing.text:
        return "the message has no text"
    if len(outgoing.text) > messages.LONGEST_MESSAGE:
        return f"the text is longer than {messages.LONGEST_MESSAGE} characters"
    is_mobile = fields.PHONE_NUMBER.fullmatch(_number(outgoing.recipient))
    return None if is_mobile else "the recipient is no mobile number in Japan"


def _number(recipient: str) -> str:
    """Write a number as the vendor wants it: with `+` if it has a country code."""
    return recipient if recipient.startswith(("+", "0")) else f"+{recipient}"


def read(status: int, body: bytes) -> HandOver | None:
    """Say what the answer to a hand-over means."""
    code, text = _answered(status, body)
    match code:
        case None:
            return None
        case 0:
            return Taken()
        case faults.DUPLICATE:
            return Taken(sentence="it was taken in an earlier attempt")
        case faults.REQUIRED | faults.INVALID | faults.TOO_LONG:
            # Wrong credentials are the operator's business. We give no time, so that it is wrong means quiet hours.
            is_later = text.endswith((" token.", " clientId.", " scheduleTime."))
            return NotNow() if is_later else Refused(code=str(code), reason=Reason.BAD_MESSAGE)
    return NotNow()  # also if the contract's limit is used up


def _answered(status: int, body: bytes) -> tuple[int | None, str]:
    """Return the code and the text of an answer; None if it is none of the vendor's."""
    document = _document(status, body)
    code, text = storable(document.get("responseCode")), str(document.get("responseMessage"))
    return int(code) if _CODE.fullmatch(code) else None, text


def _document(status: int, body: bytes) -> Mapping[str, Any]:
    try:
        document = DECODER.decode(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return {}
    return document if status == 200 and isinstance(document, dict) else {}


def ask(address: ServerAddress, asked: Asked) -> Call:
    """Make the request that asks what became of a message."""
    parameters = urlencode({**_credentials(address), "clientTag": asked.msgid})
    return Call(method="GET", url=f"{_url(address, 'status')}?{parameters}", headers={})


def answered(status: int, body: bytes, asked: Asked) -> Sequence[IncomingReceipt]:
    """Return the receipt in the answer; none while nothing is final, unless it is news that the vendor has it."""
    states = receipts.STATES if asked.in_doubt else STATES
    entries = _document(status, body).get("status")
    known = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return [
        _receipt(entry, state, asked)
        for entry in known
        if entry.get("clientTag") == asked.msgid and (state := states.get(str(entry.get("statusId")))) is not None
    ]


def _receipt(entry: Mapping[str, Any], state: MessageState, asked: Asked) -> IncomingReceipt:
    code = str(entry.get("detailedStatusId") or "")[:20]
    return IncomingReceipt(
        gateway="aicross",
        state=state,
        msgid=asked.msgid,
        code=code,
        reason=reason_for(state, code and code[-3:].zfill(3), receipts.REASONS),
        at=_time(entry.get("dateTime")),
    )


def _time(text: object) -> dt.datetime | None:
    """Read `yyyyMMdd HHmmss` with milliseconds; None if it is another text."""
    try:
        return dt.datetime.strptime(str(text), "%Y%m%d %H%M%S%f").replace(tzinfo=times.JAPAN).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def _credentials(address: ServerAddress) -> dict[str, str]:
    return {"token": address.password, "clientId": address.user}


def _url(address: ServerAddress, name: str) -> str:
    return f"{address.url.rstrip('/')}/p5/api/{name}.json"


GATEWAY: Final = VendorApi(
    channels=frozenset({Channel.SMS}), call=call, read=read, ask=ask, answered=answered, asks_by_msgid=True
)
