"""What an account's messages may not exceed: how many in a month, and at which hours.

The count of a month is a row. A transaction that stores messages of an account with a limit locks the account first, so
the count is exact on any number of nodes.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final, Protocol

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from shortener.rules import local_time
from shortener.rules.quiet_hours import QuietHours
from shortener.storage.models import Base


class HasQuietHours(Protocol):
    """An account, as far as its quiet hours are concerned."""

    @property
    def quiet_hours(self) -> str | None:
        """The hours, such as `20:00-08:00`."""

    @property
    def time_zone(self) -> str:
        """The zone of its clock."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many messages an account may still store in a month of its time zone, and when the next month begins."""

    month: str
    limit: int
    left: int
    next_month_on: dt.datetime


def quiet_until(account: HasQuietHours, moment: dt.datetime) -> dt.datetime | None:
    """Return when the account's quiet hours end that a moment is in; None if it is in none."""
    if account.quiet_hours is None:
        return None
    return QuietHours.parse(account.quiet_hours).end_after(moment, local_time.zone(account.time_zone))


def allowance(connection: Connection, account_id: int, now: dt.datetime) -> Allowance | None:
    """Return what is left of the account's month, None without a limit; lock the account until the transaction ends.

    The limit and the zone are read again: the request may have begun before they were changed.
    """
    limit, zone_name = connection.execute(_LOCKED, {"account": account_id}).one()
    if limit is None:
        return None
    zone = local_time.zone(zone_name)
    month, (begins_on, ends_on) = local_time.month(now, zone), local_time.month_period(now, zone)
    used = connection.scalar(_USED, {"account": account_id, "a_month": month})
    if used is None:
        used = connection.scalar(_STORED, {"account": account_id, "start": begins_on, "end": ends_on}) or 0
        connection.execute(_BEGIN, {"account_id": account_id, "month": month, "messages": used})
    return Allowance(month, limit, max(limit - used, 0), ends_on)


def used_in_month(connection: Connection, account_id: int, time_zone: str, now: dt.datetime) -> int | None:
    """Return how many messages the account has had in this month; None if they are to be counted anew."""
    values = {"account": account_id, "a_month": local_time.month(now, local_time.zone(time_zone))}
    return connection.scalar(_USED, values)


def count(connection: Connection, account_id: int, month: str, messages: int) -> None:
    """Add stored messages to the count of a month, in the transaction that asked for the allowance."""
    connection.execute(_ADD, {"account": account_id, "a_month": month, "more": messages})


def begin_anew(session: Session, account_id: int) -> None:
    """Forget the account's counts, because its zone has changed or it had no limit: the next message counts again."""
    session.execute(delete(_usage).where(_usage.c.account_id == account_id))


# Statements are built once, and on tables rather than models: building one takes longer than running it.
_account, _message, _usage = (Base.metadata.tables[name] for name in ("account", "message", "usage"))
# Not the lock that a foreign key's check asks for, so other rows of the account can be stored meanwhile.
_LOCKED: Final = (
    select(_account.c.monthly_limit, _account.c.time_zone)
    .where(_account.c.id == bindparam("account"))
    .with_for_update(key_share=True)
)
_counted = (_usage.c.account_id == bindparam("account"), _usage.c.month == bindparam("a_month"))
_USED: Final = select(_usage.c.messages).where(*_counted)
_STORED: Final = select(func.count()).where(
    _message.c.account_id == bindparam("account"),
    _message.c.received_on >= bindparam("start"),
    _message.c.received_on < bindparam("end"),
)
_BEGIN: Final = insert(_usage)
_ADD: Final = update(_usage).where(*_counted).values(messages=_usage.c.messages + bindparam("more"))
