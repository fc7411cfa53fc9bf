"""The search box's results: found by indexes on both databases, else by looking at the newest texts."""

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import select, update

from shortener.accounts import senders
from shortener.reporting import message_search
from shortener.reporting.message_filter import Place
from shortener.reporting.message_search import Found, Kind
from shortener.rules import search
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Message
from shortener.storage.models.message import HAS_RECIPIENT, RECIPIENT_KEY, recipient_key
from tests.support import plans
from tests.support.factories import NOW, Sender, make_account, make_message, slug_of

MINUTE = dt.timedelta(minutes=1)


def find(sender: Sender, typed: str, before: Place | None = None, *, limit: int = 25, in_texts: bool = False) -> Found:
    with db.read() as session:
        account = senders.Sender.of(senders.named(session, sender.name))
        query, slugs = search.parse(typed), services().slugs
        return message_search.find(session, account, query, slugs, before, limit, in_texts=in_texts)


def ids(found: Found) -> list[int]:
    return [row_id for _, row_id in found.places]


def test_everything_that_names_a_message_finds_it(app: Flask, sender: Sender, other_sender: Sender) -> None:
    fields = {"client_tag": "order-1", "recipient": "+818012345678"}
    made = make_message(sender, **fields, now=NOW)
    make_message(other_sender, **fields, now=NOW)
    mail = make_message(sender, client_tag="order-2", recipient="Ann@example.com", now=NOW)
    with db.write() as session:
        session.execute(update(Message).where(Message.id == mail.message.id).values(bulk_id="bulk-7"))
    msgid, slug = made.message.msgid, slug_of(made.link)
    for typed, kind, one, is_only in (
        (msgid, Kind.MSGID, made, True),
        (f"SM{msgid}", Kind.MSGID, made, True),
        (msgid[:12], Kind.MSGID, made, False),
        ("order-1", Kind.CLIENT_TAG, made, True),
        ("ｏｒｄｅｒ－1", Kind.CLIENT_TAG, made, True),
        (slug, Kind.SHORTLINK, made, True),
        (f"https://s.example.com/{slug}です", Kind.SHORTLINK, made, True),
        ("０８０ー１２３４ー５６７８", Kind.NUMBER, made, True),
        ("ANN@EXAMPLE.COM", Kind.ADDRESS, mail, True),
        ("ann@ex", Kind.ADDRESS, mail, False),
        ("bulk-7", Kind.REQUEST, mail, True),
    ):
        found = find(sender, typed)
        assert (found.kinds, ids(found)) == ([kind], [one.message.id]), typed
        assert found.only == (one.message.id if is_only else None), typed
    assert set(ids(find(sender, "order-"))) == {made.message.id, mail.message.id}


def test_words_are_found_in_the_newest_texts(
    app: Flask, sender: Sender, other_sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_search, "BLOCK", 2)
    monkeypatch.setattr(message_search, "BLOCKS", 2)
    texts = ["Ein Päckchen", "荷物が届きます", *["nothing"] * 5, "荷物 Parcel", "parcel"]
    made = [make_message(sender, body, now=NOW + count * MINUTE).message.id for count, body in enumerate(texts)]
    make_message(other_sender, "parcel", now=NOW)
    assert ids(find(sender, "PARCEL")) == [made[8], made[7]]
    first = find(sender, "荷物")
    assert (first.kinds, ids(first)) == ([Kind.TEXT], [made[7]])
    assert first.last is not None and first.last[1] == made[5]  # four messages were looked at
    second = find(sender, "荷物", first.last)
    assert (ids(second), second.last) == ([made[1]], (NOW + MINUTE, made[1]))
    assert find(sender, "荷物", second.last) == Found([Kind.TEXT], [], None)
    assert ids(find(sender, "päck", second.last)) == [made[0]]
    page = find(sender, "parcel", limit=1)
    assert (ids(page), ids(find(sender, "parcel", page.last, limit=1))) == ([made[8]], [made[7]])
    assert find(sender, "100%_'\\").places == []


def test_many_messages_to_one_recipient_have_pages(app: Flask, sender: Sender) -> None:
    made = [make_message(sender, recipient="+818012345678", now=NOW).message.id for _ in range(3)]
    page = find(sender, "080-1234-5678", limit=2)
    assert (ids(page), page.only, page.more) == (made[:0:-1], None, False)
    assert ids(find(sender, "080-1234-5678", page.last, limit=2)) == [made[0]]


def test_a_masked_recipient_is_never_certain(app: Flask) -> None:
    sender = make_account("masking", recipient_storage="masked")
    made = make_message(sender, recipient="+818012345678", now=NOW)
    found = find(sender, "+819099995678")
    assert (found.kinds, ids(found), found.only) == ([Kind.MASKED], [made.message.id], None)


def test_texts_are_searched_on_request(app: Flask, sender: Sender) -> None:
    tagged = make_message(sender, "one", client_tag="parcel", now=NOW)
    told = make_message(sender, "your parcel", now=NOW + MINUTE)
    assert find(sender, "parcel").only == tagged.message.id
    assert ids(find(sender, "parcel", in_texts=True)) == [told.message.id, tagged.message.id]


def test_short_recipients_are_found_on_both_databases(app: Flask, sender: Sender) -> None:
    for length in range(1, 11):
        recipient = "1234567890"[:length]
        made = make_message(sender, recipient=recipient, now=NOW)
        with db.read() as session:
            found = session.scalars(select(Message.id).where(recipient_key == search.key(recipient))).all()
        assert found == [made.message.id], recipient


def test_an_index_leads_to_a_recipient(app: Flask, sender: Sender) -> None:
    statement = f"SELECT id FROM message WHERE account_id = 1 AND {HAS_RECIPIENT} AND ({RECIPIENT_KEY}) = 'x'"
    found = plans.steps(f"{statement} ORDER BY id DESC LIMIT 9", ())
    assert "ix_message_recipient" in str(found)
    assert "Sort" not in str(found) and "TEMP B-TREE" not in str(found)
