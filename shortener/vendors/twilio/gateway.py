"""Twilio's API as a gateway; its user is the account SID, its password the auth token."""

import json
from base64 import b64encode
from typing import Any, Final
from urllib.parse import quote, urlencode

from shortener.receipts.fields import storable
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.server_address import ServerAddress
from shortener.sending.gateway import HandOver, NotNow, Outgoing, Refused, Taken
from shortener.sending.vendor_api import Call, VendorApi
from shortener.vendors.twilio import names, new_message

OUR_URL: Final = "21609"  # StatusCallback is not taken
# Codes that refuse this recipient; the vendor's others say that a field is wrong.
_REASONS: Final = {
    "21211": Reason.UNREACHABLE,
    "21214": Reason.UNREACHABLE,
    "21217": Reason.UNREACHABLE,
    "21408": Reason.NO_ROUTE,
    "21610": Reason.OPTED_OUT,
    "21612": Reason.NO_ROUTE,
    "21614": Reason.BLOCKED_BY_CARRIER,
}


def call(address: ServerAddress, outgoing: Outgoing) -> Call:
    """Make the request for a message; ValueError if it is longer than the vendor allows."""
    text = outgoing.text or ""
    if len(text) > new_message.LONGEST_BODY:
        raise ValueError(f"Twilio takes at most {new_message.LONGEST_BODY} characters")
    service = outgoing.extras.get("messaging_service_sid")
    form = {
        "To": outgoing.recipient,
        **_sender(outgoing.sender, service),
        "Body": text,
        "StatusCallback": outgoing.receipt_url,
        "ValidityPeriod": str(min(max(int(outgoing.seconds_left), 1), new_message.LONGEST_VALIDITY)),
        "ShortenUrls": "false",  # it has been done
    }
    credentials = b64encode(f"{address.user}:{address.password}".encode()).decode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {credentials}"}
    path = f"/{names.VERSION}/Accounts/{quote(address.user, safe='')}/Messages.json"
    return Call(
        method="POST",
        url=address.url.rstrip("/") + path,
        headers=headers,
        body=urlencode({name: value for name, value in form.items() if value}).encode(),
    )


def _sender(sender: str, service: str | None) -> dict[str, str]:
    """Return who sends it: a number or name, a messaging service, or both."""
    if names.is_service(sender):
        return {"MessagingServiceSid": sender}
    return {"From": sender, "MessagingServiceSid": service} if service else {"From": sender}


def read(status: int, body: bytes) -> HandOver | None:
    """Say what an answer means; the status decides where it has no code."""
    document: dict[str, Any] = json.loads(body)
    if 200 <= status < 300:
        reference = storable(document["sid"])
        return Taken(reference=reference) if reference else None
    code = storable(document.get("code"))
    if status != 400 or not code:
        return None
    sentence = f"twilio: {document.get('message', '')}"
    if code == OUR_URL:
        return NotNow(sentence=sentence)
    return Refused(sentence=sentence, code=code, reason=_REASONS.get(code, Reason.BAD_MESSAGE))


GATEWAY: Final = VendorApi(channels=frozenset({Channel.SMS}), call=call, read=read)
