"""Karaden's callbacks: a message with its status and its result."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.errors import InvalidFieldsError
from shortener.receipts.incoming import Given, IncomingReceipt
from shortener.vendors.karaden.receipts import read
from tests.support.json_values import json_values

ID = "82bdf9de-a532-4bf5-86bc-c9a1366e5f4a"
MSGID = "7Hq2xN5vB7mK1sR4tW9yZ3aC6dE8fG0h"
EXAMPLE: dict[str, Any] = {
    "id": ID,
    "object": "message",
    "service_id": 1,
    "billing_address_id": 1,
    "project_id": "p1",
    "tags": ["spring", MSGID],
    "is_shorten": True,
    "is_shorten_clicked": False,
    "result": "done",
    "status": "done",
    "sent_result": "received",
    "carrier": "docomo",
    "charged_count_per_sent": 1,
    "scheduled_at": None,
    "limited_at": None,
    "sent_at": "2026-11-28T21:10:01+09:00",
    "received_at": "2026-11-28T21:10:03+09:00",
    "charged_at": "2026-11-28T21:10:03+09:00",
    "created_at": "2026-11-28T21:10:00+09:00",
    "updated_at": "2026-11-28T21:10:03+09:00",
}


def receipt(**changes: Any) -> IncomingReceipt:
    [found] = read(Given({**EXAMPLE, **changes}))
    return found


def test_the_vendors_example_is_read() -> None:
    found = receipt()
    assert (found.gateway, found.state, found.code, found.reason) == ("karaden", "delivered", "received", "none")
    assert found.gateway_ref == ID
    assert found.at == dt.datetime(2026, 11, 28, 12, 10, 3, tzinfo=dt.UTC)


def test_a_tag_may_be_our_msgid() -> None:
    assert receipt().references == (MSGID,)
    assert receipt(tags=None).references == receipt(tags=["spring"]).references == ()


@pytest.mark.parametrize(
    ("status", "sent_result", "state", "reason"),
    [
        ("waiting", "none", "sent", "none"),
        ("done", "none", "accepted", "none"),
        ("done", "received", "delivered", "none"),
        ("done", "unconnected", "expired", "absent_temporary"),
        ("done", "error", "failed", "unknown"),
        ("done", "unknown", "unknown", "unknown"),
        ("error", "error", "rejected", "unknown"),
        ("error", "none", "rejected", "unknown"),
        ("canceled", "none", "canceled", "none"),
        ("DONE", "", "accepted", "none"),
    ],
)
def test_status_and_result_are_the_state(status: str, sent_result: str, state: str, reason: str) -> None:
    found = receipt(status=status, sent_result=sent_result)
    assert (found.state, found.reason) == (state, reason)


def test_the_latest_time_counts() -> None:
    found = receipt(received_at=None, sent_at=None, updated_at="2026-11-28 21:00:00")
    assert found.at == dt.datetime(2026, 11, 28, 12, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"id": None}, "id"),
        ({"status": "lost"}, "status"),
        ({"sent_result": "lost"}, "sent_result"),
    ],
)
def test_a_wrong_value_is_refused(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(InvalidFieldsError) as raised:
        receipt(**changes)
    assert list(raised.value.fields) == [fault]


def test_a_time_may_be_unreadable() -> None:
    assert receipt(received_at="lost", sent_at="lost", updated_at=[]).at is None


@given(st.dictionaries(st.sampled_from(list(EXAMPLE)), json_values() | st.sampled_from(["done", "none", "error"])))
def test_any_fields_are_read_or_refused(fields: dict[str, Any]) -> None:
    try:
        found = read(Given(fields))
    except InvalidFieldsError:
        return
    assert len(found) == 1
