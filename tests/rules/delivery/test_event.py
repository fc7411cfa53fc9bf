"""Callback events: their bytes, and signatures that an independent implementation accepts."""

import base64
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from shortener.rules.delivery import event
from shortener.rules.visitors.marks import Visitor
from shortener.rules.wire.moments import rfc3339

KEY, OLD_KEY = bytes(range(32)), bytes(range(32, 64))
MOMENT = dt.datetime(2025, 11, 16, 9, 30, 0, 123456, tzinfo=dt.UTC)
DATA: dict[str, Any] = {
    "msgid": "a" * 32,
    "recipient": "+81 90-1234-5678",
    "link": "https://例え.jp/道?q=ü",
    "tags": ["広告", "\N{PARTY POPPER}"],
    "metadata": {"名前": "José", "n": 1.5, "none": None},
}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def verify(body: bytes, headers: dict[str, str], key: bytes) -> Any:
    return Webhook(event.show_secret(key)).verify(body, headers)


texts = st.none() | st.text()


@given(st.text(), texts, texts, st.none() | st.lists(st.text()), st.none() | st.dictionaries(st.text(), json_values))
def test_a_clicks_event_is_what_build_makes(
    link: str, tag: str | None, recipient: str | None, tags: list[str] | None, metadata: dict[str, Any] | None
) -> None:
    data: event.EventData = {
        "msgid": "a" * 32,
        "client_tag": tag,
        "recipient": recipient,
        "link": link,
        "shortlink": "https://s.example.com/abcdefghij",
        "accessed": True,
        "accessed_on": rfc3339(MOMENT),
        "visitor": Visitor.PERSON,
        "tags": tags or [],
        "metadata": metadata or {},
    }
    made = event.clicked(
        MOMENT,
        Visitor.PERSON,
        msgid="a" * 32,
        client_tag=tag,
        recipient=recipient,
        link=link,
        shortlink="https://s.example.com/abcdefghij",
        tags=tags,
        metadata=metadata,
    )
    assert made == event.build(event.CLICKED, MOMENT, data)


def test_the_standards_example_has_its_published_signature() -> None:
    """The known answer that the specification's libraries test with."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    sent_on = dt.datetime.fromtimestamp(1614265330, dt.UTC)
    assert event.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", sent_on, b'{"test": 2432232314}', [key]) == {
        "content-type": "application/json",
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_an_independent_library_accepts_an_event_in_any_script() -> None:
    body = event.build(event.CLICKED, MOMENT, DATA)
    document = verify(body, event.headers("evt_1", now(), body, [KEY]), KEY)
    assert document == {"type": "link.clicked", "timestamp": "2025-11-16T09:30:00.123456Z", "data": DATA}


@given(st.dictionaries(st.text(), json_values, max_size=4), st.binary(min_size=24, max_size=64))
def test_an_independent_library_accepts_every_event_under_every_key(data: dict[str, Any], key: bytes) -> None:
    body = event.build(event.CLICKED, MOMENT, data)
    assert verify(body, event.headers("evt_1", now(), body, [key]), key)["data"] == data


@pytest.mark.parametrize("key", [KEY, OLD_KEY])
def test_either_key_accepts_events_during_rotation(key: bytes) -> None:
    body = event.build(event.CLICKED, MOMENT, DATA)
    headers = event.headers("evt_1", now(), body, [KEY, OLD_KEY])
    assert verify(body, headers, key)["data"] == DATA
    with pytest.raises(WebhookVerificationError):
        verify(body, headers, b"a key that signed nothing of this")


def test_the_newest_key_signs_first() -> None:
    both = event.headers("evt_1", MOMENT, b"{}", [KEY, OLD_KEY])["webhook-signature"]
    assert both.split(" ") == [
        event.headers("evt_1", MOMENT, b"{}", [key])["webhook-signature"] for key in (KEY, OLD_KEY)
    ]


@pytest.mark.parametrize(
    "change", [lambda: {"webhook-id": "evt_2"}, lambda: {"webhook-timestamp": str(int(now().timestamp()) - 30)}]
)
def test_the_signature_holds_the_id_and_the_time(change: Callable[[], dict[str, str]]) -> None:
    body = event.build(event.CLICKED, MOMENT, DATA)
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        verify(body, event.headers("evt_1", now(), body, [KEY]) | change(), KEY)


def test_the_signature_holds_the_body() -> None:
    body = event.build(event.CLICKED, MOMENT, DATA)
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        verify(body.replace(b"1.5", b"1.6"), event.headers("evt_1", now(), body, [KEY]), KEY)


def test_a_later_attempt_differs_in_time_and_signature_only() -> None:
    first = event.headers("evt_1", MOMENT, b"{}", [KEY])
    second = event.headers("evt_1", MOMENT + dt.timedelta(seconds=5), b"{}", [KEY])
    assert {name for name in first if first[name] != second[name]} == {"webhook-timestamp", "webhook-signature"}


def test_an_attempts_time_is_truncated_to_seconds() -> None:
    assert event.headers("evt_1", MOMENT, b"", [KEY])["webhook-timestamp"] == str(int(MOMENT.timestamp()))


def test_an_event_is_compact_utf8_in_the_order_given() -> None:
    body = event.build("link.clicked", MOMENT, {"b": "é", "a": 1})
    assert body.decode() == '{"type":"link.clicked","timestamp":"2025-11-16T09:30:00.123456Z","data":{"b":"é","a":1}}'


def test_an_event_with_infinity_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        event.build(event.CLICKED, MOMENT, {"metadata": float("inf")})


def test_a_shown_secret_decodes_to_its_key() -> None:
    shown = event.show_secret(KEY)
    assert shown.startswith("whsec_")
    assert base64.b64decode(shown.removeprefix("whsec_"), validate=True) == KEY
