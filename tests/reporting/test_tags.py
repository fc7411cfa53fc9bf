"""Numbers by tag: the same with totals and without, and honest where they are not up to date."""

import datetime as dt
import random
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import Connection, func, select, update

from shortener.clicks import record
from shortener.clicks.new_click import NewClick
from shortener.receipts.advance import News, advance_all
from shortener.reporting import hour_totals, tag_counts, tag_cover, tag_report, tag_totals, tags
from shortener.reporting.tag_counts import TagCounts
from shortener.reporting.tag_cover import Cover
from shortener.reporting.tag_documents import Period
from shortener.retention import steps
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.visitors.visitor import Verdict, Visitor
from shortener.rules.wire.moments import EPOCH
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Account, HourTotal, Installation, TagTotal
from tests.support.factories import DAY, Made, Sender, make_message

HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)
PERSON = Verdict(Visitor.PERSON, "browser")
NOW = dt.datetime.now(dt.UTC)
LONG_AGO = NOW.replace(minute=10, second=0) - 3 * DAY
PERIOD = tags.last_hours(NOW)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    # Transactions in databases of other tests delay the job as well.
    monkeypatch.setattr(hour_totals, "TRIES", 1_000)


def count_hours() -> int:
    assert hour_totals.claim_run(dt.timedelta())
    return sum(hour_totals.count_hours(time.sleep))


def click(made: Made, at: dt.datetime, services: Services) -> None:
    new = NewClick(link_id=made.links[0].id, id=uuid.uuid4(), clicked_on=at, verdict=PERSON, counts=True)
    with db.writing() as connection:
        record.record_all(connection, [new], services.slugs)


def found_of(
    sender: Sender, tag: str, period: tuple[dt.datetime, dt.datetime] = PERIOD
) -> tuple[TagCounts, Cover, bool]:
    with db.read() as session:
        account = session.scalars(select(Account).where(Account.name == sender.name)).one()
        return tags.one(session, account, tag, *period)  # type: ignore[arg-type]


def listed(sender: Sender, period: tuple[dt.datetime, dt.datetime] = PERIOD) -> tags.Tags:
    with db.read() as session:
        account = session.scalars(select(Account).where(Account.name == sender.name)).one()
        return tags.all_of(session, account, *period)  # type: ignore[arg-type]


def totalled(sender: Sender, tag: str | None, period: tuple[dt.datetime, dt.datetime] = PERIOD) -> tuple[int, int, int]:
    with db.read() as session:
        account = session.scalars(select(Account).where(Account.name == sender.name)).one()
        found = tags.numbers(session, account, tag, *period)[0]  # type: ignore[arg-type]
        return found.messages, found.with_link, found.clicked


def test_numbers_by_tag_equal_counted_rows(sender: Sender, other_sender: Sender, services: Services) -> None:
    draw, made = random.Random(7), list[Made]()
    for place in range(24):
        owner, names = draw.choice([sender, sender, other_sender]), draw.sample(["a", "b", "c/d"], draw.randrange(3))
        text = draw.choice(["Hello!", "https://a.example.com/1", "https://B.example.com:8443?x=1"])
        made.append(make_message(owner, text, tags=names, now=NOW - (24 - place) * 4 * HOUR))
    for act in range(20):
        if act % 5 == 2:
            count_hours()
        elif act % 7 == 6:
            with db.write() as session:
                news = {one.message.id: News(MessageState.DELIVERED, NOW) for one in draw.sample(made, 2)}
                advance_all(session.connection(), news, now=NOW)
        elif (one := draw.choice(made)).links:
            click(one, one.message.received_on + draw.random() * 3 * HOUR, services)
        _compare(sender, ["a", "b", "c/d"])
        begins = NOW - draw.random() * 4 * DAY
        _compare(sender, ["a"], (begins, begins + draw.random() * 4 * DAY))


def _compare(sender: Sender, names: Sequence[str], period: tuple[dt.datetime, dt.datetime] = PERIOD) -> None:
    with db.read() as session:
        account = session.scalars(select(Account.id).where(Account.name == sender.name)).one()
        rows = tag_counts.of_rows(session, account, *period)
    lines = {line.name: line for line in listed(sender, period).rows}
    for name in names:
        found, cover, _ = found_of(sender, name, period)
        assert found == rows.get(name, TagCounts())
        assert cover.is_complete
        assert not cover.young
        counts = found.counts
        expected = (counts.messages.total(), counts.with_link, counts.clicked)
        assert totalled(sender, name, period) == expected
        line = lines.get(name)
        assert (line and (line.messages, line.with_link, line.clicked)) == (expected if expected[0] else None)


def test_past_hours_are_read_from_totals(sender: Sender, services: Services) -> None:
    made = make_message(sender, tags=["a", "b"], now=LONG_AGO)
    make_message(sender, now=LONG_AGO + MINUTE)
    click(made, LONG_AGO + 2 * MINUTE, services)
    assert count_hours() == 1
    with db.write() as session:
        session.execute(update(TagTotal).where(TagTotal.tag == "a").values(messages=7))
    assert totalled(sender, "a") == (7, 1, 1)
    assert totalled(sender, "b") == (1, 1, 1)
    assert totalled(sender, None) == (2, 2, 1)


