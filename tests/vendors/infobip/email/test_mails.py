"""One mail becomes a copy for each recipient, whose headers name only whom that recipient may see."""

from typing import Any

import pytest

from shortener.rules.mail.extras import MailExtras
from shortener.vendors.infobip.email import mails
from shortener.vendors.infobip.email.mails import File, Mail, To

ANNA, BEN, CARL, DORA = (To(f"{name}@example.com") for name in ("anna", "ben", "carl", "dora"))


def mail(**given: Any) -> Mail:
    return Mail(**{"sender": "news@acme.example", "to": [ANNA], "text": "Hello", **given})


def named(made: Mail) -> list[tuple[tuple[str, ...] | None, tuple[str, ...]]]:
    """Whom the headers of each copy name: in `To`, and in `Cc`."""
    return [(copy.extras.to, copy.extras.cc) for copy in mails.copies(made)]


def test_every_recipient_gets_a_copy() -> None:
    made = mail(to=[ANNA, BEN], cc=[CARL], bcc=[DORA])
    assert [copy.to for copy in mails.copies(made)] == [ANNA, BEN, CARL, DORA]


def test_a_lone_recipient_is_named_to_all() -> None:
    copies = (("carl@example.com",),)
    assert named(mail(cc=[CARL], bcc=[DORA])) == [
        (None, *copies),
        (("anna@example.com",), *copies),
        (("anna@example.com",), *copies),
    ]


def test_several_recipients_do_not_see_each_other() -> None:
    assert named(mail(to=[ANNA, BEN], cc=[CARL])) == [
        (None, ("carl@example.com",)),
        (None, ("carl@example.com",)),
        ((), ("carl@example.com",)),
    ]


def test_several_recipients_see_each_other_if_asked() -> None:
    both = (("anna@example.com", "ben@example.com"), ())
    assert named(mail(to=[ANNA, BEN], bcc=[DORA], shows_recipients=True)) == [both, both, both]


def test_a_hidden_copy_is_named_nowhere() -> None:
    made = mail(to=[ANNA, BEN], bcc=[DORA], shows_recipients=True)
    assert not any("dora" in str(copy.extras) for copy in mails.copies(made))


def test_own_placeholders_come_before_those_of_all() -> None:
    own = To("ben@example.com", None, {"name": "Ben"})
    made = mail(
        to=[ANNA, own], subject="For {{name}}", html="<b>{{name}} {{city}}</b>", values={"name": "you", "city": "X"}
    )
    assert [tuple(copy.content) for copy in mails.copies(made)] == [
        ("For you", "Hello", "<b>you X</b>"),
        ("For Ben", "Hello", "<b>Ben X</b>"),
    ]


def test_headers_and_images_are_those_of_all() -> None:
    image = File("a.png", "image/png", b"x")
    [copy] = mails.copies(mail(images=[image], reply_to="help@acme.example", headers={"X-A": "b"}))
    assert copy.extras == MailExtras(reply_to="help@acme.example", headers={"X-A": "b"}, inline=1)


URL = "https://acme.example/clicks"


@pytest.mark.parametrize(
    ("clicks", "everything", "url", "expected"),
    [
        (True, False, None, True),
        (False, True, URL, False),
        (None, True, None, None),
        (None, None, None, None),
        (None, True, URL, True),
        (None, False, URL, False),
        (False, None, None, False),
    ],
)
def test_only_wishes_decide_about_links(
    clicks: bool | None, everything: bool | None, url: str | None, expected: bool | None
) -> None:
    assert mails.tracking(clicks, everything, url) is expected


def test_long_lists_that_all_see_are_refused() -> None:
    many = [ANNA] * 101
    assert mails.faults(mail(to=many, bcc=many)) == {}
    assert list(mails.faults(mail(to=many, shows_recipients=True))) == ["to"]
    assert list(mails.faults(mail(cc=many))) == ["cc"]
