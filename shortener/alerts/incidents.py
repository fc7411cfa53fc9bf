"""Store incidents: at most one is open for an account, a kind and a subject, whoever finds it first."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from shortener.rules.alerts.incident_kind import IncidentKind
from shortener.storage.models import Base, Incident

LISTED: Final = 20  # past incidents of a page
_incident = Base.metadata.tables["incident"]


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """An incident that was found and is not open."""

    account_id: int
    kind: IncidentKind
    subject: str = ""
    begun_on: dt.datetime
    count: int = 0
    mark: int = 0


def begin(connection: Connection, new: New, now: dt.datetime) -> int | None:
    """Store an incident and return its id; None if it is open already."""
    row = {"account_id": new.account_id, "kind": new.kind, "subject": new.subject, "begun_on": new.begun_on}
    row |= {"seen_on": now, "count": new.count, "mark": new.mark}
    incident_id: int | None = connection.scalar(_BEGIN[connection.dialect.name], row)
    return incident_id


def end(connection: Connection, incident_id: int, *, count: int, now: dt.datetime) -> bool:
    """Store that an incident is over; False if somebody else has done so."""
    values = {"row_id": incident_id, "number": count, "now": now}
    return connection.execute(_END, values).rowcount == 1


def see(connection: Connection, incident_id: int, *, count: int, mark: int, seen_on: dt.datetime) -> None:
    """Store what a node says about its open incident."""
    connection.execute(_SEE, {"row_id": incident_id, "number": count, "a_mark": mark, "seen": seen_on})


def open_of(session: Session, account_id: int | None = None) -> Sequence[Incident]:
    """Return the open incidents, the oldest first: of an account, or all."""
    query = select(Incident).where(Incident.ended_on.is_(None))
    mine = query if account_id is None else query.where(Incident.account_id == account_id)
    return session.scalars(mine.order_by(Incident.begun_on, Incident.id)).all()


def past_of(session: Session, account_id: int | None = None) -> Sequence[Incident]:
    """Return the newest incidents that are over, at most 20: of an account, or of all."""
    query = select(Incident).where(Incident.ended_on.is_not(None))
    mine = query if account_id is None else query.where(Incident.account_id == account_id)
    return session.scalars(mine.order_by(Incident.id.desc()).limit(LISTED)).all()


def of_node(session: Session, kind: IncidentKind, node: str) -> Incident | None:
    """Return the newest incident of a node, open or over."""
    these = select(Incident).where(Incident.kind == kind, Incident.subject == node)
    return session.scalar(these.order_by(Incident.id.desc()).limit(1))


def count_open(session: Session) -> dict[str, int]:
    """Count the open incidents of each kind that has some."""
    query = select(Incident.kind, func.count()).where(Incident.ended_on.is_(None)).group_by(Incident.kind)
    return dict(session.execute(query).all())


_COLUMNS: Final = ("account_id", "kind", "subject", "begun_on", "seen_on", "count", "mark")
_values: dict[str, BindParameter[Any]] = {name: bindparam(name) for name in _COLUMNS}
_BEGIN: Final = {
    "postgresql": postgresql.insert(_incident).values(_values).on_conflict_do_nothing().returning(_incident.c.id),
    "sqlite": sqlite.insert(_incident).values(_values).on_conflict_do_nothing().returning(_incident.c.id),
}
_one = update(_incident).where(_incident.c.id == bindparam("row_id"), _incident.c.ended_on.is_(None))
_END: Final = _one.values(ended_on=bindparam("now"), count=bindparam("number"))
_SEE: Final = _one.values(count=bindparam("number"), mark=bindparam("a_mark"), seen_on=bindparam("seen"))
