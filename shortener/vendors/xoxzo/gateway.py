"""Xoxzo's API as a gateway: a message goes out as its clients send it, and it tells its states at `callbackurl`.

The URL of the API is that of its host, `https://SID:TOKEN@api.xoxzo.com`.
"""

import base64
import json
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from shortener.receipts.fields import storable
from shortener.receipts.incoming import IncomingReceipt
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.server_address import ServerAddress
from shortener.sending.gateway import HandOver, NotNow, Outgoing, Refused, Taken
from shortener.sending.vendor_api import Asked, Call, VendorApi
from shortener.vendors.xoxzo import receipts
from shortener.vendors.xoxzo.requests import PHONE_NUMBER

_TAKEN: Final = (200, 201)


def call(address: ServerAddress, outgoing: Outgoing) -> Call:
    """Make the request for a message. The text is rewritten already, so no `track_link` is asked for."""
    if not PHONE_NUMBER.fullmatch(outgoing.recipient):
        raise ValueError("the recipient must be a number in E.164, like +818012345678")
    fields = {
        "message": outgoing.text or "",
        "recipient": outgoing.recipient,
        "sender": outgoing.sender,
        "callbackurl": outgoing.receipt_url,
    }
    headers = {**_credentials(address), "Content-Type": "application/x-www-form-urlencoded"}
    return Call(method="POST", url=_url(address), headers=headers, body=urlencode(fields).encode())


def read(status: int, body: bytes) -> HandOver | None:
    """Say what an answer means: 201 has a list of one message, 400 the faults by field."""
    document: Any = json.loads(body)
    if status in _TAKEN:
        reference = storable(document[0]["msgid"])
        return Taken(reference=reference) if reference else None
    if status == 400:
        names = ", ".join(sorted(document))
        sentence = f"Xoxzo refused the message: {names}"
        if names == "callbackurl":  # ours
            return NotNow(sentence=sentence)
        return Refused(sentence=sentence, code=names[:200], reason=_reason(document))
    return None


def ask(address: ServerAddress, asked: Asked) -> Call:
    """Make the request for the status of a message."""
    url = f"{_url(address)}{quote(asked.reference, safe='')}/"
    return Call(method="GET", url=url, headers=_credentials(address))


def answered(status: int, body: bytes, asked: Asked) -> Sequence[IncomingReceipt]:
    """Return the receipt in a status; none until it is final, or if the message is not found."""
    state = receipts.STATES.get(json.loads(body)["status"].lower()) if status == 200 else None
    return [receipts.receipt(state, asked.reference)] if state is not None and state.is_final else []


def _reason(faults: Any) -> Reason:
    return Reason.UNREACHABLE if list(faults) == ["recipient"] else Reason.BAD_MESSAGE


def _url(address: ServerAddress) -> str:
    return f"{address.url.rstrip('/')}/sms/messages/"


def _credentials(address: ServerAddress) -> dict[str, str]:
    pair = base64.b64encode(f"{address.user}:{address.password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


GATEWAY: Final = VendorApi(channels=frozenset({Channel.SMS}), call=call, read=read, ask=ask, answered=answered)
