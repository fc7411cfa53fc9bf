"""Resolve a slug and record the click: the first that counts, with its callback, in one transaction."""

import datetime as dt
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, BigInteger, Connection, Row, Select, bindparam, exists, func, insert, select, text, update
from sqlalchemy.dialects import postgresql

from shortener.rules.delivery import event, receiver
from shortener.rules.slug import Slugs
from shortener.rules.visitors.visitor import Verdict, reaches
from shortener.rules.wire.moments import from_micros, rfc3339, to_micros
from shortener.storage.bulk import Many, skipping
from shortener.storage.lookups import Readers
from shortener.storage.models import Base

# Statements are made once, and on tables, not on models: to put one together costs more than to run it.
CALLBACK, CLICK, LINK, MESSAGE = (Base.metadata.tables[name] for name in ("callback", "click", "link", "message"))
_LOOKUP = select(*LINK.c["id", "target", "location", "expires_on", "off_on", "accessed_on", "count_as_click"]).where(
    LINK.c.number == bindparam("number")
)
LOOKUP: dict[str, Select[*tuple[Any, ...]]] = {
    "sqlite": _LOOKUP.add_columns(text("0")),
    "postgresql": _LOOKUP.add_columns(text("(extract(epoch FROM clock_timestamp()) * 1000000)::bigint")),
}
INSERT_CLICKS = skipping(CLICK, CLICK.c.keys())
# Locked in the order of their ids, so that no two transactions wait for each other; SQLite has one writer anyway.
_FIRSTS = (
    select(*LINK.c["id", "number", "base_url", "target"])
    .add_columns(*MESSAGE.c["msgid", "account_id", "client_tag", "recipient", "tags", "metadata", "lt_callbackurl"])
    .join_from(LINK, MESSAGE)
    .where(LINK.c.accessed_on.is_(None))
    .order_by(LINK.c.id)
    .with_for_update(of=LINK, key_share=True)
)
# All ids in one parameter: with one for each, SQLAlchemy would write the statement anew for every number of them.
_IN: dict[str, Any] = {
    "sqlite": LINK.c.id.in_(select(func.json_each(bindparam("links", type_=JSON)).table_valued("value").c.value)),
    "postgresql": LINK.c.id == func.any(bindparam("links", type_=postgresql.ARRAY(BigInteger))),
}
FIRSTS = {dialect: _FIRSTS.where(among) for dialect, among in _IN.items()}
SET_ACCESSED_ON = Many(
    update(LINK)
    .where(LINK.c.id == bindparam("link"), LINK.c.accessed_on.is_(None))
    .values(accessed_on=bindparam("now")),
    ("link", "now"),
)
_CALLBACK_COLUMNS = (
    *("link_id", "account_id", "event_id", "url", "destination", "body"),
    *("state", "created_on", "due_on", "starts_before"),
)
# A callback that nobody has claimed: a claim leases it, and from then on it is due at another time.
_UNCLAIMED = (
    CALLBACK.c.state == "pending",
    CALLBACK.c.lease_token.is_(None),
    CALLBACK.c.due_on == CALLBACK.c.created_on,
)
_LATER = select(*LINK.c["id", "accessed_on"]).where(LINK.c.accessed_on.is_not(None))
_UNTOLD = (
    select(*LINK.c["id", "number", "base_url", "target"])
    .add_columns(*MESSAGE.c["msgid", "account_id", "client_tag", "recipient", "tags", "metadata", "lt_callbackurl"])
    .join_from(LINK, MESSAGE)
    .join(CALLBACK, CALLBACK.c.link_id == LINK.c.id)
    .where(*_UNCLAIMED)
    .order_by(LINK.c.id)
    .with_for_update(of=[LINK, CALLBACK], key_share=True, skip_locked=True)
)
_HAS_CALLBACK = exists().where(CALLBACK.c.link_id == LINK.c.id)
_SOONER = update(LINK).where(LINK.c.id == bindparam("link"), LINK.c.accessed_on > bindparam("now"))
SET_SOONER = Many(_SOONER.values(accessed_on=bindparam("now")), ("link", "now"))
SET_SOONER_ALONE = Many(
    _SOONER.where(~exists().where(CALLBACK.c.link_id == LINK.c.id)).values(accessed_on=bindparam("now")),
    ("link", "now"),
)
SET_EVENT = Many(
    update(CALLBACK)
    .where(CALLBACK.c.link_id == bindparam("link"))
    .values(body=bindparam("event"), created_on=bindparam("now"), due_on=bindparam("now")),
    ("link", "now", "event"),
)
INSERT_CALLBACKS = Many(insert(CALLBACK).inline(), _CALLBACK_COLUMNS)


@dataclass(frozen=True, slots=True)
class Resolved:
    """A link as a visitor meets it at the moment `now`."""

    link_id: int
    location: str
    live: bool
    off: bool
    accessed: bool
    count_as_click: str
    now: dt.datetime


@dataclass(frozen=True, slots=True)
class NewClick:
    """A click to be recorded. Its id is made once, so that it is stored once, however often it is tried."""

    link_id: int
    id: uuid.UUID
    clicked_on: dt.datetime
    verdict: Verdict
    counts: bool
    network: str | None = None


