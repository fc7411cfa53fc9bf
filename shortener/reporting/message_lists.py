"""Lists of messages, the newest first. The cost of a page is bounded, whatever the filter.

Messages are examined in order, in blocks, and those that the filter does not select are skipped. A page ends when it is
full or when enough messages have been examined; the next page continues there (docs/adr/0007-bounded-pages.md).
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, Select, Subquery, func, or_, select, text, tuple_
from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.installation.site import Site
from shortener.messages.first_link import is_first_link_of
from shortener.messages.lookup import texts_of
from shortener.reporting import message_links, receipt_report
from shortener.reporting.documents import MessagePage, MessageSummary
from shortener.reporting.message_filter import Filter, Place
from shortener.reporting.message_report import summary
from shortener.rules import recipient_storage, search
from shortener.rules.slug import Slugs, pasted
from shortener.rules.wire import cursor
from shortener.storage.models import Click, Link, Message
from shortener.storage.models.message import HAS_RECIPIENT, recipient_key

LOOKED_AT = (1_000, 9_000)  # messages examined for one page, in two blocks: most pages are full after the first
FEW = 1_000  # at most so many that begin with a text are found by an index; more are soon found by examining in order
LONGEST_TEXT = 200  # characters of a client tag
LAST = "\U0010ffff"  # sorts after everything else
VENDORS_ID = re.compile("[A-Z]{2}([A-Za-z0-9]{32})")
_position = tuple_(Message.received_on, Message.id)

Row = tuple[Message, Link | None]


@dataclass(frozen=True, slots=True)
class Page:
    """Messages with their first links and their first clicks on any link, and a cursor if there may be more.

    A page that has a cursor without being full examined as many messages as one call may, back to `looked_back_to`.
    """

    rows: list[Row]
    first_clicks: Mapping[int, dt.datetime]  # of those that were clicked, by the message's id
    texts: Mapping[int, str]  # as they were submitted, by the message's id
    next: str | None
    looked_back_to: dt.datetime | None


def document(session: Session, account: Sender, wanted: Filter, site: Site) -> MessagePage:
    """Return the document of a page of the account's messages."""
    page = find(session, account, wanted, site.slugs)
    rest = urlencode({**wanted.parameters(), "cursor": page.next}) if page.next else None
    return {
        "messages": summaries(session, page, site),
        "next": f"{site.base_url}/v1/messages?{rest}" if rest else None,
    }


def summaries(session: Session, page: Page, site: Site) -> list[MessageSummary]:
    """Return the messages of a page as lists show them."""
    texts, first_clicks = message_links.texts_to_send(session, page.texts, site), page.first_clicks
    reporting = receipt_report.reporting(session, [message for message, _ in page.rows])
    return [
        {
            **summary(one, texts[one.id], link, first_clicks.get(one.id), site),
            "receipt": receipt_report.of_message(one, reporting.get(one.id)),
        }
        for one, link in page.rows
    ]


def find(session: Session, account: Sender, wanted: Filter, slugs: Slugs, *, limit: int | None = None) -> Page:
    """Return a page of the account's messages that the filter selects; `limit` replaces the filter's own."""
    limit = limit or wanted.limit
    found: list[Place] = []
    last = wanted.before()
    for count in LOOKED_AT if selective(wanted) else (limit + 1,):
        more, last = look(session, account, wanted, slugs, last, count, most=limit - len(found))
        found += more
        if last is None or len(found) == limit:
            break
    return page(session, found, last)


def page(session: Session, found: Sequence[Place], last: Place | None) -> Page:
    """Return the page with the messages at these positions; there may be more behind `last`."""
    rows = load(session, found)
    messages = [message for message, _ in rows]
    first_clicks = message_links.first_clicks(session, [message.id for message in messages])
    texts, rest = texts_of(session, messages), cursor.after_row(*last) if last else None
    return Page(rows, first_clicks, texts, rest, last[0] if last else None)


def selective(wanted: Filter) -> bool:
    """Whether the filter may skip messages of its period."""
    return bool(wanted.parameters().keys() - {"from", "to", "limit"})


