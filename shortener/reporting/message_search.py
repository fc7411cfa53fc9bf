"""One box for all that people search for: ids, tags, shortlinks and recipients by indexes, then words by looking.

Words are looked for in the newest messages first, a bounded number of them for each page (docs/adr/0055-search.md).
"""

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, Subquery, Text, cast, func, or_, select, text, tuple_
from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.messages.lookup import MSGID
from shortener.reporting.message_filter import Place
from shortener.reporting.message_lists import LAST, LONGEST_TEXT, VENDORS_ID
from shortener.rules import search
from shortener.rules.search import Query
from shortener.rules.slug import Slugs, pasted
from shortener.storage.models import Base, Link, Message, Part
from shortener.storage.models.message import HAS_RECIPIENT, recipient_key

FEW: Final = 1_000  # that are found by one index, the newest
BLOCK, BLOCKS = 10_000, 5  # messages whose texts one page looks at: about a tenth of a second
_PLACE: Final = (Message.received_on, Message.id)
_position: Final = tuple_(*_PLACE)


class Kind(enum.StrEnum):
    """What a search may be taken for."""

    SHORTLINK = "shortlink"
    MSGID = "msgid"
    CLIENT_TAG = "client_tag"
    REQUEST = "request"  # a vendor's id of all messages of one request
    NUMBER = "number"
    MASKED = "masked_number"  # a number of which only the end is stored
    ADDRESS = "address"
    RECIPIENT = "recipient"  # neither a number nor an e-mail address
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Found:
    """The messages of a page, the newest first, and what the search was taken for.

    `last` is the place behind which there may be more. `only` is the id of the only message, if it was named exactly.
    Indexes were asked for at most 1,000 messages each: `more` says that there are others.
    """

    kinds: Sequence[Kind]
    places: Sequence[Place]
    last: Place | None
    only: int | None = None
    more: bool = False


def find(
    session: Session, account: Sender, query: Query, slugs: Slugs, before: Place | None, limit: int, *, in_texts: bool
) -> Found:
    """Return a page of what the indexes find; if they find nothing, or on request, of what is found in the texts."""
    by_kind = {} if in_texts else _indexed(session, account, query, slugs)
    if not by_kind:
        places, last = _in_texts(session, account, query, before, limit)
        return Found([Kind.TEXT], places, last)
    exact = {place for places, is_exact in by_kind.values() if is_exact for place in places}
    every = sorted({place for places, _ in by_kind.values() for place in places}, reverse=True)
    rest = [place for place in every if before is None or place < before]
    last = rest[limit - 1] if len(rest) > limit else None
    only = every[0][1] if len(every) == 1 and exact else None
    return Found([*by_kind], rest[:limit], last, only, any(len(places) >= FEW for places, _ in by_kind.values()))


def _indexed(session: Session, account: Sender, query: Query, slugs: Slugs) -> dict[Kind, tuple[list[Place], bool]]:
    """Return the places that each kind's index leads to, and whether they were named exactly; without empty ones.

    A beginning that very many have leads nowhere: the newest of them are soon found by looking.
    """
    own = select(*_PLACE).where(Message.account_id == account.id)
    plain = query.plain
    found = [(Kind.SHORTLINK, _places(session, _with_link(own, plain, slugs)), True)]
    found += [(Kind.MSGID, *_by_msgid(session, account, own, plain))]
    tagged = _places(session, own.where(Message.client_tag.in_((plain, query.text))))
    if not tagged:
        begins = (Message.client_tag >= plain, Message.client_tag <= plain.ljust(LONGEST_TEXT, LAST))
        found += [(Kind.CLIENT_TAG, _if_few(session.execute(own.where(*begins).limit(FEW + 1)).all()), False)]
    found += [(Kind.CLIENT_TAG, tagged, True)] if tagged else []
    found += [(Kind.REQUEST, _places(session, _newest(own.where(Message.bulk_id == plain))), True)]
    found += _by_recipient(session, account, query)
    return {kind: (places, is_exact) for kind, places, is_exact in found if places}


def _with_link(own: Select[dt.datetime, int], typed: str, slugs: Slugs) -> Select[dt.datetime, int] | None:
    slug = pasted(typed)
    number = slugs.decode(slug) if slug is not None else None
    return None if number is None else own.join(Link, Link.message_id == Message.id).where(Link.number == number)


