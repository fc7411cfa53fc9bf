"""What a mail has besides its text and files, from a face to the headers."""

import json

import pytest

from shortener.rules.mail.address import MailAddress
from shortener.rules.mail.extras import MailExtras

ANNA = MailAddress.parse("anna@example.com")
WHOLE = MailExtras(
    to=("anna@example.com", "ben@example.com"),
    cc=("carl@例え.jp",),
    reply_to="Acme <help@acme.example>",
    headers={"X-Campaign": "spring", "List-Unsubscribe": f"<https://acme.example/{'x' * 200}>"},
    inline=2,
)


def test_extras_survive_being_stored() -> None:
    for extras in (WHOLE, MailExtras(), MailExtras(to=())):
        assert MailExtras.of(json.loads(json.dumps(extras.stored()))) == extras
    assert MailExtras.of({}) == MailExtras()
    assert MailExtras().stored() == {"mail": {}}


def test_headers_name_whom_they_should() -> None:
    assert list(WHOLE.lines(ANNA)) == [
        "To: anna@example.com,\r\n ben@example.com",
        "Cc: carl@xn--r8jz45g.jp",
        "Reply-To: Acme\r\n <help@acme.example>",
        "X-Campaign: spring",
        f"List-Unsubscribe: <https://acme.example/{'x' * 200}>",
    ]
    assert WHOLE.names == ["Cc", "Reply-To", "X-Campaign", "List-Unsubscribe"]


def test_headers_name_the_recipient_by_default() -> None:
    assert list(MailExtras().lines(ANNA)) == ["To: anna@example.com"]
    assert MailExtras().names == []


def test_headers_may_name_nobody() -> None:
    assert list(MailExtras(to=()).lines(ANNA)) == ["To: undisclosed-recipients:;"]


@pytest.mark.parametrize(
    "extras",
    [
        MailExtras(to=("anna@example.com\r\nBcc: x@y.example",)),
        MailExtras(cc=("nobody",)),
        MailExtras(reply_to="a@b.example, c@d.example"),
        MailExtras(reply_to="a\r\nBcc: x@y.example"),
    ],
)
def test_addresses_that_are_none_are_refused(extras: MailExtras) -> None:
    with pytest.raises(ValueError, match=r"^the (header|address)"):
        list(extras.lines(ANNA))


def test_only_the_part_before_the_at_needs_utf8() -> None:
    assert WHOLE.is_ascii
    assert MailExtras(reply_to="例の店 <help@acme.example>").is_ascii
    assert not MailExtras(cc=("jörg@example.com",)).is_ascii