def look(
    session: Session, account: Sender, wanted: Filter, slugs: Slugs, before: Place | None, count: int, *, most: int
) -> tuple[list[Place], Place | None]:
    """Examine the next `count` messages; return the positions of at most `most` selected ones, and where to continue.

    The latter is None if there are no more messages.
    """
    if not selective(wanted):  # all that are examined are selected
        enough = min(count, most + 1)
        rows = session.execute(_newest(account, wanted, before).limit(enough))
        found = [(moment, row_id) for moment, row_id in rows]
        return found[:most], found[:most][-1] if len(found) == enough else None
    looked_at, conditions, last = examined(session, account, wanted, slugs, before, count)
    query = select(looked_at.c.received_on, looked_at.c.id).where(*conditions)
    newest = query.order_by(looked_at.c.received_on.desc(), looked_at.c.id.desc()).limit(most + 1)
    found = [(moment, row_id) for moment, row_id in session.execute(newest)]
    return (found[:most], found[most - 1]) if len(found) > most else (found, last)


def examined(
    session: Session, account: Sender, wanted: Filter, slugs: Slugs, before: Place | None, count: int
) -> tuple[Subquery, list[ColumnElement[bool]], Place | None]:
    """Return the next `count` messages, the filter's conditions for them, and where to continue, if there are more."""
    linked = _linked(session, account, wanted, slugs)
    inside, last = _next(session, account, wanted, linked, before, count)
    columns = select(Message.received_on, Message.id, Message.msgid, Message.client_tag, Message.tags)
    columns = columns.add_columns(Message.state, Message.recipient)
    # With an offset, even 0, both databases read these messages first, and apply the filter only to them.
    looked_at = columns.where(*inside).offset(0).subquery("looked_at")
    return looked_at, _conditions(session, wanted, linked, looked_at), last


def load(session: Session, places: Sequence[Place]) -> list[Row]:
    """Return the messages at these positions with their first links, with one query."""
    joined = select(Message, Link).outerjoin(Link, is_first_link_of(Message.id))
    query = joined.where(Message.id.in_([row_id for _, row_id in places]))
    rows = {message.id: (message, link) for message, link in session.execute(query)} if places else {}
    return [rows[row_id] for _, row_id in places if row_id in rows]


def _next(
    session: Session, account: Sender, wanted: Filter, linked: list[Place], before: Place | None, count: int
) -> tuple[list[ColumnElement[bool]], Place | None]:
    """Return conditions for the next `count` messages, and the position of the last one; None if there are no more.

    Messages that arrive meanwhile change neither, because the last one is determined before any is read.
    """
    few = _few(session, account, wanted, linked)
    if few is not None:
        inside = [place for place in few if wanted.start is None or place[0] >= wanted.start]
        places = sorted((place for place in inside if before is None or place < before), reverse=True)
        last = places[count - 1] if len(places) > count else None
        return [Message.id.in_([row_id for _, row_id in places[:count]])], last
    found = session.execute(_newest(account, wanted, before).offset(count - 1).limit(1)).first()
    if found is None:
        return [*_until(account, wanted, before), *_since(wanted)], None
    last = (found[0], found[1])
    # Without `_since`, which it implies: of two such bounds SQLite may use the farther one, and read the whole period.
    return [*_until(account, wanted, before), _position >= last], last


def _newest(account: Sender, wanted: Filter, before: Place | None) -> Select[dt.datetime, int]:
    """Return a query for the positions of messages, whatever else the filter asks for than period and state."""
    query = select(Message.received_on, Message.id).where(*_until(account, wanted, before), *_since(wanted))
    return query.order_by(Message.received_on.desc(), Message.id.desc())


def _until(account: Sender, wanted: Filter, before: Place | None) -> list[ColumnElement[bool]]:
    conditions = [Message.account_id == account.id]
    conditions += [Message.state == wanted.state] if wanted.state is not None else []  # has an index
    return conditions + ([_position < before] if before is not None else [])


def _since(wanted: Filter) -> list[ColumnElement[bool]]:
    return [Message.received_on >= wanted.start] if wanted.start is not None else []