def _by_msgid(session: Session, account: Sender, own: Select[dt.datetime, int], typed: str) -> tuple[list[Place], bool]:
    """Find messages by the msgid or its beginning, which may have a vendor's two letters in front of it."""
    vendors = VENDORS_ID.fullmatch(typed)
    msgid = vendors[1] if vendors else typed
    if MSGID.fullmatch(msgid):
        return _places(session, own.where(Message.msgid == msgid)), True
    # Of all accounts, because the index does not contain the account.
    begins = (Message.msgid >= msgid, Message.msgid <= msgid.ljust(LONGEST_TEXT, LAST))
    rows = session.execute(select(*_PLACE, Message.account_id).where(*begins).limit(FEW + 1)).all()
    few = rows if len(rows) <= FEW else []
    return [(on, row_id) for on, row_id, owner in few if owner == account.id], False


def _by_recipient(session: Session, account: Sender, query: Query) -> list[tuple[Kind, list[Place], bool]]:
    """Find messages by the recipient in any spelling, or by the beginning of an e-mail address."""
    own = select(*_PLACE, Message.recipient).where(Message.account_id == account.id, text(HAS_RECIPIENT))
    rows = [row for each in search.keys(query) for row in session.execute(_newest(own.where(recipient_key == each)))]
    named = [(row[0], row[1], str(row[2])) for row in rows if search.names(query, row[2])]
    kind = Kind.NUMBER if query.digits else Kind.ADDRESS if query.is_address else Kind.RECIPIENT
    if named or not query.is_address:
        masked = [(on, row_id) for on, row_id, recipient in named if recipient.startswith("*")]
        full = [(on, row_id) for on, row_id, recipient in named if not recipient.startswith("*")]
        return [(kind, full, True), (Kind.MASKED, masked, False)]
    first = search.ascii_lower(query.plain)
    begins = own.where(recipient_key >= first, recipient_key < first + LAST)
    return [(kind, _if_few(session.execute(begins.limit(FEW + 1)).all()), False)]


def _newest(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return query.order_by(Message.id.desc()).limit(FEW)


def _places(session: Session, query: Select[*tuple[Any, ...]] | None) -> list[Place]:
    return [] if query is None else [(row[0], row[1]) for row in session.execute(query.limit(FEW))]


def _if_few(rows: Sequence[Row[*tuple[Any, ...]]]) -> list[Place]:
    return [(row[0], row[1]) for row in rows] if len(rows) <= FEW else []


def _in_texts(
    session: Session, account: Sender, query: Query, before: Place | None, limit: int
) -> tuple[list[Place], Place | None]:
    """Look at the next messages until a page is full; return where to go on, None if there are no more."""
    found: list[Place] = []
    for _ in range(BLOCKS):
        before, inside = _block(session, account, before)
        rows = session.execute(_containing(session, query, inside).limit(limit - len(found) + 1)).all()
        places = [(row[0], row[1]) for row in rows]
        if len(places) > limit - len(found):
            found += places[: limit - len(found)]
            return found, found[-1]
        found += places
        if before is None or len(found) == limit:
            break
    return found, before


def _block(session: Session, account: Sender, before: Place | None) -> tuple[Place | None, Select[*tuple[Any, ...]]]:
    """Return the place of the last message of the next block, None if it is the last block, and the block's query."""
    columns = (*_PLACE, Message.subject, Message.client_tag, Message.recipient, Message.vendor_fields)
    inside = [Message.account_id == account.id, *([_position < before] if before is not None else [])]
    order = (Message.received_on.desc(), Message.id.desc())
    found = session.execute(select(*_PLACE).where(*inside).order_by(*order).offset(BLOCK - 1).limit(1)).first()
    last = None if found is None else (found[0], found[1])
    return last, select(*columns).where(*inside, *([_position >= last] if last is not None else []))


def _containing(session: Session, query: Query, inside: Select[*tuple[Any, ...]]) -> Select[dt.datetime, int]:
    """Return a query for the messages of a block that contain the text; of ASCII, upper and lower case are the same."""
    looked_at = inside.offset(0).subquery("looked_at")  # both databases read these first (message_lists.look)
    position = func.strpos if session.get_bind().dialect.name == "postgresql" else func.instr
    sought = {search.ascii_lower(each) for each in (query.text, query.plain)}

    def contain(*columns: ColumnElement[Any]) -> list[ColumnElement[bool]]:
        return [position(func.lower(column), each) > 0 for column in columns for each in sorted(sought)]

    own = contain(*looked_at.c["subject", "client_tag", "recipient"], cast(looked_at.c.vendor_fields, Text))
    found = or_(*own, _part_contains(looked_at, contain(Base.metadata.tables["part"].c.text)))
    chosen = select(looked_at.c.received_on, looked_at.c.id).where(found)
    return chosen.order_by(looked_at.c.received_on.desc(), looked_at.c.id.desc())


def _part_contains(message: Subquery, conditions: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    """Return a condition that looks up the parts of each message, and no others."""
    query = select(Part.message_id).where(Part.message_id == message.c.id, or_(*conditions))
    return query.limit(1).correlate(message).scalar_subquery().is_not(None)
