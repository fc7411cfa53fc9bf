"""Notes about hours whose totals are wrong because a message of theirs has changed. A job counts these hours again."""

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    bindparam,
    case,
    insert,
    null,
    select,
    type_coerce,
)

from shortener.rules.wire.moments import MICROSECOND
from shortener.storage.bulk import Many
from shortener.storage.models import Base

HOUR: Final = dt.timedelta(hours=1)
_message, _installation, _changed = (Base.metadata.tables[name] for name in ("message", "installation", "changed_hour"))


def hour_of(moment: ColumnElement[Any]) -> ColumnElement[int]:
    """Return the hours between 1970 and a time."""
    return type_coerce(moment, BigInteger) // (HOUR // MICROSECOND)


# The hour of a message's receipt if it may have a total, otherwise NULL. The query must read it in a transaction that
# has written before: the job counts an hour only when all transactions that may have got NULL have ended.
TOTALLED_HOUR: Final = case(
    (_message.c.received_on < select(_installation.c.totals_end_on).scalar_subquery(), hour_of(_message.c.received_on)),
    else_=null(),
)
_INSERT: Final = Many(insert(_changed), ("account_id", "hour"))
_ids: Final[Any] = bindparam("ids", expanding=True)
_INSERT_OF: Final = insert(_changed).from_select(
    ["account_id", "hour"],
    select(_message.c.account_id, TOTALLED_HOUR).where(_message.c.id.in_(_ids), TOTALLED_HOUR.is_not(None)).distinct(),
)


def note(connection: Connection, hours: Iterable[tuple[int, int]]) -> None:
    """Note hours, each with its account's id."""
    rows = [{"account_id": account_id, "hour": hour} for account_id, hour in set(hours)]
    if rows:
        _INSERT.run(connection, rows)


def note_of(connection: Connection, message_ids: Collection[int]) -> None:
    """Note the hours of messages that change in this transaction, which has written before."""
    if message_ids:
        connection.execute(_INSERT_OF, {"ids": list(message_ids)})
