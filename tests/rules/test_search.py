"""What a search may mean: numbers in every spelling, e-mail addresses, and the keys by which they are found."""

import pytest

from shortener.rules import search
from shortener.rules.recipient_storage import RecipientStorage, stored

SPELLINGS = (
    "+818012345678",
    "080-1234-5678",
    "080 1234 5678",
    "08012345678",
    "０８０１２３４５６７８",
    "０８０ー１２３４ー５６７８",
    "(080) 1234-5678",
    "+81 80 1234 5678",
    "+81 (0)80-1234-5678",
    "0081 80 1234 5678",
    "818012345678",
    "080.1234.5678",
    " 080\u20111234\u20115678 ",
)


def finds(typed: str, recipient: str) -> bool:
    query = search.parse(typed)
    return search.key(recipient) in search.keys(query) and search.names(query, recipient)


@pytest.mark.parametrize("recipient", ["+818012345678", "080-1234-5678", "080 1234 5678", "818012345678"])
@pytest.mark.parametrize("typed", SPELLINGS)
def test_a_number_is_found_in_any_spelling(typed: str, recipient: str) -> None:
    assert finds(typed, recipient)
    assert not finds(typed, recipient.replace("5678", "5679"))


@pytest.mark.parametrize(
    ("typed", "recipient"),
    [
        ("Ann@Example.com", "ann@example.COM"),
        ("ａｎｎ＠example.com", "ann@example.com"),
        ("+1 (415) 555-0123", "4155550123"),
        ("02-1234-5678", "+82212345678"),
        ("01 23 45 67 89", "+33123456789"),
        ("+33123456789", "01 23 45 67 89"),
        ("2-1234-5678", "02-1234-5678"),
        ("U4af4980629", "U4af4980629"),
        ("12345", "12345"),
    ],
)
def test_recipients_of_other_kinds_are_found(typed: str, recipient: str) -> None:
    assert finds(typed, recipient)


@pytest.mark.parametrize(
    ("typed", "recipient"),
    [("+819012345678", "+818012345678"), ("ann@example.com", "joann@example.com"), ("5678", "+818012345678")],
)
def test_other_recipients_are_not_found(typed: str, recipient: str) -> None:
    assert not finds(typed, recipient)


@pytest.mark.parametrize("typed", [*SPELLINGS, "5678"])
def test_a_masked_number_is_found_by_its_end(typed: str) -> None:
    masked = stored("+818012345678", RecipientStorage.MASKED)
    assert masked is not None and finds(typed, masked)
    assert not finds("080-1234-5679", masked)


@pytest.mark.parametrize(
    ("typed", "digits", "is_address"),
    [
        ("080-1234-5678", "8012345678", False),
        ("00000", None, False),
        ("123", None, False),
        ("order-2026-11", None, False),
        ("your 4711", None, False),
        ("ann@", None, True),
        ("@example.com", None, False),
        ("write to a@b.example", None, False),
    ],
)
def test_numbers_and_addresses_are_recognised(typed: str, digits: str | None, is_address: bool) -> None:
    query = search.parse(typed)
    assert (query.digits, query.is_address) == (digits, is_address)


def test_nothing_that_cannot_be_stored_is_searched_for() -> None:
    assert search.parse("\0a\ud800 ").text == "a"
    assert search.keys(search.parse("\0")) == []
