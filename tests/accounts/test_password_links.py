"""Links to choose a password: once, for a time, only the newest, and never for somebody who is disabled."""

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import select

from shortener.accounts import logins, password_links, passwords, people
from shortener.alerts import telling
from shortener.errors import LastOwnerError, PersonNameError
from shortener.rules.role import Role
from shortener.storage import db
from shortener.storage.models import Account, PasswordLink, Person, SignedIn
from tests.support.browsing import make_person
from tests.support.factories import NOW, Sender

LATER = NOW + password_links.LIFE
HASH = "the hash of a new password"


def made(name: str = "ann", now: dt.datetime = NOW) -> str:
    """Make a link; return its token."""
    with db.write() as session:
        return password_links.create(session, people.named(session, name), now=now).rpartition("/")[2]


def invite(name: str) -> None:
    with db.write() as session:
        person = people.invite(session, name, account="shop", role=Role.OWNER, now=NOW)
        password_links.create(session, person, is_invitation=True, now=NOW)


def works(token: str, now: dt.datetime = NOW) -> bool:
    with db.read() as session:
        return password_links.find(session, token, now=now) is not None


def used(token: str, now: dt.datetime = NOW) -> bool:
    with db.write() as session:
        return password_links.use(session, token, HASH, now=now) is not None


@pytest.fixture(autouse=True)
def ann(app: Flask, sender: Sender) -> None:
    make_person("ann")


def test_a_link_works_only_once() -> None:
    token = made()
    with db.write() as session:
        logins.start(session, people.named(session, "ann"), now=NOW)
    assert works(token) and used(token)
    assert not works(token) and not used(token)
    with db.read() as session:
        assert people.named(session, "ann").password == HASH
        assert session.scalar(select(SignedIn)) is None


def test_a_link_ends_after_its_time() -> None:
    token = made()
    assert works(token, LATER - dt.timedelta(microseconds=1))
    assert not works(token, LATER) and not used(token, LATER)


def test_a_link_of_a_wrong_clock_is_refused() -> None:
    assert not works(made(now=NOW + dt.timedelta(days=365)))


def test_only_the_newest_link_of_somebody_works() -> None:
    first, second = made(), made()
    assert not works(first) and works(second)


@pytest.mark.parametrize("token", ["", "x" * 43, "x" * 5000, "\udcff"])
def test_a_made_up_link_does_not_work(token: str) -> None:
    made()
    assert not works(token) and not used(token)


def test_only_the_hash_of_a_link_is_stored() -> None:
    token = made()
    with db.read() as session:
        [row] = session.execute(select(PasswordLink.__table__)).all()
    assert token not in str(tuple(row)) and token.encode() not in bytes(row.token_sha256)


def test_a_new_password_ends_an_open_link() -> None:
    token = made()
    with db.write() as session:
        people.set_password(session, people.named(session, "ann"), HASH)
    assert not works(token)


def test_disabled_people_have_no_working_link() -> None:
    token = made()
    with db.write() as session:
        people.disable(session, "ann", now=NOW)
    assert not works(token)
    with pytest.raises(PersonNameError, match="ann is disabled"):
        made()
    with db.write() as session:
        people.enable(session, "ann")
    assert not works(token)


def test_nobody_signs_in_before_choosing_a_password() -> None:
    invite("new")
    with db.read() as session:
        person = people.named(session, "new")
        assert password_links.invited(session, person.account_id) == {person.id: LATER}
    assert person.password == passwords.DUMMY_HASH
    assert used(made("new"))
    with db.read() as session:
        assert password_links.invited(session) == {}


def test_an_invitation_is_repeated_until_it_is_used() -> None:
    invite("new")
    with db.write() as session:
        people.invite(session, "new", account="shop", role=Role.VIEWER, now=NOW)
        assert session.scalar(select(Person.role).where(Person.name == "new")) is Role.VIEWER
    used(made("new"))
    with pytest.raises(PersonNameError, match="already a person named new"):
        invite("new")


def test_an_invited_owner_does_not_count_as_one() -> None:
    invite("new")
    with db.write() as session, pytest.raises(LastOwnerError):
        people.set_role(session, people.named(session, "ann"), Role.VIEWER)


def test_an_address_is_told_nothing_before_it_is_proven() -> None:
    invite("new@example.com")
    with db.read() as session:
        assert telling.addresses(session, session.scalars(select(Account)).one()) == []
    used(made("new@example.com"))
    with db.read() as session:
        assert telling.addresses(session, session.scalars(select(Account)).one()) == ["new@example.com"]
