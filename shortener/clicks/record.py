"""Record clicks: for a first click that counts, also its time and the callback, in the same transaction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import JSON, BigInteger, Connection, Row, bindparam, exists, func, literal_column, select, update
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
_LINKS = (
    select(*LINK.c["id", "number", "base_url", "target", "accessed_on"])
    .add_columns(
        MESSAGE.c.id.label("message_id"),
        *MESSAGE.c["msgid", "account_id", "client_tag", "recipient", "tags", "metadata", "lt_callbackurl", "face"],
    )
    .join_from(LINK, MESSAGE)
    .order_by(LINK.c.id)
    .with_for_update(of=LINK, key_share=True)
)
# All ids are one parameter: with one parameter for each id, SQLAlchemy would compile a statement for each count.
_IN: dict[str, Any] = {
    "sqlite": LINK.c.id.in_(select(func.json_each(bindparam("links", type_=JSON)).table_valued("value").c.value)),
    "postgresql": LINK.c.id == func.any(bindparam("links", type_=postgresql.ARRAY(BigInteger))),
}
LINKS = {dialect: _LINKS.where(among) for dialect, among in _IN.items()}
SET_ACCESSED_ON = Many(
    update(LINK)
    .where(LINK.c.id == bindparam("link"), LINK.c.accessed_on.is_(None))
    .values(accessed_on=bindparam("now")),
    ("link", "now"),
)
_CALLBACK_COLUMNS = (
    *("message_id", "about", "link_id", "account_id", "event_id", "url", "destination", "body"),
    *("state", "created_on", "due_on", "starts_before", "face"),
)
INSERT_CALLBACKS = skipping(CALLBACK, _CALLBACK_COLUMNS, ("message_id", "about"))
_IS_ABOUT_CLICK = CALLBACK.c.about == literal_column(f"'{CLICK}'")
# A callback that has never been claimed: a claim takes a lease and changes `due_on`.
_UNCLAIMED = (
    CALLBACK.c.state == literal_column(f"'{JobState.PENDING}'"),
    CALLBACK.c.lease_token.is_(None),
    CALLBACK.c.due_on == CALLBACK.c.created_on,
)
CORRECT_CALLBACKS = Many(
    update(CALLBACK)
    .where(CALLBACK.c.message_id == bindparam("message"), _IS_ABOUT_CLICK, *_UNCLAIMED)
    .where(CALLBACK.c.created_on > bindparam("now"))
    .values(link_id=bindparam("link"), body=bindparam("event"), created_on=bindparam("now"), due_on=bindparam("now")),
    ("message", "link", "now", "event"),
)
# After the corrections, a callback that still has a later click of the link has been claimed.
_TELLS_LATER_CLICK = exists().where(
    CALLBACK.c.message_id == LINK.c.message_id,
    _IS_ABOUT_CLICK,
    CALLBACK.c.link_id == LINK.c.id,
    CALLBACK.c.created_on > bindparam("now"),
)
SET_EARLIER = Many(
    update(LINK)
    .where(LINK.c.id == bindparam("link"), LINK.c.accessed_on > bindparam("now"), ~_TELLS_LATER_CLICK)
    .values(accessed_on=bindparam("now")),
    ("link", "now"),
)


def record_all(connection: Connection, new_clicks: Sequence[NewClick], slugs: Slugs) -> int:
    """Store clicks, and for each first click that counts the link's `accessed_on` and the message's callback.

    Returns the number of callbacks made. Takes a handful of statements for any number of clicks; the caller commits.
    A click that is already stored changes nothing. If a click is earlier than what is stored, `accessed_on` and the
    callback's event are corrected, unless the callback has been claimed.
    """
    ordered = sorted(new_clicks, key=lambda click: (click.link_id, click.clicked_on))
    dialect = connection.dialect.name
    INSERT_CLICKS[dialect].run(connection, map(_row, ordered))
    # The clicks are in the order of time; of a link's clicks the dict keeps the one that it sees last, the earliest.
    earliest = {click.link_id: click for click in reversed(ordered) if click.counts}
    # The links are locked, so nobody else can set `accessed_on` before our commit.
    rows = connection.execute(LINKS[dialect], {"links": list(earliest)}).all() if earliest else []
    pairs = [(row, earliest[row.id]) for row in rows]
    firsts = [_accessed(row, click) for row, click in pairs if row.accessed_on is None]
    SET_ACCESSED_ON.run(connection, firsts)
    earlier = [(row, click) for row, click in pairs if row.accessed_on is None or click.clicked_on < row.accessed_on]
    made = _store_callbacks(connection, _callbacks(earlier, slugs))
    if len(firsts) < len(earlier):
        SET_EARLIER.run(connection, [_accessed(row, click) for row, click in earlier if row.accessed_on is not None])
    return made


def _store_callbacks(connection: Connection, callbacks: Sequence[Mapping[str, Any]]) -> int:
    """Store callbacks, or correct those whose message has one about a later click; return how many are new.

    A callback that has been claimed may have been sent, and stays as it is.
    """
    made = INSERT_CALLBACKS[connection.dialect.name].run(connection, callbacks)
    if made < len(callbacks):
        CORRECT_CALLBACKS.run(connection, map(_correction, callbacks))
    return made


def _callbacks(clicked: Iterable[tuple[Row[Any], NewClick]], slugs: Slugs) -> list[dict[str, object]]:
    """Return the callback of each message, about the earliest of these clicks on its links.

    They are in the order of the messages, so that two transactions that store the same callbacks cannot deadlock.
    """
    wanted = [(row, click) for row, click in clicked if row.lt_callbackurl is not None]
    latest_first = sorted(wanted, key=lambda pair: pair[1].clicked_on, reverse=True)
    by_message = {row.message_id: (row, click) for row, click in latest_first}
    return [_callback(*by_message[message], slugs) for message in sorted(by_message)]


def _accessed(row: Row[Any], click: NewClick) -> dict[str, object]:
    return {"link": row.id, "now": click.clicked_on}


def _correction(callback: Mapping[str, Any]) -> dict[str, object]:
    names = {"message": "message_id", "link": "link_id", "now": "created_on", "event": "body"}
    return {name: callback[column] for name, column in names.items()}


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
        "face": row.face,
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
