"""Karaden's API as a gateway: the tenant is the user of its address, the API key the password.

The vendor calls back only at the endpoint of a service, so it is asked. Our msgid goes out as a tag, by which such a
callback finds its message too.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from shortener.errors import InvalidFieldsError
from shortener.receipts.fields import ReceiptFields, storable
from shortener.receipts.incoming import Given, IncomingReceipt
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.server_address import ServerAddress
from shortener.sending.gateway import HandOver, NotNow, Outgoing, Refused, Taken
from shortener.sending.vendor_api import Asked, Call, VendorApi, needs_credentials
from shortener.vendors.karaden import receipts, requests

FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_INVALID: Final = 422
_SERVICE: Final = re.compile("[1-9][0-9]{0,9}")
_NUMBER: Final = re.compile(r"(?:\+81|0)([1-9][0-9]{9})")


def call(address: ServerAddress, outgoing: Outgoing) -> Call:
    """Make the request for a message; ValueError if the vendor cannot be given it."""
    number = _NUMBER.fullmatch(outgoing.recipient)
    if number is None:
        raise ValueError("the recipient is no number of 11 digits in Japan")
    if not _SERVICE.fullmatch(outgoing.sender):
        raise ValueError("the sender is not the id of a service")
    if not outgoing.text or len(outgoing.text) > requests.LONGEST_BODY:
        raise ValueError(f"the text has not 1 to {requests.LONGEST_BODY} characters")
    form = {
        "service_id": outgoing.sender,
        "to": f"0{number[1]}",
        "body": outgoing.text,
        "tags[]": outgoing.msgid,
        "is_shorten": "false",  # it has been done
    }
    headers = {**_headers(address), **FORM}
    return Call(method="POST", url=_url(address), headers=headers, body=urlencode(form).encode())


def read(status: int, body: bytes) -> HandOver | None:
    """Say what an answer means: 200 has the message, 422 the faults by field."""
    document = _document(body)
    if status == 200 and document.get("object") == "message" and (reference := storable(document.get("id"))):
        return Taken(reference=reference)
    if status == _INVALID and document.get("object") == "error":
        names = sorted({*_faults(document)} - {"object"})
        if names == ["scheduled_at"]:  # we give no time, so that it is wrong means quiet hours
            return NotNow(sentence="Karaden takes the message at another time")
        reason = Reason.UNREACHABLE if names == ["to"] else Reason.BAD_MESSAGE
        sentence = f"Karaden refused the message: {', '.join(names) or storable(document.get('message'))}"
        return Refused(sentence=sentence, code=storable(document.get("code")), reason=reason)
    return None


def _faults(document: Mapping[str, Any]) -> Mapping[str, Any]:
    faults = document.get("errors")
    return faults if isinstance(faults, dict) else {}


def ask(address: ServerAddress, asked: Asked) -> Call:
    """Make the request for a message; by its tag if we do not know the vendor's id."""
    path = f"/{quote(asked.reference, safe='')}" if asked.reference else f"?{urlencode({'tag': asked.msgid})}"
    return Call(method="GET", url=_url(address) + path, headers=_headers(address))


def answered(status: int, body: bytes, asked: Asked) -> Sequence[IncomingReceipt]:
    """Return the receipt in the answer; none while the vendor has not done all, unless it is news that it has it."""
    document = _document(body)
    document = document if asked.reference else _tagged(document, asked.msgid)
    if status != 200 or not (asked.in_doubt or document.get("result") == "done"):
        return ()
    try:
        return receipts.read(Given(document))
    except InvalidFieldsError:
        return ()


def _tagged(document: Mapping[str, Any], tag: str) -> Mapping[str, Any]:
    """Return the message of a list that has this tag; an empty one if there is none."""
    found = document.get("data")
    messages = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return next((one for one in messages if tag in ReceiptFields(one).texts("tags")), {})


def fault(address: ServerAddress) -> str | None:
    """Say what an address lacks: clients of the vendor have the path of the API in their base URL too."""
    return needs_credentials(address) if address.path.strip("/") else "needs the path of the API: /api"


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _headers(address: ServerAddress) -> dict[str, str]:
    return {"Authorization": f"Bearer {address.password}", requests.VERSION: requests.NEWEST}


def _url(address: ServerAddress) -> str:
    return f"{address.url.rstrip('/')}/{quote(address.user, safe='')}/messages"


GATEWAY: Final = VendorApi(
    channels=frozenset({Channel.SMS}),
    call=call,
    read=read,
    ask=ask,
    answered=answered,
    asks_by_msgid=True,
    fault=fault,
)
