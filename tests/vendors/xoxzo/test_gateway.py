"""Xoxzo's API out: what is sent, and what its answers mean."""

import datetime as dt
import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from shortener.receipts.incoming import IncomingReceipt
from shortener.rules.delivery import server_address
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.server_address import HTTP_PORTS
from shortener.sending.gateway import NotNow, Outgoing, Refused, Taken
from shortener.sending.vendor_api import Asked
from shortener.vendors.xoxzo import gateway

ADDRESS = server_address.parse("https://SID:TOKEN@api.example/", HTTP_PORTS)
OUTGOING = Outgoing(
    msgid="Zq3" * 10 + "ab",
    sender="814512345678",
    recipient="+818012345678",
    text="荷物 & +1 https://s.example.com/Ab3dEf9hIj",
    receipt_url="https://s.example.com/receipts/xoxzo/Zq3/NOGLjZJ0qpoF-Eau",
)
ASKED = Asked(msgid=OUTGOING.msgid, reference="a/b", recipient=None, sent_on=dt.datetime(2026, 11, 29, tzinfo=dt.UTC))


def read(status: int, document: Any) -> Any:
    return gateway.read(status, json.dumps(document).encode())


def answered(status: int, word: str) -> Any:
    return gateway.answered(status, json.dumps({"status": word}).encode(), ASKED)


def test_a_message_goes_out_as_a_form() -> None:
    call = gateway.call(ADDRESS, OUTGOING)
    assert (call.method, call.url) == ("POST", "https://api.example:443/sms/messages/")
    assert call.headers == {
        "Authorization": "Basic U0lEOlRPS0VO",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    assert parse_qs(call.body.decode()) == {
        "message": [OUTGOING.text],
        "recipient": ["+818012345678"],
        "sender": ["814512345678"],
        "callbackurl": [OUTGOING.receipt_url],
    }


@pytest.mark.parametrize("recipient", ["08012345678", "+8108012345678", "12345", "anna@example.com"])
def test_only_international_numbers_go_out(recipient: str) -> None:
    with pytest.raises(ValueError, match=r"must be a number in E\.164"):
        gateway.call(ADDRESS, replace(OUTGOING, recipient=recipient))


@pytest.mark.parametrize("status", [200, 201])
def test_a_taken_message_has_a_reference(status: int) -> None:
    assert read(status, [{"msgid": "A1", "message": "x"}]) == Taken(reference="A1")
    assert read(status, [{"msgid": 17}]) == Taken(reference="17")
    for odd in (None, "", " ", True, []):
        assert read(status, [{"msgid": odd}]) is None


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        ({"recipient": ["Invalid"]}, Reason.UNREACHABLE),
        ({"recipient": ["Invalid"], "sender": ["Invalid"]}, Reason.BAD_MESSAGE),
        ({"detail": "Malformed"}, Reason.BAD_MESSAGE),
    ],
)
def test_a_refusal_names_the_fields(faults: Any, reason: Reason) -> None:
    names = ", ".join(faults)
    assert read(400, faults) == Refused(sentence=f"Xoxzo refused the message: {names}", code=names, reason=reason)


def test_a_wrong_receipt_url_is_our_fault() -> None:
    found = read(400, {"callbackurl": ["This field must be an address."]})
    assert found == NotNow(sentence="Xoxzo refused the message: callbackurl")


@pytest.mark.parametrize("status", [401, 404, 500])
def test_other_answers_are_judged_by_status(status: int) -> None:
    assert read(status, {"detail": "x"}) is None


def test_the_status_is_asked_by_reference() -> None:
    call = gateway.ask(ADDRESS, ASKED)
    assert (call.method, call.url, call.body) == ("GET", "https://api.example:443/sms/messages/a%2Fb/", b"")
    assert call.headers == {"Authorization": "Basic U0lEOlRPS0VO"}


@pytest.mark.parametrize(
    ("word", "state", "reason"),
    [
        ("DELIVERED", MessageState.DELIVERED, Reason.NONE),
        ("FAIL", MessageState.FAILED, Reason.UNKNOWN),
    ],
)
def test_a_final_status_is_a_receipt(word: str, state: MessageState, reason: Reason) -> None:
    assert answered(200, word) == [IncomingReceipt(gateway="xoxzo", state=state, gateway_ref="a/b", reason=reason)]


@pytest.mark.parametrize(("status", "word"), [(404, "DELIVERED"), (200, "LOST"), (200, "QUEUED"), (200, "DELIVERING")])
def test_without_a_final_status_there_is_no_receipt(status: int, word: str) -> None:
    assert answered(status, word) == []
