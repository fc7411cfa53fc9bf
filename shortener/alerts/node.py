"""What a node says about its spool: that clicks went there, or were lost."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from shortener.alerts import incidents, telling
from shortener.alerts.incidents import New
from shortener.config.settings import Settings
from shortener.rules.alerts.incident_kind import INSTALLATION, IncidentKind
from shortener.storage import db
from shortener.storage.models import Incident


@dataclass(frozen=True, slots=True)
class Spool:
    """Clicks that wait in a node's spool, that were ever lost, and that its processes have ever spooled."""

    waiting: int
    lost: int
    spooled: int


def report(settings: Settings, node: str, now_has: Spool, had: Spool | None) -> None:
    """Begin or continue the incidents of a node; writes nothing while all is well."""
    more = max(now_has.spooled - (had.spooled if had else now_has.spooled), 0)
    with db.read() as session:
        spooled = incidents.of_node(session, IncidentKind.CLICKS_SPOOLED, node)
        lost = incidents.of_node(session, IncidentKind.CLICKS_LOST, node)
    if now_has.waiting or more or (spooled and not spooled.ended_on and spooled.mark):
        with db.write() as session:
            _report_spooled(session, settings, node, now_has.waiting, more)
    if now_has.lost > (lost.mark if lost else 0):
        with db.write() as session:
            _report_lost(session, settings, node, now_has.lost)


def _report_spooled(session: Session, settings: Settings, node: str, waiting: int, more: int) -> None:
    now = db.now(session)
    kind, count = IncidentKind.CLICKS_SPOOLED, max(more, waiting)
    new = New(account_id=INSTALLATION, kind=kind, subject=node, begun_on=now, count=count, mark=waiting)
    if count and telling.begin(session, settings, new, now):
        return
    known = incidents.of_node(session, kind, node)
    if known is not None and known.ended_on is None:
        seen_on = now if waiting or more else known.seen_on
        _see(session, known, max(known.count, more, waiting), waiting, seen_on)


def _report_lost(session: Session, settings: Settings, node: str, lost: int) -> None:
    now = db.now(session)
    kind, known = IncidentKind.CLICKS_LOST, incidents.of_node(session, IncidentKind.CLICKS_LOST, node)
    before = known.mark if known else 0
    if lost <= before:  # another process of this node has said so
        return
    new = New(account_id=INSTALLATION, kind=kind, subject=node, begun_on=now, count=lost - before, mark=lost)
    if not telling.begin(session, settings, new, now) and known is not None and known.ended_on is None:
        _see(session, known, known.count + lost - before, lost, now)


def _see(session: Session, known: Incident, count: int, mark: int, seen_on: dt.datetime) -> None:
    incidents.see(session.connection(), known.id, count=count, mark=mark, seen_on=seen_on)
