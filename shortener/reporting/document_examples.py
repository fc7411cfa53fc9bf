"""Examples of the documents about messages, for the API description."""

from typing import Final

from pydantic.config import JsonDict

from shortener.rules.visitors.visitor import MEANINGS

_MSGID: Final = "7Hq2xN5vB7mK1sR4tW9yZ3aC6dE8fG0h"
_SHORTLINK: Final = "https://s.example.com/AbCdEfGhIj"
_LINK: Final[JsonDict] = {
    "link": "https://example.com/track?id=1&lang=en",
    "shortlink": _SHORTLINK,
    "expires_on": "2027-02-20T09:00:00.123456Z",
    "accessed": False,
    "accessed_on": None,
}
PREPROCESSED: Final[JsonDict] = {
    "msgid": _MSGID,
    "message": f"Your parcel is on its way: {_SHORTLINK} Thank you!",
    "html": None,
    "links": [_LINK],
    "link_tracking": _LINK,
    "skipped": [],
    "sms": {"encoding": "GSM-7", "parts_before": 1, "parts_after": 1},
    "receipt": None,
    "url": f"https://s.example.com/v1/messages/{_MSGID}",
}

_CLICKED_ON: Final = "2026-11-22T09:05:12.345678Z"
_CALLBACK: Final[JsonDict] = {
    "id": "evt_3bD7fH1kM5pR9tV2xZ6aC0eG",
    "about": "click",
    "url": "https://hooks.example.com/clicked",
    "state": "delivered",
    "exhausted_because": None,
    "created_on": _CLICKED_ON,
    "next_attempt_on": None,
    "settled_on": "2026-11-22T09:05:12.480000Z",
    "attempts": [
        {
            "number": 1,
            "started_on": "2026-11-22T09:05:12.360000Z",
            "ended_on": "2026-11-22T09:05:12.480000Z",
            "outcome": "delivered",
            "detail": "answered 200",
            "status": 200,
            "answer": "ok",
            "lookup_ms": 2.1,
            "connect_ms": 14.8,
            "first_byte_ms": 118.2,
            "total_ms": 118.4,
        }
    ],
}
_CLICK: Final[JsonDict] = {
    "clicked_on": _CLICKED_ON,
    "visitor": "person",
    "reason": "navigate",
    "system": "ios",
    "app": "safari",
    "device": "phone",
}
_REPORTED_LINK: Final[JsonDict] = {**_LINK, "accessed": True, "accessed_on": _CLICKED_ON, "off_on": None}
REPORT: Final[JsonDict] = {
    **PREPROCESSED,
    "received_on": "2026-11-22T09:00:00.123456Z",
    "accessed": True,
    "accessed_on": _CLICKED_ON,
    "links": [_REPORTED_LINK],
    "link_tracking": _REPORTED_LINK,
    "original_message": f"Your parcel is on its way: {_LINK['link']} Thank you!",
    "original_html": None,
    "track_link": True,
    "track": "first",
    "lt_callbackurl": "https://hooks.example.com/clicked",
    "receipts_url": None,
    "callbackurl": None,
    "client_tag": "order-41923",
    "sender": None,
    "recipient": "+818012345678",
    "tags": ["parcel"],
    "metadata": {},
    "detection": "strict",
    "bare_domains": "careful",
    "count_as_click": "person_or_unknown",
    "subject": None,
    "gateway": None,
    "send_on": None,
    "attachments": [],
    "clicks": {
        "counts": {"person": 1, "unknown": 0, "preview": 0, "bot": 0, "scanner": 0},
        "total": 1,
        "meanings": {visitor.value: meaning for visitor, meaning in MEANINGS.items()},
        "first_of_any_kind": _CLICK,
        "newest": [_CLICK],
        "next": None,
    },
    "callback": _CALLBACK,
    "callbacks": [_CALLBACK],
    "sending": None,
    "receipts": [],
}
