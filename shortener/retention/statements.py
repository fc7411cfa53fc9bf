"""Find, lock and delete old messages with their links, clicks and callbacks, many at a time.

Rows that another transaction has locked are skipped rather than waited for, so there can be no deadlock.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, bindparam, delete, func, literal, select, tuple_

from shortener.storage.models import Base

Position = tuple[dt.datetime, int]


@dataclass(frozen=True, slots=True)
class OldLink:
    """A link of an old message; `clicks` is counted only up to a limit."""

    id: int
    callback_id: int | None
    clicks: int
    is_free: bool


@dataclass(frozen=True, slots=True)
class OldMessage:
    """A message that is older than the retention period."""

    id: int
    received_on: dt.datetime
    links: list[OldLink] = field(default_factory=list)

    @property
    def position(self) -> Position:
        """Its position in the order of the account's messages."""
        return self.received_on, self.id

    @property
    def is_free(self) -> bool:
        """Whether it can be deleted: no callback is pending, and no other transaction has locked a link."""
        return all(link.is_free for link in self.links)

    @property
    def clicks(self) -> int:
        """How many clicks its links have."""
        return sum(link.clicks for link in self.links)


def oldest(
    connection: Connection, account_id: int, *, before: dt.datetime, after: Position, most: int, most_clicks: int
) -> list[OldMessage]:
    """Find the account's oldest messages, and lock them and those of their links and callbacks that are not in use.

    Until the commit, nobody can add a click to a free link or reopen its callback.
    """
    asked = {"account": account_id, "before": before, "received_on": after[0], "id": after[1], "most": most}
    messages = {row.id: OldMessage(row.id, row.received_on) for row in connection.execute(_OLDEST, asked)}
    if not messages:
        return []
    locked = set(connection.scalars(_LOCK_LINKS, {"ids": list(messages)}))
    rows = connection.execute(_LINKS, {"ids": list(messages), "most": most_clicks}).all()
    settled = _lock_settled(connection, [row.callback_id for row in rows if row.callback_id is not None])
    for row in rows:
        is_free = row.id in locked and (row.callback_id is None or row.callback_id in settled)
        messages[row.message_id].links.append(OldLink(row.id, row.callback_id, row.clicks, is_free))
    return list(messages.values())


def delete_messages(connection: Connection, messages: Sequence[OldMessage]) -> None:
    """Delete messages with their links, clicks, callbacks, attempts and replays."""
    links = [link for message in messages for link in message.links]
    for statements, ids in (  # rows that refer to others are deleted first
        (_OF_CALLBACKS, [link.callback_id for link in links if link.callback_id is not None]),
        (_OF_LINKS, [link.id for link in links]),
        (_MESSAGES, [message.id for message in messages]),
    ):
        for statement in statements if ids else ():
            connection.execute(statement, {"ids": ids})


def delete_clicks(connection: Connection, message: OldMessage, most: int) -> None:
    """Delete the oldest clicks, at most `most`, of the message's first link that has any."""
    link = next(link for link in message.links if link.clicks)
    nth = {"link": link.id, "skipped": min(most, link.clicks) - 1}
    connection.execute(_CLICKS_UNTIL, {"link": link.id, "last": connection.scalars(_NTH_CLICK, nth).one()})


def _lock_settled(connection: Connection, callback_ids: Sequence[int]) -> set[int]:
    return set(connection.scalars(_LOCK_SETTLED, {"ids": callback_ids})) if callback_ids else set()


# Statements are built once, and on tables rather than models: building one takes longer than running it.
_message, _part, _link, _click, _callback, _replay, _attempt = (
    Base.metadata.tables[name] for name in ("message", "part", "link", "click", "callback", "replay", "attempt")
)
_these: BindParameter[Any] = bindparam("ids", expanding=True)
_OLDEST: Final = (
    select(_message.c.id, _message.c.received_on)
    .where(
        _message.c.account_id == bindparam("account"),
        _message.c.received_on <= bindparam("before"),
        tuple_(_message.c.received_on, _message.c.id)
        > tuple_(bindparam("received_on", type_=_message.c.received_on.type), bindparam("id")),
    )
    .order_by(_message.c.received_on, _message.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_LOCK_LINKS: Final = select(_link.c.id).where(_link.c.message_id.in_(_these)).with_for_update(skip_locked=True)
_some_clicks = select(literal(1)).where(_click.c.link_id == _link.c.id).limit(bindparam("most")).correlate(_link)
_LINKS: Final = (
    select(_link.c.id, _link.c.message_id, _callback.c.id.label("callback_id"))
    .add_columns(select(func.count()).select_from(_some_clicks.subquery()).scalar_subquery().label("clicks"))
    .outerjoin_from(_link, _callback, _callback.c.link_id == _link.c.id)
    .where(_link.c.message_id.in_(_these))
)
_LOCK_SETTLED: Final = (
    select(_callback.c.id)
    .where(_callback.c.id.in_(_these), _callback.c.settled_on.is_not(None))
    .with_for_update(skip_locked=True)
)
_OF_CALLBACKS: Final = (
    delete(_replay).where(_replay.c.callback_id.in_(_these)),
    delete(_attempt).where(_attempt.c.callback_id.in_(_these)),
    delete(_callback).where(_callback.c.id.in_(_these)),
)
_OF_LINKS: Final = (
    delete(_click).where(_click.c.link_id.in_(_these)),
    delete(_link).where(_link.c.id.in_(_these)),
)
_MESSAGES: Final = (
    delete(_part).where(_part.c.message_id.in_(_these)),
    delete(_message).where(_message.c.id.in_(_these)),
)
_NTH_CLICK: Final = (
    select(_click.c.id)
    .where(_click.c.link_id == bindparam("link"))
    .order_by(_click.c.id)
    .limit(1)
    .offset(bindparam("skipped"))
)
_CLICKS_UNTIL: Final = delete(_click).where(_click.c.link_id == bindparam("link"), _click.c.id <= bindparam("last"))
