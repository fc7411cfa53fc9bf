"""Hourly totals: a period has the same numbers with them as without."""

import datetime as dt
import random
import time
import uuid
from collections.abc import Iterable

import pytest
from sqlalchemy import Connection, event, func, select, update

from shortener.clicks import record
from shortener.clicks.new_click import NewClick
from shortener.receipts.advance import News, advance_all
from shortener.reporting import click_counts, hour_totals
from shortener.reporting.click_counts import ClickCounts
from shortener.reporting.message_counts import MessageCounts
from shortener.reporting.period_counts import counted
from shortener.reporting.period_numbers import overview
from shortener.retention import steps
from shortener.rules import local_time
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.local_time import Width
from shortener.rules.visitors.device import NO_DEVICE, Device
from shortener.rules.visitors.visitor import Verdict, Visitor
from shortener.rules.wire.moments import MICROSECOND, to_micros
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Account, ChangedHour, HourTotal, Installation, Link
from tests.support.factories import DAY, Made, Sender, make_message

HOUR, MINUTE, SECOND = dt.timedelta(hours=1), dt.timedelta(minutes=1), dt.timedelta(seconds=1)
PERSON = Verdict(Visitor.PERSON, "browser")
DEVICES = (Device("ios", "safari", "phone"), Device("android", "line", "phone"), NO_DEVICE)
TEXTS = ("Hello!", "https://a.example.com/1", "https://a.example.com/1 https://b.example.com/2")
NOW = dt.datetime.now(dt.UTC)
HOUR_AGO, LONG_AGO = NOW - HOUR, NOW.replace(minute=10, second=0) - 3 * DAY


@pytest.fixture(autouse=True)
def _every_hour_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shortener.reporting.period_counts.WORTH", 1)
    # Transactions in databases of other tests delay the job as well.
    monkeypatch.setattr(hour_totals, "TRIES", 1_000)


def count_hours() -> int:
    """Count all hours that may be counted, as the job does."""
    assert hour_totals.claim_run(dt.timedelta())
    return sum(hour_totals.count_hours(time.sleep))


def click(made: Made, at: dt.datetime, services: Services, link: int = 0) -> None:
    device = DEVICES[made.message.id % len(DEVICES)]
    new = NewClick(made.links[link].id, uuid.uuid4(), at, PERSON, counts=True, device=device)
    with db.writing() as connection:
        record.record_all(connection, [new], services.slugs)


def let_be(made: Iterable[Made], state: MessageState) -> None:
    with db.write() as session:
        advance_all(session.connection(), {one.message.id: News(state, NOW) for one in made}, now=NOW)


def has_notes() -> bool:
    with db.read() as session:
        return bool(session.scalars(select(func.count()).select_from(ChangedHour)).one())


Counts = tuple[MessageCounts, ClickCounts]


def both_ways(sender: Sender, start: dt.datetime, end: dt.datetime) -> tuple[Counts, Counts]:
    """The counts with totals, and those of the rows."""
    with db.read() as session:
        account = session.scalars(select(Account.id).where(Account.name == sender.name)).one()
        rows, clicks = MessageCounts(), ClickCounts()
        rows.add_rows(session, account, start, end, to_micros(end))
        clicks.add_rows(session, account, start, end)
        with_totals = counted(session, account, start, end), click_counts.counted(session, account, start, end)
        return with_totals, (rows, clicks)


