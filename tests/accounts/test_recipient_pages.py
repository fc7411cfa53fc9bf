"""What recipients see of an account, and what of the installation."""

import pytest

from shortener.accounts import recipient_pages, senders
from shortener.accounts.recipient_pages import RecipientPages
from shortener.errors import InvalidFieldsError
from shortener.running.services import Services
from shortener.storage import db
from tests.support.factories import Sender, make_message

OPERATORS = {"sender_name": "Operator", "sender_contact": "+81 3-5550-1234", "fallback_url": "https://o.example.com/"}


@pytest.mark.parametrize(
    ("own", "shown"),
    [
        ({}, OPERATORS),
        ({"sender_name": "例の店"}, {"sender_name": "例の店", "sender_contact": None, "fallback_url": None}),
        ({"fallback_url": "https://shop.example.com/"}, {**OPERATORS, "fallback_url": "https://shop.example.com/"}),
        (
            {"sender_contact": "help@shop.example.com", "fallback_url": "https://shop.example.com/"},
            {
                "sender_name": None,
                "sender_contact": "help@shop.example.com",
                "fallback_url": "https://shop.example.com/",
            },
        ),
    ],
)
def test_an_account_is_never_mixed_with_operator(
    sender: Sender, services: Services, own: dict[str, str], shown: dict[str, str]
) -> None:
    link = make_message(sender).link
    assert link is not None
    with db.write() as session:
        senders.configure(session, "shop", recipient_pages.changes(own))
    settings = services.settings.model_copy(update=OPERATORS)
    assert recipient_pages.of_link(services.readers, link.id, settings) == RecipientPages(**shown)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sender_name", "two\nlines"),
        ("sender_name", "x" * 81),
        ("sender_contact", "javascript:alert(1)"),
        ("fallback_url", "ftp://shop.example.com/"),
        ("fallback_url", "https://例え.jp/"),
        ("fallback_url", f"https://shop.example.com/{'x' * 2_000}"),
    ],
)
def test_unusable_values_are_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        recipient_pages.changes({name: value})
    assert list(refused.value.fields) == [name]
