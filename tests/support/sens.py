"""Signed requests, as clients of NAVER SENS make them."""

import time
from collections.abc import Mapping
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from shortener.vendors.sens.signature import ACCESS_KEY, SIGNATURE, TIMESTAMP, sign
from tests.support.factories import Sender

PREFIXES = ("/sms/v2/", "/friendtalk/v2/")
SMS = "/sms/v2/services/ncp:sms:kr:123:shop/messages"
TALK = "/friendtalk/v2/services/ncp:kkobizmsg:kr:123:shop/messages"
CONTENT = "Your parcel is here: https://shop.example.com/track?id=1 thank you"


def headers(sender: Sender, method: str, target: str, *, late: float = 0, secret: str | None = None) -> dict[str, str]:
    """The three headers of a request that is `late` by so many seconds."""
    timestamp = str(int((time.time() - late) * 1000))
    signature = sign(secret or sender.signing_secret, method, target, timestamp, sender.sid)
    return {TIMESTAMP: timestamp, ACCESS_KEY: sender.sid, SIGNATURE: signature}


def signed(environ: Mapping[str, Any], sender: Sender) -> dict[str, str]:
    """The headers of a request that has the sender's access key and no right signature, as WSGI names them."""
    if environ.get("HTTP_X_NCP_IAM_ACCESS_KEY") != sender.sid:
        return {}
    given = headers(sender, environ["REQUEST_METHOD"], environ["RAW_URI"])
    return {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in given.items()}


def get(client: FlaskClient, sender: Sender, target: str) -> TestResponse:
    return client.get(target, headers=headers(sender, "GET", target))


def post(client: FlaskClient, sender: Sender, target: str, document: Any) -> TestResponse:
    return client.post(target, json=document, headers=headers(sender, "POST", target))


def sms(*recipients: str, **fields: Any) -> dict[str, Any]:
    """The document of a request for these recipients."""
    messages = [{"to": to} for to in recipients or ("01012345678",)]
    return {"type": "SMS", "from": "0215441234", "content": CONTENT, "messages": messages, **fields}


def talk(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The document of a request for FriendTalk messages; without any, for one."""
    each = [{"to": "01012345678", "content": CONTENT, **message} for message in messages or ({},)]
    return {"plusFriendId": "@shop", "messages": each, **fields}
