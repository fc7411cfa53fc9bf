"""Keep in mind since when receivers fail: a row for each that has had no success since its first failure.

It is stored in the transaction that settles attempts. While nothing changes, that costs one look-up by the key.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, bindparam, delete, select, update
from sqlalchemy.orm import Session

from shortener.delivery.job import Settled
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.storage.bulk import skipping
from shortener.storage.models import Base

EXACT: Final = dt.timedelta(minutes=1)  # the time of the last failure is stored again only after so long
# Our own faults say nothing about a receiver.
_OURS: Final = frozenset({AttemptOutcome.INTERRUPTED, AttemptOutcome.UNSIGNED})


def on_settled(session: Session, settled: Sequence[Settled], now: dt.datetime) -> None:
    """Note what these attempts say about their receivers."""
    ended = {
        one.job.destination: (one.job.account_id, one.result.is_delivered)
        for one in sorted(settled, key=_successes_last)
        if one.result is not None and one.result.outcome not in _OURS
    }
    if ended:
        _note(session.connection(), ended, now)


def _successes_last(one: Settled) -> bool:
    return one.result is not None and one.result.is_delivered


def _note(connection: Connection, ended: Mapping[str, tuple[int, bool]], now: dt.datetime) -> None:
    """Store what has changed, in the order of the destinations, so that no two transactions wait for each other."""
    known = dict(connection.execute(_KNOWN, {"destinations": list(ended)}).all())
    for destination, (account_id, is_delivered) in sorted(ended.items()):
        failed_on: dt.datetime | None = known.get(destination)
        if is_delivered:
            if failed_on is not None:
                connection.execute(_FORGET, {"one": destination})
        elif failed_on is None:
            row = {"destination": destination, "account_id": account_id, "begun_on": now, "failed_on": now}
            _ADD[connection.dialect.name].run(connection, [row])
        elif now - failed_on >= EXACT:
            connection.execute(_FAILED_AGAIN, {"one": destination, "now": now})


_failing = Base.metadata.tables["failing_receiver"]
_destinations: BindParameter[Any] = bindparam("destinations", expanding=True)
_KNOWN: Final = select(_failing.c.destination, _failing.c.failed_on).where(_failing.c.destination.in_(_destinations))
_ADD: Final = skipping(_failing, [column.name for column in _failing.c])
_FORGET: Final = delete(_failing).where(_failing.c.destination == bindparam("one"))
_FAILED_AGAIN: Final = (
    update(_failing).where(_failing.c.destination == bindparam("one")).values(failed_on=bindparam("now"))
)
