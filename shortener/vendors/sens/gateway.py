"""NAVER SENS as a gateway: SMS, and FriendTalk for messages that name a channel.

The address is `https://ACCESS_KEY:SECRET_KEY@sens.apigw.ntruss.com/SMS_SERVICE/FRIENDTALK_SERVICE`, with the ids of the
services; one may do for both. It pushes no receipts, so it is asked.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode

from shortener.receipts.fields import storable
from shortener.receipts.incoming import IncomingReceipt, reason_for
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.server_address import ServerAddress
from shortener.sending.gateway import HandOver, NotNow, Outgoing, Refused, Taken
from shortener.sending.vendor_api import Asked, Call, VendorApi, needs_credentials
from shortener.vendors.sens import codes, numbers, times
from shortener.vendors.sens.fields import size
from shortener.vendors.sens.order import NAME
from shortener.vendors.sens.signature import ACCESS_KEY, SIGNATURE, TIMESTAMP, sign
from shortener.vendors.sens.sms_request import LIMITS

TALK: Final = "F"  # begins the reference of a FriendTalk message, whose list is another one
FROM_FACE: Final = ("type", "contentType", "files")
OF_FRIEND: Final = ("isAd", "buttons", "image", "useSmsFailover", "failoverConfig")


def call(address: ServerAddress, outgoing: Outgoing) -> Call:
    """The request that sends a message: FriendTalk if it came with a channel."""
    is_talk = "plusFriendId" in outgoing.extras
    document = _talk(outgoing) if is_talk else _sms(outgoing)
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    return _signed(address, "POST", _target(address, is_talk=is_talk), body)


def _sms(outgoing: Outgoing) -> Mapping[str, Any]:
    text, (country, to) = outgoing.text or "", numbers.split(outgoing.recipient)
    given = {name: outgoing.extras[name] for name in FROM_FACE if name in outgoing.extras}
    kind = given.setdefault("type", "SMS" if size(text) <= LIMITS["SMS"] else "LMS")
    if size(text) > LIMITS[kind]:
        raise ValueError(f"{kind} takes at most {LIMITS[kind]} bytes in EUC-KR, and the text has {size(text)}")
    subject = outgoing.extras.get("subject")
    return {
        **given,
        **({"subject": subject} if subject else {}),
        "countryCode": country,
        "from": _sender(outgoing.sender),
        "content": text,
        "messages": [{"to": to}],
    }


def _sender(sender: str) -> str:
    """Return the number that the sender is, as it is dialled in Korea."""
    country, number = numbers.split(sender)
    if not number.isascii() or not number.isdigit() or country != numbers.KOREA:
        raise ValueError("the sender must be a Korean number that NAVER Cloud knows")
    return number


def _talk(outgoing: Outgoing) -> Mapping[str, Any]:
    country, to = numbers.split(outgoing.recipient)
    given = {name: outgoing.extras[name] for name in OF_FRIEND if name in outgoing.extras}
    message = {**given, "countryCode": country, "to": to, "content": outgoing.text or ""}
    return {"plusFriendId": outgoing.extras["plusFriendId"], "messages": [message]}


def fault(address: ServerAddress) -> str | None:
    """Say what an address lacks: the ids of services are its path."""
    if not 1 <= len(_services(address)) <= 2:
        return "needs the id of the SMS service as its path, and may have that of FriendTalk behind it: /SMS/FRIENDTALK"
    return needs_credentials(address)


def _services(address: ServerAddress) -> list[str]:
    return [unquote(part) for part in address.path.split("/") if part]


def _target(address: ServerAddress, *, is_talk: bool) -> str:
    services = _services(address)
    service, path = (services[-1], "friendtalk") if is_talk else (services[0], "sms")
    return f"/{path}/v2/services/{quote(service, safe=':')}/messages"


def _signed(address: ServerAddress, method: str, target: str, body: bytes = b"") -> Call:
    timestamp = str(int(dt.datetime.now(dt.UTC).timestamp() * 1000))
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        TIMESTAMP: timestamp,
        ACCESS_KEY: address.user,
        SIGNATURE: sign(address.password, method, target, timestamp, address.user),
    }
    host = address.url.removesuffix(address.path) if address.path else address.url
    return Call(method=method, url=host + target, headers=headers, body=body)


def read(status: int, body: bytes) -> HandOver | None:
    """What an answer means: 202 has the id of the request, and for FriendTalk whether the message was taken."""
    document = _document(body)
    request_id = storable(document.get("requestId"))
    if status != 202 or not request_id:
        return None
    messages = _entries(document)
    is_talk = any("requestStatusCode" in one for one in messages)
    if not is_talk and document.get("statusName") == "fail":
        return Refused(code=storable(document.get("statusCode")))
    if is_talk and messages[0].get("requestStatusName") == "fail":
        code, said = storable(messages[0].get("requestStatusCode")), storable(messages[0].get("requestStatusDesc"))
        reason = codes.REASONS.get(code, Reason.UNKNOWN)
        is_later = reason in (Reason.QUIET_HOURS, Reason.MONTHLY_LIMIT)
        return NotNow(sentence=said) if is_later else Refused(sentence=said, code=code, reason=reason)
    return Taken(reference=f"{TALK}:{request_id}" if is_talk else request_id)


def ask(address: ServerAddress, asked: Asked) -> Call:
    """The request for the list of what was requested together: this one message."""
    is_talk, request_id = asked.reference.startswith(f"{TALK}:"), asked.reference.removeprefix(f"{TALK}:")
    return _signed(address, "GET", f"{_target(address, is_talk=is_talk)}?{urlencode({'requestId': request_id})}")


def answered(status: int, body: bytes, asked: Asked) -> Sequence[IncomingReceipt]:
    """The receipt of the message, once it is completed."""
    entries, request_id = _entries(_document(body)) if status == 200 else [], asked.reference.removeprefix(f"{TALK}:")
    own = [entry for entry in entries if storable(entry.get("requestId")) in ("", request_id)]
    return [receipt for entry in own[:1] if (receipt := _receipt(entry, asked)) is not None]


def _receipt(entry: Mapping[str, Any], asked: Asked) -> IncomingReceipt | None:
    is_talk = asked.reference.startswith(f"{TALK}:")
    name = entry.get("messageStatusName" if is_talk else "statusName")
    if name not in ("success", "fail") or (not is_talk and entry.get("status") != "COMPLETED"):
        return None
    if entry.get("state") == MessageState.UNKNOWN:  # another installation says so: it may still arrive
        return None
    state = MessageState.DELIVERED if name == "success" else MessageState.FAILED
    code = str(entry.get("messageStatusCode" if is_talk else "statusCode") or "")
    shown = "" if state is MessageState.DELIVERED else code[:200]
    return IncomingReceipt(
        gateway=NAME,
        state=state,
        gateway_ref=asked.reference,
        msgid=asked.msgid,
        code=shown,
        reason=reason_for(state, shown, codes.REASONS),
        at=_completed_on(entry),
    )


def _completed_on(entry: Mapping[str, Any]) -> dt.datetime | None:
    try:
        return times.read(str(entry.get("completeTime")))
    except ValueError:
        return None


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _entries(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = document.get("messages")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


GATEWAY: Final = VendorApi(
    channels=frozenset({Channel.SMS}), call=call, read=read, ask=ask, answered=answered, fault=fault
)
