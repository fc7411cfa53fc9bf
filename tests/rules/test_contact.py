"""A contact becomes a link, or is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.rules.contact import href


@pytest.mark.parametrize(
    ("contact", "address"),
    [
        ("https://shop.example.com/help?from=sms&lang=ja", "https://shop.example.com/help?from=sms&lang=ja"),
        ("HELP+sms@shop.example.co.jp", "mailto:HELP+sms@shop.example.co.jp"),
        ("+81 3-5550-1234", "tel:+81355501234"),
        ("(03) 5550-1234", "tel:0355501234"),
        ("0120.555.012", "tel:0120555012"),
        ("117", "tel:117"),
    ],
)
def test_a_page_an_address_and_a_number_become_links(contact: str, address: str) -> None:
    assert href(contact) == address


@pytest.mark.parametrize(
    "contact",
    [
        "shop.example.com",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://",
        "https://shop.example.com/ help",
        "help@localhost",
        "help@shop.example.com?cc=all@example.com",
        "help@shop.example.com\nBcc: x",
        "a b@shop.example.com",
        "12",
        "+",
        "1" * 16,
        "03-5550-1234 ext. 5",
        "+81+3",
        "٣٣٣٣",
        "ask at the counter",
        "",
    ],
)
def test_whatever_else_is_refused(contact: str) -> None:
    with pytest.raises(ValueError, match="a mail address or a phone number"):
        href(contact)


@given(st.text())
def test_a_contact_link_has_a_known_scheme(contact: str) -> None:
    try:
        address = href(contact)
    except ValueError:
        return
    assert address.partition(":")[0] in {"http", "https", "mailto", "tel"}
    assert address.isascii() and address.isprintable() and " " not in address
