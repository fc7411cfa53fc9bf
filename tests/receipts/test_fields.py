"""Fields of receipts: names in any spelling, values that can be stored."""

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.errors import InvalidFieldsError
from shortener.receipts.fields import MOST_RECEIPTS, ReceiptFields, each
from shortener.receipts.incoming import IncomingReceipt
from shortener.rules.delivery.message_state import MessageState
from tests.support.json_values import json_values


@pytest.mark.parametrize("name", ["err-code", "err_code", "errCode", "ERR-CODE", "errcode"])
def test_a_name_has_many_spellings(name: str) -> None:
    assert ReceiptFields({name: "4"}).text("err-code") == "4"


@pytest.mark.parametrize(("value", "text"), [(4, "4"), ("", ""), (None, ""), (" 4 ", "4"), (0, "0"), (0.5, "0.5")])
def test_a_value_is_read_as_text(value: Any, text: str) -> None:
    fields = ReceiptFields({"code": value})
    assert (fields.text("code"), fields.faults) == (text, {})


@pytest.mark.parametrize("value", [True, [], {}, "a\0b", "\ud800", "x" * 201])
def test_an_impossible_value_is_a_fault(value: Any) -> None:
    fields = ReceiptFields({"code": value}, "results[0].")
    assert fields.text("code") == ""
    with pytest.raises(InvalidFieldsError) as raised:
        fields.checked("x")
    assert list(raised.value.fields) == ["results[0].code"]


def test_a_missing_value_has_one_fault() -> None:
    fields = ReceiptFields({"status": []})
    assert fields.one_of("status", {"a": 1}) is None
    assert fields.required("id") == ""
    assert fields.faults == {"status": ["must be a text or a number"], "id": ["is required"]}


def test_a_value_outside_its_table_is_a_fault() -> None:
    fields = ReceiptFields({"status": "lost", "Other": "FOUND"})
    assert fields.one_of("other", {"found": 1}) == 1
    assert fields.one_of("status", {"found": 1, "gone": 2}) is None
    assert fields.faults == {"status": ["must be one of found, gone"]}


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-11-28 12:10:29", 3),
        ("2026-11-28T12:10:29.000+0000", 12),
        ("2026-11-28T12:10:29Z", 12),
        ("2026/11/28 12:10:29", 3),
    ],
)
def test_a_time_is_read_in_its_zone(text: str, hour: int) -> None:
    fields = ReceiptFields({"at": text})
    found = fields.moment("at", "%Y/%m/%d %H:%M:%S", zone=dt.timezone(dt.timedelta(hours=9)))
    assert found == dt.datetime(2026, 11, 28, hour, 10, 29, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "text", ["soon", "2026-13-01 00:00:00", "0001-01-01T00:00:00+23:59", "1795867829", [], "x" * 999]
)
def test_what_is_no_time_is_passed_over(text: Any) -> None:
    fields = ReceiptFields({"at": text})
    assert fields.moment("at", "%Y-%m-%d %H:%M:%S") is None
    assert fields.faults == {}


def test_faults_of_inner_objects_are_collected() -> None:
    fields = ReceiptFields({"status": {"id": []}, "error": 7}, "results[1].")
    fields.within("status").text("id")
    fields.within("error").text("id")
    assert list(fields.faults) == ["results[1].status.id", "results[1].error"]


def read(fields: ReceiptFields) -> IncomingReceipt | None:
    """The receipt of an entry with a `ref`, unless that says otherwise."""
    ref = fields.checked(fields.required("ref"))
    return None if ref == "another" else IncomingReceipt(gateway="acme", state=MessageState.DELIVERED, gateway_ref=ref)


def test_each_receipt_of_a_list_is_read() -> None:
    found = each({"results": [{"ref": "1"}, {"ref": "another"}, {"ref": "2"}]}, "results", read)
    assert [one.gateway_ref for one in found] == ["1", "2"]
    assert each({"results": []}, "results", read) == []


@pytest.mark.parametrize("odd", [{}, {"ref": []}, 1, None, []])
def test_an_odd_receipt_holds_up_no_other(odd: Any, caplog: pytest.LogCaptureFixture) -> None:
    [found] = each({"results": [odd, {"ref": "2"}]}, "results", read)
    assert found.gateway_ref == "2"
    assert "results[0]" in caplog.text


@pytest.mark.parametrize("value", [None, {}, "x", [1], [[]], [{}], [{"ref": "1"}] * (MOST_RECEIPTS + 1)])
def test_a_list_without_any_receipt_is_refused(value: Any) -> None:
    with pytest.raises(InvalidFieldsError):
        each({"results": value}, "results", read)


def test_a_stored_receipt_is_cut() -> None:
    raw = ReceiptFields({"text": "あ" * 5000, "broken": "\ud800"}).raw()
    assert raw is not None
    assert 2040 < len(raw.encode()) <= 2048 and raw.startswith('{"text":"ああ')


def test_a_deep_receipt_is_not_kept_as_it_came() -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = {"a": deep}
    assert ReceiptFields(deep).raw() is None
    while deep:  # freed step by step: deep recursion would end the process
        deep = deep["a"]


@given(st.dictionaries(st.text(max_size=5), json_values(), max_size=4))
def test_any_fields_are_read_or_refused(given_fields: dict[str, Any]) -> None:
    fields = ReceiptFields(given_fields)
    for name in (*given_fields, "absent"):
        text = fields.text(name)
        text.encode("utf-8")
        fields.moment(name, "%Y-%m-%d %H:%M:%S")
        fields.within(name).text("id")
    assert json.loads(fields.raw() or "{}") is not None or len(fields.raw() or "") > 1000
