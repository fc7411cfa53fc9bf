"""The page to try a message: it is checked, and nothing is stored."""

from sqlalchemy import func, select

from shortener.storage import db
from shortener.storage.models import Link, Message
from tests.support.browsing import Browser, Page
from tests.support.factories import TEXT


def look(browser: Browser, message: str, **fields: str) -> Page:
    return browser.send(browser.open("/dashboard/try").form("/try"), message=message, **fields)


def stored() -> int:
    with db.read() as session:
        return sum(session.scalar(select(func.count()).select_from(table)) or 0 for table in (Message, Link))


def test_it_shows_link_and_rewritten_text(viewer: Browser) -> None:
    page = look(viewer, TEXT)
    assert page.status == 200
    assert "This link would be shortened." in page.text
    assert "<mark>https://shop.example.com/track?id=1</mark> thank you" in page.html
    assert "<mark>https://s.example.com/XXXXXXXXXX</mark> thank you" in page.html
    assert stored() == 0


def test_it_says_what_was_not_taken_and_why(viewer: Browser) -> None:
    page = look(
        viewer, "See https://x.invalid1/ or http://localhost/ and https://a.example.com/1 https://a.example.com/2"
    )
    assert page.html.count("<del>") == 6  # in the text, and in the table
    assert "localhost is the recipient's own device" in page.text
    assert "Only the first one is." in page.text


def test_a_message_without_a_link_is_reported(viewer: Browser) -> None:
    assert "contains nothing that looks like a link" in look(viewer, "Hello!").text


def test_line_ends_are_those_that_were_typed(viewer: Browser) -> None:
    """Browsers send CR LF for every line end, which would use up characters of an SMS."""
    page = look(viewer, "one\r\nhttps://a.example.com/1\r\ntwo", detection="smart")
    assert "<mark>https://a.example.com/1</mark>\ntwo" in page.html
    assert "\r" not in page.html


def test_a_dearer_text_is_called_that(viewer: Browser) -> None:
    page = look(viewer, "x" * 137 + " http://a.example.com/1")
    assert "SMS parts before 1" in page.text and "SMS parts after 2 more parts" in page.text


def test_the_accounts_defaults_are_chosen_at_first(viewer: Browser) -> None:
    assert viewer.open("/dashboard/try").form("/try").fields["detection"] == "strict"


def test_what_was_asked_stays_on_the_page(viewer: Browser) -> None:
    form = look(viewer, "\n<b>Hi</b> & bye", bare_domains="any").form("/try")
    assert (form.fields["message"], form.fields["bare_domains"]) == ("\n<b>Hi</b> & bye", "any")


def test_script_in_a_message_stays_text(viewer: Browser) -> None:
    evil = (
        '"\'></textarea><script>alert(1)</script> javascript:alert(1) https://e.example.com/"><img src=x onerror=a> x'
    )
    page = look(viewer, evil, detection="smart")
    assert page.status == 200
    assert not [tag for tag, _ in page.tags if tag in {"script", "img"}]


def test_an_unusable_value_is_reported_at_its_field(viewer: Browser) -> None:
    for message, told in (("", "is required"), ("x" * 10_001, "at most 10,000 characters"), ("a\0b", "NUL")):
        page = look(viewer, message)
        assert page.status == 422
        assert told in page.text
        assert next(named for tag, named in page.tags if tag == "textarea")["aria-describedby"] == "message-fault"
    assert look(viewer, "hello", detection="clever").status == 422


def test_what_smart_would_take_is_offered_in_one_click(viewer: Browser) -> None:
    page = look(viewer, "詳細はhttps://a.example.com/1へ\n次")
    assert "With smart detection this link would be shortened: https://a.example.com/1" in page.text
    offer = next(form for form in page.forms if form.fields.get("detection") == "smart")
    again = viewer.send(offer)
    assert "<mark>https://a.example.com/1</mark>へ" in again.html
    assert "With smart detection" not in again.text


def test_an_equal_detection_is_not_offered(viewer: Browser) -> None:
    assert "detection this link would" not in look(viewer, TEXT).text
    assert "detection this link would" not in look(viewer, "day.so").text
