"""Vonage's delivery receipts, as we send them: one JSON object of texts, signed with SHA-256.

Time and nonce of the signature are those of the callback, not of an attempt; receivers only compare the signature with
the fields.
"""

import datetime as dt
import json
import uuid
from collections.abc import Sequence
from typing import Final

from shortener.callbacks.forms import CallbackRequest, Form, Told
from shortener.rules.delivery.message_state import MessageState
from shortener.vendors.vonage import codes, signature
from shortener.vendors.vonage.receipts import CLIENT_REF, STATES

HEADERS: Final = {"Content-Type": "application/json"}
DONE: Final = range(200, 206)  # the statuses of HTTP that the vendor counts as received
_STATUSES: Final = {state: status for status, state in STATES.items()}


def request(told: Told, secrets: Sequence[str]) -> CallbackRequest:
    """The receipt of a state, signed with the newest secret. ValueError for a state that the vendor has no word for."""
    if told.state not in _STATUSES:
        raise ValueError("the vendor has no receipt for this state")
    fields = {
        **_receipt(told, told.state),
        "timestamp": str(int(told.created_on.timestamp())),
        "nonce": _nonce(told.event_id),
    }
    body = json.dumps({**fields, signature.SIGNATURE: signature.sign(fields, secrets[0])}, ensure_ascii=False)
    return CallbackRequest(body=body.encode(), headers=HEADERS)


def _receipt(told: Told, state: MessageState) -> dict[str, str]:
    """The fields of the receipt without its signature. `msisdn` is the recipient, `to` is the sender."""
    message, at = told.message, told.at.astimezone(dt.UTC)
    fields = {
        "api-key": message.sid,
        "err-code": codes.err_code(state, told.reason),
        "message-timestamp": at.strftime("%Y-%m-%d %H:%M:%S"),
        "messageId": message.msgid,
        "msisdn": (message.recipient or "").removeprefix("+"),
        "network-code": codes.NETWORK,
        "price": "0",
        "scts": at.strftime("%y%m%d%H%M"),
        "status": _STATUSES[state],
        "to": message.sender or "",
    }
    reference = message.fields.get(CLIENT_REF)
    return fields if reference is None else {**fields, CLIENT_REF: str(reference)}


def _nonce(event_id: str) -> str:
    """A UUID that names the callback."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, event_id))


FORM: Final = Form(request=request, accepts=DONE.__contains__, is_signed=True)
