"""The vendor's push of delivery receipts: JSON in the field `json` of a form, one message in each."""

import json
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from shortener.callbacks.forms import CallbackRequest, Form, Told
from shortener.vendors.aicross import codes, documents, times

HEADERS: Final = {"Content-Type": "application/x-www-form-urlencoded"}


def request(told: Told, secrets: Sequence[str]) -> CallbackRequest:
    """Return the request that tells a new state."""
    text = json.dumps({"eventNotifications": [_notification(told)]}, ensure_ascii=False)
    return CallbackRequest(body=urlencode({"json": text}).encode(), headers=HEADERS)


def _notification(told: Told) -> dict[str, Any]:
    """Write what became of a message. Some types are others than in its status: that is how the vendor has them."""
    message, status_id = told.message, codes.status_id(told.state)
    return {
        "type": "DLR",
        "dateTime": times.written_second(told.at),
        "messageId": message.msgid,
        "phoneNumber": message.recipient or "",
        "smsCode": message.sender or "",
        "carrierId": None,
        "carrierName": "",
        "messageText": message.text,
        "clientId": message.fields.get("clientId", ""),
        "clientTag": message.client_tag or "",
        "statusId": status_id,
        "statusDescription": codes.DESCRIPTIONS[status_id],
        "detailedStatusId": int(codes.detailed_status_id(told.state, told.reason, told.code)),
        "separatedSuccessCount": documents.parts(message) if status_id == codes.DELIVERED else 0,
    }


FORM: Final = Form(request=request, accepts=lambda status: 200 <= status < 300)
