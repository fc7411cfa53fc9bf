"""Infobip's delivery reports: several in one body, of SMS and e-mail, old and new."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.errors import InvalidFieldsError
from shortener.receipts.incoming import Given, IncomingReceipt
from shortener.vendors.infobip.receipts import REASONS, read
from tests.support.json_values import json_values

EXAMPLE: dict[str, Any] = {
    "bulkId": "BULK-ID-123-xyz",
    "messageId": "MESSAGE-ID-123-xyz",
    "to": "41793026727",
    "sentAt": "2026-11-28T12:00:00.000+0000",
    "doneAt": "2026-11-28T12:00:03.120+0000",
    "price": {"pricePerMessage": 0, "currency": "EUR"},
    "status": {"groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET", "description": "…"},
    "error": {"groupId": 0, "groupName": "OK", "id": 0, "name": "NO_ERROR", "description": "…", "permanent": False},
    "callbackData": "order-1",
    "smsCount": 1,
}


def receipt(**changes: Any) -> IncomingReceipt:
    [found] = read(Given({"results": [{**EXAMPLE, **changes}]}))
    return found


def status(group: str, number: int = 0, name: str = "") -> dict[str, Any]:
    return {"groupName": group, "id": number, "name": name}


def test_the_vendors_example_is_read() -> None:
    found = receipt()
    assert (found.gateway, found.state, found.code, found.reason) == ("infobip", "delivered", "0", "none")
    assert (found.gateway_ref, found.references) == ("MESSAGE-ID-123-xyz", ("MESSAGE-ID-123-xyz", "order-1"))
    assert found.at == dt.datetime(2026, 11, 28, 12, 0, 3, 120_000, tzinfo=dt.UTC)


def test_a_push_has_several_receipts() -> None:
    found = read(Given({"results": [{**EXAMPLE, "messageId": str(index)} for index in range(100)]}))
    assert [one.gateway_ref for one in found] == [str(index) for index in range(100)]
    assert read(Given({"results": []})) == []


@pytest.mark.parametrize(
    ("group", "number", "state"),
    [
        ("PENDING", 3, "sent"),
        ("PENDING", 26, "sent"),
        ("PENDING", 7, "accepted"),
        ("ACCEPTED", 0, "sent"),
        ("UNDELIVERABLE", 9, "failed"),
        ("UNDELIVERABLE", 31, "failed"),
        ("UNDELIVERABLE", 4, "rejected"),
        ("DELIVERED", 5, "delivered"),
        ("Delivered", 2, "accepted"),
        ("EXPIRED", 15, "expired"),
        ("EXPIRED", 29, "unknown"),
        ("REJECTED", 6, "rejected"),
    ],
)
def test_every_group_is_a_state(group: str, number: int, state: str) -> None:
    assert receipt(status=status(group, number)).state == state


def test_the_number_of_a_group_is_enough() -> None:
    states = [receipt(status={"groupId": number}).state for number in range(6)]
    assert states == ["sent", "sent", "failed", "delivered", "expired", "rejected"]


@pytest.mark.parametrize("number", sorted(REASONS.keys() - {"0"}))
def test_every_error_has_its_reason(number: str) -> None:
    found = receipt(status=status("UNDELIVERABLE", 9), error={"id": int(number)})
    assert (found.code, found.reason) == (number, REASONS[number])
    assert found.state == ("canceled" if number == "4100" else "failed")


def test_an_unlisted_error_is_kept() -> None:
    found = receipt(status=status("UNDELIVERABLE", 9), error={"id": 77777})
    assert (found.code, found.reason) == ("77777", None)


def test_a_rejection_without_error_names_its_status() -> None:
    found = receipt(status=status("REJECTED", 12, "REJECTED_NOT_ENOUGH_CREDITS"))
    assert (found.code, found.reason) == ("REJECTED_NOT_ENOUGH_CREDITS", None)


def test_a_failure_without_any_code_is_unexplained() -> None:
    found = receipt(status=status("UNDELIVERABLE", 9), error=None)
    assert (found.code, found.reason) == ("", "unknown")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"messageId": None}, "messageId"),
        ({"status": None}, "status.groupId"),
        ({"status": status("LOST")}, "status.groupName"),
        ({"status": status("LOST"), "error": {"id": 4100}}, "status.groupName"),
    ],
)
def test_a_wrong_value_is_refused(changes: dict[str, Any], fault: str) -> None:
    odd = {**EXAMPLE, **changes}
    with pytest.raises(InvalidFieldsError) as raised:
        read(Given({"results": [odd]}))
    assert list(raised.value.fields) == [f"results[0].{fault}"]
    assert read(Given({"results": [odd, EXAMPLE]})) == [receipt()]


@pytest.mark.parametrize("changes", [{"doneAt": "x"}, {"error": {"id": []}}])
def test_a_time_or_code_may_be_unreadable(changes: dict[str, Any]) -> None:
    assert receipt(**changes).state == "delivered"


def test_a_body_without_results_is_refused() -> None:
    with pytest.raises(InvalidFieldsError):
        read(Given(EXAMPLE))


@given(st.lists(st.dictionaries(st.sampled_from(list(EXAMPLE)), json_values()), max_size=2))
def test_any_fields_are_read_or_refused(results: list[dict[str, Any]]) -> None:
    try:
        assert bool(results) <= len(read(Given({"results": results}))) <= len(results)
    except InvalidFieldsError:
        return
