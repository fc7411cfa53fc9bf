"""Export messages as CSV or JSON Lines, in parts, so that memory use is bounded.

Each part is read in its own transaction, which ends before the part is sent, so a slow client blocks nobody. Each
message is shown as it was when its part was read.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import BindParameter, Row, bindparam, func, select
from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.installation.site import Site
from shortener.messages.first_link import is_first_link_of
from shortener.reporting import message_links, message_lists
from shortener.reporting.documents import ExportedMessage
from shortener.reporting.message_filter import Filter, Place
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.reason import shown
from shortener.rules.visitors.visitor import Visitor
from shortener.rules.wire import csv_cells
from shortener.rules.wire.moments import rfc3339, rfc3339_or_none
from shortener.storage import db
from shortener.storage.models import CLICK, Callback, Click, Link, Message

AT_ONCE: Final = 1_000  # messages in a part
LOOKED_AT: Final = 10_000  # messages that are read for one part if a filter skips some
BROKEN_OFF: Final = "The export broke off here, and what follows is missing: ask for it again."
BOM: Final = "\ufeff"  # without it, Excel does not recognise UTF-8
COLUMNS: Final = tuple(ExportedMessage.__annotations__)
_values: Final[Callable[[Mapping[str, object]], tuple[object, ...]]] = itemgetter(*COLUMNS)
# Made once, as they are executed for each part. What they select are columns, which cost less than objects.
_IDS: Final[BindParameter[Any]] = bindparam("ids", expanding=True)
_SHOWN: Final = (
    select(Message.id, Message.msgid, Message.received_on, Message.client_tag, Message.sender, Message.recipient)
    .add_columns(Message.tags, Message.details, Message.state, Message.state_on, Message.reason, Message.code)
    .add_columns(Link.base_url, Link.number, Link.target, Link.expires_on)
    .outerjoin_from(Message, Link, is_first_link_of(Message.id))
    .where(Message.id.in_(_IDS))
)
# Of messages, on any of their links.
_CLICKS: Final = (
    select(Link.message_id, Click.visitor, func.count())
    .join(Click, Click.link_id == Link.id)
    .where(Link.message_id.in_(_IDS))
    .group_by(Link.message_id, Click.visitor)
)
_CALLBACKS: Final = select(Callback.message_id, Callback.state).where(
    Callback.message_id.in_(_IDS), Callback.about == CLICK
)
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Format:
    """The format of an export: its beginning, its messages, and a last line if it was interrupted."""

    content_type: str
    before: str
    write: Callable[[Sequence[Mapping[str, object]]], str]
    broken_off: str


def blocks(
    account: Sender,
    wanted: Filter,
    site: Site,
    form: Format,
    *,
    until: dt.datetime,
    reached: Callable[[dt.datetime], object] = lambda _: None,
    at_once: int | None = None,
) -> Iterator[bytes]:
    """Yield the messages received before `until`, the newest first; the first block comes after the first part is read.

    `reached` is called after each part with the moment down to which all messages have been looked at. A part has at
    most `at_once` messages; by default 1,000.
    """
    lead = form.before
    for documents in _parts(account, wanted, site, until, reached, at_once or AT_ONCE):
        yield (lead + form.write(documents)).encode()
        lead = ""
    if lead:
        yield lead.encode()


def period(session: Session, account: Sender, wanted: Filter, *, until: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Return the period whose messages an export will read; it is empty if there are none."""
    end = min(wanted.end or until, until)
    oldest = session.scalar(select(func.min(Message.received_on)).where(Message.account_id == account.id)) or end
    return min(max(wanted.start or oldest, oldest), end), end


def _parts(
    account: Sender,
    wanted: Filter,
    site: Site,
    until: dt.datetime,
    reached: Callable[[dt.datetime], object],
    at_once: int,
) -> Iterator[list[ExportedMessage]]:
    last: Place | None = min(place for place in (wanted.before(), (until, 0)) if place)
    count = LOOKED_AT if message_lists.selective(wanted) else at_once
    while last is not None:
        with db.read() as session:
            found, last = message_lists.look(session, account, wanted, site.slugs, last, count, most=at_once)
            documents = _documents(session, _load(session, found), site)
        if last is not None:
            reached(last[0])
        if documents:
            yield documents


