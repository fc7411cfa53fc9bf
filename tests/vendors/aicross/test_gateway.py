"""The vendor's API out: what is sent, what its answers mean, and what it says when it is asked."""

import datetime as dt
import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.rules.delivery import server_address
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.server_address import HTTP_PORTS
from shortener.sending.gateway import NotNow, Outgoing, Refused, Taken
from shortener.sending.vendor_api import Asked
from shortener.vendors.aicross import gateway
from tests.support.json_values import json_values

ADDRESS = server_address.parse("https://12345:TOKEN@sms.example/", HTTP_PORTS)
OUTGOING = Outgoing(
    msgid="Zq3" * 10 + "ab",
    sender="50123",
    recipient="+819012345678",
    text="荷物 & +1 https://s.example.com/Ab3dEf9hIj",
    receipt_url="https://s.example.com/receipts/aicross/Zq3/NOGLjZJ0qpoF-Eau",
)
ASKED = Asked(msgid=OUTGOING.msgid, reference="", recipient=None, sent_on=dt.datetime(2026, 11, 29, tzinfo=dt.UTC))
ENTRY = {"clientTag": ASKED.msgid, "statusId": "2", "detailedStatusId": "00000", "dateTime": "20261128 211003120"}


def read(code: Any, text: str = "", status: int = 200) -> Any:
    return gateway.read(status, json.dumps({"responseCode": code, "responseMessage": text}).encode())


def answered(asked: Asked = ASKED, **changes: Any) -> Any:
    document = {"responseCode": 0, "responseMessage": "Success.", "status": [{**ENTRY, **changes}]}
    return gateway.answered(200, json.dumps(document).encode(), asked)


def test_a_message_goes_out_as_a_form() -> None:
    call = gateway.call(ADDRESS, OUTGOING)
    assert (call.method, call.url) == ("POST", "https://sms.example:443/p5/api/mt.json")
    assert call.headers == {"Content-Type": "application/x-www-form-urlencoded"}
    assert parse_qs(call.body.decode()) == {
        "token": ["TOKEN"],
        "clientId": ["12345"],
        "smsCode": ["50123"],
        "message": [OUTGOING.text],
        "phoneNumber": ["+819012345678"],
        "clientTag": [OUTGOING.msgid],
    }


@pytest.mark.parametrize("recipient", ["09012345678", "819012345678", "+819012345678"])
def test_a_number_in_japan_goes_out(recipient: str) -> None:
    [number] = parse_qs(gateway.call(ADDRESS, replace(OUTGOING, recipient=recipient)).body.decode())["phoneNumber"]
    assert number in ("09012345678", "+819012345678")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sender": "Acme"}, "the sender is no SMS code"),
        ({"sender": "5012"}, "the sender is no SMS code"),
        ({"sender": "٥٠١٢٣"}, "the sender is no SMS code"),
        ({"text": None}, "the message has no text"),
        ({"text": "あ" * 661}, "the text is longer than 660 characters"),
        ({"recipient": "+14155550100"}, "the recipient is no mobile number in Japan"),
        ({"recipient": "+81312345678"}, "the recipient is no mobile number in Japan"),
    ],
)
def test_what_the_vendor_cannot_take_stays(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        gateway.call(ADDRESS, replace(OUTGOING, **changes))


def test_an_answer_of_0_means_taken() -> None:
    assert read(0, "Success") == Taken()
    assert read("0", "Success") == Taken()


def test_a_duplicate_was_taken_before() -> None:
    """Nobody else has our msgid."""
    assert isinstance(read(400, "Duplicate client tag."), Taken)


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (100, "Required message.", Refused(code="100", reason=Reason.BAD_MESSAGE)),
        (110, "Invalid phoneNumber.", Refused(code="110", reason=Reason.BAD_MESSAGE)),
        (120, "message too long.", Refused(code="120", reason=Reason.BAD_MESSAGE)),
        (300, "Exceed sending count.", NotNow()),
        (110, "Invalid scheduleTime.", NotNow()),
        (110, "Invalid token.", NotNow()),
        (110, "Invalid clientId.", NotNow()),
        (500, "System error.", NotNow()),
        (999, "?", NotNow()),
    ],
)
def test_another_code_means_not_taken(code: int, text: str, expected: Any) -> None:
    assert read(code, text) == expected


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 100_000, b'{"responseCode":null}', b'{"responseCode":true}'])
def test_what_is_no_answer_is_judged_by_status(body: bytes) -> None:
    assert gateway.read(200, body) is None
    assert read(0, status=503) is None


def test_a_question_names_the_message() -> None:
    call = gateway.GATEWAY.ask and gateway.GATEWAY.ask(ADDRESS, ASKED)
    assert call is not None
    parts = urlsplit(call.url)
    assert (call.method, parts.netloc, parts.path) == ("GET", "sms.example:443", "/p5/api/status.json")
    assert parse_qs(parts.query) == {"token": ["TOKEN"], "clientId": ["12345"], "clientTag": [ASKED.msgid]}


def test_a_delivered_message_has_its_receipt() -> None:
    [found] = answered()
    assert (found.gateway, found.state, found.msgid, found.reason) == ("aicross", "delivered", ASKED.msgid, "none")
    assert found.at == dt.datetime(2026, 11, 28, 12, 10, 3, 120_000, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("code", "reason"), [("11824", Reason.ABSENT_TEMPORARY), (31732, Reason.ABSENT_PERMANENT), ("99999", None)]
)
def test_a_failure_has_its_reason(code: Any, reason: Reason | None) -> None:
    [found] = answered(statusId="3", detailedStatusId=code, dateTime="?")
    assert (found.state, found.code, found.reason, found.at) == (MessageState.FAILED, str(code), reason, None)


@pytest.mark.parametrize("changes", [{"statusId": "0"}, {"statusId": "1"}, {"statusId": None}, {"clientTag": "x"}])
def test_what_is_not_final_is_no_receipt(changes: dict[str, Any]) -> None:
    assert answered(**changes) == []


@pytest.mark.parametrize(("number", "state"), [("0", MessageState.UNKNOWN), ("1", MessageState.SENT)])
def test_what_the_vendor_knows_is_out_of_doubt(number: str, state: MessageState) -> None:
    in_doubt = replace(ASKED, in_doubt=True)
    [found] = answered(in_doubt, statusId=number)
    assert found.state is state
    assert answered(in_doubt, statusId="4") == answered(in_doubt, clientTag="x") == []


@given(json_values())
def test_any_answer_is_read(value: Any) -> None:
    for document in (value, {"status": value}, {"status": [value]}, {"responseCode": value}):
        body = json.dumps(document).encode()
        assert gateway.answered(200, body, ASKED) == []
        gateway.read(200, body)


@given(st.fixed_dictionaries({name: json_values() for name in ("detailedStatusId", "dateTime")}))
def test_any_values_of_a_receipt_are_read(values: dict[str, Any]) -> None:
    assert len(answered(statusId="3", **values)) == 1