def _few(session: Session, account: Sender, wanted: Filter, linked: list[Place]) -> list[Place] | None:
    """Return the positions of all messages that the filter may select, if an index shows that they are few."""
    columns = select(Message.received_on, Message.id, Message.account_id)
    own = columns.where(Message.account_id == account.id)
    if wanted.client_tag is not None:
        return _places(session, account, own.where(Message.client_tag == wanted.client_tag))
    if wanted.recipient is not None:
        keys = {search.key(reading) for reading in recipient_storage.readings(wanted.recipient)}
        found = _places(session, account, own.where(text(HAS_RECIPIENT), recipient_key.in_(keys)))
        if found is not None:
            return found
    if wanted.text is None:
        return None
    first, last = wanted.text, wanted.text.ljust(LONGEST_TEXT, LAST)
    tagged = _places(session, account, own.where(Message.client_tag >= first, Message.client_tag <= last))
    # Of all accounts: the index of msgids does not contain the account, and skipping others would be unbounded.
    first, last = _msgid(wanted.text), _msgid(wanted.text).ljust(LONGEST_TEXT, LAST)
    named = _places(session, account, columns.where(Message.msgid >= first, Message.msgid <= last))
    return None if tagged is None or named is None else list({*tagged, *named, *linked})


def _msgid(text: str) -> str:
    """Return the msgid of a vendor's id that has two letters in front of it, or else the text as it is."""
    found = VENDORS_ID.fullmatch(text)
    return found[1] if found else text


def _linked(session: Session, account: Sender, wanted: Filter, slugs: Slugs) -> list[Place]:
    """Return the position of the account's message that has this shortlink, if there is one."""
    slug = pasted(wanted.text) if wanted.text is not None else None
    number = slugs.decode(slug) if slug is not None else None
    if number is None:
        return []
    joined = select(Message.received_on, Message.id).join(Link, Link.message_id == Message.id)
    query = joined.where(Link.number == number, Message.account_id == account.id)
    return [(moment, row_id) for moment, row_id in session.execute(query)]


def _places(session: Session, account: Sender, query: Select[*tuple[Any, ...]]) -> list[Place] | None:
    """Return the positions of the account's messages among these; None if there are many."""
    rows = session.execute(query.limit(FEW + 1)).all()
    return [(moment, row_id) for moment, row_id, owner in rows if owner == account.id] if len(rows) <= FEW else None


def _conditions(session: Session, wanted: Filter, linked: list[Place], message: Subquery) -> list[ColumnElement[bool]]:
    """Return the filter's conditions for messages that are examined."""
    link = select(Link.id).where(Link.message_id == message.c.id)
    conditions = []
    if wanted.clicked is not None:
        is_clicked = _there_is(link.where(Link.accessed_on.is_not(None)), message)
        conditions += [is_clicked] if wanted.clicked else [_there_is(link, message), ~is_clicked]
    if wanted.visitor is not None:
        clicks = link.join(Click, Click.link_id == Link.id).where(Click.visitor == wanted.visitor)
        conditions.append(_there_is(clicks, message))
    if wanted.state is not None:
        conditions.append(message.c.state == wanted.state)
    if wanted.recipient is not None:
        conditions.append(message.c.recipient.in_(recipient_storage.readings(wanted.recipient)))
    if wanted.tag is not None:
        conditions.append(_has_tag(session, wanted.tag, message))
    if wanted.text is not None:
        sought = [(message.c.client_tag, wanted.text), (message.c.msgid, _msgid(wanted.text))]
        begins = [func.substr(column, 1, len(text)) == text for column, text in sought]
        its_link = [message.c.id == row_id for _, row_id in linked]
        conditions.append(or_(*begins, *its_link))
    return conditions


def _there_is(query: Select[*tuple[Any, ...]], message: Subquery) -> ColumnElement[bool]:
    """Return a condition like EXISTS, evaluated row by row: PostgreSQL may join EXISTS and read the whole table."""
    return query.limit(1).correlate(message).scalar_subquery().is_not(None)


def _has_tag(session: Session, tag: str, message: Subquery) -> ColumnElement[bool]:
    if session.get_bind().dialect.name == "postgresql":
        tags: ColumnElement[str] = func.json_array_elements_text(message.c.tags).column_valued("tag")
    else:
        tags = func.json_each(message.c.tags).table_valued("value").c.value
    return select(tags).where(tags == tag).correlate(message).exists()
