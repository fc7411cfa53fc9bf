"""Vonage's SMS API as a gateway: `POST /sms/json`, with the API key and secret of the operator's address."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from shortener.rules import sms_parts
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.server_address import ServerAddress
from shortener.sending.gateway import HandOver, NotNow, Outgoing, Refused, Taken, Unsure
from shortener.sending.vendor_api import Call, VendorApi
from shortener.vendors.vonage.receipts import CLIENT_REF
from shortener.vendors.vonage.statuses import Status

PATH: Final = "/sms/json"  # where an address has none
LONGEST_CALLBACK: Final = 100  # characters
LONGEST_REFERENCE: Final = 200  # characters
TTL: Final = range(20_000, 604_800_001)  # milliseconds
_NUMBER: Final = re.compile(r"\+?([0-9]{7,15})")
# What would be refused again. Every other error passes, or is one of our configuration: the message waits.
_REFUSALS: Final[Mapping[str, Reason]] = {
    Status.MISSING: Reason.BAD_MESSAGE,
    Status.INVALID: Reason.BAD_MESSAGE,
    Status.UNROUTABLE: Reason.NO_ROUTE,
    Status.BARRED: Reason.PROVIDER_BLOCK,
    Status.TOO_LONG: Reason.BAD_MESSAGE,
    Status.SENDER: Reason.REGULATION_HEADER,
    Status.NETWORK_CODE: Reason.BAD_MESSAGE,
    Status.NOT_ON_TRIAL_LIST: Reason.PROVIDER_BLOCK,
    Status.DEACTIVATED: Reason.ABSENT_PERMANENT,
}


def call(address: ServerAddress, outgoing: Outgoing) -> Call:
    """The request for a message; ValueError if it has no text, or no number as recipient."""
    number = _NUMBER.fullmatch(outgoing.recipient)
    if number is None:
        raise ValueError("the recipient is not a number of 7 to 15 digits")
    if not outgoing.text:
        raise ValueError("the message has no text")
    credentials = base64.b64encode(f"{address.user}:{address.password}".encode()).decode()
    return Call(
        method="POST",
        url=address.url if address.path.strip("/") else address.url.rstrip("/") + PATH,
        headers={"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {credentials}"},
        body=urlencode(dict(_fields(outgoing, number[1], outgoing.text))).encode(),
    )


def _fields(outgoing: Outgoing, number: str, text: str) -> Iterator[tuple[str, str]]:
    yield "from", outgoing.sender.removeprefix("+")
    yield "to", number
    yield "text", text
    if sms_parts.count(text).encoding != "GSM-7":
        yield "type", "unicode"
    yield CLIENT_REF, outgoing.msgid
    yield "ttl", str(min(max(round(outgoing.seconds_left * 1000), TTL.start), TTL.stop - 1))
    if outgoing.receipt_url and len(outgoing.receipt_url) <= LONGEST_CALLBACK:
        yield "callback", outgoing.receipt_url  # otherwise receipts go to the webhook of the account at the vendor


def read(_status: int, body: bytes) -> HandOver | None:
    """What an answer means. A text of several parts has an entry for each; one that was taken is on its way."""
    entries = _entries(body)
    if not entries:
        return None
    taken = next((entry for entry in entries if _number(entry) == Status.TAKEN), None)
    if taken is not None:
        return Taken(reference=_reference(taken.get("message-id")))
    number, said = _number(entries[0]), str(entries[0].get("error-text", ""))
    sentence = f"Vonage answered {number}: {said}"
    if number not in set(Status):
        return Unsure()
    if number in _REFUSALS:
        return Refused(sentence=sentence, code=number, reason=_REFUSALS[number])
    return NotNow(sentence=sentence)


def _number(entry: Mapping[str, Any]) -> str:
    """The status of an entry, a text or a number; empty if it is neither."""
    value = entry.get("status")
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _reference(value: object) -> str:
    """The vendor's id of a message; empty if it is none that can be stored."""
    return value if isinstance(value, str) and value.isprintable() and len(value) <= LONGEST_REFERENCE else ""


def _entries(body: bytes) -> list[dict[str, Any]]:
    """The entries of an answer; none if it is not the vendor's."""
    try:
        document = json.loads(body)
    except ValueError:
        return []
    entries = document.get("messages") if isinstance(document, dict) else None
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


GATEWAY: Final = VendorApi(
    channels=frozenset({Channel.SMS}), call=call, read=read, longest_receipt_url=LONGEST_CALLBACK
)
