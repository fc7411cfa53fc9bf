"""A clock that jumps: irreversible work waits until an operator has checked."""

import datetime as dt
import json
import logging
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from shortener.accounts import logins, people, senders, signing_secrets
from shortener.errors import ClockError
from shortener.installation import clock
from shortener.retention import steps
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Account, Base, Installation, Message, SignedIn, SigningSecret
from tests.support.browsing import make_person
from tests.support.factories import DAY, NOW, Sender, make_message

YEAR = 365 * DAY
SECOND = dt.timedelta(seconds=1)
Leap = Callable[[dt.timedelta], None]


@pytest.fixture
def leap(monkeypatch: pytest.MonkeyPatch) -> Leap:
    """Set the clock that the product uses ahead of the right time, or back; on both databases."""
    right = db.now

    def by(how_far: dt.timedelta) -> None:
        monkeypatch.setattr(db, "now", lambda on: right(on) + how_far)

    return by


def turn(services: Services) -> int:
    """Run the pruner, although it has just run."""
    with db.write() as session:
        session.execute(update(Installation).values(pruned_on=None))
    return services.pruner.run_if_due()


def count(table: type[Base]) -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def seen_on() -> dt.datetime | None:
    with db.read() as session:
        return clock.last_seen(session)


@pytest.fixture
def messages(services: Services, sender: Sender) -> int:
    """Three messages from today, in an installation with the right time."""
    for _ in range(3):
        make_message(sender)
    services.prepare()
    return 3


# Messages


@pytest.mark.parametrize("how_far", [2 * YEAR, 401 * DAY])
def test_a_clock_that_leaps_ahead_removes_no_message(
    services: Services, messages: int, leap: Leap, caplog: pytest.LogCaptureFixture, how_far: dt.timedelta
) -> None:
    leap(how_far)
    with caplog.at_level(logging.ERROR):
        assert [turn(services) for _ in range(3)] == [0, 0, 0]
    assert count(Message) == messages
    assert "prune --trust-clock" in caplog.text


def test_a_restart_does_not_trust_a_fast_clock(services: Services, messages: int, leap: Leap) -> None:
    before = seen_on()
    leap(2 * YEAR)
    services.prepare()
    assert seen_on() == before
    assert turn(services) == 0
    assert count(Message) == messages


def test_a_clock_that_is_right_again_prunes_at_once(services: Services, sender: Sender, leap: Leap) -> None:
    services.prepare()
    leap(2 * YEAR)
    assert services.pruner.run_if_due() == 0
    leap(0 * DAY)
    make_message(sender, now=dt.datetime.now(dt.UTC) - 401 * DAY)
    assert services.pruner.run_if_due() == 1


def test_a_weekend_without_running_is_no_leap(services: Services, sender: Sender, leap: Leap) -> None:
    make_message(sender, now=dt.datetime.now(dt.UTC) - 399 * DAY)
    services.prepare()
    leap(3 * DAY)
    assert turn(services) == 1


def test_time_that_passes_while_it_runs_is_no_leap(services: Services, messages: int, leap: Leap) -> None:
    removed = []
    for days in range(0, 408, 6):
        leap(days * DAY)
        removed.append(turn(services))
    assert (removed[-2:], count(Message)) == ([0, messages], 0)


def test_the_first_start_believes_its_clock(services: Services, sender: Sender) -> None:
    make_message(sender, now=dt.datetime.now(dt.UTC) - 500 * DAY)
    assert seen_on() is None
    assert turn(services) == 1
    assert seen_on() is not None


def test_a_slow_clock_removes_nothing(services: Services, messages: int, leap: Leap) -> None:
    before = seen_on()
    leap(-50 * YEAR)
    services.prepare()
    assert turn(services) == 0
    assert (seen_on(), count(Message)) == (before, messages)


