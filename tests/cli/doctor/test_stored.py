"""What is in the database: keys, clock, late jobs, accounts, people, time zones."""

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import update

from shortener.accounts.reencryption import Count
from shortener.cli.doctor import stored
from shortener.cli.doctor.finding import State
from shortener.cli.doctor.stored import Late
from shortener.config.settings import Settings
from shortener.storage import db
from shortener.storage.models import Base, Callback
from tests.support import due_callbacks
from tests.support.factories import NOW, Sender

SECOND, HOUR = dt.timedelta(seconds=1), dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("count", "old", "key", "state"),
    [
        (Count(already=3), False, True, State.OK),
        (Count(), False, False, State.OK),
        (Count(already=3), True, True, State.WARNING),
        (Count(already=3, resealed=1), True, True, State.WARNING),
        (Count(already=3, unopened=1), False, True, State.FAULT),
    ],
)
def test_keys_must_decrypt_every_secret(count: Count, old: bool, key: bool, state: State) -> None:
    assert stored.judge_keys(count, has_old=old, has_key=key).state is state


@pytest.mark.parametrize(
    ("ahead", "trip", "state"),
    [(SECOND, SECOND, State.OK), (-6 * SECOND, 4 * SECOND, State.OK), (9 * SECOND, SECOND, State.WARNING)],
)
def test_clocks_must_agree_within_seconds(ahead: dt.timedelta, trip: dt.timedelta, state: State) -> None:
    assert stored.judge_clock(ahead, trip).state is state


@pytest.mark.parametrize(
    ("seen_on", "state"),
    [(None, State.OK), (NOW - HOUR, State.OK), (NOW - 200 * HOUR, State.FAULT), (NOW + 200 * HOUR, State.FAULT)],
)
def test_a_clock_that_leapt_is_a_fault(seen_on: dt.datetime | None, state: State) -> None:
    assert stored.judge_leap(seen_on, NOW).state is state


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (Late(None, None, False), State.OK),
        (Late(30 * SECOND, HOUR, False), State.OK),
        (Late(120 * SECOND, 2 * SECOND, False), State.OK),
        (Late(120 * SECOND, HOUR, True), State.OK),
        (Late(HOUR, 2 * SECOND, False), State.WARNING),
        (Late(HOUR, HOUR, False), State.FAULT),
        (Late(HOUR, None, False), State.FAULT),
    ],
)
def test_due_jobs_must_be_attempted(found: Late, state: State) -> None:
    assert stored.judge_late("callbacks", found, worker=True).state is state


def test_a_worker_that_is_missing_is_named() -> None:
    finding = stored.judge_late("callbacks", Late(HOUR, None, False), worker=False)
    assert finding.sentence == (
        "The oldest callback has been due for 1 h, and none was ever attempted: nothing delivers."
    )
    assert "SHORTENER_WORKER is off, so run" in (finding.advice or "")


def test_the_oldest_due_callback_is_found(app: Flask, sender: Sender) -> None:
    tables = Base.metadata.tables
    with db.write() as session:
        due_callbacks.add(session, sender.name, {"https://receiver.example.com/": 3}, since=NOW)
        found = stored.late(session.connection(), tables["callback"], tables["attempt"], NOW + HOUR)
        session.execute(update(Callback).values(lease_token="x", due_on=NOW + 2 * HOUR))
        leased = stored.late(session.connection(), tables["callback"], tables["attempt"], NOW + HOUR)
        session.rollback()
    assert (found, leased) == (Late(HOUR, None, False), Late(None, None, True))


@pytest.mark.parametrize(
    ("accounts", "people", "operators", "states"), [(0, 0, 0, "ww"), (1, 2, 0, "ow"), (1, 2, 1, "oo")]
)
def test_somebody_must_be_able_to_sign_in(accounts: int, people: int, operators: int, states: str) -> None:
    found = [stored.judge_accounts(accounts), stored.judge_people(people, operators)]
    assert "".join(finding.state[0] for finding in found) == states


def test_time_zones_must_have_data() -> None:
    assert stored.judge_zones({"UTC", "Asia/Seoul"}).state is State.OK
    finding = stored.judge_zones({"UTC", "Mars/Olympus"})
    assert (finding.state, "Mars/Olympus" in finding.sentence) == (State.FAULT, True)


def test_a_missing_key_is_not_made(app: Flask, sender: Sender, settings: Settings) -> None:
    without = settings.model_copy(update={"secret_key": None})
    with db.read() as session:
        [finding] = stored.examine_keys(without, session)
    assert (finding.state, list(settings.data.glob("secret_key*"))) == (State.FAULT, [])
