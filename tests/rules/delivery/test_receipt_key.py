"""Keys in the paths of receipts: only the one that we gave out is right."""

import re

import pytest

from shortener.rules.delivery.receipt_key import is_receipt_key, receipt_key

SECRET, OTHER = "a key for tests, long enough to be one", "another key for tests, as long as that"
MSGID = "Zq3" * 10 + "ab"


def test_a_key_fits_into_a_path() -> None:
    assert re.fullmatch("[A-Za-z0-9_-]{16}", receipt_key(SECRET, "kannel", MSGID))


def test_a_key_never_changes() -> None:
    """Gateways keep the URLs that we gave them."""
    assert receipt_key(SECRET, "kannel", MSGID) == "NOGLjZJ0qpoF-Eau"


def test_the_given_key_is_right() -> None:
    assert is_receipt_key(receipt_key(SECRET, "kannel", MSGID), (SECRET,), "kannel", MSGID)


def test_a_key_of_the_previous_secret_is_right() -> None:
    assert is_receipt_key(receipt_key(OTHER, "kannel", MSGID), (SECRET, OTHER), "kannel", MSGID)


@pytest.mark.parametrize(
    "named", [("kannel", MSGID[:-1] + "c"), ("vonage", MSGID), ("kannel" + MSGID,), ("kanne", "l" + MSGID)]
)
def test_a_key_for_other_names_is_wrong(named: tuple[str, ...]) -> None:
    assert not is_receipt_key(receipt_key(SECRET, "kannel", MSGID), (SECRET,), *named)


@pytest.mark.parametrize("key", ["", "x", "鍵" * 16, "\udcff", "A" * 100_000])
def test_another_text_is_no_key(key: str) -> None:
    assert not is_receipt_key(key, (SECRET,), "kannel", MSGID)
