"""Delete what refers to no message: receipts that were never matched, old exports, and counts of past months."""

import datetime as dt
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, bindparam, delete, exists, select

from shortener.storage.models import Base

EARLY: Final = dt.timedelta(days=7)  # that a receipt waits; its sending is settled within minutes, or held for a while
MONTH: Final = dt.timedelta(days=31)  # the longest; a count is kept while any time zone may still be in its month


def delete_early_receipts(connection: Connection, now: dt.datetime, most: int) -> int:
    """Delete receipts, at most `most`, that have waited too long for a sending; return how many."""
    return connection.execute(_EARLY_RECEIPTS, {"before": now - EARLY, "most": most}).rowcount


def delete_exports(connection: Connection, cutoff: dt.datetime, most: int) -> int:
    """Delete exports, at most `most`, that were asked for at `cutoff` or earlier and have ended; return how many.

    Their files stay: they belong to the operator.
    """
    ids = connection.scalars(_OLD_EXPORTS, {"before": cutoff, "most": most}).all()
    for statement in _OF_EXPORTS if ids else ():
        connection.execute(statement, {"ids": ids})
    return len(ids)


def delete_usage(connection: Connection, cutoff: dt.datetime) -> int:
    """Delete the counts of months that ended well before `cutoff`, up to which messages are deleted; return how many.

    The present month stays, however short the retention period is: a limit needs its count.
    """
    return connection.execute(_USAGE, {"month": f"{cutoff - MONTH:%Y-%m}"}).rowcount


def delete_incidents(connection: Connection, cutoff: dt.datetime, most: int) -> int:
    """Delete incidents, at most `most`, that were over at `cutoff` or earlier, with their alerts; return how many."""
    ids = connection.scalars(_OLD_INCIDENTS, {"before": cutoff, "most": most}).all()
    for statement in _OF_INCIDENTS if ids else ():
        connection.execute(statement, {"ids": ids})
    return len(ids)


# Statements are built once, and on tables rather than models: building one takes longer than running it.
_account, _receipt, _usage, _export, _export_attempt = (
    Base.metadata.tables[name] for name in ("account", "receipt", "usage", "export", "export_attempt")
)
_incident, _alert, _alert_attempt = (Base.metadata.tables[name] for name in ("incident", "alert", "alert_attempt"))
_early = (
    select(_receipt.c.id)
    .where(_receipt.c.message_id.is_(None), _receipt.c.received_on <= bindparam("before"))
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_EARLY_RECEIPTS: Final = delete(_receipt).where(_receipt.c.id.in_(_early))
_these: BindParameter[Any] = bindparam("ids", expanding=True)
# Naming every account lets the database use the index on account and time.
_OLD_EXPORTS: Final = (
    select(_export.c.id)
    .where(_export.c.account_id.in_(select(_account.c.id)), _export.c.created_on <= bindparam("before"))
    .where(_export.c.settled_on.is_not(None))
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_OF_EXPORTS: Final = (
    delete(_export_attempt).where(_export_attempt.c.export_id.in_(_these)),
    delete(_export).where(_export.c.id.in_(_these)),
)
# Naming every account lets the database use the key, which begins with the account.
_USAGE: Final = delete(_usage).where(
    _usage.c.account_id.in_(select(_account.c.id)), _usage.c.month < bindparam("month")
)
# An incident with an alert that is still to be told stays.
_OLD_INCIDENTS: Final = (
    select(_incident.c.id)
    .where(_incident.c.ended_on <= bindparam("before"))
    .where(~exists().where(_alert.c.incident_id == _incident.c.id, _alert.c.settled_on.is_(None)))
    .order_by(_incident.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_its_alerts = select(_alert.c.id).where(_alert.c.incident_id.in_(_these))
_OF_INCIDENTS: Final = (
    delete(_alert_attempt).where(_alert_attempt.c.alert_id.in_(_its_alerts)),
    delete(_alert).where(_alert.c.incident_id.in_(_these)),
    delete(_incident).where(_incident.c.id.in_(_these)),
)
