"""Limits of accounts: what is left of a month, and when quiet hours end."""

import datetime as dt
import threading

import pytest
from flask import Flask

from shortener.accounts import limits, senders
from shortener.accounts.limits import Allowance
from shortener.storage import db
from tests.support.factories import DAY, Sender, make_account, make_message

pytestmark = pytest.mark.usefixtures("app")
END_OF_NOVEMBER = dt.datetime(2026, 11, 30, 15, tzinfo=dt.UTC)  # in Seoul December begins
HOUR = dt.timedelta(hours=1)


def left(name: str, now: dt.datetime) -> Allowance | None:
    with db.write() as session:
        return limits.allowance(session.connection(), senders.named(session, name).id, now)


def take(name: str, now: dt.datetime, messages: int) -> None:
    """Count messages that were stored."""
    with db.write() as session:
        account_id = senders.named(session, name).id
        allowed = limits.allowance(session.connection(), account_id, now)
        assert allowed is not None
        limits.count(session.connection(), account_id, allowed.month, messages)


def configure(name: str, **changes: object) -> None:
    with db.write() as session:
        senders.configure(session, name, changes)


def test_an_account_without_a_limit_has_no_allowance(sender: Sender) -> None:
    assert left(sender.name, END_OF_NOVEMBER) is None


def test_a_new_limit_counts_what_is_stored() -> None:
    shop = make_account("shop", time_zone="Asia/Seoul")
    for moment in (END_OF_NOVEMBER - HOUR, END_OF_NOVEMBER, END_OF_NOVEMBER + HOUR, END_OF_NOVEMBER + 31 * DAY):
        make_message(shop, now=moment)
    make_message(make_account("stranger"), now=END_OF_NOVEMBER)
    configure("shop", monthly_limit=5)
    allowed = left("shop", END_OF_NOVEMBER + 2 * HOUR)
    assert allowed == Allowance("2026-12", limit=5, left=3, next_month_on=END_OF_NOVEMBER + 31 * DAY)


def test_what_is_counted_is_not_left() -> None:
    make_account("shop", monthly_limit=5)
    take("shop", END_OF_NOVEMBER, 3)
    take("shop", END_OF_NOVEMBER, 1)
    allowed = left("shop", END_OF_NOVEMBER)
    assert allowed is not None and allowed.left == 1


def test_each_month_begins_with_the_whole_limit() -> None:
    make_account("shop", monthly_limit=5, time_zone="Asia/Seoul")
    take("shop", END_OF_NOVEMBER - HOUR, 5)
    before, after = left("shop", END_OF_NOVEMBER - HOUR), left("shop", END_OF_NOVEMBER)
    assert before is not None and after is not None
    assert (before.month, before.left, after.month, after.left) == ("2026-11", 0, "2026-12", 5)


@pytest.mark.parametrize(("limit", "remaining"), [(10, 7), (3, 0), (2, 0), (0, 0)])
def test_a_changed_limit_keeps_the_count(limit: int, remaining: int) -> None:
    make_account("shop", monthly_limit=5)
    take("shop", END_OF_NOVEMBER, 3)
    configure("shop", monthly_limit=limit)
    allowed = left("shop", END_OF_NOVEMBER)
    assert allowed is not None and (allowed.limit, allowed.left) == (limit, remaining)


def test_deleted_messages_stay_counted() -> None:
    """Counts are rows, so retention does not lower them."""
    shop = make_account("shop", monthly_limit=5)
    take("shop", END_OF_NOVEMBER, 4)
    configure("shop", detection="smart", monthly_limit=6)
    allowed = left(shop.name, END_OF_NOVEMBER)
    assert allowed is not None and allowed.left == 2


def test_after_a_time_without_a_limit_messages_are_counted() -> None:
    shop = make_account("shop", monthly_limit=5)
    take("shop", END_OF_NOVEMBER, 0)
    configure("shop", monthly_limit=None)
    make_message(shop, now=END_OF_NOVEMBER)
    configure("shop", monthly_limit=5)
    allowed = left("shop", END_OF_NOVEMBER)
    assert allowed is not None and allowed.left == 4


def test_another_zone_counts_its_own_month() -> None:
    shop = make_account("shop", monthly_limit=5)
    make_message(shop, now=END_OF_NOVEMBER - HOUR)
    make_message(shop, now=END_OF_NOVEMBER)
    before = left("shop", END_OF_NOVEMBER)
    configure("shop", time_zone="Asia/Seoul")
    after = left("shop", END_OF_NOVEMBER)
    assert before is not None and after is not None
    assert (before.month, before.left, after.month, after.left) == ("2026-11", 3, "2026-12", 4)


def test_simultaneous_transactions_take_no_more(app: Flask) -> None:
    make_account("shop", monthly_limit=25)
    together = threading.Barrier(4)
    taken: list[int] = []

    def work() -> None:
        with app.app_context():
            together.wait(10)
            for _ in range(10):
                with db.write() as session:
                    account_id = senders.named(session, "shop").id
                    allowed = limits.allowance(session.connection(), account_id, END_OF_NOVEMBER)
                    assert allowed is not None
                    some = min(allowed.left, 1)
                    limits.count(session.connection(), account_id, allowed.month, some)
                    taken.append(some)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(taken), sum(taken)) == (40, 25)


@pytest.mark.parametrize(
    ("hours", "zone", "until"),
    [
        (None, "Asia/Seoul", None),
        ("20:00-08:00", "Asia/Seoul", END_OF_NOVEMBER + 8 * HOUR),  # midnight in Seoul
        ("20:00-08:00", "UTC", None),
    ],
)
def test_quiet_hours_follow_the_accounts_zone(hours: str | None, zone: str, until: dt.datetime | None) -> None:
    make_account("shop", quiet_hours=hours, time_zone=zone)
    with db.read() as session:
        account = senders.Sender.of(senders.named(session, "shop"))
    assert limits.quiet_until(account, END_OF_NOVEMBER) == until
