"""The search box: what it opens, what it lists, and what it says."""

import pytest

from shortener.accounts import senders
from shortener.storage import db
from tests.support.browsing import Browser
from tests.support.factories import Sender, make_message, slug_of

PAGE = "/dashboard/messages"


def seek(browser: Browser, typed: str) -> str:
    """Search, and return the text of the page that follows."""
    return browser.send(browser.open(PAGE).forms[1], q=typed).text


def test_one_exact_hit_opens_the_message(viewer: Browser, stranger: Browser, sender: Sender) -> None:
    made = make_message(sender, client_tag="order-1", recipient="+818012345678")
    make_message(sender, client_tag="order-2")
    for typed in (made.message.msgid, "order-1", f"s.example/{slug_of(made.link)}", "080-1234-5678"):
        assert viewer.send(viewer.open(PAGE).forms[1], q=f" {typed} ").title == "Message order-1"
        assert "Nothing was found." in seek(stranger, typed)


def test_the_page_says_what_was_searched_for(viewer: Browser, sender: Sender) -> None:
    for tag in ("a", "b"):
        make_message(sender, "Your parcel", client_tag=tag, recipient="+818012345678")
    page = viewer.send(viewer.open(PAGE).forms[1], q="080-1234-5678")
    assert "Searched for a recipient that ends in 8012345678." in page.text
    assert {"a", "b"} <= set(page.links) and page.forms[1].fields["q"] == "080-1234-5678"
    assert "No message has" not in page.text and "Export" not in page.text
    assert "Searched for words of texts" in viewer.open(page.links["Search the texts instead"]).text
    page = viewer.send(page.forms[1], q="PARCEL")
    assert "Searched for words of texts" in page.text and {"a", "b"} <= set(page.links)
    assert "Search the texts instead" not in page.links


@pytest.mark.parametrize(
    ("storage", "typed", "told"),
    [
        ("full", "090-0000-0000", "ends in 9000000000."),
        ("masked", "090-0000-0000", "messages are found by the last four digits only"),
        ("masked", "a@b.example", "cannot be found by e-mail addresses"),
        ("none", "a@b.example", "does not store recipients"),
    ],
)
def test_unknown_recipients_are_explained(viewer: Browser, sender: Sender, storage: str, typed: str, told: str) -> None:
    with db.write() as session:
        senders.configure(session, "shop", {"recipient_storage": storage})
    text = seek(viewer, typed)
    assert "No message has a recipient" in text and told in text


@pytest.mark.parametrize("query", [f"q={'x' * 201}", "q=x&cursor=y"])
def test_what_cannot_be_searched_for_is_refused(viewer: Browser, query: str) -> None:
    assert viewer.open(f"{PAGE}?{query}").status == 422


def test_odd_characters_find_nothing(viewer: Browser, sender: Sender) -> None:
    make_message(sender)
    for typed in ("%00", "%ED%A0%80", "%25_'", "%F0%9F%93%A6"):
        assert "Searched for" in viewer.open(f"{PAGE}?q={typed}x").text
    assert viewer.open(f"{PAGE}?q=%20").title == "Messages"
