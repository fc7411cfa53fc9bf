"""Login sessions: when they end, and that use extends them."""

import datetime as dt

import pytest
from sqlalchemy import select

from shortener.accounts import logins, people
from shortener.accounts.logins import IDLE, LONGEST, RENEWAL, Login
from shortener.storage import db
from shortener.storage.models import Person, SignedIn
from tests.support.factories import NOW

MICROSECOND = dt.timedelta(microseconds=1)
pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def person(app: object) -> Person:
    with db.write() as session:
        return people.create(session, "ann", "correct horse battery", operator=True, now=NOW)


@pytest.fixture
def token(person: Person) -> str:
    with db.write() as session:
        return logins.start(session, person, now=NOW)


def find(token: str, now: dt.datetime = NOW) -> Login | None:
    with db.read() as session:
        return logins.find(session, token, now=now)


def renew(token: str, now: dt.datetime) -> None:
    found = find(token, now)
    assert found is not None
    with db.write() as session:
        logins.renew(session, found.signed_in, now=now)


def test_a_cookie_belongs_to_its_person(token: str) -> None:
    found = find(token)
    assert found is not None and found.person.name == "ann"
    assert found.account is None
    assert find(f"{token}x") is None


def test_a_cookie_is_stored_only_as_a_hash(token: str) -> None:
    with db.read() as session:
        rows = session.execute(select(*SignedIn.__table__.columns)).all()
    assert token not in repr(rows)


def test_an_idle_session_ends(token: str) -> None:
    assert find(token, NOW + IDLE - MICROSECOND) is not None
    assert find(token, NOW + IDLE) is None


def test_a_used_session_lasts_longer(token: str) -> None:
    renew(token, NOW + IDLE / 2)
    assert find(token, NOW + IDLE) is not None


def test_a_used_session_ends_after_its_longest_duration(token: str) -> None:
    now = NOW
    while now + IDLE / 2 < NOW + LONGEST:
        now += IDLE / 2
        renew(token, now)
    assert find(token, NOW + LONGEST - MICROSECOND) is not None
    assert find(token, NOW + LONGEST) is None


def test_a_session_is_renewed_at_intervals(token: str) -> None:
    found = find(token)
    assert found is not None
    assert not logins.wants_renewal(found.signed_in, now=NOW + RENEWAL - MICROSECOND)
    assert logins.wants_renewal(found.signed_in, now=NOW + RENEWAL)


def test_a_session_from_the_future_is_refused(person: Person) -> None:
    with db.write() as session:
        token = logins.start(session, person, now=NOW + RENEWAL + MICROSECOND)
    assert find(token) is None


def test_signing_out_ends_the_session(token: str) -> None:
    with db.write() as session:
        logins.end(session, token)
    assert find(token) is None


def test_a_disabled_person_has_no_session(token: str) -> None:
    with db.write() as session:
        people.named(session, "ann").disabled_on = NOW
    assert find(token) is None
