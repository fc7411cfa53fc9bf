"""The checks for incidents: each begins once and ends once, whoever looks."""

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import delete, update

from shortener.accounts import people
from shortener.alerts.loop import NodeAlerts
from shortener.alerts.node import Spool
from shortener.retention import steps as steps_of_retention
from shortener.rules import local_time
from shortener.rules.role import Role
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Alert, AlertAttempt, FailingReceiver, Incident, Usage
from tests.support.databases import listening
from tests.support.factories import Sender, make_account
from tests.support.incidents import HOUR, MINUTE, OPERATOR, count_of, exhaust, fail, mails, stored, tell
from tests.support.plans import scans, steps
from tests.support.smtp import Mailbox


def test_exhausted_callbacks_are_told_once_and_when_over(
    services: Services, sender: Sender, now: dt.datetime, relay: Mailbox
) -> None:
    exhaust("shop", now, count=2)
    assert [services.incidents.check(now) for _ in range(2)] == [1, 0]
    exhaust("shop", now + 10 * MINUTE)
    assert services.incidents.check(now + 11 * MINUTE, now) == 0
    assert services.incidents.check(now + 2 * HOUR, now + 11 * MINUTE) == 1
    assert services.incidents.check(now + 2 * HOUR + MINUTE, now + 2 * HOUR) == 0
    tell(services)
    assert [subject.partition(" ")[0] for _, subject in mails(relay)] == ["Callbacks", "Over:"]
    [incident] = stored()
    assert (incident.kind, incident.count, incident.ended_on) == ("callbacks_exhausted", 3, now + 2 * HOUR)


def test_a_later_exhaustion_is_a_new_incident(services: Services, sender: Sender, now: dt.datetime) -> None:
    for later in (dt.timedelta(0), 3 * HOUR):
        exhaust("shop", now + later)
        services.incidents.check(now + later, None)
        services.incidents.check(now + later + HOUR, now + later)
    assert [one.ended_on is not None for one in stored()] == [True, True]


def test_what_came_before_a_long_stop_is_told(services: Services, sender: Sender, now: dt.datetime) -> None:
    exhaust("shop", now)
    assert services.incidents.check(now + 9 * HOUR, last_check=now) == 1


def test_a_receiver_that_fails_for_an_hour_is_told(
    services: Services, sender: Sender, now: dt.datetime, relay: Mailbox
) -> None:
    fail("shop", now - HOUR, now)
    fail("shop", now - 2 * HOUR, now - 2 * HOUR, url="https://once.example.com/")
    assert services.incidents.check(now) == 1
    assert [one.subject for one in stored()] == ["https://crm.example.com:443"]
    with db.write() as session:
        session.execute(delete(FailingReceiver))
    assert [services.incidents.check(now + MINUTE) for _ in range(2)] == [1, 0]
    tell(services)
    assert len(relay.kept) == 2
    assert b"secret-path" not in b"".join(kept.content for kept in relay.kept)


def test_a_receiver_that_nobody_calls_is_forgotten(services: Services, sender: Sender, now: dt.datetime) -> None:
    fail("shop", now - HOUR, now)
    services.incidents.check(now)
    services.incidents.check(now + 48 * HOUR)
    assert [one.ended_on for one in stored()] == [now + 48 * HOUR]
    assert count_of(FailingReceiver) == 0


@pytest.mark.parametrize("in_threads", [1, 8])
def test_nodes_that_look_together_tell_once(
    app: Flask, services: Services, sender: Sender, now: dt.datetime, in_threads: int
) -> None:
    fail("shop", now - HOUR, now)
    gate = threading.Barrier(in_threads)

    def look(_: int) -> int:
        with app.app_context():
            gate.wait()
            return services.incidents.check(now)

    with ThreadPoolExecutor(in_threads) as pool:
        assert sum(pool.map(look, range(in_threads))) == 1
    assert (count_of(Incident), count_of(Alert)) == (1, 1)


def test_only_one_process_checks_in_a_minute(services: Services, sender: Sender, now: dt.datetime) -> None:
    exhaust("shop", now)
    assert [services.incidents.check_if_due() for _ in range(2)] == [1, 0]


