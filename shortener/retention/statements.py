"""Find, lock and delete old messages with everything about them, many at a time.

Rows that another transaction has locked are skipped rather than waited for, so there can be no deadlock.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Select, Table, bindparam, delete, func, literal, select, tuple_

from shortener.rules.delivery.job_state import JobState
from shortener.storage import changed_hours
from shortener.storage.models import Base

Position = tuple[dt.datetime, int]


@dataclass(frozen=True, slots=True)
class OldLink:
    """A link of an old message; `clicks` is counted only up to a limit."""

    id: int
    clicks: int


@dataclass(slots=True)
class OldMessage:
    """A message that is older than the retention period, with the ids of its callbacks and of its sending."""

    id: int
    received_on: dt.datetime
    is_free: bool = True  # it can be deleted: no job is open, and no other transaction has locked a row of it
    links: list[OldLink] = field(default_factory=list)
    callbacks: list[int] = field(default_factory=list)
    sendings: list[int] = field(default_factory=list)

    @property
    def position(self) -> Position:
        """Its position in the order of the account's messages."""
        return self.received_on, self.id

    @property
    def clicks(self) -> int:
        """How many clicks its links have."""
        return sum(link.clicks for link in self.links)


def oldest(
    connection: Connection, account_id: int, *, before: dt.datetime, after: Position, most: int, most_clicks: int
) -> list[OldMessage]:
    """Find the account's oldest messages, and lock them and those of their links and jobs that are not in use.

    Until the commit, nobody can add a click to a free message, a receipt or a callback, or reopen a job of it.
    """
    asked = {"account": account_id, "before": before, "received_on": after[0], "id": after[1], "most": most}
    messages = {row.id: OldMessage(row.id, row.received_on) for row in connection.execute(_OLDEST, asked)}
    if not messages:
        return []
    ids = list(messages)
    locked = set(connection.scalars(_LOCK_LINKS, {"ids": ids}))
    for row in connection.execute(_LINKS, {"ids": ids, "most": most_clicks}).all():
        messages[row.message_id].links.append(OldLink(row.id, row.clicks))
        messages[row.message_id].is_free &= row.id in locked
    for lock, jobs, name in _JOBS:
        locked = set(connection.scalars(lock, {"ids": ids}))
        for row in connection.execute(jobs, {"ids": ids}):
            getattr(messages[row.message_id], name).append(row.id)
            messages[row.message_id].is_free &= row.id in locked
    return list(messages.values())


def delete_messages(connection: Connection, messages: Sequence[OldMessage]) -> None:
    """Delete messages with everything that refers to them."""
    changed_hours.note_of(connection, [message.id for message in messages])
    for statements, ids in (  # rows that refer to others are deleted first
        (_OF_CALLBACKS, [id_ for message in messages for id_ in message.callbacks]),
        (_OF_SENDINGS, [id_ for message in messages for id_ in message.sendings]),
        (_OF_LINKS, [link.id for message in messages for link in message.links]),
        (_OF_MESSAGES, [message.id for message in messages]),
    ):
        for statement in statements if ids else ():
            connection.execute(statement, {"ids": ids})


def delete_clicks(connection: Connection, message: OldMessage, most: int) -> None:
    """Delete the oldest clicks, at most `most`, of the message's first link that has any."""
    link = next(link for link in message.links if link.clicks)
    nth = {"link": link.id, "skipped": min(most, link.clicks) - 1}
    connection.execute(_CLICKS_UNTIL, {"link": link.id, "last": connection.scalars(_NTH_CLICK, nth).one()})


# Statements are built once, and on tables rather than models: building one takes longer than running it.
_message, _part, _link, _click, _receipt, _attachment = (
    Base.metadata.tables[name] for name in ("message", "part", "link", "click", "receipt", "attachment")
)
_callback, _replay, _attempt, _sending, _sending_attempt = (
    Base.metadata.tables[name] for name in ("callback", "replay", "attempt", "sending", "sending_attempt")
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
    select(_link.c.id, _link.c.message_id)
    .add_columns(select(func.count()).select_from(_some_clicks.subquery()).scalar_subquery().label("clicks"))
    .where(_link.c.message_id.in_(_these))
)


def _settled(job: Table) -> Select[int]:
    """Lock the jobs of these messages that nobody needs any more; a held one waits for somebody's decision."""
    done = job.c.settled_on.is_not(None) & (job.c.state != JobState.HELD)
    return select(job.c.id).where(job.c.message_id.in_(_these), done).with_for_update(skip_locked=True)


_JOBS: Final = tuple(
    (_settled(job), select(job.c.id, job.c.message_id).where(job.c.message_id.in_(_these)), name)
    for job, name in ((_callback, "callbacks"), (_sending, "sendings"))
)
_OF_CALLBACKS: Final = (
    delete(_replay).where(_replay.c.callback_id.in_(_these)),
    delete(_attempt).where(_attempt.c.callback_id.in_(_these)),
    delete(_callback).where(_callback.c.id.in_(_these)),
)
_OF_SENDINGS: Final = (
    delete(_sending_attempt).where(_sending_attempt.c.sending_id.in_(_these)),
    delete(_sending).where(_sending.c.id.in_(_these)),
)
_OF_LINKS: Final = (
    delete(_click).where(_click.c.link_id.in_(_these)),
    delete(_link).where(_link.c.id.in_(_these)),
)
_OF_MESSAGES: Final = (
    *(delete(table).where(table.c.message_id.in_(_these)) for table in (_receipt, _attachment, _part)),
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
