"""Karaden's API out: what is sent, and what its answers mean."""

import datetime as dt
import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from shortener.rules.delivery import server_address
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.server_address import HTTP_PORTS
from shortener.sending.gateway import NotNow, Outgoing, Refused, Taken
from shortener.sending.vendor_api import Asked
from shortener.vendors.karaden import gateway

ADDRESS = server_address.parse("https://TENANT:KEY@karaden.example/api/", HTTP_PORTS)
OUTGOING = Outgoing(
    msgid="Zq3" * 10 + "ab", sender="7", recipient="+819012345678", text="荷物 & +1 https://s.example.com/Ab3dEf9hIj"
)
ASKED = Asked(msgid=OUTGOING.msgid, reference="a/b", recipient=None, sent_on=dt.datetime(2026, 11, 29, tzinfo=dt.UTC))
HEADERS = {"Authorization": "Bearer KEY", "Karaden-Version": "2024-03-01"}
DONE = {"object": "message", "id": "M1", "result": "done", "status": "done", "sent_result": "received", "tags": []}


def read(status: int, document: Any) -> Any:
    return gateway.read(status, json.dumps(document).encode())


def answered(status: int, /, **changed: Any) -> list[tuple[MessageState, Reason | None]]:
    found = gateway.answered(status, json.dumps(DONE | changed).encode(), ASKED)
    return [(receipt.state, receipt.reason) for receipt in found]


def error(**faults: list[str]) -> dict[str, Any]:
    return {"object": "error", "code": "invalid", "message": "no", "errors": {"object": "default", **faults}}


@pytest.mark.parametrize("recipient", ["+819012345678", "09012345678"])
def test_a_message_goes_out_as_a_form(recipient: str) -> None:
    call = gateway.call(ADDRESS, replace(OUTGOING, recipient=recipient))
    assert (call.method, call.url) == ("POST", "https://karaden.example:443/api/TENANT/messages")
    assert call.headers == {**HEADERS, "Content-Type": "application/x-www-form-urlencoded"}
    assert parse_qs(call.body.decode()) == {
        "service_id": ["7"],
        "to": ["09012345678"],
        "body": [OUTGOING.text],
        "tags[]": [OUTGOING.msgid],
        "is_shorten": ["false"],
    }


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"recipient": "+14155550100"}, "no number of 11 digits in Japan"),
        ({"recipient": "+81312345678"}, "no number of 11 digits in Japan"),
        ({"sender": "SHOP"}, "not the id of a service"),
        ({"sender": "0"}, "not the id of a service"),
        ({"text": None}, "1 to 660 characters"),
        ({"text": "x" * 661}, "1 to 660 characters"),
    ],
)
def test_what_the_vendor_cannot_have_is_said(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        gateway.call(ADDRESS, replace(OUTGOING, **changed))


@pytest.mark.parametrize(
    ("faults", "reason"), [({"to": ["x"]}, Reason.UNREACHABLE), ({"to": ["x"], "body": ["x"]}, Reason.BAD_MESSAGE)]
)
def test_a_refusal_names_the_fields(faults: dict[str, list[str]], reason: Reason) -> None:
    names = ", ".join(sorted(faults))
    refused = Refused(sentence=f"Karaden refused the message: {names}", code="invalid", reason=reason)
    assert read(422, error(**faults)) == refused


def test_quiet_hours_of_the_vendor_are_waited_for() -> None:
    assert isinstance(read(422, error(scheduled_at=["quiet"])), NotNow)
    assert isinstance(read(422, error(scheduled_at=["quiet"], body=["x"])), Refused)


def test_a_taken_message_has_a_reference() -> None:
    assert read(200, DONE) == Taken(reference="M1")
    assert read(200, {**DONE, "id": 17}) == Taken(reference="17")
    assert read(200, {**DONE, "id": None}) is None


@pytest.mark.parametrize(
    ("status", "document"),
    [(401, error()), (400, error()), (429, error()), (500, {}), (200, {}), (200, []), (422, "no"), (200, error())],
)
def test_other_answers_are_judged_by_status(status: int, document: Any) -> None:
    assert read(status, document) is None


def test_a_message_is_asked_about_by_reference() -> None:
    call = gateway.ask(ADDRESS, ASKED)
    assert (call.method, call.url) == ("GET", "https://karaden.example:443/api/TENANT/messages/a%2Fb")
    assert call.headers == HEADERS


def test_without_a_reference_its_tag_is_asked_for() -> None:
    unknown = replace(ASKED, reference="")
    assert gateway.ask(ADDRESS, unknown).url == f"https://karaden.example:443/api/TENANT/messages?tag={ASKED.msgid}"
    others = [None, {**DONE, "tags": ["other"]}, {**DONE, "tags": 5}]
    page = {"object": "list", "has_more": False, "data": [*others, {**DONE, "tags": ["a", ASKED.msgid]}]}
    [found] = gateway.answered(200, json.dumps(page).encode(), unknown)
    assert (found.state, found.gateway_ref) == (MessageState.DELIVERED, "M1")
    for said in ({**page, "data": others}, {"data": 5}, DONE, []):
        assert gateway.answered(200, json.dumps(said).encode(), unknown) == ()


@pytest.mark.parametrize("status", ["waiting", "done"])
def test_what_the_vendor_knows_is_out_of_doubt(status: str) -> None:
    known = {**DONE, "result": "processing", "status": status, "sent_result": "none", "tags": [ASKED.msgid]}
    unknown = replace(ASKED, reference="", in_doubt=True)
    [found] = gateway.answered(200, json.dumps({"data": [known]}).encode(), unknown)
    assert found.state in (MessageState.SENT, MessageState.ACCEPTED)
    assert gateway.answered(200, b'{"data": []}', unknown) == ()


@pytest.mark.parametrize(
    ("changed", "state", "reason"),
    [
        ({}, MessageState.DELIVERED, Reason.NONE),
        ({"sent_result": "unconnected"}, MessageState.EXPIRED, Reason.ABSENT_TEMPORARY),
        ({"sent_result": "error"}, MessageState.FAILED, Reason.UNKNOWN),
        ({"sent_result": "unknown"}, MessageState.UNKNOWN, Reason.UNKNOWN),
        ({"status": "error", "sent_result": "error"}, MessageState.REJECTED, Reason.UNKNOWN),
        ({"status": "canceled", "sent_result": "none"}, MessageState.CANCELED, Reason.NONE),
    ],
)
def test_a_message_that_is_done_is_a_receipt(changed: dict[str, str], state: MessageState, reason: Reason) -> None:
    assert answered(200, **changed) == [(state, reason)]


@pytest.mark.parametrize(
    ("status", "changed"), [(404, {}), (200, {"result": "processing"}), (200, {"status": "lost"}), (200, {"id": None})]
)
def test_before_that_there_is_no_receipt(status: int, changed: dict[str, Any]) -> None:
    assert answered(status, **changed) == []
