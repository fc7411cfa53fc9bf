"""After a backup was restored: doubt whether the messages that wait in it have been handed over since it was made."""

import datetime as dt
from typing import Final

from sqlalchemy import Connection, bindparam, inspect, update

from shortener.storage.models import Base

_SENDING: Final = Base.metadata.tables["sending"]
_DOUBT: Final = (
    update(_SENDING)
    .where(_SENDING.c.settled_on.is_(None), _SENDING.c.due_on <= bindparam("now"))
    .values(unsure_on=bindparam("now"))
)


def doubt(connection: Connection, now: dt.datetime) -> int:
    """Mark the sendings that were due before `now`, and return how many; the caller commits.

    Their gateways may have taken them. So they are not handed over again, unless the account wants it: they are held
    until somebody decides. A backup of a version that could not send has none.
    """
    if not inspect(connection).has_table(_SENDING.name):
        return 0
    return connection.execute(_DOUBT, {"now": now}).rowcount
