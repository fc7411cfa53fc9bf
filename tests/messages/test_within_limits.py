"""Messages beyond the limits of their account: they are refused before anything is stored."""

import datetime as dt
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select

from shortener.accounts import senders
from shortener.errors import (
    ClientTagTakenError,
    IdempotencyKeyReusedError,
    InvalidFieldsError,
    MonthlyLimitError,
    QuietHoursError,
)
from shortener.messages import preprocess
from shortener.messages.analysis import analyze
from shortener.messages.preprocess import Outcome, Preprocessed
from shortener.messages.submission import Submission
from shortener.retention import steps
from shortener.rules.delivery.receiver import Policy
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Base, Link, Message, Part
from tests.support.factories import DAY, NOW, TEXT, Sender, make_account

pytestmark = pytest.mark.usefixtures("app")
NIGHT = dt.datetime(2026, 11, 22, 15, tzinfo=dt.UTC)  # midnight in Seoul
HOUR = dt.timedelta(hours=1)


def account_of(sender: Sender) -> senders.Sender:
    with db.read() as session:
        return senders.Sender.of(senders.named(session, sender.name))


def preprocessed(
    sender: Sender | senders.Sender, *tags: str | None, now: dt.datetime = NOW, key: str | None = None
) -> Sequence[Outcome]:
    """Submit a message with each of these client tags, together."""
    account, site = account_of(sender) if isinstance(sender, Sender) else sender, services().site
    submissions = [Submission.check({"message": TEXT, "client_tag": tag}, Policy()) for tag in tags]
    analyses = [analyze(submission, account, site, key) for submission in submissions]
    with db.writing() as connection:
        return preprocess.preprocess_all(connection, account, analyses, site, now=now)


def kinds(outcomes: Sequence[Outcome]) -> list[type]:
    return [type(outcome) for outcome in outcomes]


def stored(table: type[Base] = Message) -> int:
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(table)).one()


def test_messages_beyond_the_limit_are_not_stored() -> None:
    shop = make_account("shop", monthly_limit=3)
    outcomes = preprocessed(shop, "a", None, "b", "c", None)
    assert kinds(outcomes) == [Preprocessed] * 3 + [MonthlyLimitError] * 2
    assert (stored(), stored(Part), stored(Link)) == (3, 3, 3)


def test_the_refusal_names_limit_and_next_month() -> None:
    shop = make_account("shop", monthly_limit=0, time_zone="Asia/Seoul")
    [refused] = preprocessed(shop, None)
    assert isinstance(refused, MonthlyLimitError)
    assert "0 messages in a month" in str(refused)
    assert "2026-11-30 at 15:00 UTC" in str(refused)
    assert NOW + refused.wait == dt.datetime(2026, 11, 30, 15, tzinfo=dt.UTC)


def test_a_limit_of_one_is_one_message() -> None:
    shop = make_account("shop", monthly_limit=1)
    [_, refused] = preprocessed(shop, None, None)
    assert "may have 1 message in a month" in str(refused)


def test_the_next_month_has_room_again() -> None:
    shop = make_account("shop", monthly_limit=1)
    assert kinds(preprocessed(shop, None, None)) == [Preprocessed, MonthlyLimitError]
    assert kinds(preprocessed(shop, None, None, now=NOW + 10 * DAY)) == [Preprocessed, MonthlyLimitError]


def test_used_client_tags_do_not_count() -> None:
    shop = make_account("shop", monthly_limit=3)
    outcomes = preprocessed(shop, "a", "a", "a", "b", "b", "c", "c", "d")
    assert kinds(outcomes) == [
        *(Preprocessed, ClientTagTakenError, ClientTagTakenError),
        *(Preprocessed, ClientTagTakenError),
        *(Preprocessed, ClientTagTakenError),
        MonthlyLimitError,
    ]


def test_a_used_client_tag_is_named_at_the_limit() -> None:
    shop = make_account("shop", monthly_limit=1)
    [first] = preprocessed(shop, "a")
    [taken, beyond] = preprocessed(shop, "a", "b")
    assert isinstance(first, Preprocessed) and isinstance(taken, ClientTagTakenError)
    assert taken.msgid == first.message.msgid
    assert isinstance(beyond, MonthlyLimitError)


def test_equal_messages_beyond_the_limit_are_all_refused() -> None:
    shop = make_account("shop", monthly_limit=1)
    assert kinds(preprocessed(shop, "a", *["b"] * 20)) == [Preprocessed] + [MonthlyLimitError] * 20
    assert stored() == 1


def test_a_refused_client_tag_stays_free() -> None:
    shop = make_account("shop", monthly_limit=0)
    assert kinds(preprocessed(shop, "a")) == [MonthlyLimitError]
    with db.write() as session:
        senders.configure(session, "shop", {"monthly_limit": 1})
    assert kinds(preprocessed(shop, "a")) == [Preprocessed]