@pytest.mark.parametrize("seed", range(2))
def test_totals_always_equal_counted_rows(sender: Sender, other_sender: Sender, services: Services, seed: int) -> None:
    draw = random.Random(seed)
    made: dict[str, list[Made]] = {sender.name: [], other_sender.name: []}
    moment = lambda: NOW - draw.random() * 4 * DAY  # noqa: E731

    def send() -> None:
        owner = draw.choice([sender, other_sender])
        made[owner.name].append(make_message(owner, draw.choice(TEXTS), track="all", now=moment()))

    def visit() -> None:
        one = draw.choice(made[sender.name] + made[other_sender.name])
        if one.links:
            after = draw.choice([SECOND, MINUTE, 20 * MINUTE, HOUR, DAY]) * draw.uniform(-0.1, 2)
            click(one, one.message.received_on + after, services, draw.randrange(len(one.links)))

    def hear() -> None:
        let_be(draw.sample(made[sender.name], min(3, len(made[sender.name]))), draw.choice(list(MessageState)))

    def prune() -> None:
        cutoff = NOW - 4 * DAY + draw.random() * 8 * HOUR
        list(steps.prune(cutoff, sleep=lambda _: None))
        for name, some in made.items():
            made[name] = [one for one in some if one.message.received_on > cutoff]

    for _ in range(12):
        send()
    used = 0
    for act in draw.choices([send, visit, hear, count_hours, prune], [3, 20, 6, 6, 1], k=50):
        # Messages come in the order of time: an earlier one would be part of an hour that has been counted.
        if act is not send or not used:
            act()
        used |= act is count_hours
        start = (moment() - HOUR).replace(**draw.choice([{}, {"minute": 0, "second": 0, "microsecond": 0}]))
        with_totals, rows = both_ways(sender, start, start + draw.random() * 4 * DAY + MICROSECOND)
        assert with_totals == rows


def test_a_late_first_click_is_seen_at_once(sender: Sender, services: Services) -> None:
    made = [make_message(sender, now=LONG_AGO) for _ in range(3)]
    assert count_hours() == 1
    click(made[0], LONG_AGO + MINUTE, services)
    assert both_ways(sender, LONG_AGO - DAY, NOW)[0][0].clicked == 1
    assert has_notes()
    assert count_hours() == 1
    assert not has_notes()
    click(made[0], LONG_AGO + 2 * MINUTE, services)  # not the first
    assert not has_notes()
    click(made[0], LONG_AGO + SECOND, services)  # earlier than the first
    assert both_ways(sender, LONG_AGO - DAY, NOW)[0][0].took == {1: 1}


def test_changes_of_young_messages_leave_no_note(sender: Sender, services: Services) -> None:
    made = make_message(sender, now=HOUR_AGO)
    make_message(sender, now=LONG_AGO)
    count_hours()
    click(made, NOW, services)
    let_be([made], MessageState.DELIVERED)
    assert not has_notes()


def test_without_a_job_nothing_is_noted(sender: Sender, services: Services) -> None:
    made = make_message(sender, now=LONG_AGO)
    click(made, NOW, services)
    let_be([made], MessageState.DELIVERED)
    assert not has_notes()


def test_the_total_is_what_is_read(sender: Sender, services: Services) -> None:
    made = make_message(sender, now=LONG_AGO)
    count_hours()
    with db.write() as session:  # what no code does, so that only the total knows the link to be unclicked
        session.execute(update(Link).values(accessed_on=made.message.received_on + MINUTE))
    with_totals, rows = both_ways(sender, LONG_AGO - DAY, NOW)
    assert (with_totals[0].clicked, rows[0].clicked) == (0, 1)


def test_a_count_that_was_overtaken_is_dropped(sender: Sender, services: Services) -> None:
    make_message(sender, now=LONG_AGO)
    count_hours()
    with db.write() as session:
        total = session.scalars(select(HourTotal)).one()
        old = total.counts
        stored = hour_totals._store(session.connection(), total.account_id, total.hour, total.version - 1, old)
        first = hour_totals._store(session.connection(), total.account_id, total.hour, None, old)
    assert (stored, first) == (False, False)


def test_an_overtaken_run_deletes_no_later_note(sender: Sender, services: Services) -> None:
    hours = [[make_message(sender, now=LONG_AGO + place * HOUR) for _ in range(2)] for place in range(3)]
    count_hours()
    for place in (0, 1):
        click(hours[place][0], NOW, services)
    slow = hour_totals.count_hours(time.sleep)
    assert next(slow) == 1
    count_hours()  # by another process, before the slow one counts the second hour
    for place in (0, 2):
        click(hours[place][1], NOW, services)
    assert next(slow) == 1
    with_totals, rows = both_ways(sender, LONG_AGO - DAY, NOW)
    assert with_totals == rows


