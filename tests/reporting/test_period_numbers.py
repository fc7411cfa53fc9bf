"""The numbers of a period, counted by hand."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select, update

from shortener.callbacks.kind import CALLBACKS, judge
from shortener.errors import InvalidFieldsError
from shortener.outbound.client import Answer
from shortener.reporting.period_numbers import Bucket, Overview, overview
from shortener.rules import local_time
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.local_time import Width
from shortener.storage import db
from shortener.storage.models import Account, Callback, Link
from tests.support import due_callbacks
from tests.support.factories import DAY, NOW, Sender, make_message

HOUR = dt.timedelta(hours=1)
UTC = local_time.zone("UTC")
FIRST, LAST = dt.datetime.min.replace(tzinfo=dt.UTC), dt.datetime.max.replace(tzinfo=dt.UTC)
WEEK = (NOW - 6 * DAY, NOW + DAY)  # from nine to nine: cut in the middle of a day
REFUSED = judge(Answer(AttemptOutcome.ANSWERED, 500, "HTTP 500"))


def counted(sender: Sender, start: dt.datetime = WEEK[0], end: dt.datetime = WEEK[1]) -> Overview:
    with db.read() as session:
        account = session.scalars(select(Account).where(Account.name == sender.name)).one()
        return overview(session, account, start, end)


def pieces(
    found: Overview, width: Width, zone: ZoneInfo = UTC, period: tuple[dt.datetime, dt.datetime] = WEEK
) -> list[Bucket]:
    return found.buckets(local_time.begins(*period, zone, width))


def make(sender: Sender, received: dt.datetime, clicked_after: dt.timedelta | None = None, **fields: Any) -> None:
    link = make_message(sender, now=received, **fields).link
    assert link is not None
    if clicked_after is not None:
        with db.write() as session:
            session.execute(update(Link).where(Link.id == link.id).values(accessed_on=received + clicked_after))


def test_nothing_is_counted_as_nothing(app: Flask, sender: Sender) -> None:
    found = counted(sender)
    assert (found.messages, found.with_link, found.clicked, found.click_rate, found.median_to_click) == (
        0,
        0,
        0,
        None,
        None,
    )
    assert (found.waiting, found.failing, found.exhausted) == (0, 0, 0)
    assert (len(pieces(found, Width.HOUR)), len(pieces(found, Width.DAY))) == (7 * 24, 8)
    assert not any(bucket.messages or bucket.first_clicks for bucket in pieces(found, Width.HOUR))


def test_messages_links_and_clicks_of_the_period_are_counted(app: Flask, sender: Sender, other_sender: Sender) -> None:
    make(sender, WEEK[0], HOUR)
    make(sender, NOW, 3 * HOUR)
    make(sender, NOW)
    make(sender, WEEK[1] - due_callbacks.MICROSECOND, 300 * DAY)
    make_message(sender, "no link at all", now=NOW)
    make(sender, WEEK[0] - due_callbacks.MICROSECOND, HOUR)
    make(sender, WEEK[1], HOUR)
    make(other_sender, NOW, HOUR)
    found = counted(sender)
    assert (found.messages, found.with_link, found.clicked, found.click_rate) == (5, 4, 3, 0.75)


def test_the_first_click_on_any_link_is_the_messages(app: Flask, sender: Sender) -> None:
    made = make_message(sender, "https://a.example.com https://b.example.com", track="all", now=NOW)
    for link, after in zip(made.links, (None, 2 * HOUR), strict=True):
        with db.write() as session:
            moment = NOW + after if after else None
            session.execute(update(Link).where(Link.id == link.id).values(accessed_on=moment))
    found = counted(sender)
    assert (found.with_link, found.clicked, found.median_to_click) == (1, 1, 2 * HOUR)
    assert [bucket.start for bucket in pieces(found, Width.HOUR) if bucket.first_clicks] == [NOW + 2 * HOUR]


@pytest.mark.parametrize(
    ("minutes", "median"),
    [([7], 7), ([1, 4], 2.5), ([9, 1, 2], 2), ([9, 1, 2, 3], 2.5), ([5, 5, 5, 5, 600], 5)],
)
def test_the_median_is_exact(app: Flask, sender: Sender, minutes: list[int], median: float) -> None:
    make(sender, NOW)
    for count in minutes:
        make(sender, NOW - count * HOUR, dt.timedelta(minutes=count))
    assert counted(sender).median_to_click == dt.timedelta(minutes=median)


def test_messages_and_clicks_count_at_their_time(app: Flask, sender: Sender) -> None:
    make(sender, NOW, HOUR)
    make(sender, NOW + HOUR - due_callbacks.MICROSECOND, DAY - 2 * HOUR)
    make(sender, NOW - 2 * DAY, 3 * DAY)  # clicked when the period is over
    found = counted(sender)
    hours = {bucket.start: (bucket.messages, bucket.first_clicks) for bucket in pieces(found, Width.HOUR)}
    assert {start: counts for start, counts in hours.items() if any(counts)} == {
        NOW - 2 * DAY: (1, 0),
        NOW: (2, 0),
        NOW + HOUR: (0, 1),
        NOW + 22 * HOUR: (0, 1),
    }
    midnight = NOW.replace(hour=0)
    days = {bucket.start: (bucket.messages, bucket.first_clicks) for bucket in pieces(found, Width.DAY)}
    assert {start: counts for start, counts in days.items() if any(counts)} == {
        midnight - 2 * DAY: (1, 0),
        midnight: (2, 1),
        midnight + DAY: (0, 1),
    }
    assert found.clicked == 3


@pytest.mark.parametrize(
    ("name", "minutes"), [("Asia/Kolkata", 330), ("Asia/Kathmandu", 345), ("America/New_York", -300)]
)
def test_days_of_a_zone_count_from_its_midnight(app: Flask, sender: Sender, name: str, minutes: int) -> None:
    zone, midnight = local_time.zone(name), NOW.replace(hour=0) - dt.timedelta(minutes=minutes)
    for received in (midnight - due_callbacks.MICROSECOND, midnight, midnight + DAY - due_callbacks.MICROSECOND):
        make(sender, received, due_callbacks.MICROSECOND)
    [day] = counted(sender, midnight, midnight + DAY).buckets([midnight])
    assert (day.messages, day.first_clicks) == (2, 1)  # the last one was clicked when the day was over
    days = pieces(counted(sender), Width.DAY, zone)
    assert [(day.start, day.messages, day.first_clicks) for day in days if day.messages] == [
        (midnight - DAY, 1, 0),
        (midnight, 2, 2),
    ]
    hours = pieces(counted(sender), Width.HOUR, zone)
    assert [hour.start for hour in hours if hour.messages] == [midnight - HOUR, midnight, midnight + 23 * HOUR]


def attempt(*, answers: Answer | None, now: dt.datetime, waits: tuple[float, ...] = (60,)) -> None:
    """Start all due attempts, and end them with this answer; without an answer they stay open."""
    with db.write() as session:
        claimed = CALLBACKS.claim(session, now=now, limit=100, lease=HOUR, per_destination=100)
    if answers is not None:
        with db.write() as session:
            ended = [(one, answers) for one in claimed]
            CALLBACKS.settle(session, ended, now=now, waits=waits, chance=lambda: 0.5)


def test_callbacks_wait_fail_and_are_exhausted(app: Flask, sender: Sender, other_sender: Sender) -> None:
    with db.write() as session:
        due_callbacks.add(session, sender.name, {"http://a.example/": 3, "http://b.example/": 1}, since=NOW)
        due_callbacks.add(session, other_sender.name, {"http://a.example/": 5}, since=NOW)
    assert (counted(sender).waiting, counted(sender).failing) == (4, 0)
    attempt(answers=REFUSED, now=NOW + HOUR)
    found = counted(sender)
    assert (found.waiting, found.failing, found.exhausted) == (4, 4, 0)
    attempt(answers=None, now=NOW + 2 * HOUR)
    assert (counted(sender).waiting, counted(sender).failing) == (4, 4)
    assert counted(sender, WEEK[0] - 7 * DAY, WEEK[0]).waiting == 4


def test_an_exhausted_callback_counts_at_its_click(app: Flask, sender: Sender) -> None:
    with db.write() as session:
        due_callbacks.add(session, sender.name, {"http://a.example/": 3}, since=NOW)
    attempt(answers=REFUSED, now=NOW + HOUR, waits=())
    found = counted(sender)
    assert (found.waiting, found.failing, found.exhausted) == (0, 0, 3)
    assert counted(sender, NOW + HOUR, NOW + DAY).exhausted == 0


def test_a_replay_ignores_earlier_failures(app: Flask, sender: Sender) -> None:
    with db.write() as session:
        due_callbacks.add(session, sender.name, {"http://a.example/": 1}, since=NOW)
    attempt(answers=REFUSED, now=NOW + HOUR, waits=())
    with db.write() as session:
        session.execute(update(Callback).values(state="pending", settled_on=None, starts_before=1))
    assert (counted(sender).waiting, counted(sender).failing) == (1, 0)


@pytest.mark.parametrize(
    ("start", "end"),
    [(NOW, NOW), (NOW, NOW - HOUR), (NOW, NOW + 401 * DAY), (FIRST, NOW), (NOW, LAST), (LAST, NOW)],
)
def test_an_invalid_or_long_period_is_refused(app: Flask, sender: Sender, start: dt.datetime, end: dt.datetime) -> None:
    with pytest.raises(InvalidFieldsError, match="errors"):
        counted(sender, start, end)
