"""The parents of models: which names they take, and how faults are named."""

from typing import Annotated, Any

import pytest
from pydantic import Field

from shortener.errors import MOST_NAMED, InvalidFieldsError
from shortener.rules.delivery.receiver import Policy
from shortener.validation.models import MOST_ENTRIES, VendorFields
from shortener.validation.types import CallbackUrl


class Destination(VendorFields):
    to: Annotated[str, Field(max_length=5)]


class Message(VendorFields):
    sender: Annotated[str | None, Field(alias="from")] = None
    destinations: list[Destination] = Field(default_factory=list)
    callback: CallbackUrl | None = None


def faults(**fields: Any) -> list[str]:
    with pytest.raises(InvalidFieldsError) as refused:
        Message.check(fields, Policy())
    return list(refused.value.fields)


def test_unknown_fields_are_passed_over() -> None:
    message = Message.check({"from": "SHOP", "unknown": 1, "destinations": [{"to": "1", "unknown": {}}]})
    assert (message.sender, message.destinations[0].to) == ("SHOP", "1")


def test_faults_have_the_path_of_their_field() -> None:
    assert faults(destinations=[{"to": "1"}, {"to": "123456"}, {}]) == ["destinations[1].to", "destinations[2].to"]
    assert faults(destinations="x") == ["destinations"]
    assert faults(**{"from": 5}) == ["from"]


def test_a_url_is_judged_by_the_policy() -> None:
    assert faults(callback="http://127.0.0.1/x") == ["callback"]
    assert Message.check({"callback": "https://crm.example.com/x"}, Policy()).callback == "https://crm.example.com/x"


def test_only_the_first_faults_are_named() -> None:
    assert len(faults(destinations=[{}] * 10_000)) == MOST_NAMED


def test_entries_of_all_lists_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault takes a kilobyte: lists in lists, each of them short, would take gigabytes."""
    few, many = [{}] * 90, [{"destinations": [{}] * 90}] * (MOST_ENTRIES // 90)
    assert len(faults(destinations=few)) == MOST_NAMED
    assert faults(destinations=few, other=many) == ["body"]
    assert faults(destinations=few, other={"more": [many]}) == ["body"]
    monkeypatch.setattr(Message, "model_validate", None)
    assert faults(other=many) == ["body"]


def test_earlier_faults_come_first() -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        Message.check({"destinations": "x"}, faults={"token": ["is wrong"]})
    assert list(refused.value.fields) == ["token", "destinations"]