def _load(session: Session, places: Sequence[Place]) -> list[Row[Any]]:
    """Return what is shown of the messages at these positions and of their first links."""
    rows = {row.id: row for row in session.execute(_SHOWN, {"ids": [row_id for _, row_id in places]})}
    return [rows[row_id] for _, row_id in places if row_id in rows]


def _documents(session: Session, rows: Sequence[Row[Any]], site: Site) -> list[ExportedMessage]:
    """Return the messages as documents, with three more queries for any number of messages."""
    ids = [row.id for row in rows]
    first_clicks = message_links.first_clicks(session, ids)
    clicks: dict[int, dict[Visitor, int]] = {}
    for message_id, visitor, count in session.execute(_CLICKS, {"ids": ids}):
        clicks.setdefault(message_id, {})[visitor] = count
    callbacks: dict[int, JobState] = dict(session.execute(_CALLBACKS, {"ids": ids}).all())
    return [
        _document(row, first_clicks.get(row.id), clicks.get(row.id, {}), callbacks.get(row.id), site) for row in rows
    ]


def _document(
    row: Row[Any],
    accessed_on: dt.datetime | None,
    clicks: Mapping[Visitor, int],
    callback: JobState | None,
    site: Site,
) -> ExportedMessage:
    """Return a message as one line; of several links the first one, but the clicks of all."""
    has_link = row.number is not None
    return {
        "msgid": row.msgid,
        "received_on": rfc3339(row.received_on),
        "client_tag": row.client_tag,
        "sender": row.sender,
        "recipient": row.recipient,
        "tags": row.tags or [],
        "link": row.target if has_link else None,
        "shortlink": site.shortlink_of(row) if has_link else None,
        "expires_on": rfc3339(row.expires_on) if has_link else None,
        "accessed": accessed_on is not None if has_link else None,
        "accessed_on": rfc3339_or_none(accessed_on),
        "clicks_person": clicks.get(Visitor.PERSON, 0) if has_link else None,
        "clicks_unknown": clicks.get(Visitor.UNKNOWN, 0) if has_link else None,
        "clicks_preview": clicks.get(Visitor.PREVIEW, 0) if has_link else None,
        "clicks_bot": clicks.get(Visitor.BOT, 0) if has_link else None,
        "clicks_scanner": clicks.get(Visitor.SCANNER, 0) if has_link else None,
        "callback": callback,
        "metadata": row.details or {},
        "state": row.state,
        "state_on": rfc3339_or_none(row.state_on),
        "reason": shown(row.reason, row.code or ""),
        "code": row.code,
    }


def _csv(documents: Sequence[Mapping[str, Any]], delimiter: str) -> str:
    return csv_cells.lines(map(_cells, documents), delimiter)


def _cells(document: Mapping[str, Any]) -> Sequence[object]:
    """Return a message's cells: tags as `a,b`, as in requests, and metadata as JSON."""
    tags, metadata = document["tags"], document["metadata"]
    return _values({**document, "tags": ",".join(tags), "metadata": _encode(metadata) if metadata else None})


def _json_lines(documents: Sequence[Mapping[str, object]]) -> str:
    return "".join(_encode(document) + "\n" for document in documents)


def csv_with(delimiter: str) -> Format:
    """Return the CSV format with this delimiter."""
    return Format(
        "text/csv; charset=utf-8",
        BOM + csv_cells.lines([COLUMNS], delimiter),
        partial(_csv, delimiter=delimiter),
        csv_cells.lines([[BROKEN_OFF]], delimiter),
    )


FORMATS: Final = {
    "csv": csv_with(","),
    "jsonl": Format("application/jsonl", "", _json_lines, _json_lines([{"code": "broken_off", "detail": BROKEN_OFF}])),
}
