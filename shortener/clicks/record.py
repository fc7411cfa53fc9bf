"""Record clicks: for a link's first click that counts, also its time and its callback, in the same transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import JSON, BigInteger, Connection, Row, bindparam, exists, func, insert, select, update
from sqlalchemy.dialects import postgresql

from shortener.clicks.new_click import NewClick
from shortener.rules.delivery import event, receiver
from shortener.rules.delivery.job_state import JobState
from shortener.rules.slug import Slugs
from shortener.rules.wire.moments import rfc3339
from shortener.storage.bulk import Many, skipping
from shortener.storage.models import CLICK, Base

# Statements are built once, and on tables rather than models: building one takes longer than running it.
CALLBACK, CLICKS, LINK, MESSAGE = (Base.metadata.tables[name] for name in ("callback", "click", "link", "message"))
INSERT_CLICKS = skipping(CLICKS, CLICKS.c.keys())
# Links are locked in the order of their ids, so that transactions cannot deadlock; SQLite has only one writer.
_FIRSTS = (
    select(*LINK.c["id", "number", "base_url", "target"])
    .add_columns(
        MESSAGE.c.id.label("message_id"),
        *MESSAGE.c["msgid", "account_id", "client_tag", "recipient", "tags", "metadata", "lt_callbackurl"],
    )
    .join_from(LINK, MESSAGE)
    .where(LINK.c.accessed_on.is_(None))
    .order_by(LINK.c.id)
    .with_for_update(of=LINK, key_share=True)
)
# All ids are one parameter: with one parameter for each id, SQLAlchemy would compile a statement for each count.
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
    *("message_id", "about", "link_id", "account_id", "event_id", "url", "destination", "body"),
    *("state", "created_on", "due_on", "starts_before"),
)
# A callback that has never been claimed: a claim takes a lease and changes `due_on`.
_UNCLAIMED = (
    CALLBACK.c.state == JobState.PENDING,
    CALLBACK.c.lease_token.is_(None),
    CALLBACK.c.due_on == CALLBACK.c.created_on,
)
_ACCESSED = select(*LINK.c["id", "accessed_on"]).where(LINK.c.accessed_on.is_not(None))
_WITH_UNCLAIMED_CALLBACK = (
    select(*LINK.c["id", "number", "base_url", "target"])
    .add_columns(*MESSAGE.c["msgid", "account_id", "client_tag", "recipient", "tags", "metadata", "lt_callbackurl"])
    .join_from(LINK, MESSAGE)
    .join(CALLBACK, CALLBACK.c.link_id == LINK.c.id)
    .where(*_UNCLAIMED)
    .order_by(LINK.c.id)
    .with_for_update(of=[LINK, CALLBACK], key_share=True, skip_locked=True)
)
_HAS_CALLBACK = exists().where(CALLBACK.c.link_id == LINK.c.id)
_EARLIER = update(LINK).where(LINK.c.id == bindparam("link"), LINK.c.accessed_on > bindparam("now"))
SET_EARLIER = Many(_EARLIER.values(accessed_on=bindparam("now")), ("link", "now"))
SET_EARLIER_WITHOUT_CALLBACK = Many(
    _EARLIER.where(~_HAS_CALLBACK).values(accessed_on=bindparam("now")),
    ("link", "now"),
)
SET_EVENT = Many(
    update(CALLBACK)
    .where(CALLBACK.c.link_id == bindparam("link"))
    .values(body=bindparam("event"), created_on=bindparam("now"), due_on=bindparam("now")),
    ("link", "now", "event"),
)
INSERT_CALLBACKS = Many(insert(CALLBACK).inline(), _CALLBACK_COLUMNS)


def record_all(connection: Connection, new_clicks: Sequence[NewClick], slugs: Slugs) -> int:
    """Store clicks, and for each link's first click that counts `accessed_on` and the callback.

    Returns the number of callbacks made. Takes a handful of statements for any number of clicks; the caller commits.
    A click that is already stored changes nothing. If a click is earlier than the stored `accessed_on`, that and the
    callback's event are corrected, unless the callback has been claimed.
    """
    ordered = sorted(new_clicks, key=lambda click: (click.link_id, click.clicked_on))
    dialect = connection.dialect.name
    INSERT_CLICKS[dialect].run(connection, map(_row, ordered))
    # The clicks are in the order of time; of a link's clicks the dict keeps the one that it sees last, the earliest.
    earliest = {click.link_id: click for click in reversed(ordered) if click.counts}
    # Links that have not been accessed; locked, so nobody else can set `accessed_on` before our commit.
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
    """Correct `accessed_on` and the callback of links whose first click is stored after a later one.

    A callback that has been claimed may have been sent: it and its link's `accessed_on` stay as they are.
    """
    dialect = connection.dialect.name
    accessed = connection.execute(_ACCESSED.where(_IN[dialect]), {"links": list(earliest)}).all()
    to_correct = [row.id for row in accessed if earliest[row.id].clicked_on < row.accessed_on]
    if not to_correct:
        return
    unclaimed = connection.execute(_WITH_UNCLAIMED_CALLBACK.where(_IN[dialect]), {"links": to_correct}).all()
    rows = [{"link": row.id, "now": earliest[row.id].clicked_on} for row in unclaimed]
    SET_EARLIER.run(connection, rows)
    events = (_event_body(row, earliest[row.id], slugs) for row in unclaimed)
    SET_EVENT.run(connection, [{**row, "event": event} for row, event in zip(rows, events, strict=True)])
    SET_EARLIER_WITHOUT_CALLBACK.run(
        connection, [{"link": id_, "now": earliest[id_].clicked_on} for id_ in sorted(to_correct)]
    )


def _row(click: NewClick) -> dict[str, object]:
    return {
        "link_id": click.link_id,
        "id": click.id,
        "clicked_on": click.clicked_on,
        "visitor": click.verdict.visitor,
        "reason": click.verdict.reason,
        "network": click.network,
    }


def _callback(row: Row[Any], click: NewClick, slugs: Slugs) -> dict[str, object]:
    return {
        "message_id": row.message_id,
        "about": CLICK,
        "link_id": row.id,
        "account_id": row.account_id,
        # The click's id is unique and time-ordered, so new entries go to the end of the index.
        "event_id": f"evt_{click.id.hex}",
        "url": row.lt_callbackurl,
        "destination": receiver.queue(row.account_id, row.lt_callbackurl),
        "body": _event_body(row, click, slugs),
        "state": JobState.PENDING,
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
            "visitor": click.verdict.visitor,
            "tags": row.tags or [],
            "metadata": row.metadata or {},
        },
    )
