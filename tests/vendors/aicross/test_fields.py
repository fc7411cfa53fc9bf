"""Single fields, with the patterns and lengths of the vendor's OpenAPI 1.4.7."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.vendors.aicross import fields
from shortener.vendors.aicross.faults import CallError
from tests.support.json_values import json_values


def refused(reader: Any, given_fields: dict[str, Any], *arguments: Any) -> str:
    with pytest.raises(CallError) as raised:
        reader(given_fields, *arguments)
    return f"{raised.value.response_code} {raised.value}"


@pytest.mark.parametrize("text", ["+819012345678", "09012345678", "02012345678901", "+812012345678901", "06012345678"])
def test_a_number_is_taken_in_both_forms(text: str) -> None:
    found = fields.phone_number({"phoneNumber": text})
    assert found == "+81" + text.removeprefix("+81").removeprefix("0")


@pytest.mark.parametrize(
    "text",
    [
        *("819012345678", " 819012345678", "+8109012345678", "03012345678", "0312345678", "09002345678", "0901234567"),
        *("090123456789", "090-1234-5678", "+14155550100", "０９０１２３４５６７８", "09012345678\n", "020123456789"),
    ],
)
def test_another_number_is_invalid(text: str) -> None:
    assert refused(fields.phone_number, {"phoneNumber": text}) == "110 Invalid phoneNumber."


def test_an_sms_code_has_five_or_six_digits() -> None:
    assert fields.sms_code({"smsCode": "50123"}) == "50123"
    assert fields.sms_code({"smsCode": 501234}) == "501234"
    assert refused(fields.sms_code, {"smsCode": "5012"}) == "110 Invalid smsCode."
    assert refused(fields.sms_code, {"smsCode": "5012a"}) == "110 Invalid smsCode."
    assert refused(fields.sms_code, {"smsCode": "٥٠١٢٣"}) == "110 Invalid smsCode."
    assert refused(fields.sms_code, {"smsCode": "5012345"}) == "120 smsCode too long."


def test_a_tag_has_at_most_200_characters() -> None:
    assert fields.tag({"groupTag": "あ" * 200}, "groupTag") == "あ" * 200
    assert fields.tag({}, "groupTag") is None
    assert refused(fields.tag, {"clientTag": "a" * 201}, "clientTag") == "120 clientTag too long."


def test_an_asked_tag_may_be_longer() -> None:
    assert fields.LONGEST_ASKED_TAG == 203


@pytest.mark.parametrize("value", [None, "", [], [""]])
def test_an_empty_field_is_missing(value: Any) -> None:
    assert refused(fields.client_id, {"clientId": value}) == "100 Required clientId."
    assert refused(fields.month, {"month": value}, "month") == "100 Required month."


@pytest.mark.parametrize("value", [True, 1.5, {"a": 1}, [["a"]], "a\0", "\ud800"])
def test_what_is_no_text_is_invalid(value: Any) -> None:
    assert refused(fields.client_id, {"clientId": value}) == "110 Invalid clientId."


def test_the_last_of_several_counts() -> None:
    assert fields.client_id({"clientId": ["a", "b"]}) == "b"


def test_a_wrong_time_is_invalid() -> None:
    assert refused(fields.minute, {"scheduleTime": "2026-11-28"}, "scheduleTime") == "110 Invalid scheduleTime."
    assert refused(fields.day, {"date": "2026-11-28"}, "date") == "110 Invalid date."
    assert refused(fields.month, {"month": "11"}, "month") == "110 Invalid month."


@given(json_values() | st.text(max_size=20))
def test_any_value_is_read_or_refused(value: Any) -> None:
    readers = (fields.client_id, fields.sms_code, fields.phone_number)
    for reader, name in zip(readers, ("clientId", "smsCode", "phoneNumber"), strict=True):
        with contextlib.suppress(CallError):
            assert isinstance(reader({name: value}), str)
