"""Twilio's callbacks: a signed form for each new status, and for the first click."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

from shortener.callbacks.forms import CallbackRequest, Form, Told
from shortener.rules.delivery.face_message import FaceMessage
from shortener.vendors.twilio import names, signature, statuses

FORM_TYPE: Final = "application/x-www-form-urlencoded; charset=utf-8"
IDEMPOTENCY: Final = "I-Twilio-Idempotency-Token"


def request(told: Told, secrets: Sequence[str]) -> CallbackRequest:
    """Return the request that tells a new status or a click, signed with the newest secret."""
    form = _click(told) if told.state is None else _status(told)
    headers = {
        "Content-Type": FORM_TYPE,
        signature.HEADER: signature.of(secrets[0], told.url, form),
        IDEMPOTENCY: told.event_id,
    }
    return CallbackRequest(body=urlencode(form).encode(), headers=headers)


def _status(told: Told) -> dict[str, str]:
    message = told.message
    was_sent = message.sent_on is not None
    sid, word = names.message_sid(message.msgid), statuses.word(told.state, was_sent=was_sent)
    code = statuses.error_code(told.state, told.reason, told.code, was_sent=was_sent)
    return _filled(
        {
            "MessageSid": sid,
            "SmsSid": sid,
            "MessageStatus": word,
            "SmsStatus": word,
            "AccountSid": names.account_sid(message.sid),
            "MessagingServiceSid": message.fields.get("messaging_service_sid"),
            "To": message.recipient,
            "From": _sender(message),
            "ApiVersion": names.VERSION,
            "ErrorCode": str(code) if code is not None else None,
        }
    )


def _click(told: Told) -> dict[str, str]:
    message = told.message
    return _filled(
        {
            "event_type": "click",
            "sms_sid": names.message_sid(message.msgid),
            "account_sid": names.account_sid(message.sid),
            "messaging_service_sid": message.fields.get("messaging_service_sid"),
            "to": message.recipient,
            "from": _sender(message),
            "link": told.link,
            "shortened_link": told.shortlink,
            "click_time": told.at.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z",
        }
    )


def _sender(message: FaceMessage) -> str | None:
    return None if names.is_service(message.sender) else message.sender


def _filled(fields: Mapping[str, str | None]) -> dict[str, str]:
    """Leave out what is empty: readers of forms differ about it, and so would the signature."""
    return {name: value for name, value in fields.items() if value}


FORM: Final = Form(request=request, accepts=lambda status: 200 <= status < 300, tells_clicks=True, is_signed=True)
