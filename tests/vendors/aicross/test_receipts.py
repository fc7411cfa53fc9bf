"""AI CROSS's delivery receipts: several in one form field."""

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.errors import InvalidFieldsError
from shortener.receipts.incoming import Given, IncomingReceipt
from shortener.vendors.aicross.receipts import read
from tests.support.json_values import json_values

EXAMPLE: dict[str, Any] = {
    "type": "DLR",
    "dateTime": "2026/11/28 21:10:03",
    "messageId": "0123456789abcdef0123456789abcdef",
    "phoneNumber": "+819012345678",
    "smsCode": "50123",
    "carrierId": None,
    "carrierName": "",
    "messageText": "hello",
    "clientId": "12345",
    "clientTag": "order-1",
    "statusId": "2",
    "statusDescription": "Message delivered",
    "detailedStatusId": 0,
    "separatedSuccessCount": 1,
}


def push(*notifications: Any) -> list[IncomingReceipt]:
    return list(read(Given({"json": json.dumps({"eventNotifications": notifications})})))


def receipt(**changes: Any) -> IncomingReceipt:
    [found] = push({**EXAMPLE, **changes})
    return found


def test_the_vendors_example_is_read() -> None:
    found = receipt()
    assert (found.gateway, found.state, found.code, found.reason) == ("aicross", "delivered", "0", "none")
    assert (found.gateway_ref, found.references) == ("0123456789abcdef0123456789abcdef", ("order-1",))
    assert found.at == dt.datetime(2026, 11, 28, 12, 10, 3, tzinfo=dt.UTC)


def test_a_push_has_several_receipts() -> None:
    found = push(EXAMPLE, {**EXAMPLE, "clientTag": "order-2"}, {"type": "MO", "text": "STOP"})
    assert [one.references for one in found] == [("order-1",), ("order-2",)]
    assert push() == []


def test_plain_json_is_taken_too() -> None:
    assert read(Given({"eventNotifications": [EXAMPLE]})) == push(EXAMPLE)


@pytest.mark.parametrize(("number", "state"), [("0", "unknown"), (1, "sent"), ("2", "delivered"), (3, "failed")])
def test_every_status_is_a_state(number: Any, state: str) -> None:
    assert receipt(statusId=number).state == state


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (11721, "network"),
        ("31732", "absent_permanent"),
        (51821, "network"),
        (61823, "network"),
        ("00824", "absent_temporary"),
        (12833, "busy"),
        (14834, "barred_by_user"),
        ("00000", "unknown"),
        (99999, None),
    ],
)
def test_the_detailed_status_is_the_reason(code: Any, reason: str | None) -> None:
    found = receipt(statusId="3", detailedStatusId=code)
    assert (found.code, found.reason) == (str(code), reason)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"eventNotifications":{}}', '{"a":NaN}'])
def test_what_is_no_push_is_refused(text: str) -> None:
    with pytest.raises(InvalidFieldsError):
        read(Given({"json": text}))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"statusId": "9"}, "statusId"),
        ({"clientTag": "", "messageId": None}, "messageId"),
    ],
)
def test_a_wrong_value_is_refused(changes: dict[str, Any], fault: str) -> None:
    odd = {**EXAMPLE, **changes}
    with pytest.raises(InvalidFieldsError) as raised:
        push(odd)
    assert list(raised.value.fields) == [f"eventNotifications[0].{fault}"]
    assert push(odd, EXAMPLE) == push(EXAMPLE)


@pytest.mark.parametrize("changes", [{"dateTime": "x"}, {"detailedStatusId": {}}])
def test_a_time_or_code_may_be_unreadable(changes: dict[str, Any]) -> None:
    assert receipt(**changes).state == "delivered"


@given(
    st.lists(st.dictionaries(st.sampled_from(list(EXAMPLE)), json_values() | st.sampled_from(["2", "DLR"])), max_size=2)
)
def test_any_fields_are_read_or_refused(notifications: list[dict[str, Any]]) -> None:
    try:
        assert len(push(*notifications)) <= len(notifications)
    except InvalidFieldsError:
        return