def test_repeated_keys_get_the_first_answer_at_the_limit() -> None:
    shop = make_account("shop", monthly_limit=1)
    [first] = preprocessed(shop, None, key="key-1")
    [again] = preprocessed(shop, None, key="key-1")
    assert isinstance(first, Preprocessed) and isinstance(again, Preprocessed)
    assert again.replayed and again.message.msgid == first.message.msgid
    assert kinds(preprocessed(shop, "other", key="key-1")) == [IdempotencyKeyReusedError]
    assert kinds(preprocessed(shop, None, key="key-2")) == [MonthlyLimitError]


def test_another_account_is_not_concerned() -> None:
    make_account("shop", monthly_limit=0)
    stranger, limited = make_account("stranger"), make_account("limited", monthly_limit=2)
    assert kinds(preprocessed(stranger, *[None] * 5)) == [Preprocessed] * 5
    assert kinds(preprocessed(limited, *[None] * 3)) == [Preprocessed] * 2 + [MonthlyLimitError]


def test_a_limit_that_was_raised_meanwhile_counts() -> None:
    """The request began when the limit was lower."""
    began = account_of(make_account("shop", monthly_limit=1))
    with db.write() as session:
        senders.configure(session, "shop", {"monthly_limit": 3})
    assert kinds(preprocessed(began, *[None] * 4)) == [Preprocessed] * 3 + [MonthlyLimitError]
    with db.write() as session:
        senders.configure(session, "shop", {"monthly_limit": None})
    assert kinds(preprocessed(began, None)) == [Preprocessed]


def test_deleted_messages_stay_counted() -> None:
    shop = make_account("shop", monthly_limit=3)
    preprocessed(shop, None, None)
    assert sum(steps.prune(NOW + HOUR, lambda _: None)) == 2
    assert kinds(preprocessed(shop, None, None, now=NOW + 2 * HOUR)) == [Preprocessed, MonthlyLimitError]


def test_messages_in_quiet_hours_are_not_stored() -> None:
    shop = make_account("shop", quiet_hours="20:00-08:00", time_zone="Asia/Seoul")
    [refused] = preprocessed(shop, None, now=NIGHT)
    assert isinstance(refused, QuietHoursError)
    assert refused.until == NIGHT + 8 * HOUR
    assert "2026-11-22 23:00 UTC" in str(refused)
    assert "send_on" not in str(refused), "vendors' clients have other names for it, or none"
    assert stored() == 0
    assert kinds(preprocessed(shop, None, now=NIGHT + 8 * HOUR)) == [Preprocessed]


def test_messages_are_stored_where_quiet_hours_hold() -> None:
    shop = make_account("shop", quiet_hours="20:00-08:00", time_zone="Asia/Seoul", quiet_mode="hold")
    assert kinds(preprocessed(shop, None, now=NIGHT)) == [Preprocessed]


def test_quiet_hours_use_up_no_limit() -> None:
    shop = make_account("shop", monthly_limit=1, quiet_hours="00:00-12:00")
    assert kinds(preprocessed(shop, None)) == [QuietHoursError]
    assert kinds(preprocessed(shop, None, now=NIGHT)) == [Preprocessed]


def test_repetitions_have_their_outcome_in_quiet_hours() -> None:
    shop = make_account("shop", quiet_hours="20:00-08:00", time_zone="Asia/Seoul")
    [first] = preprocessed(shop, "a", key="key-1")
    [again] = preprocessed(shop, "a", now=NIGHT, key="key-1")
    assert isinstance(first, Preprocessed) and isinstance(again, Preprocessed)
    assert again.message.msgid == first.message.msgid
    assert kinds(preprocessed(shop, "a", "b", now=NIGHT)) == [ClientTagTakenError, QuietHoursError]


@pytest.mark.parametrize("send_on", ["9998-12-31T23:59:59Z", "0002-01-01T00:00:00Z", "2020-01-01T00:00:00Z"])
@pytest.mark.parametrize("mode", ["refuse", "hold"])
def test_impossible_times_are_refused_before_quiet_hours(send_on: str, mode: str) -> None:
    shop = make_account("shop", quiet_hours="20:00-08:00", time_zone="Asia/Seoul", quiet_mode=mode)
    submission = Submission.check({"message": TEXT, "client_tag": "a", "send_on": send_on}, Policy())
    analysis = analyze(submission, account_of(shop), services().site, "key-1")
    with db.writing() as connection:
        outcomes = preprocess.preprocess_all(connection, account_of(shop), [analysis], services().site, now=NIGHT)
    assert kinds(outcomes) == [InvalidFieldsError]


@pytest.mark.parametrize("send_on", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_years_at_the_ends_are_refused(send_on: str) -> None:
    with pytest.raises(InvalidFieldsError) as caught:
        Submission.check({"message": TEXT, "send_on": send_on}, Policy())
    assert list(caught.value.fields) == ["send_on"]