def test_the_monthly_limit_is_told_at_each_step(services: Services, now: dt.datetime, relay: Mailbox) -> None:
    make_account("shop", monthly_limit=10)
    month = local_time.month(now, local_time.zone_or_utc(None))
    with db.write() as session:
        session.add(Usage(account_id=1, month=month, messages=7))
    told = [services.incidents.check(now)]
    for used in (8, 10, 10):
        with db.write() as session:
            session.execute(update(Usage).values(messages=used))
        told.append(services.incidents.check(now))
    assert told == [0, 1, 2, 0]  # at the limit, one begins and the other ends without a word
    services.incidents.check(now + 40 * 24 * HOUR)
    tell(services)
    assert [subject.partition(" / ")[0] for _, subject in mails(relay)] == [
        "80% of the monthly limit used",
        "Monthly limit reached",
        "Over: Monthly limit reached",
    ]


def test_a_month_that_is_to_be_counted_anew_ends_nothing(services: Services, now: dt.datetime) -> None:
    make_account("shop", monthly_limit=1)
    with db.write() as session:
        session.add(Usage(account_id=1, month=local_time.month(now, local_time.zone_or_utc(None)), messages=1))
    services.incidents.check(now)
    with db.write() as session:
        session.execute(delete(Usage))
    assert services.incidents.check(now) == 0


def test_the_spool_of_a_node_is_told(app: Flask, services: Services, now: dt.datetime) -> None:
    looks = iter([Spool(0, 0, 5), Spool(3, 0, 8), Spool(3, 0, 8), Spool(0, 0, 8), Spool(0, 0, 8)])
    node = NodeAlerts(app.app_context, services.settings, lambda: next(looks), "node-1")
    for _ in range(4):
        node.work()
    [incident] = stored()
    assert (incident.kind, incident.subject, incident.count, incident.mark) == ("clicks_spooled", "node-1", 3, 0)
    assert services.incidents.check(incident.seen_on + 4 * MINUTE) == 0
    assert services.incidents.check(incident.seen_on + 5 * MINUTE) == 1
    node.work()
    assert len(stored()) == 1


def test_lost_clicks_are_told_by_one_process(app: Flask, services: Services, now: dt.datetime) -> None:
    looks = iter([Spool(0, 2, 0), Spool(0, 2, 0), Spool(0, 1, 0), Spool(0, 5, 0)])
    processes = [NodeAlerts(app.app_context, services.settings, lambda: next(looks), "node-1") for _ in range(2)]
    for each in (*processes, *processes):
        each.work()
    assert [(one.kind, one.count) for one in stored()] == [("clicks_lost", 5)]


def test_owners_with_an_address_get_mails(services: Services, sender: Sender, now: dt.datetime, relay: Mailbox) -> None:
    with db.write() as session:
        for name, role in (("ann@example.com", Role.OWNER), ("bob@example.com", Role.VIEWER), ("carl", Role.OWNER)):
            people.create(session, name, "a long enough passphrase", account="shop", role=role, now=now)
    exhaust("shop", now)
    services.incidents.check(now)
    tell(services)
    assert [to for to, _ in mails(relay)] == ["ann@example.com", OPERATOR]


@pytest.mark.parametrize(
    ("own", "told"), [("none", []), ("a@example.com,b@example.com", ["a@example.com", "b@example.com"])]
)
def test_an_account_can_choose_its_own_addresses(
    services: Services, now: dt.datetime, relay: Mailbox, own: str, told: list[str]
) -> None:
    make_account("shop", alert_mail=own)
    exhaust("shop", now)
    services.incidents.check(now)
    tell(services)
    assert [to for to, _ in mails(relay)] == [*told, OPERATOR]


def test_a_check_finds_exhausted_callbacks_by_an_index(services: Services, sender: Sender, now: dt.datetime) -> None:
    exhaust("shop", now)
    with listening() as statements:
        services.incidents.check(now)
    reads = [pair for pair in statements if pair[0].startswith("SELECT") and "FROM callback" in pair[0]]
    assert reads
    for statement, values in reads:
        plan = " ".join(steps(statement, values))
        assert "ix_callback_exhausted_settled" in plan
        assert scans(statement, values) == []


def test_old_incidents_go_with_the_audit_log(services: Services, sender: Sender, now: dt.datetime) -> None:
    fail("shop", now - HOUR, now)
    services.incidents.check(now)
    services.incidents.check(now + 48 * HOUR)
    exhaust("shop", now)
    services.incidents.check(now)
    tell(services)
    list(steps_of_retention.prune_audit(now + 49 * HOUR, lambda _: None))
    assert [one.kind for one in stored()] == ["callbacks_exhausted"]
    assert (count_of(Alert), count_of(AlertAttempt)) == (1, 1)