def test_a_total_without_tags_is_counted_again(sender: Sender, services: Services) -> None:
    make_message(sender, tags=["a"], now=LONG_AGO)
    count_hours()
    with db.write() as session:  # as before the upgrade, or by a node of an earlier version
        session.execute(update(HourTotal).values(version=HourTotal.version + 1))
        session.execute(update(TagTotal).values(messages=7))
    assert totalled(sender, "a") == (1, 1, 0)
    assert count_hours() == 1
    with db.read() as session:
        assert session.scalars(select(TagTotal.messages).where(TagTotal.tag == "a")).one() == 1
    assert count_hours() == 0


def test_totals_by_tag_end_with_their_messages(sender: Sender, services: Services) -> None:
    make_message(sender, tags=["a"], now=LONG_AGO)
    count_hours()
    list(steps.prune(NOW - 2 * DAY, sleep=lambda _: None))
    assert totalled(sender, "a") == (0, 0, 0)
    count_hours()
    with db.read() as session:
        assert session.scalars(select(func.count()).select_from(TagTotal)).one() == 0


def test_a_busy_day_is_as_old_as_its_count(sender: Sender, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value in ((tag_totals, "MANY", 2), (tag_cover, "MOST_ROWS", 2)):
        monkeypatch.setattr(module, name, value)
    made = [make_message(sender, tags=["a"], now=NOW - HOUR) for _ in range(4)]
    assert hour_totals.claim_run(dt.timedelta())
    found, cover, _ = found_of(sender, "a")
    assert (found.counts.messages.total(), cover.is_complete, cover.counted_on) == (0, False, None)
    assert sum(tag_totals.count_young_hours()) == 1
    assert sum(tag_totals.count_young_hours()) == 0  # too soon
    click(made[0], NOW, services)
    found, cover, _ = found_of(sender, "a")
    assert (found.counts.messages.total(), found.counts.clicked, cover.is_complete) == (4, 0, True)
    assert cover.counted_on is not None
    monkeypatch.setattr(tag_totals, "SOONEST", dt.timedelta())
    monkeypatch.setattr(tag_totals, "SHARE", 10**9)
    monkeypatch.setattr(tag_totals, "PER_MESSAGE", dt.timedelta())
    assert sum(tag_totals.count_young_hours()) == 1
    assert totalled(sender, "a") == (4, 4, 1)


def test_an_account_with_few_messages_has_no_young_totals(sender: Sender, services: Services) -> None:
    make_message(sender, tags=["a"], now=NOW - HOUR)
    with db.write() as session:
        session.execute(update(Installation).values(totals_end_on=NOW - DAY))
    assert sum(tag_totals.count_young_hours()) == 0


def test_an_older_count_never_replaces_a_total(
    app: Flask, sender: Sender, database_kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database_kind == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    make_message(sender, now=LONG_AGO, tags=["a"])
    lock = tag_totals.lock

    def of_another_process() -> int:
        with app.app_context():
            make_message(sender, now=LONG_AGO, tags=["a"])
            return count_hours()

    def late(connection: Connection, account_id: int) -> None:
        monkeypatch.setattr(tag_totals, "lock", lock)
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(of_another_process).result() == 1
        lock(connection, account_id)

    monkeypatch.setattr(tag_totals, "lock", late)
    with db.read() as session:
        account_id = session.scalars(select(Account.id).where(Account.name == sender.name)).one()
    assert tag_totals._count(account_id, (LONG_AGO - EPOCH) // HOUR) == 0
    assert totalled(sender, "a") == (2, 2, 0)


def test_an_hour_keeps_only_its_largest_tags(
    sender: Sender, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tag_totals, "MOST_TAGS", 1)
    for names in (["a"], ["a", "b"], ["c"]):
        make_message(sender, tags=names, now=LONG_AGO)
    assert not listed(sender).leaves_out
    count_hours()
    found = listed(sender)
    assert ([line.name for line in found.rows], found.leaves_out) == (["a"], True)


def test_a_list_of_very_many_tags_ends_earlier(
    sender: Sender, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    for days in (0, 1):
        make_message(sender, tags=["a"], now=LONG_AGO - days * DAY)
    count_hours()
    monkeypatch.setattr(tags, "MOST_TOTALS", 2)
    found = listed(sender)
    assert [line.messages for line in found.rows] == [1]
    assert found.looked_back_to is not None
    assert LONG_AGO - DAY < found.looked_back_to < LONG_AGO


def test_many_times_are_kept_to_five_percent() -> None:
    found = TagCounts()
    found.counts.took.update(range(1, 5_000, 7))
    found.counts.clicks[0] = found.counts.took.total()
    read = TagCounts()
    read.add_document(0, found.document(0))
    assert read.is_rough
    assert len(read.counts.took) < 70
    exact, rough = found.counts.median_took(), read.counts.median_took()
    assert exact is not None
    assert rough is not None
    assert abs(rough / exact - 1) < 0.06


def test_steps_are_near_every_time() -> None:
    assert all(abs(tag_counts.step_of(seconds) - seconds) <= seconds * 0.05 + 0.5 for seconds in range(40_000))


def test_a_tag_in_constant_use_is_reported_shorter(
    sender: Sender, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    for days in (0, 1):
        make_message(sender, tags=["a"], now=LONG_AGO - days * DAY)
    count_hours()
    monkeypatch.setattr(tags, "MOST_HOURS", 1)
    with db.read() as session:
        account = session.scalars(select(Account).where(Account.name == sender.name)).one()
        found = tag_report.report(session, account, "a", Period())  # type: ignore[arg-type]
        whole = tag_report.report(session, account, "a", Period(**{"from": (NOW - 5 * DAY).isoformat()}))  # type: ignore[arg-type]
    assert (found.messages, found.is_whole, whole.messages, whole.is_whole) == (1, False, 2, True)
