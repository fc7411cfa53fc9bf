"""Messages for vendors' wire formats: one by its name, pages of them, and reports that are given out once."""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.errors import MessageNotFoundError
from shortener.installation.site import Site
from shortener.messages.analysis import Analysis
from shortener.messages.preprocess import Preprocessed
from shortener.reporting import face_filter, face_search, new_face_messages
from shortener.reporting.face_filter import FaceFilter
from shortener.rules.delivery.face_message import FaceLink, FaceMessage
from shortener.rules.links import body
from shortener.rules.wire import cursor
from shortener.storage.models import Account, Link, Message, Part, PartKind, Sending

KEPT: Final = dt.timedelta(hours=48)  # for which reports wait to be given out
AT_ONCE: Final = 8  # clients that may pull at the same moment and each get something
_COLUMNS: Final = (
    *(Message.id, Message.msgid, Account.sid, Message.client_tag, Message.bulk_id, Message.vendor_fields),
    *(Message.sender, Message.recipient, Message.subject, Message.received_on, Message.send_on, Sending.sent_on),
    *(Message.state, Message.state_on, Message.code, Message.reason, Message.tags, Message.track_link),
)
_MESSAGES: Final = (
    select(*_COLUMNS, Part.text)
    .join(Account, Account.id == Message.account_id)
    .outerjoin(Sending, Sending.message_id == Message.id)
    .outerjoin(Part, (Part.message_id == Message.id) & (Part.kind == PartKind.TEXT))
)
_LINKS: Final = select(
    *(Link.message_id, Link.part, Link.starts_at, Link.ends_at, Link.base_url, Link.number, Link.target),
    Link.accessed_on,
).order_by(Link.message_id, Link.position)


def load(session: Session, ids: Collection[int], site: Site) -> dict[int, FaceMessage]:
    """Return messages by their ids."""
    if not ids:
        return {}
    links: dict[int, list[Any]] = {id_: [] for id_ in ids}
    for link in session.execute(_LINKS.where(Link.message_id.in_(ids))):
        links[link.message_id].append(link)
    rows = session.execute(_MESSAGES.where(Message.id.in_(ids)))
    return {row.id: _message(row, links[row.id], site) for row in rows}


def _message(row: Any, links: Sequence[Any], site: Site) -> FaceMessage:
    places = [(link.starts_at, link.ends_at, site.shortlink_of(link)) for link in links if link.part == PartKind.TEXT]
    return FaceMessage(
        id=row.id,
        msgid=row.msgid,
        sid=row.sid,
        client_tag=row.client_tag,
        bulk_id=row.bulk_id,
        fields=row.vendor_fields or {},
        sender=row.sender,
        recipient=row.recipient,
        subject=row.subject,
        text=body.rewrite(row.text or "", places),
        received_on=row.received_on,
        send_on=row.send_on,
        sent_on=row.sent_on,
        state=row.state,
        state_on=row.state_on,
        code=row.code or "",
        reason=row.reason,
        tags=tuple(row.tags or ()),
        track_link=row.track_link,
        links=tuple(FaceLink(link.target, site.shortlink_of(link), link.accessed_on) for link in links),
    )


def replayed(session: Session, analysis: Analysis, done: Preprocessed, site: Site) -> FaceMessage | None:
    """Return a message that an earlier call stored, as it is now, with its HTML and its recipient as submitted."""
    found = load(session, [done.message.id], site).get(done.message.id)
    in_html = new_face_messages.html(done, site)
    return found and replace(found, recipient=analysis.submission.recipient, html=in_html)


def find(session: Session, account: Sender, name: str, site: Site, *, face: str | None = None) -> FaceMessage:
    """Return the account's message with this msgid, else with this client tag; MessageNotFoundError if there is none.

    With `face`, it must have come in that vendor's wire format.
    """
    wanted = FaceFilter(names=[name], face=face, limit=2)
    found = {message.msgid: message for message in page(session, account, wanted, site)[0]}
    if not found:
        raise MessageNotFoundError
    return found.get(name) or next(iter(found.values()))


def page(session: Session, account: Sender, wanted: FaceFilter, site: Site) -> tuple[list[FaceMessage], str | None]:
    """Return the messages that the filter selects, the newest first, and a cursor if there may be more.

    It examines at most 50,000 messages; the cursor continues there.
    """
    ids, last = face_search.search(session, account, wanted)
    found = load(session, ids, site)
    return [found[id_] for id_ in ids if id_ in found], cursor.after_row(*last) if last else None


def ready(session: Session, account: Sender, wanted: FaceFilter, *, now: dt.datetime) -> Sequence[int]:
    """Return the ids of final messages of the filter's queue that were never pulled, the oldest first.

    Only what was due and became final in the last 48 hours; several times the limit, because others may take some.
    """
    query = select(Message.state_on, Message.id).where(
        Message.account_id == account.id,
        Message.pull_queue == wanted.pull_queue,
        Message.pulled_on.is_(None),
        now - KEPT <= face_filter.SENT_ON,
        now - KEPT <= Message.state_on,  # so that old ones, which nobody took, are not read again and again
        *face_filter.direct(session, account, wanted),
        *face_filter.received_when(wanted),
        *face_filter.conditions(wanted),
    )
    query = query.order_by(Message.state_on, Message.id).limit(most := AT_ONCE * wanted.limit)
    # The index has the order only within a state: for all of them together, PostgreSQL reads and sorts all that wait.
    states = [Message.state == state for state in face_filter.FINAL]
    conditions = [Message.state.in_(face_filter.FINAL)] if wanted.is_direct else states
    found = [(row[0], row[1]) for one in conditions for row in session.execute(query.where(one))]
    return [id_ for _, id_ in sorted(found)[:most]]


def take(session: Session, ids: Sequence[int], site: Site, *, most: int, now: dt.datetime) -> list[FaceMessage]:
    """Return those of the messages that nobody has pulled meanwhile, in their order, and mark them as pulled.

    The caller commits; of several callers at once each gets other messages.
    """
    free = select(Message.id).where(Message.id.in_(ids), Message.pulled_on.is_(None))
    free = free.order_by(Message.state_on, Message.id).limit(most).with_for_update(skip_locked=True, key_share=True)
    taken = session.scalars(free).all()
    session.execute(update(Message).where(Message.id.in_(taken)).values(pulled_on=now))
    found = load(session, taken, site)
    return [found[id_] for id_ in taken]


def total(session: Session, account: Sender, wanted: FaceFilter, name: str) -> int:
    """Add up a number that a wire format stored with each message that the filter selects."""
    number: Any = Message.vendor_fields
    query = select(func.coalesce(func.sum(number[name].as_integer()), 0)).where(Message.account_id == account.id)
    query = query.where(*face_filter.received_when(wanted), *face_filter.conditions(wanted))
    found: int = session.scalars(query).one()
    return found


def settings(session: Session, account: Sender, face: str) -> Mapping[str, Any]:
    """Return what a vendor's wire format has stored for an account."""
    stored = session.scalar(select(Account.vendor_settings).where(Account.id == account.id)) or {}
    found: Mapping[str, Any] = stored.get(face, {})
    return found


def change_settings(
    session: Session, account: Sender, face: str, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Store and return what `change` makes of a vendor's settings, which others cannot change before the commit."""
    locked = session.scalars(select(Account).where(Account.id == account.id).with_for_update()).one()
    stored = locked.vendor_settings or {}
    changed = dict(change(stored.get(face, {})))
    locked.vendor_settings = {**stored, face: changed}
    return changed
