"""The answers to Twilio's clients."""

import datetime as dt
from collections.abc import Mapping, Sequence
from email.utils import format_datetime
from typing import Any, Literal
from urllib.parse import quote, urlencode

from typing_extensions import TypedDict

from shortener.rules import sms_parts
from shortener.rules.delivery.face_message import FaceMessage
from shortener.vendors.twilio import names, statuses

Status = Literal["accepted", "scheduled", "queued", "sent", "delivered", "undelivered", "failed", "canceled"]

TwilioMessage = TypedDict(
    "TwilioMessage",
    {
        "sid": str,
        "account_sid": str,
        "messaging_service_sid": str | None,
        "body": str,
        "from": str | None,
        "to": str | None,
        "status": Status,
        "direction": Literal["outbound-api"],
        "date_created": str,
        "date_updated": str,
        "date_sent": str | None,
        "num_segments": str,
        "num_media": Literal["0"],
        "price": None,
        "price_unit": Literal["USD"],
        "error_code": int | None,
        "error_message": str | None,
        "api_version": Literal["2010-04-01"],
        "uri": str,
        "subresource_uris": dict[str, str],
    },
)


class TwilioSent(TwilioMessage):
    """A message that was accepted; the vendor has no fields `text` and `shortlink`."""

    text: str
    shortlink: str | None


class TwilioPage(TypedDict):
    """A page of messages, the newest first."""

    messages: list[TwilioMessage]
    page: int
    page_size: int
    start: int
    end: int
    first_page_uri: str
    next_page_uri: str | None
    previous_page_uri: str | None
    uri: str


class TwilioConfig(TypedDict):
    """The settings of a domain of shortlinks; here they are the account's, whatever the domain."""

    domain_sid: str
    config_sid: str
    fallback_url: str | None
    callback_url: str | None
    continue_on_failure: bool
    disable_https: bool
    date_created: str | None
    date_updated: str | None
    url: str


def sent(message: FaceMessage) -> TwilioSent:
    """Return the answer to a message that was accepted, which is queued a moment later."""
    shown = one(message)
    if shown["status"] == "queued":
        shown["status"] = "accepted"
    return {**shown, "text": message.text, "shortlink": message.shortlink}


def one(message: FaceMessage) -> TwilioMessage:
    """Return a message as the vendor shows it."""
    was_sent = message.sent_on is not None
    status: Any = statuses.word(message.state, was_sent=was_sent)
    return {
        "sid": names.message_sid(message.msgid),
        "account_sid": names.account_sid(message.sid),
        "messaging_service_sid": message.fields.get("messaging_service_sid"),
        "body": message.text,
        "from": None if names.is_service(message.sender) else message.sender,
        "to": message.recipient,
        "status": status,
        "direction": "outbound-api",
        "date_created": _rfc2822(message.received_on),
        "date_updated": _rfc2822(message.state_on or message.received_on),
        "date_sent": _rfc2822(message.sent_on) if message.sent_on is not None else None,
        "num_segments": str(sms_parts.count(message.text).parts),
        "num_media": "0",
        "price": None,
        "price_unit": "USD",
        "error_code": statuses.error_code(message.state, message.reason, message.code, was_sent=was_sent),
        "error_message": statuses.error_message(message),
        "api_version": "2010-04-01",
        "uri": f"{names.path_of_messages(message.sid)}/{names.message_sid(message.msgid)}.json",
        "subresource_uris": {},
    }


def _rfc2822(moment: dt.datetime) -> str:
    """Return a time as the vendor writes it: `Sat, 28 Nov 2026 12:10:00 +0000`."""
    return format_datetime(moment.astimezone(dt.UTC).replace(microsecond=0))


def page(
    messages: Sequence[FaceMessage],
    sid: str,
    *,
    filters: Mapping[str, str],
    number: int,
    size: int,
    token: str | None,
    next_token: str | None,
) -> TwilioPage:
    """Return a page of an account's messages; a further key would hide the messages from the vendor's clients."""
    start = number * size
    return {
        "messages": [one(message) for message in messages],
        "page": number,
        "page_size": size,
        "start": start,
        "end": start + max(len(messages) - 1, 0),
        "first_page_uri": _page_uri(sid, filters, 0, size, None),
        "next_page_uri": _page_uri(sid, filters, number + 1, size, next_token) if next_token else None,
        "previous_page_uri": None,  # cursors lead only forward
        "uri": _page_uri(sid, filters, number, size, token),
    }


def _page_uri(sid: str, filters: Mapping[str, str], number: int, size: int, token: str | None) -> str:
    place = {"PageSize": size, "Page": number, **({"PageToken": token} if token else {})}
    return f"{names.path_of_messages(sid)}.json?{urlencode({**filters, **place})}"


def config(sid: str, domain_sid: str, stored: Mapping[str, Any], base_url: str) -> TwilioConfig:
    """Return the settings of a domain from what is stored for the account."""
    return {
        "domain_sid": domain_sid,
        "config_sid": names.config_sid(sid, domain_sid),
        "fallback_url": stored.get("fallback_url"),
        "callback_url": stored.get("callback_url"),
        "continue_on_failure": stored.get("continue_on_failure", False),
        "disable_https": stored.get("disable_https", False),
        "date_created": stored.get("date_created"),
        "date_updated": stored.get("date_updated"),
        "url": f"{base_url}/v1/LinkShortening/Domains/{quote(domain_sid, safe='')}/Config",
    }
