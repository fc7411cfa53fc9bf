"""Infobip's own API as a gateway, for SMS and e-mail.

The address's user name is `App` if its password is an API key; otherwise both are the credentials of HTTP Basic. Our
message id goes out as Infobip's, and the URL for receipts with each message.
"""

import json
from base64 import b64encode
from typing import Any, Final

from shortener.receipts.fields import storable
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.server_address import ServerAddress
from shortener.rules.mail.extras import MailExtras
from shortener.sending.gateway import Attached, HandOver, NotNow, Outgoing, Refused, Taken
from shortener.sending.vendor_api import Call, VendorApi
from shortener.vendors.infobip import statuses
from shortener.vendors.infobip.fields import LONGEST_VALIDITY

SMS, MAIL = "/sms/3/messages", "/email/4/messages"
# Why Infobip rejects a message at once, by the id of its status; others are rejected without a reason that we know.
REASONS: Final = {
    statuses.REJECTED.id: Reason.NO_ROUTE,
    statuses.SENDER.id: Reason.REGULATION_HEADER,
    11: Reason.REGULATION_HEADER,  # REJECTED_SOURCE
    10: Reason.OPTED_OUT,  # REJECTED_DND
    statuses.BLOCKED.id: Reason.OPTED_OUT,
    statuses.NO_ROUTE.id: Reason.NO_ROUTE,
    8: Reason.UNREACHABLE,  # REJECTED_PREFIX_MISSING
    18: Reason.UNREACHABLE,  # REJECTED_DESTINATION_NOT_REGISTERED
    51: Reason.UNREACHABLE,  # MISSING_TO
    statuses.DESTINATION.id: Reason.UNREACHABLE,
    25: Reason.BAD_MESSAGE,  # REJECTED_MESSAGE_TOO_LONG
}
# It is our contract that Infobip rejects, or Infobip itself is at fault, so the message waits.
LATER: Final = frozenset({statuses.NOT_ENOUGH_CREDITS.id, 17, statuses.FLOODING.id, statuses.SYSTEM_ERROR.id})
TAKEN: Final = frozenset({"ACCEPTED", "PENDING", "DELIVERED"})


def call(address: ServerAddress, outgoing: Outgoing) -> Call:
    """Return the request for a message; ValueError if Infobip cannot be given it."""
    is_mail = "@" in outgoing.recipient
    message = _shared(outgoing) | (_mail(outgoing) if is_mail else _sms(outgoing))
    document = {"messages": [message], "options": {"tracking": _no_tracking(is_mail=is_mail)}}
    kind = "application/json"
    return Call(
        method="POST",
        url=address.url.rstrip("/") + (MAIL if is_mail else SMS),
        headers={"Authorization": _credentials(address), "Content-Type": kind, "Accept": kind},
        body=json.dumps(document, ensure_ascii=False).encode(),
    )


def _shared(outgoing: Outgoing) -> dict[str, Any]:
    """Return what messages of both channels have: receipts come for each state."""
    delivery = {"url": outgoing.receipt_url, "intermediateReport": True, "notify": True}
    seconds = max(1, min(int(outgoing.seconds_left), LONGEST_VALIDITY))
    return {
        "sender": outgoing.sender,
        "options": {"validityPeriod": {"amount": seconds, "timeUnit": "SECONDS"}},
        "webhooks": {"delivery": delivery, "contentType": "application/json"},
    }


def _credentials(address: ServerAddress) -> str:
    if address.user.lower() == "app":
        return f"App {address.password}"
    return "Basic " + b64encode(f"{address.user}:{address.password}".encode()).decode()


def _no_tracking(*, is_mail: bool) -> dict[str, bool]:
    """Return options by which Infobip leaves links as they are: they are ours already."""
    names = ("track", "trackClicks", "trackOpens") if is_mail else ("shortenUrl", "trackClicks")
    return dict.fromkeys(names, False)


def _sms(outgoing: Outgoing) -> dict[str, Any]:
    if not outgoing.text:
        raise ValueError("an SMS needs a text")
    to = {"to": outgoing.recipient.removeprefix("+"), "messageId": outgoing.msgid}
    return {"destinations": [to], "content": {"text": outgoing.text}}


def _mail(outgoing: Outgoing) -> dict[str, Any]:
    """Return a mail for one recipient. Whom its headers name besides is left out: Infobip would send it to them too."""
    if not outgoing.subject:
        raise ValueError("Infobip takes no mail without a subject")
    extras = MailExtras.of(outgoing.extras)
    files = [_file(file) for file in outgoing.attachments()]
    content = {
        "subject": outgoing.subject,
        "text": outgoing.text,
        "html": outgoing.html,
        "inlineImages": files[: extras.inline],
        "attachments": files[extras.inline :],
        "headers": json.dumps(extras.headers) if extras.headers else None,  # as text, says the vendor
    }
    to = {"to": [{"destination": outgoing.recipient, "messageId": outgoing.msgid}], "replyTo": extras.reply_to}
    return {"destinations": [_given(to)], "content": _given(content)}


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _file(file: Attached) -> dict[str, str]:
    content = b64encode(file.content).decode()
    return {"type": "binary", "content": content, "contentType": file.content_type, "fileName": file.name}


def read(status: int, body: bytes) -> HandOver | None:
    """Return what an answer means; None if its status alone decides.

    Infobip says 200 also for a message that it rejects. A duplicate is one that it has taken before: each of our ids is
    of one message.
    """
    if status == 400 and _is_our_url(json.loads(body)):
        return NotNow(sentence="Infobip does not take our URL for receipts")
    if status != 200:
        return None
    [message] = json.loads(body)["messages"]
    found = message["status"]
    name, number = str(found["name"]), int(found["id"])
    if found["groupName"] in TAKEN or number == statuses.DUPLICATE.id:
        return Taken(reference=storable(message.get("messageId")))
    sentence = f"Infobip rejects it: {name}: {found.get('description', '')}"
    if number in LATER:
        return NotNow(sentence=sentence)
    return Refused(sentence=sentence, code=name, reason=REASONS.get(number, Reason.UNKNOWN))


def _is_our_url(fault: dict[str, Any]) -> bool:
    """Return whether the URL for receipts is all that is wrong with a request."""
    names = {str(one["property"]).partition("].")[2] for one in fault.get("violations", ())}
    return names == {"webhooks.delivery.url"}


GATEWAY: Final = VendorApi(channels=frozenset({Channel.SMS, Channel.EMAIL}), call=call, read=read)
