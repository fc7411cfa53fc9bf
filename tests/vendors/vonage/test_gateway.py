"""Vonage's SMS API as a gateway: what it is sent, and what its answers mean."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.rules.delivery import server_address
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.server_address import HTTP_PORTS
from shortener.sending.gateway import HandOver, NotNow, Outgoing, Refused, Taken, Unsure
from shortener.vendors.vonage.gateway import GATEWAY
from shortener.vendors.vonage.statuses import Status
from tests.support.json_values import json_values

OUTGOING = Outgoing(
    msgid="Zq3" * 10 + "ab",
    sender="Acme",
    recipient="+447700900001",
    text="Your parcel & more: https://s.example.com/Ab3dEf9hIj",
    receipt_url="https://s.example.com/receipts/vonage/Zq3/NOGLjZJ0qpoF-Eau",
    seconds_left=259_200,
)
ADDRESS = server_address.parse("https://key:sec%3Aret@rest.example.com", HTTP_PORTS)
REFUSED = {
    **{"2": Reason.BAD_MESSAGE, "3": Reason.BAD_MESSAGE, "6": Reason.NO_ROUTE, "7": Reason.PROVIDER_BLOCK},
    **{"12": Reason.BAD_MESSAGE, "15": Reason.REGULATION_HEADER, "22": Reason.BAD_MESSAGE},
    **{"29": Reason.PROVIDER_BLOCK, "33": Reason.ABSENT_PERMANENT},
}
WAITS = {"1", "4", "5", "8", "9", "10", "11", "14", "23", "32"}


def fields(**changed: Any) -> dict[str, str]:
    return dict(parse_qsl(GATEWAY.call(ADDRESS, replace(OUTGOING, **changed)).body.decode()))


def read(*entries: Any, status: int = 200) -> HandOver | None:
    document = {"message-count": str(len(entries)), "messages": entries}
    return GATEWAY.read(status, json.dumps(document).encode())


def test_a_message_is_a_form_with_credentials() -> None:
    made = GATEWAY.call(ADDRESS, OUTGOING)
    assert (made.method, made.url) == ("POST", "https://rest.example.com:443/sms/json")
    assert made.headers == {
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": "Basic a2V5OnNlYzpyZXQ=",
    }
    assert fields() == {
        "from": "Acme",
        "to": "447700900001",
        "text": OUTGOING.text,
        "client-ref": OUTGOING.msgid,
        "ttl": "259200000",
        "callback": OUTGOING.receipt_url,
    }


def test_a_path_of_the_operator_is_kept() -> None:
    other = server_address.parse("http://key:secret@127.0.0.1:8000/proxy/sms", HTTP_PORTS)
    assert GATEWAY.call(other, OUTGOING).url == "http://127.0.0.1:8000/proxy/sms"


def test_other_letters_go_out_as_unicode() -> None:
    assert fields(text="荷物 & 100 %")["type"] == "unicode"
    assert fields(text="荷物 & 100 %")["text"] == "荷物 & 100 %"


@pytest.mark.parametrize(("seconds", "ttl"), [(1.0, "20000"), (-5.0, "20000"), (60.5, "60500"), (1e7, "604800000")])
def test_the_period_keeps_to_the_vendors_limits(seconds: float, ttl: str) -> None:
    assert fields(seconds_left=seconds)["ttl"] == ttl


def test_an_overlong_url_is_left_out() -> None:
    assert "callback" not in fields(receipt_url="https://s.example.com/" + "x" * 79)
    assert "callback" in fields(receipt_url="https://s.example.com/" + "x" * 78)
    assert "callback" not in fields(receipt_url="")


def test_numbers_have_no_plus() -> None:
    found = fields(sender="+818012345678", recipient="818011112222")
    assert (found["from"], found["to"]) == ("818012345678", "818011112222")


@pytest.mark.parametrize(
    "changed", [{"text": None}, {"text": ""}, {"recipient": "a@example.com"}, {"recipient": "123456"}]
)
def test_what_cannot_be_sent_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"text|digits"):
        GATEWAY.call(ADDRESS, replace(OUTGOING, **changed))


def test_what_was_taken_has_a_reference() -> None:
    assert read({"status": "0", "message-id": "0A1"}) == Taken(reference="0A1")
    parts = [{"status": "0", "message-id": "0A1"}, {"status": "0", "message-id": "0A2"}]
    assert read(*parts) == Taken(reference="0A1")
    assert read({"status": 0, "message-id": "0A1"}) == Taken(reference="0A1")
    for odd in (None, 7, "", "a\0", "\ud800", "x" * 201):
        assert read({"status": "0", "message-id": odd}) == Taken(reference="")
    assert read({"status": "5", "error-text": "x"}, {"status": "0", "message-id": "0A2"}) == Taken(reference="0A2")


def test_every_number_is_read() -> None:
    assert {status.value for status in Status} == {"0", *REFUSED, *WAITS}


@pytest.mark.parametrize("number", REFUSED)
def test_some_numbers_are_refusals(number: str) -> None:
    assert read({"status": number, "error-text": "why"}) == Refused(
        sentence=f"Vonage answered {number}: why", code=number, reason=REFUSED[number]
    )


@pytest.mark.parametrize("number", sorted(WAITS))
def test_other_numbers_let_it_wait(number: str) -> None:
    for status in (200, 503):
        assert read({"status": number, "error-text": "why"}, status=status) == NotNow(
            sentence=f"Vonage answered {number}: why"
        )


def test_an_unknown_number_leaves_us_unsure() -> None:
    for odd in ("77", 77, None, True, 0.5, [0]):
        assert isinstance(read({"status": odd}), Unsure)
    assert isinstance(read({}), Unsure)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"messages": 1}', b'{"messages": []}', b"\xff"])
def test_another_body_is_not_the_vendors(body: bytes) -> None:
    assert GATEWAY.read(200, body) is None


@given(json_values(), st.integers(100, 599))
def test_any_answer_is_read(value: Any, status: int) -> None:
    for document in (value, {"messages": value}, {"messages": [value]}, {"messages": [{"status": value}]}):
        found = GATEWAY.read(status, json.dumps(document).encode())
        assert found is None or isinstance(found, Taken | Refused | NotNow | Unsure)
