"""Incidents: what leads to them, and what was told about them."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import func, select, update

from shortener.rules.delivery import receiver
from shortener.rules.delivery.job_state import JobState
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Account, Alert, Callback, FailingReceiver, Incident
from tests.support import due_callbacks
from tests.support.smtp import Mailbox

OPERATOR = "operator@example.com"
HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)
RECEIVER = "https://crm.example.com/secret-path"


def exhaust(account: str, on: dt.datetime, count: int = 1) -> None:
    """Add callbacks that were exhausted at that time."""
    with db.write() as session:
        due_callbacks.add(session, account, {RECEIVER: count}, since=on)
        these = update(Callback).where(Callback.settled_on.is_(None))
        session.execute(these.values(state=JobState.EXHAUSTED, settled_on=on))


def fail(account: str, since: dt.datetime, last: dt.datetime, url: str = RECEIVER) -> None:
    """Note that a receiver has failed since then."""
    with db.write() as session:
        id_ = session.scalars(select(Account.id).where(Account.name == account)).one()
        row = FailingReceiver(destination=receiver.queue(id_, url), account_id=id_, begun_on=since, failed_on=last)
        session.add(row)


def stored() -> Sequence[Incident]:
    """All incidents, the oldest first."""
    with db.read() as session:
        return session.scalars(select(Incident).order_by(Incident.id)).all()


def count_of(model: type[object]) -> int:
    """How many rows a table has."""
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


def tell(services: Services) -> None:
    """Make all first attempts, also of alerts whose time was said to be later."""
    with db.write() as session:
        these = update(Alert).where(Alert.settled_on.is_(None), Alert.lease_token.is_(None))
        session.execute(these.values(due_on=db.now(session)))
    while services.alerts.deliver_due():
        pass


def mails(relay: Mailbox) -> list[tuple[str, str]]:
    """Recipient and subject of each mail, in order of the recipients."""
    return sorted((kept.recipients[0], str(kept.mail["Subject"])) for kept in relay.kept)
