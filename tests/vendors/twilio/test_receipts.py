"""Twilio's status callbacks: every status and error code."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.errors import InvalidFieldsError
from shortener.receipts.incoming import Given, IncomingReceipt
from shortener.vendors.twilio.receipts import REASONS, read
from tests.support.json_values import json_values

SID = "SM" + "a1" * 16
EXAMPLE = {
    "MessageSid": SID,
    "SmsSid": SID,
    "MessageStatus": "delivered",
    "SmsStatus": "delivered",
    "AccountSid": "AC" + "b2" * 16,
    "To": "+15558675310",
    "From": "+15017122661",
    "ApiVersion": "2010-04-01",
}


def receipt(**changes: Any) -> IncomingReceipt:
    [found] = read(Given({**EXAMPLE, **changes}))
    return found


def test_the_vendors_example_is_read() -> None:
    found = receipt()
    assert (found.gateway, found.state, found.code, found.reason) == ("twilio", "delivered", "", "none")
    assert (found.gateway_ref, found.references) == (SID, ("a1" * 16,))
    assert found.at is None


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("accepted", "sent"),
        ("scheduled", "sent"),
        ("queued", "sent"),
        ("sending", "sent"),
        ("sent", "accepted"),
        ("delivered", "delivered"),
        ("read", "delivered"),
        ("undelivered", "failed"),
        ("failed", "rejected"),
        ("canceled", "canceled"),
    ],
)
def test_every_status_is_a_state(status: str, state: str) -> None:
    assert receipt(MessageStatus=status).state == state


@pytest.mark.parametrize("code", sorted(REASONS.keys() - {"0"}))
def test_every_error_code_has_its_reason(code: str) -> None:
    found = receipt(MessageStatus="undelivered", ErrorCode=code)
    assert (found.code, found.reason) == (code, REASONS[code])
    assert found.state == ("rejected" if code == "30007" else "failed")


def test_an_unlisted_error_code_is_kept() -> None:
    found = receipt(MessageStatus="undelivered", ErrorCode="30999")
    assert (found.code, found.reason) == ("30999", None)


def test_a_failure_without_code_is_unexplained() -> None:
    found = receipt(MessageStatus="undelivered")
    assert (found.code, found.reason) == ("", "unknown")


def test_the_older_names_are_taken() -> None:
    [found] = read(Given({"SmsSid": SID, "SmsStatus": "sent"}))
    assert (found.gateway_ref, found.state) == (SID, "accepted")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [({"MessageStatus": "lost"}, "MessageStatus"), ({"MessageSid": "", "SmsSid": ""}, "MessageSid")],
)
def test_a_wrong_value_is_refused(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(InvalidFieldsError) as raised:
        receipt(**changes)
    assert list(raised.value.fields) == [fault]


@given(st.dictionaries(st.sampled_from([*EXAMPLE, "ErrorCode"]), json_values() | st.sampled_from(["sent", "failed"])))
def test_any_fields_are_read_or_refused(fields: dict[str, Any]) -> None:
    try:
        found = read(Given(fields))
    except InvalidFieldsError:
        return
    assert len(found) == 1
