"""Acme's API as a gateway: JSON, a word for each answer, and a question for receipts."""

import base64
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from shortener.receipts.incoming import IncomingReceipt
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.server_address import ServerAddress
from shortener.sending.gateway import HandOver, NotNow, Outgoing, Refused, Taken
from shortener.sending.vendor_api import Asked, Call, VendorApi


def call(address: ServerAddress, outgoing: Outgoing) -> Call:
    """Make the request for a message; Acme takes no sender with a space."""
    if " " in outgoing.sender:
        raise ValueError(f"the sender of {outgoing.recipient} must have no space")
    body = {
        "reference": outgoing.msgid,
        "to": outgoing.recipient,
        "from": outgoing.sender,
        "text": outgoing.text,
        "callback": outgoing.receipt_url,
        "buttons": outgoing.extras.get("buttons", []),
    }
    headers = {"Content-Type": "application/json", **_credentials(address)}
    return Call(method="POST", url=f"{address.url}/messages", headers=headers, body=json.dumps(body).encode())


def read(status: int, body: bytes) -> HandOver | None:
    """Say what an answer means; 403 is Acme's word for a sender that it does not know."""
    document: dict[str, Any] = json.loads(body)
    match status, document.get("result"):
        case 200, "taken":
            return Taken(reference=document["id"])
        case 200, "busy":
            return NotNow(sentence=f"acme is busy: {document.get('why', '')}", retry_after=7.0)
        case 403, _:
            return Refused(sentence="acme knows no such sender", code="403", reason=Reason.BAD_MESSAGE)
    return None


def ask(address: ServerAddress, asked: Asked) -> Call:
    """Make the question about a message."""
    return Call(method="GET", url=f"{address.url}/messages/{quote(asked.reference)}", headers=_credentials(address))


def answered(status: int, body: bytes, asked: Asked) -> Sequence[IncomingReceipt]:
    """Return the receipts in the answer to a question."""
    if status != 200:
        return ()
    states = json.loads(body)["states"]
    return [IncomingReceipt(gateway="acme", state=MessageState(word), gateway_ref=asked.reference) for word in states]


def _credentials(address: ServerAddress) -> dict[str, str]:
    written = base64.b64encode(f"{address.user}:{address.password}".encode()).decode()
    return {"Authorization": f"Basic {written}"}


GATEWAY = VendorApi(channels=frozenset({Channel.SMS}), call=call, read=read, ask=ask, answered=answered)