def test_the_total_of_deleted_messages_is_deleted(sender: Sender, services: Services) -> None:
    make_message(sender, now=LONG_AGO)
    count_hours()
    list(steps.prune(NOW - 2 * DAY, sleep=lambda _: None))
    assert both_ways(sender, LONG_AGO - DAY, NOW)[0] == (MessageCounts(), ClickCounts())
    count_hours()
    with db.read() as session:
        assert session.scalars(select(func.count()).select_from(HourTotal)).one() == 0


def test_changes_during_the_claim_are_waited_for(
    sender: Sender, services: Services, database_kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database_kind == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    made = make_message(sender, now=LONG_AGO)
    with db.db.engine.connect() as other:

        def click_first(claiming: Connection) -> None:
            other.execute(update(Link).where(Link.id == made.links[0].id).values(accessed_on=NOW))
            other.execute(select(Installation.totals_end_on)).all()  # not yet what the claim is about to commit

        event.listen(db.db.engine, "commit", click_first, once=True)
        assert hour_totals.claim_run(dt.timedelta())
        with monkeypatch.context() as patch:
            patch.setattr(hour_totals, "TRIES", 1)
            assert not hour_totals._others_ended(lambda _: None)
        other.commit()
    assert hour_totals._others_ended(time.sleep)


def test_a_run_counts_no_hours_added_meanwhile(
    sender: Sender, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    for received in (LONG_AGO - DAY, LONG_AGO):
        make_message(sender, now=received)
    with monkeypatch.context() as patch:
        patch.setattr(hour_totals, "YOUNGEST", 3 * DAY + 2 * HOUR)
        assert hour_totals.claim_run(dt.timedelta())
    run = hour_totals.count_hours(time.sleep)
    assert next(run) == 1
    assert hour_totals.claim_run(dt.timedelta())  # by another process, which waits for those that missed this
    assert list(run) == []
    assert count_hours() == 1


def test_one_process_counts_within_an_interval(services: Services) -> None:
    assert hour_totals.claim_run(HOUR)
    assert not hour_totals.claim_run(HOUR)
    assert hour_totals.claim_run(dt.timedelta())


def test_idle_accounts_are_looked_at_together(sender: Sender, other_sender: Sender, services: Services) -> None:
    for owner in (sender, other_sender):
        make_message(owner, now=LONG_AGO)
    assert count_hours() == 2
    read: list[str] = []
    event.listen(db.db.engine, "before_cursor_execute", lambda *given: read.append(given[2]))
    assert list(hour_totals.count_hours(time.sleep)) == []
    assert len([statement for statement in read if "FROM account" in statement]) == 1


def test_a_clock_set_back_deletes_later_totals(sender: Sender, services: Services) -> None:
    make_message(sender, now=HOUR_AGO)
    with db.write() as session:
        session.execute(update(Installation).values(totals_end_on=NOW + DAY))
    assert sum(hour_totals.count_hours(time.sleep)) == 1
    count_hours()
    with db.read() as session:
        assert session.scalars(select(HourTotal)).all() == []


def test_the_overview_adds_totals_and_rows(sender: Sender, services: Services) -> None:
    for received in (LONG_AGO, LONG_AGO + 20 * MINUTE, HOUR_AGO):
        click(make_message(sender, now=received), received + MINUTE, services)
    count_hours()
    period = (LONG_AGO - DAY, NOW + DAY)
    with db.read() as session:
        account = session.scalars(select(Account).where(Account.name == sender.name)).one()
        found = overview(session, account, *period)  # type: ignore[arg-type]
    assert (found.messages, found.clicked, found.median_to_click) == (3, 3, MINUTE)
    hours = found.buckets(local_time.begins(*period, local_time.zone("UTC"), Width.HOUR))
    assert [hour.messages for hour in hours if hour.messages] == [2, 1]
