"""Check what is in the database: keys, the clock, jobs that are late, accounts, people and time zones."""

import datetime as dt
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.orm import Session

from shortener.accounts import reencryption
from shortener.accounts.reencryption import Count
from shortener.cli.doctor.finding import MINUTE, Finding, fault, lasting, ok, warning
from shortener.config import data_folders, secret_key
from shortener.config.settings import Settings
from shortener.errors import ClockError
from shortener.installation import clock
from shortener.rules import local_time
from shortener.rules.delivery.job_state import JobState
from shortener.storage import db
from shortener.storage.models import Account, Base, Person, Sending
from shortener.typed_command import typed

KEY: Final = "secret key"
OTHERS: Final = 0o077  # rights of group and others
SKEW: Final = dt.timedelta(seconds=5)
LATE: Final = MINUTE  # a job that is due longer than this is late; a busy node needs seconds
MANY: Final = 10 * MINUTE
JOBS: Final = (
    ("callback", "attempt", "callbacks"),
    ("sending", "sending_attempt", "sendings"),
    ("export", "export_attempt", "exports"),
)


@dataclass(frozen=True, slots=True)
class Late:
    """How long the oldest due job has been due, and since when none was tried; None if there is none."""

    due_for: dt.timedelta | None
    tried_ago: dt.timedelta | None
    is_leased: bool  # whether an attempt is under way


def known_keys(settings: Settings) -> tuple[str, ...]:
    """Return the keys that there are, the newest first; other than the settings, this makes none."""
    first = settings.secret_key
    if first is None and (settings.data / data_folders.KEY).exists():
        first = secret_key.stored(settings.data, settings.database_file or Path())
    return tuple(key for key in (first, settings.secret_key_old) if key)


def examine_keys(settings: Settings, session: Session) -> Iterator[Finding]:
    """Try the keys on every stored secret."""
    keys = known_keys(settings)
    yield judge_keys(reencryption.count(session, keys), has_old=settings.secret_key_old is not None, has_key=bool(keys))
    file = settings.data / data_folders.KEY
    if settings.secret_key is None and file.exists() and file.stat().st_mode & OTHERS:
        yield warning(KEY, f"Other users of this machine can read {file}.", f"Run chmod 600 {file}")


def judge_keys(count: Count, *, has_old: bool, has_key: bool) -> Finding:
    """Judge how many secrets the keys decrypt; `resealed` counts those that only the old key decrypts."""
    total = count.resealed + count.already + count.unopened
    if count.unopened:
        return fault(
            KEY,
            f"Stored secrets that the secret key does not decrypt: {count.unopened} of {total}. Their callbacks cannot "
            "be signed.",
            "Set the key that belongs to this database; if it is lost, run "
            f"{typed('account secret rotate --all')}; see docs/operate/backup.md.",
        )
    if count.resealed:
        return warning(
            KEY,
            f"Stored secrets that only the old key decrypts: {count.resealed} of {total}.",
            f"Run {typed('secret-key reseal')}",
        )
    if has_old:
        return warning(
            KEY,
            "No stored secret needs SHORTENER_SECRET_KEY_OLD.",
            "Remove it when gateways have the new URLs for receipts, and restart every process.",
        )
    if not has_key:
        return ok(KEY, "There is no secret key yet; the first start makes it.")
    return ok(KEY, f"The secret key decrypts all stored secrets ({total}). Keep a copy of it apart from the backups.")


def examine_clock(session: Session) -> Iterator[Finding]:
    """Compare this machine's clock with the database server's, and that with the latest time that was stored."""
    before, began = dt.datetime.now(dt.UTC), time.monotonic()
    now = db.now(session)
    trip = dt.timedelta(seconds=time.monotonic() - began)
    if session.get_bind().dialect.name == "postgresql":  # SQLite has no clock of its own
        yield judge_clock(before + trip / 2 - now, trip)
    yield judge_leap(clock.last_seen(session), now)


def judge_clock(ahead: dt.timedelta, trip: dt.timedelta) -> Finding:
    """Judge by how much this machine's clock is ahead of the database's, which was asked for that long."""
    if abs(ahead) - trip / 2 > SKEW:
        how = "ahead of" if ahead > dt.timedelta() else "behind"
        return warning(
            "clock",
            f"This machine's clock is {lasting(ahead)} {how} the database's, which is the one that counts.",
            "Synchronize both clocks with NTP.",
        )
    return ok("clock", "This machine's clock agrees with the database's.")


def judge_leap(seen_on: dt.datetime | None, now: dt.datetime) -> Finding:
    """Judge whether the clock has leapt since the product last ran."""
    state = clock.state(seen_on, now)
    if seen_on is None or state == "ok":
        return ok("clock", f"The clock says {now:%Y-%m-%d %H:%M} UTC, and has not leapt since the product last ran.")
    if state == "ahead":
        return fault("clock", str(ClockError(seen_on, now)), "Check the clock, then confirm it or set it right.")
    return fault(
        "clock",
        f"The clock says {now:%Y-%m-%d %H:%M} UTC, {lasting(seen_on - now)} before the last recorded time: links live "
        "longer than they should, and retries wait.",
        "Set the clock right.",
    )


