"""Build and sign the event that a callback carries, by the Standard Webhooks rules.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

from shortener.rules.wire.moments import rfc3339

SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix of secrets, not one
CLICKED = "link.clicked"
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def build(event_type: str, timestamp: dt.datetime, data: Mapping[str, Any]) -> bytes:
    """Serialise an event, once: these bytes are what every attempt sends and signs."""
    document = {"type": event_type, "timestamp": rfc3339(timestamp), "data": data}
    return _ENCODER.encode(document).encode()


def headers(event_id: str, sent_on: dt.datetime, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """The headers of one attempt; signed with each key, the newest first, so that a key can be changed."""
    seconds = str(int(sent_on.timestamp()))
    signatures = " ".join(f"v1,{_signature(key, event_id, seconds, body)}" for key in keys)
    return {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": seconds,
        "webhook-signature": signatures,
    }


def show_secret(key: bytes) -> str:
    """The key as the sender keeps it: `whsec_` and base64."""
    return SECRET_PREFIX + base64.b64encode(key).decode("ascii")


def _signature(key: bytes, event_id: str, seconds: str, body: bytes) -> str:
    signed = f"{event_id}.{seconds}.".encode() + body
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")
