"""Whom an incident is told to: an alert for each URL and mail address, stored together with the incident."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from shortener.accounts.random_text import random_text
from shortener.alerts import incidents
from shortener.alerts.found import Over
from shortener.alerts.incidents import New
from shortener.config.settings import Settings
from shortener.rules import local_time
from shortener.rules.alerts import alert_event, texts
from shortener.rules.alerts.alert_event import AlertData
from shortener.rules.alerts.incident_kind import INSTALLATION, IncidentKind
from shortener.rules.alerts.texts import Facts
from shortener.rules.delivery import receiver
from shortener.rules.delivery.job_state import JobState
from shortener.rules.mail.address import MailAddress
from shortener.rules.role import Role
from shortener.rules.wire.moments import rfc3339
from shortener.storage.models import Account, Base, Incident, PasswordLink, Person

NOBODY: Final = "none"  # as the addresses of an account
RELAY: Final = "smtp://relay:0"  # the destination of all mails
PAGES: Final = {
    IncidentKind.CALLBACKS_EXHAUSTED: "/dashboard/callbacks?state=exhausted",
    IncidentKind.RECEIVER_FAILING: "/dashboard/callbacks?state=failing",
}
_ALERTS: Final = Base.metadata.tables["alert"]


@dataclass(frozen=True, slots=True)
class Recipient:
    """A URL or an address, of an account or, with the account 0, of the operator."""

    account_id: int
    url: str | None = None
    address: str | None = None

    @property
    def destination(self) -> str:
        """The unit that attempts in flight are limited by."""
        return receiver.queue(self.account_id, self.url) if self.url else f"{self.account_id} {RELAY}"


def store(session: Session, settings: Settings, found: New | Over, now: dt.datetime) -> bool:
    """Store that an incident begins or is over; False if somebody else has done so."""
    return end(session, settings, found, now) if isinstance(found, Over) else begin(session, settings, found, now)


def begin(session: Session, settings: Settings, new: New, now: dt.datetime) -> bool:
    """Store an incident with its alerts; False if it is open already, so that somebody else tells it."""
    incident_id = incidents.begin(session.connection(), new, now)
    if incident_id is None:
        return False
    _tell(session, settings, session.get_one(Incident, incident_id), now)
    return True


def end(session: Session, settings: Settings, over: Over, now: dt.datetime) -> bool:
    """Store that an incident is over, with its alerts; False if somebody else has done so."""
    if not incidents.end(session.connection(), over.incident.id, count=over.count, now=now):
        return False
    if over.is_told:
        _tell(session, settings, session.get_one(Incident, over.incident.id, populate_existing=True), now)
    return True


def _tell(session: Session, settings: Settings, incident: Incident, now: dt.datetime) -> None:
    account = session.get(Account, incident.account_id) if incident.account_id else None
    recipients = dict.fromkeys([*_operator(settings), *_of(session, settings, account)])
    # Somebody who is operator and owner gets one mail.
    addressed = {one.address: one for one in reversed(recipients) if one.address}
    chosen = [one for one in recipients if not one.address or addressed[one.address] is one]
    rows = [_row(settings, incident, account, one, now) for one in chosen]
    if rows:
        session.execute(insert(_ALERTS), rows)


def _operator(settings: Settings) -> Iterator[Recipient]:
    if settings.alert_url:
        yield Recipient(INSTALLATION, url=settings.alert_url)
    if settings.alert_relay:
        yield from (Recipient(INSTALLATION, address=address) for address in settings.alert_mail)


def _of(session: Session, settings: Settings, account: Account | None) -> Iterator[Recipient]:
    if account is None:
        return
    if account.alerts_url:
        yield Recipient(account.id, url=account.alerts_url)
    if settings.alert_relay:
        yield from (Recipient(account.id, address=address) for address in addresses(session, account))


def addresses(session: Session, account: Account) -> list[str]:
    """Return the mail addresses of an account: its own setting, or those of its owners whose names are addresses.

    Who is invited and has chosen no password yet gets no mail: nobody has proved that the address is theirs.
    """
    if account.alert_mail is not None:
        return [] if account.alert_mail == NOBODY else account.alert_mail.split(",")
    owners = select(Person.name).where(
        Person.account_id == account.id, Person.role == Role.OWNER, Person.disabled_on.is_(None)
    )
    invited = select(PasswordLink.person_id).where(PasswordLink.is_invitation)
    owners = owners.where(Person.id.not_in(invited)).order_by(Person.id)
    return [address for name in session.scalars(owners) if (address := _address(name))]


def _address(name: str) -> str | None:
    try:
        return str(MailAddress.parse(name))
    except ValueError:
        return None


def _row(
    settings: Settings, incident: Incident, account: Account | None, to: Recipient, now: dt.datetime
) -> dict[str, Any]:
    zone = local_time.zone_or_utc(account.time_zone if account and to.account_id else None)
    path = PAGES.get(incident.kind, "/dashboard") if to.account_id else "/dashboard/operator"
    facts = _facts(incident, account, zone, settings.base_url + path)
    is_over = incident.ended_on is not None
    mail = texts.mail(incident.kind, facts, is_over=is_over).encode()
    return {
        "account_id": to.account_id,
        "incident_id": incident.id,
        "event_id": f"evt_{random_text(26)}",
        "url": to.url,
        "mail_to": to.address,
        "title": texts.title(incident.kind, facts, is_over=is_over) if to.address else "",
        "body": mail if to.address else alert_event.build(rfc3339(now), _data(incident, facts)),
        "destination": to.destination,
        "state": JobState.PENDING,
        "created_on": now,
        "due_on": now,
        "starts_before": 0,
    }


def _facts(incident: Incident, account: Account | None, zone: ZoneInfo, page: str) -> Facts:
    until = _clock(incident.ended_on, zone) if incident.ended_on else ""
    name, since = account.name if account else "", _clock(incident.begun_on, zone)
    return Facts(name, incident.subject, since, until, incident.count, page)


def _clock(moment: dt.datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"


def _data(incident: Incident, facts: Facts) -> AlertData:
    is_over = incident.ended_on is not None
    return {
        "incident": f"inc_{incident.id}",
        "kind": incident.kind,
        "state": "over" if is_over else "open",
        "account": facts.account or None,
        "subject": incident.subject or None,
        "since": rfc3339(incident.begun_on),
        "until": rfc3339(incident.ended_on) if incident.ended_on else None,
        "count": incident.count,
        "sentence": texts.sentence(incident.kind, facts, is_over=is_over),
        "page": facts.page,
    }
