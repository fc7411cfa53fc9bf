"""Xoxzo's callbacks: a form for each new state."""

import datetime as dt
from urllib.parse import parse_qsl

import pytest

from shortener.callbacks.forms import Told
from shortener.rules.delivery.face_message import FaceMessage
from shortener.rules.delivery.message_state import MessageState
from shortener.vendors.xoxzo.callbacks import FORM

AT = dt.datetime(2026, 11, 16, 23, 59, 58, 999_999, tzinfo=dt.UTC)


def told(state: MessageState, recipient: str | None = "+818012345678") -> Told:
    message = FaceMessage(id=1, msgid="A1", sid="S1", fields={}, recipient=recipient, text="x", received_on=AT)
    return Told(event_id="evt_1", url="https://crm.example.com/", at=AT, created_on=AT, message=message, state=state)


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (MessageState.SENT, "DELIVERING"),
        (MessageState.UNKNOWN, "DELIVERING"),
        (MessageState.DELIVERED, "DELIVERED"),
        (MessageState.EXPIRED, "FAIL"),
        (MessageState.CANCELED, "FAIL"),
    ],
)
def test_a_new_state_is_told_in_a_form(state: MessageState, word: str) -> None:
    made = FORM.request(told(state), ["whsec_x"])
    assert (made.method, made.url) == ("POST", None)
    assert made.headers == {"Content-Type": "application/x-www-form-urlencoded"}
    assert parse_qsl(made.body.decode()) == [
        ("msgid", "A1"),
        ("status", word),
        ("recipient", "+818012345678"),
        ("sent_time", "2026-11-16 23:59:58"),
    ]


def test_an_unknown_recipient_is_told_as_empty() -> None:
    assert b"&recipient=&" in FORM.request(told(MessageState.SENT, None), []).body


def test_only_200_counts_as_delivered() -> None:
    assert [status for status in (199, 200, 201, 204, 302, 404, 500) if FORM.accepts(status)] == [200]
