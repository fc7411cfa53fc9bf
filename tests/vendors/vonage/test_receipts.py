"""Vonage's delivery receipts: all states and codes, in any spelling."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.errors import InvalidFieldsError
from shortener.receipts.incoming import Given, IncomingReceipt
from shortener.rules.delivery.reason import CODES
from shortener.vendors.vonage.receipts import STATES, read
from tests.support.json_values import json_values

# The vendor's example; `messageId` is the vendor's own.
EXAMPLE = {
    "api-key": "abcd1234",
    "err-code": "0",
    "message-timestamp": "2026-11-28 12:10:29",
    "messageId": "0A0000001234567B",
    "msisdn": "447700900001",
    "network-code": "12345",
    "price": "0.03330000",
    "scts": "2611281310",
    "status": "delivered",
    "to": "AcmeInc",
    "client-ref": "campaign-7",
}


def receipt(**changes: Any) -> IncomingReceipt:
    [found] = read(Given({**EXAMPLE, **{name.replace("_", "-"): value for name, value in changes.items()}}))
    return found


def test_the_vendors_example_is_read() -> None:
    found = receipt()
    assert (found.gateway, found.state, found.code, found.reason) == ("vonage", "delivered", "0", "none")
    assert (found.gateway_ref, found.references, found.msgid) == ("0A0000001234567B", ("campaign-7",), None)
    assert found.at == dt.datetime(2026, 11, 28, 12, 10, 29, tzinfo=dt.UTC)
    assert found.raw is not None and '"scts":"2611281310"' in found.raw


@pytest.mark.parametrize("status", STATES)
def test_every_status_is_a_state(status: str) -> None:
    assert receipt(status=status).state == status
    assert receipt(status=status.upper()).state == status


def test_there_are_seven_statuses() -> None:
    assert len(STATES) == 7


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_its_reason(code: str) -> None:
    found = receipt(status="failed", err_code=code)
    assert (found.code, found.reason) == (code, "unknown" if code == "0" else CODES[code])


def test_an_unlisted_code_is_kept() -> None:
    found = receipt(status="failed", err_code="4711")
    assert (found.code, found.reason) == ("4711", None)


def test_numbers_and_missing_fields_are_taken() -> None:
    [found] = read(Given({"message-id": 7, "STATUS": "accepted", "err_code": 0, "message-timestamp": None}))
    assert (found.gateway_ref, found.state, found.code, found.at) == ("7", "accepted", "0", None)


def test_a_client_reference_is_enough() -> None:
    assert receipt(messageId=None).references == ("campaign-7",)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"status": "lost"}, "status"),
        ({"status": None}, "status"),
        ({"messageId": None, "client_ref": None}, "messageId"),
    ],
)
def test_a_wrong_value_is_refused(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(InvalidFieldsError) as raised:
        receipt(**changes)
    assert list(raised.value.fields) == [fault]


@pytest.mark.parametrize("changes", [{"message_timestamp": "yesterday"}, {"err_code": {}}])
def test_a_time_or_code_may_be_unreadable(changes: dict[str, Any]) -> None:
    assert receipt(**changes).state == "delivered"


@given(st.dictionaries(st.sampled_from([*EXAMPLE, "x"]), json_values() | st.sampled_from(["delivered", "failed"])))
def test_any_fields_are_read_or_refused(fields: dict[str, Any]) -> None:
    try:
        found = read(Given(fields))
    except InvalidFieldsError:
        return
    assert len(found) == 1
