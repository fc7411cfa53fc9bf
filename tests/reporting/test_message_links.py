"""The links of many messages, as lists and exports need them."""

from shortener.messages import lookup, rewriting
from shortener.reporting import message_links
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Link
from tests.support.factories import DAY, NOW, Sender, make_message


def test_texts_are_rewritten_as_in_reports(sender: Sender) -> None:
    texts = ("https://a.example.com and https://b.example.com", "https://c.example.com", "see you")
    made = {one.message.id: one for one in (make_message(sender, text, track="all") for text in texts)}
    site = services().site
    with db.read() as session:
        sent = message_links.texts_to_send(session, {row_id: one.text for row_id, one in made.items()}, site)
    assert sent == {row_id: rewriting.text(one.text, one.links, site) for row_id, one in made.items()}


def test_the_first_click_is_that_on_any_link(sender: Sender) -> None:
    clicked = make_message(sender, "https://a.example.com https://b.example.com", track="all").message
    other = make_message(sender).message
    with db.write() as session:
        for place, link in enumerate(lookup.links_of(session, [clicked])[clicked.id]):
            session.get_one(Link, link.id).accessed_on = NOW - place * DAY
    with db.read() as session:
        assert message_links.first_clicks(session, [clicked.id, other.id]) == {clicked.id: NOW - DAY}
        assert (
            message_links.first_clicks(session, []) == message_links.texts_to_send(session, {}, services().site) == {}
        )