def resolve(readers: Readers, number: int) -> Resolved | None:
    """Look a link up by its number, by one query that also reads the database's clock where that one counts."""
    row = readers.row(LOOKUP[readers.dialect], {"number": number})
    if row is None:
        return None
    link_id, target, location, expires_on, off_on, accessed_on, count_as_click, micros = row
    now = from_micros(micros) if micros else dt.datetime.now(dt.UTC)
    return Resolved(
        link_id=link_id,
        location=location or target,
        live=off_on is None and now < from_micros(expires_on),
        off=off_on is not None,
        accessed=accessed_on is not None,
        count_as_click=count_as_click,
        now=now,
    )


def new_click(resolved: Resolved, verdict: Verdict, network: str | None = None) -> NewClick:
    """Make the click of a visitor at a live link."""
    return NewClick(
        link_id=resolved.link_id,
        id=_time_ordered_uuid(resolved.now),
        clicked_on=resolved.now,
        verdict=verdict,
        counts=reaches(verdict.visitor, resolved.count_as_click) and not resolved.accessed,
        network=network,
    )


def record_all(connection: Connection, new_clicks: Sequence[NewClick], slugs: Slugs) -> int:
    """Store clicks; for a link's first that counts also `accessed_on` and the callback. Gives how many callbacks.

    All or none, with a handful of statements however many clicks there are. A click that is stored already changes
    nothing. An `accessed_on` that is set becomes earlier, with its callback's event, while nobody has claimed that.
    """
    ordered = sorted(new_clicks, key=lambda click: (click.link_id, click.clicked_on))
    dialect = connection.dialect.name
    INSERT_CLICKS[dialect].run(connection, map(_row, ordered))
    # Of a link's clicks the earliest: they are in order, and the last one set stays.
    earliest = {click.link_id: click for click in reversed(ordered) if click.counts}
    # Those that nobody has accessed, and nobody does until our commit.
    firsts = connection.execute(FIRSTS[dialect], {"links": list(earliest)}).all() if earliest else []
    SET_ACCESSED_ON.run(connection, [{"link": row.id, "now": earliest[row.id].clicked_on} for row in firsts])
    callbacks = [_callback(row, earliest[row.id], slugs) for row in firsts if row.lt_callbackurl is not None]
    INSERT_CALLBACKS.run(connection, callbacks)
    if len(firsts) < len(earliest):
        _make_earlier(
            connection, {id_: click for id_, click in earliest.items() if id_ not in {row.id for row in firsts}}, slugs
        )
    return len(callbacks)


def _make_earlier(connection: Connection, earliest: Mapping[int, NewClick], slugs: Slugs) -> None:
    """Where a click is stored late that was the first, let `accessed_on` and the callback say so.

    As long as the callback is not claimed: what was sent, or is being sent, stays as it is.
    """
    dialect = connection.dialect.name
    accessed = connection.execute(_LATER.where(_IN[dialect]), {"links": list(earliest)}).all()
    sooner = [row.id for row in accessed if earliest[row.id].clicked_on < row.accessed_on]
    if not sooner:
        return
    untold = connection.execute(_UNTOLD.where(_IN[dialect]), {"links": sooner}).all()
    rows = [{"link": row.id, "now": earliest[row.id].clicked_on} for row in untold]
    SET_SOONER.run(connection, rows)
    events = (_event_body(row, earliest[row.id], slugs) for row in untold)
    SET_EVENT.run(connection, [{**row, "event": event} for row, event in zip(rows, events, strict=True)])
    SET_SOONER_ALONE.run(connection, [{"link": id_, "now": earliest[id_].clicked_on} for id_ in sorted(sooner)])


def _row(click: NewClick) -> dict[str, object]:
    return {
        "link_id": click.link_id,
        "id": click.id,
        "clicked_on": click.clicked_on,
        "visitor": click.verdict.visitor.value,
        "reason": click.verdict.reason,
        "network": click.network,
    }


def _callback(row: Row[Any], click: NewClick, slugs: Slugs) -> dict[str, object]:
    return {
        "link_id": row.id,
        "account_id": row.account_id,
        # The click's own id: unique, and in the order of time, so that the index grows at its end.
        "event_id": f"evt_{click.id.hex}",
        "url": row.lt_callbackurl,
        "destination": receiver.queue(row.account_id, row.lt_callbackurl),
        "body": _event_body(row, click, slugs),
        "state": "pending",
        "created_on": click.clicked_on,
        "due_on": click.clicked_on,
        "starts_before": 0,
    }


def _event_body(row: Row[Any], click: NewClick, slugs: Slugs) -> bytes:
    return event.build(
        event.CLICKED,
        click.clicked_on,
        {
            "msgid": row.msgid,
            "client_tag": row.client_tag,
            "recipient": row.recipient,
            "link": row.target,
            "shortlink": f"{row.base_url}/{slugs.encode(row.number)}",
            "accessed": True,
            "accessed_on": rfc3339(click.clicked_on),
            "visitor": click.verdict.visitor.value,
            "tags": row.tags or [],
            "metadata": row.metadata or {},
        },
    )


def _time_ordered_uuid(moment: dt.datetime) -> uuid.UUID:
    """A UUID of version 7 (RFC 9562, method 3): milliseconds, microseconds, then chance.

    So a link's clicks lie in their order, to the microsecond.
    """
    millis, micros = divmod(to_micros(moment), 1000)
    value = (millis & ((1 << 48) - 1)) << 80 | 7 << 76 | micros << 66 | secrets.randbits(66)
    value = value & ~(0x3 << 62) | 2 << 62
    return uuid.UUID(int=value)