def examine_jobs(settings: Settings, connection: Connection) -> Iterator[Finding]:
    """Find out whether due jobs are attempted."""
    now = db.now(connection)
    tables = Base.metadata.tables
    for job, attempt, name in JOBS:
        yield judge_late(name, late(connection, tables[job], tables[attempt], now), worker=settings.worker == "on")
    held = select(Sending.id).where(Sending.state == JobState.HELD).limit(1000).subquery()
    if count := connection.scalar(select(func.count()).select_from(held)):
        yield warning(
            "sendings",
            f"Messages that are held because their gateway may have taken them: {count}.",
            "Decide about them in the dashboard; see docs/operate/gateways.md.",
        )


def late(connection: Connection, job: Table, attempt: Table, now: dt.datetime) -> Late:
    """Ask for the oldest due job and the newest attempt, each with one step into an index."""
    due = select(job.c.due_on).where(job.c.settled_on.is_(None), job.c.due_on <= now)
    oldest = connection.scalar(due.order_by(job.c.due_on).limit(1))
    newest = connection.scalar(select(attempt.c.started_on).order_by(attempt.c.id.desc()).limit(1))
    leased = select(job.c.id).where(job.c.lease_token.is_not(None), job.c.due_on > now).limit(1)
    return Late(
        due_for=now - oldest if oldest else None,
        tried_ago=now - newest if newest else None,
        is_leased=connection.scalar(leased) is not None,
    )


def judge_late(name: str, found: Late, *, worker: bool) -> Finding:
    """Judge whether jobs that are due are attempted; a backlog alone is no fault."""
    if found.due_for is None or found.due_for <= LATE:
        return ok(name, f"No {name[:-1]} is late.")
    is_tried = found.is_leased or (found.tried_ago is not None and found.tried_ago <= LATE)
    if is_tried and found.due_for <= MANY:
        return ok(name, f"The oldest {name[:-1]} has been due for {lasting(found.due_for)}; attempts are being made.")
    if is_tried:
        return warning(
            name,
            f"The oldest {name[:-1]} has been due for {lasting(found.due_for)}, although attempts are being made.",
            "More is due than is attempted: look in the dashboard for a slow receiver or gateway, or add a worker.",
        )
    since = (
        "none was ever attempted" if found.tried_ago is None else f"none was attempted for {lasting(found.tried_ago)}"
    )
    return fault(
        name,
        f"The oldest {name[:-1]} has been due for {lasting(found.due_for)}, and {since}: nothing delivers.",
        "Start the product; if it runs, its log says why."
        if worker
        else f"SHORTENER_WORKER is off, so run {typed('worker')} as well; see docs/operate/scaling.md.",
    )


def examine_accounts(session: Session) -> Iterator[Finding]:
    """Count accounts and people."""
    accounts = session.scalar(select(func.count()).where(Account.disabled_on.is_(None))) or 0
    people = session.scalar(select(func.count()).where(Person.disabled_on.is_(None))) or 0
    operators = session.scalar(select(func.count()).where(Person.disabled_on.is_(None), Person.operator)) or 0
    yield judge_accounts(accounts)
    yield judge_people(people, operators)


def judge_accounts(count: int) -> Finding:
    """Judge the number of accounts that are not disabled."""
    if not count:
        return warning("accounts", "No account can submit messages.", f"Create one: {typed('account create NAME')}")
    return ok("accounts", f"Accounts that can submit messages: {count}.")


def judge_people(count: int, operators: int) -> Finding:
    """Judge the number of people who can sign in."""
    if not operators:
        who = "No operator" if count else "Nobody"
        return warning(
            "people", f"{who} can sign in to the dashboard.", f"Create one: {typed('person create NAME --operator')}"
        )
    return ok("people", f"People who can sign in to the dashboard: {count}, of whom {operators} are operators.")


def zones_of(session: Session) -> set[str]:
    """Return the time zones of all accounts."""
    return set(session.scalars(select(Account.time_zone).distinct()))


def judge_zones(names: Collection[str]) -> Finding:
    """Load time zones."""
    unknown = [name for name in sorted(names) if not _is_known(name)]
    if unknown:
        return fault(
            "time zones",
            f"This version has no data for {', '.join(unknown)}: limits and quiet hours there cannot be computed.",
            "Install the packages of requirements.txt again, or give the accounts another time zone.",
        )
    return ok("time zones", f"Time zones with data, of those that are used: {len(names)}.")


def _is_known(name: str) -> bool:
    try:
        local_time.zone(name)
    except (ValueError, OSError):  # also the package tzdata may be missing
        return False
    return True