def test_the_command_refuses_and_names_the_remedy(app: Flask, messages: int, leap: Leap) -> None:
    leap(2 * YEAR)
    for words in ([], ["--dry-run"]):
        result = app.test_cli_runner().invoke(args=["prune", *words])
        assert result.exit_code == 1
        assert "days after the last recorded time" in result.stderr
        assert "--trust-clock" in result.stderr
    assert count(Message) == messages


def test_an_operator_trusts_the_clock_after_standstill(
    app: Flask, services: Services, messages: int, leap: Leap
) -> None:
    leap(2 * YEAR)
    result = app.test_cli_runner().invoke(args=["prune", "--trust-clock", "--json"])
    assert json.loads(result.stdout)["removed"] == messages
    leap(2 * YEAR + DAY)
    assert app.test_cli_runner().invoke(args=["prune"]).exit_code == 0


def test_trust_brings_a_time_back_that_was_too_late(app: Flask, leap: Leap, services: Services) -> None:
    """The first start had a clock that was two years ahead."""
    leap(2 * YEAR)
    services.prepare()
    leap(0 * DAY)
    assert app.test_cli_runner().invoke(args=["prune", "--trust-clock"]).exit_code == 0
    leap(2 * YEAR)
    with pytest.raises(ClockError):
        steps.cutoff(400 * DAY)


@pytest.mark.parametrize(("years", "state"), [(0, "ok"), (2, "ahead"), (-2, "behind")])
def test_healthz_says_how_the_clock_stands(
    client: FlaskClient, services: Services, leap: Leap, years: int, state: str
) -> None:
    services.prepare()
    leap(years * YEAR)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.get_json()["clock"]) == (200, state)


@pytest.mark.parametrize(
    ("seen_on", "now", "state"),
    [
        (None, NOW, "ok"),
        (NOW, NOW + clock.LEAP, "ok"),
        (NOW, NOW + clock.LEAP + SECOND, "ahead"),
        (NOW, NOW - clock.LEAP, "ok"),
        (NOW, NOW - clock.LEAP - SECOND, "behind"),
    ],
)
def test_seven_days_are_the_border(seen_on: dt.datetime | None, now: dt.datetime, state: str) -> None:
    assert clock.state(seen_on, now) == state


# Sessions and signing secrets


def begin_session(name: str = "ann@example.com") -> str:
    with db.write() as session:
        return logins.start(session, people.named(session, name), now=db.now(session))


def is_signed_in(token: str) -> bool:
    with db.read() as session:
        return logins.find(session, token, now=db.now(session)) is not None


def test_a_fast_clock_ends_no_other_session(messages: int, leap: Leap) -> None:
    make_person("ann@example.com")
    token = begin_session()
    leap(2 * YEAR)
    begin_session()
    assert not is_signed_in(token)
    leap(0 * DAY)
    assert is_signed_in(token)


def test_a_session_that_began_in_the_future_opens_nothing(messages: int, leap: Leap) -> None:
    make_person("ann@example.com")
    leap(2 * YEAR)
    token = begin_session()
    assert is_signed_in(token)
    leap(0 * DAY)
    assert not is_signed_in(token)
    assert count(SignedIn) == 1


def test_old_sessions_go_while_the_clock_is_right(messages: int, leap: Leap) -> None:
    make_person("ann@example.com")
    begin_session()
    leap(DAY)
    begin_session()
    assert count(SignedIn) == 1


def test_a_fast_clock_removes_no_signing_secret(services: Services, sender: Sender, messages: int, leap: Leap) -> None:
    def rotate() -> None:
        with db.write() as session:
            keys = services.settings.secret_keys
            signing_secrets.rotate(
                session, senders.named(session, sender.name).id, secret_keys=keys, now=db.now(session)
            )

    def valid() -> int:
        with db.read() as session:
            account = session.scalars(select(Account).where(Account.name == sender.name)).one()
            return len(signing_secrets.active(session, account.id, now=db.now(session)))

    rotate()
    leap(2 * YEAR)
    rotate()
    assert (valid(), count(SigningSecret)) == (2, 3)
    leap(0 * DAY)
    assert valid() == 3
