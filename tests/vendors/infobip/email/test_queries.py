"""Logs are found by addresses, whatever name stands beside them."""

import pytest

from shortener.errors import InvalidFieldsError
from shortener.vendors.infobip.email.queries import NewMailLogsQuery, OldMailLogsQuery


def test_a_sender_is_found_by_its_address() -> None:
    for given in ("news@acme.example", "Acme <news@acme.example>"):
        assert OldMailLogsQuery.of({"from": given}).fields == {"senderAddress": "news@acme.example"}
        assert NewMailLogsQuery.of({"sender": given}).fields == {"senderAddress": "news@acme.example"}
    assert OldMailLogsQuery.of({}).fields == NewMailLogsQuery.of({"sender": ""}).fields == {}


def test_what_is_no_address_finds_nothing() -> None:
    assert OldMailLogsQuery.of({"from": "Acme"}).fields == {"senderAddress": "Acme"}


def test_recipients_may_be_several() -> None:
    assert OldMailLogsQuery.of({"to": "Anna <anna@example.com>,ben@example.com"}).to is not None
    assert NewMailLogsQuery.of({"destination": ["anna@example.com", "Ben <ben@example.com>"]}).destination == [
        *["anna@example.com", "ben@example.com"]
    ]


@pytest.mark.parametrize("given", [{"sender": "a\0b"}, {"destination": ["a\0b"]}, {"limit": "0"}])
def test_faulty_filters_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(InvalidFieldsError):
        NewMailLogsQuery.of(given)
